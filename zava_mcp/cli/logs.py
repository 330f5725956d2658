"""Logs to stderr, set up before any library sets up its own."""

import json
import logging
import sys

from zava_mcp.settings import Settings


def start_logging(settings: Settings) -> None:
    """One line a record, as text or JSON; the settings' warnings come first."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("zava-mcp: %(levelname)s: %(message)s")
    handler.setFormatter(_JsonLines() if settings.log_format == "json" else text)
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for noisy in ("mcp", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(max(logging.ERROR, logging.getLogger().level))
    for talkative in ("openai", "httpx2", "httpcore2", "azure", "msal", "urllib3"):  # of what is sent and received
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
    for warning in settings.warnings:
        logging.getLogger("zava_mcp").warning(warning)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": self.formatTime(record), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({**line, "message": record.getMessage()})

"""Logs to stderr, set up before any library sets up its own."""

import json
import logging
import re
import sys
from urllib.parse import quote

from zava_mcp.settings import Secret, Settings

_HIDDEN = "(hidden)"


def start_logging(settings: Settings) -> None:
    """One line a record, as text or JSON; the settings' warnings come first."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("zava-mcp: %(levelname)s: %(message)s")
    handler.setFormatter(_Redacting(_JsonLines() if settings.log_format == "json" else text, settings.hidden))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for noisy in ("mcp", "psycopg.pool"):
        logging.getLogger(noisy).setLevel(max(logging.ERROR, logging.getLogger().level))
    for talkative in ("openai", "httpx2", "httpcore2", "azure", "msal", "urllib3"):  # of what is sent and received
        logging.getLogger(talkative).setLevel(logging.CRITICAL)
    for warning in settings.warnings:
        logging.getLogger("zava_mcp").warning(warning)


class _Redacting(logging.Formatter):
    """Another's lines without the secrets of the settings: the last guard, behind those who log nothing of the kind."""

    def __init__(self, formatter: logging.Formatter, secrets: tuple[Secret, ...]) -> None:
        super().__init__()
        self._formatter = formatter
        forms = {
            form
            for secret in map(Secret.reveal, secrets)
            for form in (secret, quote(secret, safe=""), json.dumps(secret)[1:-1])
        }
        self._secrets = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True)))) if forms else None

    def format(self, record: logging.LogRecord) -> str:
        from zava_mcp.cli.display.escape import (
            escape_lines,
        )  # when there is something to tell: a start need not wait for it

        line = self._formatter.format(record)
        return escape_lines(self._secrets.sub(_HIDDEN, line) if self._secrets else line)  # it may quote the data


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": self.formatTime(record), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({**line, "message": record.getMessage()})

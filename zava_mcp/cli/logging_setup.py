"""Configures logging to stderr, with the settings' secrets redacted."""

import json
import logging
import re
import sys
from urllib.parse import quote

from zava_mcp.settings import Secret, Settings

_REDACTED = "(hidden)"


def start_logging(settings: Settings) -> None:
    """Log one line per record, as text or JSON, beginning with the settings' warnings."""
    handler = logging.StreamHandler(sys.stderr)
    text = logging.Formatter("zava-mcp: %(levelname)s: %(message)s")
    handler.setFormatter(_Redacting(_JsonLines() if settings.log_format == "json" else text, settings.secrets))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    for name in ("mcp", "psycopg"):
        logging.getLogger(name).setLevel(max(logging.ERROR, logging.getLogger().level))
    for name in ("openai", "httpx2", "httpcore2", "azure", "msal", "urllib3"):  # These log requests and responses.
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for warning in settings.warnings:
        logging.getLogger("zava_mcp").warning(warning)


class _Redacting(logging.Formatter):
    """Redacts the settings' secrets in another formatter's lines, in case a library logs one."""

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
        from zava_mcp.cli.display.escape import escape_lines  # Imported at the first record, to keep the start fast.

        line = self._formatter.format(record)
        # A record may quote data, whose control characters must not reach the terminal.
        return escape_lines(self._secrets.sub(_REDACTED, line) if self._secrets else line)


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": self.formatTime(record), "level": record.levelname.lower(), "logger": record.name}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({**line, "message": record.getMessage()})

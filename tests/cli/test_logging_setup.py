"""Tests of logging to stderr: the settings' secrets are redacted in every library's records."""

import json
import logging
from urllib.parse import quote

import pytest

from zava_mcp.cli.logging_setup import start_logging
from zava_mcp.settings import load

PASSWORD = "hunter2/is+not=for anybody"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    "settings",
    [
        {"POSTGRES_PASSWORD": PASSWORD},
        {"ZAVA_DATABASE_URL": f"postgresql://u:{quote(PASSWORD, safe='')}@db/zava"},
        {"ZAVA_DATABASE_URL": f"postgresql://u@db/zava?password={quote(PASSWORD, safe='')}"},
        {"ZAVA_ADMIN_DATABASE_URL": f"postgresql://admin:{quote(PASSWORD, safe='')}@db/zava"},
    ],
    ids=str,
)
def test_secret_logged_by_a_library_is_redacted(
    settings: dict[str, str], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = logging.root.handlers[:], logging.root.level
    try:
        start_logging(load({}, {**settings, "ZAVA_LOG_FORMAT": form, "ZAVA_LOG_LEVEL": "info"}))
        log = logging.getLogger("library")
        log.info("connecting with %s, which is %r in a URL", PASSWORD, quote(PASSWORD, safe=""))
        try:
            raise RuntimeError(f"access denied with {PASSWORD}")
        except RuntimeError:
            log.exception("failed")
    finally:
        logging.root.handlers[:], logging.root.level = before
    output = capsys.readouterr().err
    assert "connecting with (hidden)" in output
    assert "access denied with (hidden)" in output
    assert PASSWORD not in output
    assert quote(PASSWORD, safe="") not in output
    if form == "json":
        assert [json.loads(line)["level"] for line in output.splitlines()] == ["info", "error"]

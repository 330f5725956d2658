"""What is logged: lines on stderr that hide the settings' secrets, whoever logs them."""

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
def test_a_library_that_logs_a_secret_does_not_show_it(
    settings: dict[str, str], form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = logging.root.handlers[:], logging.root.level
    try:
        start_logging(load({}, {**settings, "ZAVA_LOG_FORMAT": form, "ZAVA_LOG_LEVEL": "info"}))
        log = logging.getLogger("somebody")
        log.info("connecting with %s, which is %r in a URL", PASSWORD, quote(PASSWORD, safe=""))
        try:
            raise RuntimeError(f"no way in with {PASSWORD}")
        except RuntimeError:
            log.exception("failed")
    finally:
        logging.root.handlers[:], logging.root.level = before
    told = capsys.readouterr().err
    assert "connecting with (hidden)" in told
    assert "no way in with (hidden)" in told
    assert PASSWORD not in told
    assert quote(PASSWORD, safe="") not in told
    if form == "json":
        assert [json.loads(line)["level"] for line in told.splitlines()] == ["info", "error"]

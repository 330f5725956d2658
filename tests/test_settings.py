"""Settings: who wins, what is refused, what is warned of."""

from pathlib import Path

import pytest

from tests.conftest import REDMOND, SEATTLE
from zava_mcp.errors import SettingsError
from zava_mcp.settings import load

pytestmark = pytest.mark.portable


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text(f"ZAVA_USER_ID={REDMOND}\nZAVA_LOG_LEVEL=error\nZAVA_QUERY_TIMEOUT=7\n")
    environ = {"ZAVA_ENV_FILE": str(file), "ZAVA_USER_ID": SEATTLE, "ZAVA_LOG_LEVEL": "info"}
    settings = load({"ZAVA_LOG_LEVEL": "debug"}, environ)
    assert (str(settings.user_id), settings.log_level, settings.query_timeout) == (SEATTLE, "debug", 7)


def test_all_faults_are_told_at_once() -> None:
    wrong = {
        "ZAVA_QUERY_TIMEOUT": "soon",
        "ZAVA_MAX_ROWS": "0",
        "ZAVA_LOG_LEVEL": "loud",
        "ZAVA_DATABASE_URL": "mysql://x",
        "ZAVA_ENV_FILE": "/no/such/file",
    }
    with pytest.raises(SettingsError) as caught:
        load({}, wrong)
    for name in ("ZAVA_QUERY_TIMEOUT", "ZAVA_MAX_ROWS", "ZAVA_LOG_LEVEL", "ZAVA_DATABASE_URL", "/no/such/file"):
        assert name in caught.value.message
    assert caught.value.exit_code == 2


def test_a_collector_s_address_holds_no_password() -> None:
    """It is written into clients' config files, and logged."""
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_ENDPOINT must not contain") as caught:
        load({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://me:hunter2@collector:4318"})
    assert "hunter2" not in caught.value.message


def test_an_unknown_variable_names_the_nearest_one() -> None:
    assert load({}, {"ZAVA_USERID": SEATTLE}).warnings == ("ZAVA_USERID is not a setting; did you mean ZAVA_USER_ID?",)


def test_a_dotenv_in_the_working_directory_is_not_read_but_mentioned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"ZAVA_USER_ID={SEATTLE}\n")
    monkeypatch.chdir(tmp_path)
    settings = load({}, {})
    assert settings.user_id is None
    assert ".env lies in this folder; it is not read" in settings.warnings[0]


@pytest.mark.parametrize(
    ("environ", "embedded"),
    [
        ({}, True),
        ({"POSTGRES_PASSWORD": "x"}, True),
        ({"PGPORT": "5433"}, True),
        ({"ZAVA_DATABASE_URL": "postgresql://db/zava"}, False),
        ({"POSTGRES_DB_HOST": "db"}, False),
        ({"PGHOST": "db"}, False),
        ({"PGSERVICE": "zava"}, False),
    ],
)
def test_no_place_named_means_the_embedded_database(environ: dict[str, str], embedded: bool) -> None:
    assert (load({}, environ).place is None) == embedded


def test_empty_values_count_as_not_given() -> None:
    settings = load({}, {"ZAVA_USER_ID": " ", "ZAVA_DATABASE_URL": "", "ZAVA_QUERY_TIMEOUT": ""})
    assert (settings.user_id, settings.place, settings.query_timeout) == (None, None, 30)

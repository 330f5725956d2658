"""Settings: who wins, what is refused, what is warned of."""

import re
from pathlib import Path

import pytest

from tests.conftest import REDMOND, SEATTLE
from zava_mcp.errors import SettingsError
from zava_mcp.settings import SETTINGS, load

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


NUMBERS = [setting for setting in SETTINGS if setting.low is not None]
WITH_HOST = {"POSTGRES_DB_HOST": "db"}  # without which its port is not read
NO_NUMBERS = (
    "5432.9",
    "1e3",
    "0x10",
    "1_000",
    "+30",
    "-1",
    "0",
    "99999999999",
    "nan",
    "inf",
    "30s",
    "5,4",
    "３０",
    "1 0",
    ".5",
)


def value_of(name: str, text: str) -> object:
    """What a number of the settings is, given as a text."""
    settings = load({}, {**WITH_HOST, name: text})
    assert settings.place is not None
    return {
        "POSTGRES_DB_PORT": settings.place.parameters["port"],
        "ZAVA_QUERY_TIMEOUT": settings.query_timeout,
        "ZAVA_MAX_ROWS": settings.max_rows,
        "ZAVA_MAX_BYTES": settings.max_bytes,
        "ZAVA_METRICS_PORT": settings.telemetry.metrics_port,
    }[name]


@pytest.mark.parametrize("name", [setting.name for setting in NUMBERS])
def test_number_of_the_settings_is_taken_in_plain_digits_within_its_range_only(name: str) -> None:
    setting = next(setting for setting in NUMBERS if setting.name == name)
    assert float(str(value_of(name, str(setting.low)))) == setting.low
    assert float(str(value_of(name, f" {setting.high} "))) == setting.high
    wrong = [text for text in NO_NUMBERS if not (setting.decimal and text == "5432.9")]
    for text in (*wrong, str(int(setting.high or 0) + 1), str(int(setting.low or 0) - 1)):
        with pytest.raises(
            SettingsError, match=f"{name} must be a (whole )?number from {setting.low} to {setting.high}"
        ):
            load({}, {**WITH_HOST, name: text})
    if setting.decimal:
        assert value_of(name, "1.5") == 1.5
    if setting.default.isdigit():
        assert float(str(value_of(name, ""))) == int(setting.default)


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS if setting.choices])
def test_choice_of_the_settings_is_one_of_those_in_its_meaning(name: str) -> None:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    assert all(re.search(rf"\b{choice}\b", setting.meaning) for choice in setting.choices)
    for choice in setting.choices:
        load({}, {name: choice.upper()})
    with pytest.raises(SettingsError, match=f"{name} must be one of {', '.join(setting.choices)}, not 'other'"):
        load({}, {name: "other"})


@pytest.mark.parametrize(
    "asks", [{"ZAVA_DATABASE_AUTH": "entra"}, {"AZURE_OPENAI_ENDPOINT": "https://a.openai.azure.com"}]
)
def test_address_of_entra_is_https_for_all_who_ask_there(asks: dict[str, str]) -> None:
    entra = dict.fromkeys(("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"), "x") | asks
    load({}, {**entra, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us"})
    for wrong in (
        "http://login.microsoftonline.com",
        "HTTP://login.microsoftonline.com",
        "http://localhost:1",
        "login.microsoftonline.com",
        "ftp://login.microsoftonline.com",
        "https://me:hunter2@login.microsoftonline.com",
        "https://",
    ):
        with pytest.raises(SettingsError, match="AZURE_AUTHORITY_HOST must") as caught:
            load({}, {**entra, "AZURE_AUTHORITY_HOST": wrong})
        assert "hunter2" not in caught.value.message
    assert load({}, {"AZURE_AUTHORITY_HOST": "http://other.program"}).embedding.authority == "http://other.program"

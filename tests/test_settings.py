"""Tests of settings: precedence, faults and warnings."""

import re
from pathlib import Path

import pytest

from tests.conftest import REDMOND, SEATTLE
from zava_mcp.errors import SettingsError
from zava_mcp.settings import SETTINGS, load

pytestmark = pytest.mark.portable


def test_flag_overrides_environment_and_environment_overrides_file(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text(f"ZAVA_USER_ID={REDMOND}\nZAVA_LOG_LEVEL=error\nZAVA_QUERY_TIMEOUT=7\n")
    environ = {"ZAVA_ENV_FILE": str(file), "ZAVA_USER_ID": SEATTLE, "ZAVA_LOG_LEVEL": "info"}
    settings = load({"ZAVA_LOG_LEVEL": "debug"}, environ)
    assert (settings.identity, settings.log_level, settings.query_timeout) == (SEATTLE, "debug", 7)


def test_load_reports_all_faults_at_once() -> None:
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


def test_otlp_endpoint_with_a_password_is_refused() -> None:
    """The endpoint is written into clients' config files, and logged."""
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_ENDPOINT must not contain") as caught:
        load({}, {"OTEL_EXPORTER_OTLP_ENDPOINT": "https://me:hunter2@collector:4318"})
    assert "hunter2" not in caught.value.message


def test_unknown_variable_gets_a_suggestion() -> None:
    assert load({}, {"ZAVA_USERID": SEATTLE}).warnings == ("ZAVA_USERID is not a setting; did you mean ZAVA_USER_ID?",)


def test_dotenv_in_the_working_directory_is_not_read_but_warned_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text(f"ZAVA_USER_ID={SEATTLE}\n")
    monkeypatch.chdir(tmp_path)
    settings = load({}, {})
    assert not settings.identity
    assert "the file .env in this folder is not read" in settings.warnings[0]


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
def test_settings_without_a_server_use_the_embedded_database(environ: dict[str, str], embedded: bool) -> None:
    assert (load({}, environ).database is None) == embedded


def test_empty_values_use_the_defaults() -> None:
    settings = load({}, {"ZAVA_USER_ID": " ", "ZAVA_DATABASE_URL": "", "ZAVA_QUERY_TIMEOUT": ""})
    assert (settings.identity, settings.database, settings.query_timeout) == ("", None, 30)


NUMBERS = [setting for setting in SETTINGS if setting.low is not None]
WITH_HOST = {"POSTGRES_DB_HOST": "db"}  # The port is read only with a host.
INVALID_NUMBERS = (
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
    """Return the parsed number of a setting."""
    settings = load({}, {**WITH_HOST, name: text})
    assert settings.database is not None
    return {
        "POSTGRES_DB_PORT": settings.database.parameters["port"],
        "ZAVA_QUERY_TIMEOUT": settings.query_timeout,
        "ZAVA_MAX_ROWS": settings.max_rows,
        "ZAVA_MAX_BYTES": settings.max_bytes,
        "ZAVA_METRICS_PORT": settings.telemetry.metrics_port,
    }[name]


@pytest.mark.parametrize("name", [setting.name for setting in NUMBERS])
def test_number_setting_accepts_only_digits_within_its_range(name: str) -> None:
    setting = next(setting for setting in NUMBERS if setting.name == name)
    assert float(str(value_of(name, str(setting.low)))) == setting.low
    assert float(str(value_of(name, f" {setting.high} "))) == setting.high
    invalid = [text for text in INVALID_NUMBERS if not (setting.decimal and text == "5432.9")]
    for text in (*invalid, str(int(setting.high or 0) + 1), str(int(setting.low or 0) - 1)):
        with pytest.raises(
            SettingsError, match=f"{name} must be a (whole )?number from {setting.low} to {setting.high}"
        ):
            load({}, {**WITH_HOST, name: text})
    if setting.decimal:
        assert value_of(name, "1.5") == 1.5
    if setting.default.isdigit():
        assert float(str(value_of(name, ""))) == int(setting.default)


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS if setting.choices])
def test_choice_setting_accepts_only_its_choices(name: str) -> None:
    setting = next(setting for setting in SETTINGS if setting.name == name)
    assert all(re.search(rf"\b{choice}\b", setting.meaning) for choice in setting.choices)
    for choice in setting.choices:
        load({}, {name: choice.upper()})
    with pytest.raises(SettingsError, match=f"{name} must be one of {', '.join(setting.choices)}, not 'other'"):
        load({}, {name: "other"})


@pytest.mark.parametrize(
    "user", [{"ZAVA_DATABASE_AUTH": "entra"}, {"AZURE_OPENAI_ENDPOINT": "https://a.openai.azure.com"}]
)
def test_entra_authority_without_https_is_refused(user: dict[str, str]) -> None:
    entra = dict.fromkeys(("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID"), "x") | user
    load({}, {**entra, "AZURE_AUTHORITY_HOST": "https://login.microsoftonline.us"})
    for address in (
        "http://login.microsoftonline.com",
        "HTTP://login.microsoftonline.com",
        "http://localhost:1",
        "login.microsoftonline.com",
        "ftp://login.microsoftonline.com",
        "https://me:hunter2@login.microsoftonline.com",
        "https://",
    ):
        with pytest.raises(SettingsError, match="AZURE_AUTHORITY_HOST must") as caught:
            load({}, {**entra, "AZURE_AUTHORITY_HOST": address})
        assert "hunter2" not in caught.value.message
    assert load({}, {"AZURE_AUTHORITY_HOST": "http://other.program"}).embedding.authority == "http://other.program"

"""Lists every setting: its variable, its purpose, its default and its valid values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

EMBEDDING_MODEL = "text-embedding-3-small"
OPENAI_URL = "https://api.openai.com/v1"
DEFAULT_MAX_ROWS = 1_000
MAX_RESULT_BYTES = 1_000_000

_WHOLE, _DECIMAL = re.compile(r"[0-9]{1,9}"), re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
_MAX_QUOTED = 40  # characters of an invalid value in a message


@dataclass(frozen=True)
class Setting:
    """One environment variable. `default` is its default, or a description of the default.

    A number has a range from `low` to `high`, and is whole unless it is `decimal`. A setting with a fixed list of
    values has `choices`.
    """

    name: str
    purpose: str
    default: str = ""
    low: int | None = None
    high: int | None = None
    decimal: bool = False
    choices: tuple[str, ...] = ()

    @property
    def meaning(self) -> str:
        """Its purpose with its valid values."""
        choices = " or ".join(filter(None, (", ".join(self.choices[:-1]), *self.choices[-1:])))
        text = self.purpose.replace("{choices}", choices)
        return text if self.low is None else f"{text}, {self.low} to {self.high}"


#: Every variable that is read, in the order of the guide's page.
SETTINGS = (
    Setting("ZAVA_USER_ID", "the identity: its user id, or its name in the sample (option `--user-id`)"),
    Setting("ZAVA_ENV_FILE", "a file with more of these settings (option `--env-file`)"),
    Setting("ZAVA_DATABASE_URL", "the database, as a libpq URL", "the embedded database"),
    Setting("POSTGRES_DB_HOST", "host, instead of ZAVA_DATABASE_URL"),
    Setting("POSTGRES_DB_PORT", "port", "5432", 1, 65_535),
    Setting("POSTGRES_DB", "database name", "zava"),
    Setting("POSTGRES_USER", "login, if its name is not the user id", "the user id"),
    Setting("POSTGRES_PASSWORD", "password of the login", "libpq's passfile"),
    Setting(
        "ZAVA_DATABASE_AUTH",
        "{choices}; entra uses an access token of Entra as the password (extra `azure`)",
        "password",
        choices=("password", "entra"),
    ),
    Setting("POSTGRES_APPLICATION_NAME", "`application_name` of connections", "zava-mcp"),
    Setting(
        "ZAVA_ADMIN_DATABASE_URL",
        "an administrator's URL for `init`, `load`, `embed` and `identities`; the server never reads it",
    ),
    Setting("ZAVA_DATA_DIR", "folder of the embedded database", "the user's data folder"),
    Setting(
        "AZURE_OPENAI_ENDPOINT",
        "Azure OpenAI or Foundry resource that computes the embeddings",
        "OpenAI or the local model",
    ),
    Setting("EMBEDDING_MODEL_DEPLOYMENT_NAME", "the deployment there", EMBEDDING_MODEL),
    Setting(
        "AZURE_OPENAI_API_KEY", "key of that resource; without a key, set the three AZURE_ variables below", "Entra"
    ),
    Setting("AZURE_CLIENT_ID", "Entra service principal (extra `azure`)"),
    Setting("AZURE_CLIENT_SECRET", "its secret"),
    Setting("AZURE_TENANT_ID", "its tenant"),
    Setting("AZURE_AUTHORITY_HOST", "Entra's address in a sovereign cloud", "https://login.microsoftonline.com"),
    Setting(
        "OPENAI_API_KEY", "OpenAI's key; OpenAI computes the embeddings if no Azure endpoint is set", "the local model"
    ),
    Setting("OPENAI_BASE_URL", "another address with OpenAI's API", OPENAI_URL),
    Setting(
        "ZAVA_EMBEDDING_MODEL_DIR",
        "folder of the local model, with `model.onnx` and `vocab.txt`",
        "the packaged ones",
    ),
    Setting("ZAVA_QUERY_TIMEOUT", "timeout of a query in seconds", "30", 1, 600, decimal=True),
    Setting("ZAVA_MAX_ROWS", "most rows that a query may request", str(DEFAULT_MAX_ROWS), 1, 10_000),
    Setting("ZAVA_MAX_BYTES", "most bytes of a result", "40000", 1_000, MAX_RESULT_BYTES),
    Setting("ZAVA_AUDIT_LOG", "file for the audit log: a JSON line for each call", "no audit log"),
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT", "destination of traces and metrics over OTLP/HTTP (extra `telemetry`)", "nowhere"
    ),
    Setting(
        "APPLICATIONINSIGHTS_CONNECTION_STRING", "Application Insights as a destination (extra `azure`)", "nowhere"
    ),
    Setting("ZAVA_METRICS_DIR", "folder for a file of metrics for node_exporter (extra `telemetry`)", "no file"),
    Setting("ZAVA_METRICS_PORT", "port of this machine that serves metrics (extra `telemetry`)", "no port", 1, 65_535),
    Setting("ZAVA_TRACE_SQL", "true: traces have the SQL text without its constants", "false"),
    Setting(
        "ZAVA_LOG_LEVEL",
        "{choices}; logs go to stderr",
        "warning",
        choices=("debug", "info", "warning", "error"),
    ),
    Setting("ZAVA_LOG_FORMAT", "{choices}", "text", choices=("text", "json")),
)
_BY_NAME = {setting.name: setting for setting in SETTINGS}
NAMES = tuple(_BY_NAME)


def default(name: str) -> str:
    """Return a setting's default."""
    return _BY_NAME[name].default


def meaning(name: str) -> str:
    """Return a setting's purpose as a sentence."""
    return f"{_BY_NAME[name].meaning}."


def text_of(texts: Mapping[str, str], name: str) -> str:
    """Return a setting's text, or its default."""
    return texts.get(name, default(name))


def number(texts: Mapping[str, str], name: str, faults: list[str]) -> float:
    """Return a setting's number, or its default; adds a fault unless it is written in digits and within its range."""
    setting = _BY_NAME[name]
    text = text_of(texts, name)
    assert setting.low is not None
    assert setting.high is not None
    if (_DECIMAL if setting.decimal else _WHOLE).fullmatch(text) and setting.low <= float(text) <= setting.high:
        return float(text)
    kind = "number" if setting.decimal else "whole number"
    faults.append(f"{name} must be a {kind} from {setting.low} to {setting.high}, not {text[:_MAX_QUOTED]!r}")
    return float(setting.low)


def whole_number(texts: Mapping[str, str], name: str, faults: list[str]) -> int:
    """Return a setting's whole number, as `number` does."""
    return int(number(texts, name, faults))


def choice(texts: Mapping[str, str], name: str, faults: list[str]) -> str:
    """Return a setting's choice in lower case, or its default; adds a fault if it is none of its choices."""
    setting = _BY_NAME[name]
    chosen = text_of(texts, name).lower()
    if chosen not in setting.choices:
        faults.append(f"{name} must be one of {', '.join(setting.choices)}, not {chosen[:_MAX_QUOTED]!r}")
        return setting.default
    return chosen


def switch(texts: Mapping[str, str], name: str, faults: list[str]) -> bool:
    """Whether a setting is true; adds a fault if it is neither true nor false."""
    text = text_of(texts, name).lower()
    if text not in _TRUE + _FALSE:
        faults.append(f"{name} must be true or false, not {text[:_MAX_QUOTED]!r}")
    return text in _TRUE

"""What flags, the environment and an env file say, checked once, all faults reported at once.

A flag wins over the environment, the environment over the file named by `--env-file` or
`ZAVA_ENV_FILE`. A `.env` in the working directory is never read: a desktop client starts us in
whatever folder somebody opened.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from zava_mcp.errors import SettingsError
from zava_mcp.settings.database_url import url_fault
from zava_mcp.settings.embedding import EMBEDDING_MODEL, OPENAI_URL, EmbeddingSettings, embedding_settings
from zava_mcp.settings.env_file import read_env_file
from zava_mcp.settings.paths import filled_in, path_of, unexpanded
from zava_mcp.settings.remarks import remarks
from zava_mcp.settings.secret import Secret as Secret
from zava_mcp.settings.secret import is_secret as is_secret
from zava_mcp.settings.secret import passwords_of
from zava_mcp.settings.secret import without_password as without_password
from zava_mcp.settings.telemetry import TelemetrySettings as TelemetrySettings
from zava_mcp.settings.telemetry import telemetry_settings

DEFAULT_ROWS = 100
HARD_ROWS = 1_000
DEFAULT_BYTES = 40_000
HARD_BYTES = 1_000_000
QUESTIONS_AT_ONCE = 8  # more than a machine has cores for: quick ones pass those that take their time
DESCRIPTIONS_AT_ONCE = 2
FOUND_ROWS = 8  # products a search gives, unless it asks for more
HARD_FOUND_ROWS = 100
FOUND_THRESHOLD = 30.0  # percent


@dataclass(frozen=True)
class Setting:
    """One environment variable: its name, what it is for, what holds without it."""

    name: str
    meaning: str
    default: str = ""


#: Every variable we read, in the order of the README's table.
SETTINGS = (
    Setting("ZAVA_USER_ID", "who asks: the identity's uuid, or its name in the sample (flag `--user-id`)"),
    Setting("ZAVA_ENV_FILE", "a file with more of these settings (flag `--env-file`)"),
    Setting("ZAVA_DATABASE_URL", "PostgreSQL to use, as a libpq URL", "the embedded database"),
    Setting("POSTGRES_DB_HOST", "or in parts: host"),
    Setting("POSTGRES_DB_PORT", "port", "5432"),
    Setting("POSTGRES_DB", "database name", "zava"),
    Setting("POSTGRES_USER", "login, if it is not named by the user id", "the user id"),
    Setting("POSTGRES_PASSWORD", "password of the login", "libpq's passfile"),
    Setting("ZAVA_DATABASE_AUTH", "password, or entra for a token of Entra as password (extra `azure`)", "password"),
    Setting("POSTGRES_APPLICATION_NAME", "how connections are labelled", "zava-mcp"),
    Setting(
        "ZAVA_ADMIN_DATABASE_URL", "an admin's URL for `init`, `embed` and `identities`; the server never reads it"
    ),
    Setting("ZAVA_DATA_DIR", "where the embedded database lives", "the user's data folder"),
    Setting(
        "AZURE_OPENAI_ENDPOINT", "Azure OpenAI or Foundry resource that makes the vectors", "OpenAI or this machine"
    ),
    Setting("EMBEDDING_MODEL_DEPLOYMENT_NAME", "the deployment there", EMBEDDING_MODEL),
    Setting("AZURE_OPENAI_API_KEY", "its key; without one, the three below", "Entra"),
    Setting("AZURE_CLIENT_ID", "Entra service principal (extra `azure`)"),
    Setting("AZURE_CLIENT_SECRET", "its secret"),
    Setting("AZURE_TENANT_ID", "its tenant"),
    Setting("AZURE_AUTHORITY_HOST", "Entra's address, in a cloud of its own", "https://login.microsoftonline.com"),
    Setting("OPENAI_API_KEY", "OpenAI makes the vectors, if no Azure endpoint is named", "this machine"),
    Setting("OPENAI_BASE_URL", "another address that speaks OpenAI's API", OPENAI_URL),
    Setting(
        "ZAVA_EMBEDDING_MODEL_DIR",
        "the local model's folder, with `model.onnx` and `vocab.txt` in it",
        "the packaged ones",
    ),
    Setting("ZAVA_QUERY_TIMEOUT", "seconds until a query is stopped, 1 to 600", "30"),
    Setting("ZAVA_MAX_ROWS", "most rows a query may ask for, 1 to 10000", str(HARD_ROWS)),
    Setting("ZAVA_MAX_BYTES", "most bytes an answer may have, 1000 to 1000000", str(DEFAULT_BYTES)),
    Setting("ZAVA_AUDIT_LOG", "a file that gets a JSON line for each call, before it is answered", "no audit log"),
    Setting("OTEL_EXPORTER_OTLP_ENDPOINT", "where traces and metrics go over OTLP/HTTP (extra `telemetry`)", "nowhere"),
    Setting(
        "APPLICATIONINSIGHTS_CONNECTION_STRING", "Application Insights that gets them too (extra `azure`)", "nowhere"
    ),
    Setting("ZAVA_METRICS_DIR", "folder for a file of metrics, for node_exporter (extra `telemetry`)", "no file"),
    Setting("ZAVA_METRICS_PORT", "port of this machine to read them from (extra `telemetry`)", "no port"),
    Setting("ZAVA_TRACE_SQL", "true: traces have the SQL text, without its constants", "false"),
    Setting("ZAVA_LOG_LEVEL", "debug, info, warning or error; logs go to stderr", "warning"),
    Setting("ZAVA_LOG_FORMAT", "text or json", "text"),
)
_SHORTEST_SECRET = 4
_NAMES = tuple(setting.name for setting in SETTINGS)

#: Any of these in the environment, where libpq reads them, means: not the embedded database.
_LIBPQ_PLACES = ("PGHOST", "PGHOSTADDR", "PGSERVICE")


@dataclass(frozen=True)
class Place:
    """A PostgreSQL server as the settings name it: a libpq URL, or single libpq parameters."""

    url: Secret | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    password: Secret | None = None


@dataclass(frozen=True)
class Settings:
    """Everything configurable. `place` is None for the embedded database.

    A user id that is no uuid is kept in `user_name`: whoever needs one knows which names there are. `hidden` are all
    the texts that nobody may read, none of them so short that hiding it would hide words.
    """

    user_id: UUID | None
    user_name: str
    place: Place | None
    admin_url: Secret | None
    database_auth: str
    data_dir: Path | None
    application_name: str
    embedding: EmbeddingSettings
    telemetry: TelemetrySettings
    query_timeout: float
    max_rows: int
    max_bytes: int
    log_level: str
    log_format: str
    warnings: tuple[str, ...] = ()
    hidden: tuple[Secret, ...] = ()


def load(flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from flags ({variable name: value}), the environment and the env file they name.

    Raises SettingsError naming every fault at once.
    """
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    faults: list[str] = []
    file_values = read_env_file(filled_in({**environ, **given}).get("ZAVA_ENV_FILE"), faults)
    values = filled_in({**file_values, **environ, **given})
    texts = {name: values[name].strip() for name in values if values[name] and values[name].strip()}
    faults += unexpanded(texts, _NAMES)

    user_id = _user_id(texts.get("ZAVA_USER_ID"))
    settings = Settings(
        user_id=user_id,
        user_name="" if user_id else texts.get("ZAVA_USER_ID", ""),
        place=_place(texts, any(environ.get(name) for name in _LIBPQ_PLACES), faults),
        admin_url=_admin_url(texts, faults),
        database_auth=_database_auth(texts, faults),
        data_dir=path_of(texts, "ZAVA_DATA_DIR", faults),
        application_name=texts.get("POSTGRES_APPLICATION_NAME", "zava-mcp"),
        embedding=embedding_settings(texts, faults),
        telemetry=telemetry_settings(texts, faults),
        query_timeout=_number(texts, "ZAVA_QUERY_TIMEOUT", 30, 1, 600, faults),
        max_rows=int(_number(texts, "ZAVA_MAX_ROWS", HARD_ROWS, 1, 10_000, faults)),
        max_bytes=int(_number(texts, "ZAVA_MAX_BYTES", DEFAULT_BYTES, 1_000, HARD_BYTES, faults)),
        log_level=_choice(texts, "ZAVA_LOG_LEVEL", "warning", ("debug", "info", "warning", "error"), faults),
        log_format=_choice(texts, "ZAVA_LOG_FORMAT", "text", ("text", "json"), faults),
        warnings=tuple(remarks(environ, file_values, _NAMES)),
        hidden=tuple(Secret(text) for text in _secrets(texts) if len(text) >= _SHORTEST_SECRET),
    )
    if faults:
        raise SettingsError("; ".join(faults), "Correct the named flags or variables; `zava-mcp --help` lists them.")
    return settings


def _secrets(texts: Mapping[str, str]) -> list[str]:
    """The passwords and keys among the variables, and those in URLs."""
    urls = (texts[name] for name in texts if name.endswith("DATABASE_URL"))
    return [text for name, text in texts.items() if is_secret(name)] + [
        password for url in urls for password in passwords_of(url)
    ]


def _user_id(text: str | None) -> UUID | None:
    """A user id in the usual form with dashes, in upper or lower case; None for anything else."""
    with suppress(ValueError):
        if text is not None and str(user_id := UUID(text)) == text.lower():
            return user_id
    return None


def _place(texts: Mapping[str, str], libpq_knows: bool, faults: list[str]) -> Place | None:
    password = Secret(texts["POSTGRES_PASSWORD"]) if "POSTGRES_PASSWORD" in texts else None
    user = {"user": texts["POSTGRES_USER"]} if "POSTGRES_USER" in texts else {}
    if url := texts.get("ZAVA_DATABASE_URL"):
        if not url.startswith(("postgresql://", "postgres://")):
            faults.append("ZAVA_DATABASE_URL must start with postgresql://")
        if fault := url_fault(url):
            faults.append(f"ZAVA_DATABASE_URL {fault}")
        return Place(url=Secret(url), parameters=user, password=password)
    if host := texts.get("POSTGRES_DB_HOST"):
        port = int(_number(texts, "POSTGRES_DB_PORT", 5432, 1, 65535, faults))
        named = {"host": host, "port": str(port), "dbname": texts.get("POSTGRES_DB", "zava")}
        return Place(parameters={**named, **user}, password=password)
    if libpq_knows:
        return Place(parameters=user, password=password)
    return None


def _admin_url(texts: Mapping[str, str], faults: list[str]) -> Secret | None:
    if (url := texts.get("ZAVA_ADMIN_DATABASE_URL")) and (fault := url_fault(url)):
        faults.append(f"ZAVA_ADMIN_DATABASE_URL {fault}")
    return Secret(url) if url else None


def _database_auth(texts: Mapping[str, str], faults: list[str]) -> str:
    chosen = _choice(texts, "ZAVA_DATABASE_AUTH", "password", ("password", "entra"), faults)
    if chosen == "entra" and "POSTGRES_PASSWORD" in texts:
        faults.append("POSTGRES_PASSWORD is set, but ZAVA_DATABASE_AUTH=entra takes no password")
    return chosen


def _number(texts: Mapping[str, str], name: str, default: float, low: float, high: float, faults: list[str]) -> float:
    try:
        number = float(texts.get(name, default))
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        faults.append(f"{name} must be a number from {low:g} to {high:g}, not {texts[name][:40]!r}")
        return default
    return number


def _choice(texts: Mapping[str, str], name: str, default: str, choices: tuple[str, ...], faults: list[str]) -> str:
    choice = texts.get(name, default).lower()
    if choice not in choices:
        faults.append(f"{name} must be one of {', '.join(choices)}, not {choice[:40]!r}")
        return default
    return choice

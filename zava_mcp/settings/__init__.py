"""Reads and checks the settings from flags, the environment and an env file, and reports all faults at once.

A flag overrides the environment, and the environment overrides the file that `--env-file` or `ZAVA_ENV_FILE` names. A
`.env` in the working directory is never read, because a desktop client starts the server in any folder that the user
has open.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from zava_mcp.errors import SettingsError
from zava_mcp.settings.database_url import find_url_fault
from zava_mcp.settings.embedding_settings import EmbeddingSettings, parse_embedding_settings
from zava_mcp.settings.env_file import read_env_file
from zava_mcp.settings.ignored_settings import misspelt_variables, warn_of_ignored_settings
from zava_mcp.settings.paths import drop_placeholders, find_unexpanded, parse_path
from zava_mcp.settings.secret import Secret as Secret
from zava_mcp.settings.secret import find_passwords
from zava_mcp.settings.secret import is_secret as is_secret
from zava_mcp.settings.secret import without_password as without_password
from zava_mcp.settings.table import DEFAULT_MAX_ROWS as DEFAULT_MAX_ROWS
from zava_mcp.settings.table import MAX_RESULT_BYTES as MAX_RESULT_BYTES
from zava_mcp.settings.table import NAMES, choice, number, text_of, whole_number
from zava_mcp.settings.table import SETTINGS as SETTINGS
from zava_mcp.settings.telemetry_settings import TelemetrySettings as TelemetrySettings
from zava_mcp.settings.telemetry_settings import parse_telemetry_settings

DEFAULT_ROWS = 100
CONCURRENT_QUERIES = 8  # more than most machines have cores, so that quick queries need not wait for slow ones
CONCURRENT_DESCRIPTIONS = 2
SEARCH_ROWS = 8  # default number of products in a search result
MAX_SEARCH_ROWS = 100
SEARCH_THRESHOLD = 30.0  # default similarity in percent


_MIN_SECRET_LENGTH = 4  # Redacting shorter texts would redact words.

#: If one of these variables of libpq is set, libpq chooses the server, and the embedded database is not used.
_LIBPQ_SERVER_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSERVICE")


@dataclass(frozen=True)
class DatabaseLocation:
    """A PostgreSQL server in the settings: a libpq URL, or single libpq parameters."""

    url: Secret | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    password: Secret | None = None


@dataclass(frozen=True)
class Settings:
    """All settings. `database` is None for the embedded database.

    `identity` is a user id or a name, "" if none is set; `postgres.user_ids` resolves it. `misspelt` are the
    warnings about misspelt settings, which `warnings` contains, too. `secrets` are all texts that logs must redact.
    """

    identity: str
    database: DatabaseLocation | None
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
    misspelt: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()


def load(flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings from flags ({variable name: value}), the environment and the env file that they name.

    Raises SettingsError, which names every fault.
    """
    environ = os.environ if environ is None else environ
    flag_values = {name: value for name, value in (flags or {}).items() if value is not None}
    faults: list[str] = []
    file_values = read_env_file(drop_placeholders({**environ, **flag_values}).get("ZAVA_ENV_FILE"), faults)
    values = drop_placeholders({**file_values, **environ, **flag_values})
    texts = {name: values[name].strip() for name in values if values[name] and values[name].strip()}
    faults += find_unexpanded(texts, NAMES)

    misspelt = tuple(misspelt_variables(environ, file_values, NAMES))
    settings = Settings(
        identity=texts.get("ZAVA_USER_ID", ""),
        database=_database(texts, any(environ.get(name) for name in _LIBPQ_SERVER_VARIABLES), faults),
        admin_url=_admin_url(texts, faults),
        database_auth=_database_auth(texts, faults),
        data_dir=parse_path(texts, "ZAVA_DATA_DIR", faults),
        application_name=text_of(texts, "POSTGRES_APPLICATION_NAME"),
        embedding=parse_embedding_settings(texts, faults),
        telemetry=parse_telemetry_settings(texts, faults),
        query_timeout=number(texts, "ZAVA_QUERY_TIMEOUT", faults),
        max_rows=whole_number(texts, "ZAVA_MAX_ROWS", faults),
        max_bytes=whole_number(texts, "ZAVA_MAX_BYTES", faults),
        log_level=choice(texts, "ZAVA_LOG_LEVEL", faults),
        log_format=choice(texts, "ZAVA_LOG_FORMAT", faults),
        misspelt=misspelt,
        warnings=(*misspelt, *warn_of_ignored_settings(environ, file_values)),
        secrets=tuple(Secret(text) for text in _secrets(texts) if len(text) >= _MIN_SECRET_LENGTH),
    )
    if faults:
        raise SettingsError("; ".join(faults), "Correct the named flags or variables; `zava-mcp --help` lists them.")
    return settings


def _secrets(texts: Mapping[str, str]) -> list[str]:
    """Return the passwords and keys among the variables, and those in URLs."""
    urls = (texts[name] for name in texts if name.endswith("DATABASE_URL"))
    return [text for name, text in texts.items() if is_secret(name)] + [
        password for url in urls for password in find_passwords(url)
    ]


def _database(texts: Mapping[str, str], server_in_libpq: bool, faults: list[str]) -> DatabaseLocation | None:
    """Return the configured server, or None for the embedded database."""
    password = Secret(texts["POSTGRES_PASSWORD"]) if "POSTGRES_PASSWORD" in texts else None
    user = {"user": texts["POSTGRES_USER"]} if "POSTGRES_USER" in texts else {}
    if url := texts.get("ZAVA_DATABASE_URL"):
        if not url.startswith(("postgresql://", "postgres://")):
            faults.append("ZAVA_DATABASE_URL must start with postgresql://")
        if fault := find_url_fault(url):
            faults.append(f"ZAVA_DATABASE_URL {fault}")
        return DatabaseLocation(url=Secret(url), parameters=user, password=password)
    if host := texts.get("POSTGRES_DB_HOST"):
        port = whole_number(texts, "POSTGRES_DB_PORT", faults)
        server = {"host": host, "port": str(port), "dbname": text_of(texts, "POSTGRES_DB")}
        return DatabaseLocation(parameters={**server, **user}, password=password)
    if server_in_libpq:
        return DatabaseLocation(parameters=user, password=password)
    return None


def _admin_url(texts: Mapping[str, str], faults: list[str]) -> Secret | None:
    if (url := texts.get("ZAVA_ADMIN_DATABASE_URL")) and (fault := find_url_fault(url)):
        faults.append(f"ZAVA_ADMIN_DATABASE_URL {fault}")
    return Secret(url) if url else None


def _database_auth(texts: Mapping[str, str], faults: list[str]) -> str:
    chosen = choice(texts, "ZAVA_DATABASE_AUTH", faults)
    if chosen == "entra" and "POSTGRES_PASSWORD" in texts:
        faults.append("POSTGRES_PASSWORD is set, but ZAVA_DATABASE_AUTH=entra takes no password")
    return chosen

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
from zava_mcp.settings.embedding import EmbeddingSettings, embedding_settings
from zava_mcp.settings.env_file import read_env_file
from zava_mcp.settings.paths import filled_in, path_of, unexpanded
from zava_mcp.settings.remarks import remarks
from zava_mcp.settings.secret import Secret as Secret
from zava_mcp.settings.secret import is_secret as is_secret
from zava_mcp.settings.secret import passwords_of
from zava_mcp.settings.secret import without_password as without_password
from zava_mcp.settings.table import HARD_BYTES as HARD_BYTES
from zava_mcp.settings.table import HARD_ROWS as HARD_ROWS
from zava_mcp.settings.table import NAMES, choice, number, text_of, whole_number
from zava_mcp.settings.table import SETTINGS as SETTINGS
from zava_mcp.settings.telemetry import TelemetrySettings as TelemetrySettings
from zava_mcp.settings.telemetry import telemetry_settings

DEFAULT_ROWS = 100
QUESTIONS_AT_ONCE = 8  # more than a machine has cores for: quick ones pass those that take their time
DESCRIPTIONS_AT_ONCE = 2
FOUND_ROWS = 8  # products a search gives, unless it asks for more
HARD_FOUND_ROWS = 100
FOUND_THRESHOLD = 30.0  # percent


_SHORTEST_SECRET = 4

#: Any of these in the environment, where libpq reads them, means: not the embedded database.
_LIBPQ_PLACES = ("PGHOST", "PGHOSTADDR", "PGSERVICE")


@dataclass(frozen=True)
class DatabaseLocation:
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
    place: DatabaseLocation | None
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
    faults += unexpanded(texts, NAMES)

    user_id = _user_id(texts.get("ZAVA_USER_ID"))
    settings = Settings(
        user_id=user_id,
        user_name="" if user_id else texts.get("ZAVA_USER_ID", ""),
        place=_place(texts, any(environ.get(name) for name in _LIBPQ_PLACES), faults),
        admin_url=_admin_url(texts, faults),
        database_auth=_database_auth(texts, faults),
        data_dir=path_of(texts, "ZAVA_DATA_DIR", faults),
        application_name=text_of(texts, "POSTGRES_APPLICATION_NAME"),
        embedding=embedding_settings(texts, faults),
        telemetry=telemetry_settings(texts, faults),
        query_timeout=number(texts, "ZAVA_QUERY_TIMEOUT", faults),
        max_rows=whole_number(texts, "ZAVA_MAX_ROWS", faults),
        max_bytes=whole_number(texts, "ZAVA_MAX_BYTES", faults),
        log_level=choice(texts, "ZAVA_LOG_LEVEL", faults),
        log_format=choice(texts, "ZAVA_LOG_FORMAT", faults),
        warnings=tuple(remarks(environ, file_values, NAMES)),
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


def _place(texts: Mapping[str, str], libpq_knows: bool, faults: list[str]) -> DatabaseLocation | None:
    password = Secret(texts["POSTGRES_PASSWORD"]) if "POSTGRES_PASSWORD" in texts else None
    user = {"user": texts["POSTGRES_USER"]} if "POSTGRES_USER" in texts else {}
    if url := texts.get("ZAVA_DATABASE_URL"):
        if not url.startswith(("postgresql://", "postgres://")):
            faults.append("ZAVA_DATABASE_URL must start with postgresql://")
        if fault := url_fault(url):
            faults.append(f"ZAVA_DATABASE_URL {fault}")
        return DatabaseLocation(url=Secret(url), parameters=user, password=password)
    if host := texts.get("POSTGRES_DB_HOST"):
        port = whole_number(texts, "POSTGRES_DB_PORT", faults)
        named = {"host": host, "port": str(port), "dbname": text_of(texts, "POSTGRES_DB")}
        return DatabaseLocation(parameters={**named, **user}, password=password)
    if libpq_knows:
        return DatabaseLocation(parameters=user, password=password)
    return None


def _admin_url(texts: Mapping[str, str], faults: list[str]) -> Secret | None:
    if (url := texts.get("ZAVA_ADMIN_DATABASE_URL")) and (fault := url_fault(url)):
        faults.append(f"ZAVA_ADMIN_DATABASE_URL {fault}")
    return Secret(url) if url else None


def _database_auth(texts: Mapping[str, str], faults: list[str]) -> str:
    chosen = choice(texts, "ZAVA_DATABASE_AUTH", faults)
    if chosen == "entra" and "POSTGRES_PASSWORD" in texts:
        faults.append("POSTGRES_PASSWORD is set, but ZAVA_DATABASE_AUTH=entra takes no password")
    return chosen

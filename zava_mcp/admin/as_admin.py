"""Connects to the database that the settings name as its administrator."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.installed_schema import refuse_other_schema
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import SettingsError
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.connection_parameters import admin_parameters, embedded_parameters
from zava_mcp.postgres.entra_password import entra_tokens
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings


@contextmanager
def as_admin(
    settings: Settings, progress: Progress, current_schema: bool = False, embedded: EmbeddedPostgres | None = None
) -> Iterator[psycopg.Connection]:
    """An administrator's connection to the server of ZAVA_ADMIN_DATABASE_URL, or else to the embedded database.

    `embedded` is that database if the caller needs it too. With `current_schema`, raises DatabaseUnavailable for a
    database of another schema version.
    """
    if settings.admin_url is None and settings.database is not None:
        raise SettingsError(
            "this needs an administrator's access to the server",
            "Set ZAVA_ADMIN_DATABASE_URL to an administrator's URL.",
        )
    if settings.admin_url is None:
        embedded = embedded or embedded_postgres(settings, progress)
    try:
        if embedded is None:
            assert settings.admin_url is not None
            target = admin_parameters(settings.admin_url, entra_tokens(settings))
        else:
            target = embedded_parameters(embedded.open(), embedded.logins()[""])
        with connect_as_admin(target) as connection:
            if current_schema:
                refuse_other_schema(connection)
            yield connection
    finally:
        if embedded is not None:
            embedded.close()

"""Connects to the database that the settings name as its administrator."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.migrations import admin_target, embedded_target
from zava_mcp.admin.sample import Progress
from zava_mcp.errors import SettingsError
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.entra_password import Tokens
from zava_mcp.settings import Settings


@contextmanager
def as_admin(settings: Settings, progress: Progress) -> Iterator[psycopg.Connection]:
    """An administrator's connection to the server of ZAVA_ADMIN_DATABASE_URL, or else to the embedded database."""
    if settings.admin_url is not None:
        with connect_as_admin(admin_target(settings.admin_url, entra_tokens(settings))) as connection:
            yield connection
        return
    if settings.database is not None:
        raise SettingsError(
            "this needs an administrator's access to the server",
            "Set ZAVA_ADMIN_DATABASE_URL to an administrator's URL.",
        )
    embedded = embedded_postgres(settings, progress)
    try:
        address = embedded.open()
        with connect_as_admin(embedded_target(address, embedded.logins()[""])) as connection:
            yield connection
    finally:
        embedded.close()


def entra_tokens(settings: Settings) -> Tokens | None:
    """Where connections get Entra tokens as passwords, None without `ZAVA_DATABASE_AUTH=entra`."""
    return Tokens(settings.embedding) if settings.database_auth == "entra" else None

"""Makes the database object of one identity: on the server that the settings name, or on the embedded PostgreSQL."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import psycopg

from zava_mcp.admin.sample_extension import extend_embedded
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import ZavaError
from zava_mcp.postgres.connection_parameters import ConnectionParameters, connection_parameters, embedded_parameters
from zava_mcp.postgres.entra_password import entra_tokens
from zava_mcp.postgres.pool import Database
from zava_mcp.postgres.user_ids import RequestedIdentity
from zava_mcp.settings import Settings


def database_for(
    settings: Settings, identity: RequestedIdentity, embedded: EmbeddedPostgres | None, extend: bool = False
) -> Database:
    """Return the database of one identity. Its first use opens the first connection.

    With `extend`, opening the embedded database extends the sample to today.
    """
    location = settings.database
    if location is not None:
        tokens = entra_tokens(settings)
        return Database(lambda: connection_parameters(location, identity.user_id, tokens), identity, settings)
    assert embedded is not None
    assert identity.user_id is not None
    return Database(_embedded_opener(embedded, identity.user_id, extend), identity, settings)


def _embedded_opener(embedded: EmbeddedPostgres, user_id: UUID, extend: bool) -> Callable[[], ConnectionParameters]:
    """Return a function that starts the embedded PostgreSQL and returns the identity's connection parameters."""
    to_extend = [embedded] if extend else []

    def open_embedded() -> ConnectionParameters:
        address = embedded.open()
        while to_extend:
            with suppress(ZavaError, psycopg.Error):  # An older sample can be queried as well.
                extend_embedded(to_extend.pop())
        return embedded_parameters(address, embedded.logins()[str(user_id)])

    return open_embedded

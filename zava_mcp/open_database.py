"""The database of the settings, as one identity sees it: a server's, or the embedded one."""

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import psycopg

from zava_mcp.admin.as_admin import entra_tokens
from zava_mcp.admin.migrations import (
    embedded_target,
)
from zava_mcp.admin.sample_extension import extend_embedded
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import ZavaError
from zava_mcp.postgres.connection_parameters import ConnectionParameters, connection_parameters
from zava_mcp.postgres.pool import Database
from zava_mcp.settings import Settings


def database_for(
    settings: Settings, user_id: UUID | None, embedded: EmbeddedPostgres | None, extend: bool = False
) -> Database:
    """The database as one identity sees it: the settings' server, else the embedded one. Nothing is opened yet.

    With `extend`, the embedded sample is extended to today before the first question.
    """
    place = settings.place
    if place is not None:
        tokens = entra_tokens(settings)
        return Database(lambda: connection_parameters(place, user_id, tokens), user_id, settings)
    assert embedded is not None
    assert user_id is not None
    return Database(_find_embedded(embedded, user_id, extend), user_id, settings)


def _find_embedded(embedded: EmbeddedPostgres, user_id: UUID, extend: bool) -> Callable[[], ConnectionParameters]:
    left_to_extend = [embedded] if extend else []

    def find() -> ConnectionParameters:
        address = embedded.open()
        while left_to_extend:
            with suppress(ZavaError, psycopg.Error):  # an older sample answers too
                extend_embedded(left_to_extend.pop())
        return embedded_target(address, embedded.logins()[str(user_id)])

    return find

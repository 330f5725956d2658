"""Opens an identity's connection pool whose first connection is one that is verified already."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from zava_mcp.errors import IdentityError
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.identity import VerifiedIdentity, connect_with_timeout
from zava_mcp.postgres.pgbouncer import is_pooled, refuse_transaction_pooling
from zava_mcp.postgres.timeout_connection import CONNECT_SECONDS, TimeoutConnection
from zava_mcp.postgres.user_ids import RequestedIdentity
from zava_mcp.settings import CONCURRENT_DESCRIPTIONS, CONCURRENT_QUERIES

Pool = ConnectionPool[TimeoutConnection]
Verify = Callable[[TimeoutConnection], VerifiedIdentity]


@dataclass(frozen=True)
class UnverifiedConnection:
    """A connection whose login may not be the requested identity, for checks that report what verification refuses."""

    connection: TimeoutConnection
    parameters: ConnectionParameters
    identity: RequestedIdentity


def open_first(target: ConnectionParameters, verify: Verify) -> tuple[TimeoutConnection, VerifiedIdentity]:
    """The first connection and its verified identity. Raises a ZavaError with the exact cause, which a pool hides."""
    first = connect_with_timeout(target)
    try:
        identity = verify(first)
        if is_pooled(first, identity.backend):
            refuse_transaction_pooling(first, lambda: connect_with_timeout(target))
    except BaseException as error:
        first.close()
        if isinstance(error, psycopg.Error):
            raise connection_error(error, target.location) from None
        raise
    return first, identity


def open_pool(target: ConnectionParameters, first: TimeoutConnection, verify: Verify) -> Pool:
    """A pool that starts with the first connection; it verifies all others."""

    def configure(connection: TimeoutConnection) -> None:
        if connection is not first:
            verify(connection)

    pool = ConnectionPool(
        connection_class=_returning_first(first),
        kwargs=lambda: {**target.keywords(), "autocommit": True, "prepare_threshold": None},
        min_size=1,
        max_size=CONCURRENT_QUERIES + CONCURRENT_DESCRIPTIONS,
        timeout=CONNECT_SECONDS,
        max_idle=60,  # other servers of the same login may need the connections
        configure=configure,
        reconnect_timeout=CONNECT_SECONDS,
        open=False,
    )
    pool.open(wait=True)  # The first query would otherwise open another connection.
    return pool


def _returning_first(first: TimeoutConnection) -> type[TimeoutConnection]:
    """A connection class whose first `connect` returns an open connection."""
    unused = [first]

    class FirstConnection(TimeoutConnection):
        @classmethod
        def connect(cls, *arguments: Any, **keywords: Any) -> Any:
            return unused.pop() if unused else TimeoutConnection.connect(*arguments, **keywords)

    return FirstConnection


def pool_statistics(pool: Pool) -> dict[str, float]:
    """The pool's connections and waiting calls as metrics."""
    stats = pool.get_stats()
    size, idle = stats["pool_size"], stats["pool_available"]
    return {
        "mcp_pool_connections_busy": size - idle,
        "mcp_pool_connections_idle": idle,
        "mcp_pool_requests_waiting": stats["requests_waiting"],
    }


@contextmanager
def explain_identity_name(identity: RequestedIdentity) -> Iterator[None]:
    """Adds the user id that a name stands for to errors about the login, if the settings name the identity."""
    try:
        yield
    except IdentityError as error:
        if not identity.name or identity.user_id is None or str(identity.user_id) in error.message:
            raise
        meaning = f"{identity.name[:60]!r} stands for the sample's user id {identity.user_id}."
        raise IdentityError(error.message, f"{meaning} {error.hint}") from None

"""Extends the sample of an embedded database to today, in one transaction and by one process at a time."""

import logging
import threading
from datetime import UTC, date, datetime, timedelta

import psycopg

from zava_mcp import sql
from zava_mcp.admin.sample import prepare
from zava_mcp.admin.sample_dice import Dice
from zava_mcp.admin.sample_orders import SampleOrders
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import ZavaError
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.connection_parameters import embedded_parameters

#: The blocks of generate.sql that create what orders are generated from.
_SOURCES = ("dice", "months", "days", "homes")
_AFTER_MIDNIGHT = timedelta(minutes=1)

_log = logging.getLogger(__name__)


def extend_sample(connection: psycopg.Connection, today: date) -> int:
    """Adds the days since the sample's last one, and returns the number of new orders.

    Leaves a database alone that is not such a sample, is up to date, or is being extended by another process.
    """
    statements = sql.named("sample/extend.sql")
    values: dict[str, object] = {"today": today, "others": 1}
    with connection.transaction():
        if not connection.execute(statements["stale"].encode(), values).fetchone():
            return 0
        if connection.execute(statements["take_lock"].encode()).fetchone() != (True,):
            return 0
        row = connection.execute(statements["stale"].encode(), values).fetchone()
        if row is None:  # another process has extended it meanwhile
            return 0
        seed, scale, created, last_day = row
        connection.execute("SET LOCAL client_min_messages = error; SET LOCAL statement_timeout = 0")
        prepare(connection, _SOURCES, {**values, "seed": seed, "as_of": today})
        parameters = {**values, "seed": seed, "scale": scale, "as_of": created, "after": last_day}
        visits = connection.execute(statements["visits"].encode(), parameters).fetchall()
        added = _add_orders(connection, seed, visits) if visits else 0
        connection.execute(statements["extended"].encode(), values)
        connection.execute("DROP FUNCTION pg_temp.dice(bigint, text, bigint)")
        return added


def _add_orders(connection: psycopg.Connection, seed: int, visits: list[tuple[int, int, int, int]]) -> int:
    import numpy as np  # A server whose sample is up to date does not load it.

    columns = zip(("customer_id", "n", "store_id", "day"), np.array(visits, np.int64).T, strict=True)
    return SampleOrders(connection, Dice(connection, seed)).add(dict(columns))


def extend_embedded(embedded: EmbeddedPostgres) -> int:
    """Extends an embedded database's sample to today, if it is one, and returns the number of new orders.

    Raises EmbeddedError, DatabaseUnavailable, and psycopg.Error if the database stops meanwhile.
    """
    with connect_as_admin(embedded_parameters(embedded.open(), embedded.logins()[""])) as connection:
        return extend_sample(connection, datetime.now(UTC).date())


class SampleExtender:
    """Extends the sample in a background thread: at the start, and after each midnight (UTC) until the process ends."""

    def __init__(self, embedded: EmbeddedPostgres) -> None:
        self._embedded = embedded
        self._closed = threading.Event()

    def start(self) -> None:
        """Starts the thread."""
        threading.Thread(target=self._run, name="extend-sample", daemon=True).start()

    def close(self) -> None:
        """Returns at once: PostgreSQL rolls back an unfinished extension, and the next start repeats it."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                if added := extend_embedded(self._embedded):
                    _log.info("the sample was extended to today by %d orders", added)
            except (ZavaError, psycopg.Error, OSError) as error:
                if not self._closed.is_set():
                    _log.warning("the sample could not be extended to today: %s", type(error).__name__)
            now = datetime.now(UTC)
            midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), UTC)
            self._closed.wait((midnight + _AFTER_MIDNIGHT - now).total_seconds())

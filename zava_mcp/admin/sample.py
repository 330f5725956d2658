"""The sample data: stores, catalogue and years of orders, generated from a seed and a date."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from zava_mcp import sql
from zava_mcp.admin.sample_customers import FIRST_DAY, SampleCustomers
from zava_mcp.admin.sample_dice import Dice
from zava_mcp.admin.sample_orders import SampleOrders
from zava_mcp.errors import InputError
from zava_mcp.progress_callback import Progress

if TYPE_CHECKING:
    import psycopg

_CUSTOMERS = 50_000
_BATCH = 50_000  # customers at once: about 200,000 orders, and 60 MB of memory
#: The blocks of generate.sql that create what customers and orders are drawn from.
_PREPARATION = ("dice", "catalogue", "partitions", "months", "inventory", "days", "homes")


@dataclass(frozen=True)
class Sample:
    """The parameters of a sample: the same values generate the same rows. `scale` 1 is about 200,000 orders.

    `others` multiplies the size of every store but the first, to measure how that affects the first store's queries.
    """

    scale: float = 1.0
    as_of: date | None = None
    seed: int = 42
    others: float = 1.0

    def day(self) -> date:
        """The last day with orders: today (UTC) unless `as_of` is set."""
        return self.as_of or datetime.now(UTC).date()


def load(connection: "psycopg.Connection", sample: Sample, progress: Progress) -> None:
    """Fills the empty tables of schema version 1, within the caller's transaction.

    Raises InputError for a date before 2020 or a scale that is out of range.
    """
    day = sample.day()
    if day < FIRST_DAY:
        raise InputError(f"the sample starts on {FIRST_DAY}; it cannot be as of {day}", "Give a later --as-of.")
    if not 0.001 <= sample.scale <= 1000:
        raise InputError(f"the scale {sample.scale:g} is out of range", "Give a --scale from 0.001 to 1000.")
    prepare(connection, _PREPARATION, {"seed": sample.seed, "as_of": day, "others": sample.others})
    dice = Dice(connection, sample.seed)
    customers, orders = SampleCustomers(connection, dice, day), SampleOrders(connection, dice, in_new_tables=True)
    end, added = round(_CUSTOMERS * sample.scale * _growth(connection, sample.others)), 0
    for first in range(1, end + 1, _BATCH):
        last = min(first + _BATCH - 1, end)
        added += orders.add(customers.add(first, last))
        progress(last / end, f"{added:,} orders")
    # Without statistics, the check of their foreign key takes three times as long.
    connection.execute("ANALYZE retail.customers")


def _growth(connection: "psycopg.Connection", others: float) -> float:
    """The factor by which the number of customers grows if every store but the first has `others` times as many."""
    row = connection.execute(
        "SELECT sum(CASE store_id WHEN 1 THEN customer_share ELSE customer_share * %s END) / sum(customer_share)"
        " FROM sample_stores",
        [others],
    ).fetchone()
    assert row is not None
    return float(row[0])


def prepare(connection: "psycopg.Connection", blocks: Iterable[str], values: Mapping[str, object]) -> None:
    """Copies the two CSV files into temporary tables, and runs these blocks of generate.sql.

    The temporary tables are dropped when the transaction ends.
    """
    _stage(connection)
    statements = sql.named("sample/generate.sql")
    for name in blocks:
        connection.execute(statements[name].encode(), values if "%(" in statements[name] else None)


def _stage(connection: "psycopg.Connection") -> None:
    connection.execute(
        "CREATE TEMP TABLE sample_stores (store_id integer, login text, store_name text, rls_user_id uuid,"
        " is_online boolean, customer_share float8, order_frequency float8) ON COMMIT DROP"
    )
    connection.execute(
        "CREATE TEMP TABLE sample_catalogue (line integer GENERATED ALWAYS AS IDENTITY, sku text, category text,"
        " type text, name text, cost numeric(10,2), description text) ON COMMIT DROP"
    )
    with connection.cursor() as cursor:
        for table, columns, file in (
            ("sample_stores", "", "sample/stores.csv"),
            ("sample_catalogue", "(sku, category, type, name, cost, description)", "sample/catalogue.csv"),
        ):
            with cursor.copy(f"COPY {table} {columns} FROM STDIN (FORMAT csv, HEADER)".encode()) as copy:
                copy.write(sql.script(file))

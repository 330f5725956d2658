"""Writes staged rows into one table as a set: locks it, resolves natural keys, checks, updates, inserts."""

from collections.abc import Iterator
from typing import Any

import psycopg

from zava_mcp import sql
from zava_mcp.admin.load.fields import FLAT, Table

_TEMPORARY = ("rejected", "store_names", "staged", "resolved", "placed", "flat", "known")
_WITH_STORE_NAMES = ("inventory", "customers", "orders")
_WITH_CUSTOMERS = ("customers", "orders")  # tables whose rows decide which stores see a customer
_KEY_FIELDS = {
    "stores": "store_name",
    "categories": "category",
    "product_types": "type",
    "products": "sku",
    "customers": "email",
    "inventory": "sku",
    "orders": "order_number",
}
_MANY_STORES = 10
_ORDER_COLUMNS = "order_id, customer_id, store_id, order_date"
_ITEM_COLUMNS = "order_id, store_id, product_id, quantity, unit_price, discount_percent, discount_amount, total_amount"


class TableWriter:
    """Writes the staged rows of one file; `given` are the fields that the file has."""

    def __init__(self, connection: psycopg.Connection, given: set[str]) -> None:
        self._connection = connection
        self._numbered = "item_number" in given
        self._partitioned = self._value("SELECT to_regclass('zava.customers_by_store') IS NOT NULL")
        schema = "zava" if self._partitioned else "retail"
        names = {"{stores}": f"{schema}.stores", "{customers}": f"{schema}.customers", **self._item_texts()}
        self._statements = dict(sql.named("load.sql"))
        for name, text in names.items():
            self._statements = {key: value.replace(name, text) for key, value in self._statements.items()}

    def _item_texts(self) -> dict[str, str]:
        """How items of one product in one order are distinguished."""
        place = "row_number() OVER (PARTITION BY order_id, product_id ORDER BY item_number, line)"
        if self._numbered:
            return {"{place}": place, "{repeated}": "item_number", "{key}": "item_number", "{advice}": ""}
        advice = "; a column item_number distinguishes such items"
        return {"{place}": "1::bigint", "{repeated}": "sku", "{key}": "product_id", "{advice}": advice}

    def stages(self, table: Table) -> Iterator[tuple[str, str]]:
        """Yields each table of a file and the temporary table that its rows are copied into, once that exists."""
        for name in _TEMPORARY:
            self._run("clean", **{"{tables}": name})
        self._run("rejected")
        if table is FLAT:
            self._run("flat_staged")
            yield table.name, "flat"
        else:
            self._run(f"{table.name}_staged")
            yield table.name, "staged"

    def write(self, table: str, flat: bool = False) -> tuple[int, int, int]:
        """Writes the staged rows; returns how many were added and changed, and how many were accepted."""
        if flat:
            self._stage_from_flat(table)
        self._run(f"lock_{table}")
        if table in _WITH_STORE_NAMES:
            self._run("store_names")
        if table in _WITH_CUSTOMERS:
            self._run("placed")
        self._run(f"{table}_resolved")
        self._connection.execute("ANALYZE pg_temp.resolved")
        if f"{table}_checked" in self._statements and self._is_doubtful(table):
            self._run(f"{table}_checked")
        if f"{table}_repeated" in self._statements:
            self._run(f"{table}_repeated")
        if table in _KEY_FIELDS:
            self._connection.execute(self._statements["duplicates"].encode(), {"field": _KEY_FIELDS[table]})
        self._run("without_rejected")
        accepted = self._value(self._statements["count_resolved"])
        added, changed = getattr(self, f"_write_{table}", self._write_plain)(table)
        return added, changed, accepted

    def _stage_from_flat(self, table: str) -> None:
        for name in ("store_names", "staged", "resolved", "placed"):
            self._run("clean", **{"{tables}": name})
        self._run(f"{table}_staged")
        self._run(f"flat_{table}")
        self._connection.execute("ANALYZE pg_temp.staged")

    def _write_plain(self, table: str) -> tuple[int, int]:
        changed = self._run(f"{table}_changed") if f"{table}_changed" in self._statements else 0
        return self._run(f"{table}_added"), changed

    def _write_products(self, table: str) -> tuple[int, int]:
        self._run("products_categories")
        self._run("products_types")
        return self._write_plain(table)

    def _write_customers(self, table: str) -> tuple[int, int]:
        if self._partitioned:
            self._run("triggers_off")
        counts = self._write_plain(table)
        if self._partitioned:
            self._run("place")
            self._run("triggers_on")
        return counts

    def _write_orders(self, table: str) -> tuple[int, int]:
        if self._partitioned:
            self._run("triggers_off")
        changed = self._run("orders_changed")
        self._run("orders_numbered")
        self._run("orders_new")
        added = self._insert_by_store(table, _ORDER_COLUMNS)
        if self._partitioned:
            self._run("orders_placed")
            self._run("place")
            self._run("triggers_on")
        return added, changed // 2

    def _write_order_items(self, table: str) -> tuple[int, int]:
        changed = 0
        self._run("order_items_known")
        if self._value("SELECT EXISTS (SELECT FROM pg_temp.known)"):
            self._connection.execute("ANALYZE pg_temp.known")
            changed = self._run("order_items_changed")
            self._run("order_items_new")
        return self._insert_by_store(table, _ITEM_COLUMNS), changed

    def _insert_by_store(self, table: str, columns: str) -> int:
        """Inserts the resolved rows of each store, and returns their number. Many rows get a new partition."""
        stores = self._connection.execute(self._statements["rows_by_store"].encode()).fetchall()
        if len(stores) > _MANY_STORES:
            self._connection.execute("CREATE INDEX ON pg_temp.resolved (store_id)")
        insert = self._statements["inserted"].replace("{table}", f"retail.{table}").replace("{columns}", columns)
        for store, rows in stores:
            values = {"table": f"retail.{table}", "store": store, "rows": rows, "columns": columns}
            refilled = self._connection.execute(self._statements["refilled"].encode(), values).fetchone()
            if refilled != (True,):
                self._connection.execute(insert.encode(), values)
        return sum(rows for _, rows in stores)

    def _is_doubtful(self, table: str) -> bool:
        """Whether rows have to be checked one by one."""
        doubtful = self._statements.get(f"{table}_doubtful")
        return doubtful is None or bool(self._value(doubtful))

    def _run(self, name: str, **texts: str) -> int:
        statement = self._statements[name]
        for text, value in texts.items():
            statement = statement.replace(text, value)
        return self._connection.execute(statement.encode()).rowcount

    def _value(self, statement: str) -> Any:
        row = self._connection.execute(statement.encode()).fetchone()
        return row[0] if row else None

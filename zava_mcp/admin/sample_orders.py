"""The sample's orders and their items: drawn with numpy, and written by binary COPY."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

from zava_mcp import sql
from zava_mcp.admin.sample_dice import Dice, repeated

if TYPE_CHECKING:
    import numpy as np
    import psycopg
    from numpy.typing import NDArray

    from zava_mcp.admin.sample_dice import Numbers

    Columns: TypeAlias = Mapping[str, Numbers]
    #: For each key: values, and the running shares of all but the last.
    Choices: TypeAlias = dict[int, tuple[Numbers, NDArray[np.float64]]]

_AMOUNTS = ("unit_price", "discount_amount", "total_amount")  # in cents
_COPY_START = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_END = b"\xff\xff"


class SampleOrders:
    """Writes an order for each visit of a customer, and draws its items: how many, which products, at which price.

    Orders and items are numbered on from the last ones of their store, so that a store's own numbers reveal nothing
    about the size of the others.
    """

    def __init__(self, connection: "psycopg.Connection", dice: Dice, in_new_tables: bool = False) -> None:
        """`in_new_tables`: into partitions that this transaction created."""
        import numpy as np

        self._in_new_tables = in_new_tables
        statements = sql.named("sample/generate.sql")
        self._connection, self._dice = connection, dice
        self._last_numbers = {
            store: (order, item) for store, order, item in connection.execute(statements["last_numbers"].encode())
        }
        self._departments = _choices(connection, statements["departments"], dice)  # the probabilities of each month
        self._products = _choices(connection, statements["shelves"], dice)  # the probabilities of each department
        prices = connection.execute(statements["prices"].encode()).fetchall()
        self._prices = np.zeros(1 + max(product for product, _ in prices), np.int64)
        for product, cents in prices:
            self._prices[product] = cents

    def add(self, visits: "Columns") -> int:
        """Adds an order for each visit, and returns how many.

        The visits have a `customer_id`, a `store_id`, a `day` after 2000-01-01, and a number `n` of their own.
        """
        import numpy as np

        in_order = np.lexsort((visits["n"], visits["day"], visits["store_id"]))
        ordered = {name: values[in_order] for name, values in visits.items()}
        for store in np.unique(ordered["store_id"]).tolist():
            own = ordered["store_id"] == store
            self._add_to(store, {name: values[own] for name, values in ordered.items()})
        return len(in_order)

    def _add_to(self, store: int, visits: "Columns") -> None:
        """Adds the orders of one store's visits, which are in their order."""
        import numpy as np

        last_order, last_item = self._last_numbers[store]
        orders = {
            "order_id": last_order + 1 + np.arange(len(visits["n"])),
            "customer_id": visits["customer_id"],
            "store_id": visits["store_id"],
            "order_date": visits["day"],
        }
        items = self._items({**visits, **orders}, last_item)
        self._write("orders", store, orders)
        self._write("order_items", store, items)
        self._last_numbers[store] = int(orders["order_id"][-1]), int(items["order_item_id"][-1])

    def _items(self, visits: "Columns", last_item: int) -> "Columns":
        """The items of one store's visits, numbered from after `last_item`."""
        import numpy as np

        n = visits["n"]
        month = (np.datetime64("2000-01-01") + visits["day"]).astype("datetime64[M]").astype(np.int64) % 12 + 1
        main, other = (self._choose(self._departments, month, what, n) for what in ("department", "other department"))
        # 1 to 5 items in 40/30/15/10/5 percent
        counts = 1 + self._dice.bucket("items", n, [0.4, 0.7, 0.85, 0.95])
        visit, item = repeated(counts)
        i = n[visit] * 8 + 1 + item
        department = np.where(self._dice.draw("stays", i) < 0.75, main[visit], other[visit])
        product = self._choose(self._products, department, "product", i)
        # 1 to 5 units in 60/25/10/3/2 percent
        quantity = 1 + self._dice.bucket("quantity", i, [0.6, 0.85, 0.95, 0.98])
        # 15 percent of the lines are 5 to 25 percent off
        reduction = 5 + 5 * self._dice.below("discount", i, 5)
        percent = np.where(self._dice.draw("discounted", i) < 0.15, reduction, 0)
        price = self._prices[product]
        discount = (quantity * price * percent + 50) // 100
        return {
            "order_item_id": last_item + 1 + np.arange(len(i)),
            "order_id": visits["order_id"][visit],
            "store_id": visits["store_id"][visit],
            "product_id": product,
            "quantity": quantity,
            "unit_price": price,
            "discount_percent": percent,
            "discount_amount": discount,
            "total_amount": quantity * price - discount,
        }

    def _write(self, table: str, store: int, columns: "Columns") -> None:
        """Writes rows of one store. No session reads a new table yet, so its rows need no VACUUM."""
        target, frozen = (f"zava.{table}_{store}", ", FREEZE") if self._in_new_tables else (f"retail.{table}", "")
        copy_in = f"COPY {target} ({', '.join(columns)}) FROM STDIN (FORMAT binary{frozen})"
        with self._connection.cursor() as cursor, cursor.copy(copy_in.encode()) as copy:
            copy.write(_COPY_START)
            copy.write(_binary_rows(columns))
            copy.write(_COPY_END)

    def _choose(self, choices: "Choices", keys: "Numbers", what: str, n: "Numbers") -> "Numbers":
        """One of the choices of each key, drawn by subject and number."""
        import numpy as np

        chance, chosen = self._dice.draw(what, n), np.zeros_like(n)
        for key, (values, upto) in choices.items():
            own = keys == key
            chosen[own] = values[np.searchsorted(upto, chance[own], "right")]
        return chosen


def _choices(connection: "psycopg.Connection", statement: str, dice: Dice) -> "Choices":
    import numpy as np

    rows = connection.execute(statement.encode(), {"seed": dice.seed}).fetchall()
    return {key: (np.array(values, np.int64), np.array(upto)) for key, values, upto in rows}


def _binary_rows(columns: "Columns") -> bytes:
    """Rows of integers, days after 2000-01-01 and amounts, as binary COPY reads them."""
    import numpy as np

    layout = _row_layout(columns)
    rows = np.zeros(len(columns["store_id"]), layout)
    rows["fields"] = len(columns)
    for name, values in columns.items():
        rows[f"length of {name}"] = layout[name].itemsize
        if name in _AMOUNTS:
            _put_amounts(rows[name], values)
        else:
            rows[name] = values
    return rows.tobytes()


def _put_amounts(target: "NDArray[np.void]", cents: "Numbers") -> None:
    """Writes amounts as PostgreSQL's numeric: three digits to the base 10,000, of which the last is the fraction."""
    target["digits"], target["weight"], target["scale"] = 3, 1, 2
    target["first"], target["second"], target["third"] = cents // 1_000_000, cents // 100 % 10_000, cents % 100 * 100


def _row_layout(columns: "Columns") -> "np.dtype[np.void]":
    """A row of PostgreSQL's binary COPY: the number of fields, then the length and the value of each."""
    import numpy as np

    numeric = [(name, ">i2") for name in ("digits", "weight", "sign", "scale", "first", "second", "third")]
    fields: list[tuple[str, object]] = [("fields", ">i2")]
    for name in columns:
        fields += [(f"length of {name}", ">i4"), (name, numeric if name in _AMOUNTS else ">i4")]
    return np.dtype(fields)

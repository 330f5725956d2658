"""The sample's customers and the days on which they order: drawn with numpy, and written by COPY."""

from datetime import date
from typing import TYPE_CHECKING

from zava_mcp import sql
from zava_mcp.admin.sample_dice import Dice, repeated

if TYPE_CHECKING:
    import numpy as np
    import psycopg
    from numpy.typing import NDArray

    from zava_mcp.admin.sample_dice import Numbers
    from zava_mcp.admin.sample_orders import Columns

FIRST_DAY = date(2020, 1, 1)
_EPOCH = date(2000, 1, 1)
_COPY = (
    "COPY retail.customers (customer_id, first_name, last_name, email, phone, primary_store_id, created_at)"
    " FROM STDIN (FREEZE)"  # the table is new, too
)
_NULL = "\\N"


class SampleCustomers:
    """Writes customers, and draws when and where each of them orders, from the first day of the sample to its last."""

    def __init__(self, connection: "psycopg.Connection", dice: Dice, last_day: date) -> None:
        import numpy as np

        statements = sql.named("sample/generate.sql")
        self._connection, self._dice = connection, dice
        self._first_day, self._last_day = ((day - _EPOCH).days for day in (FIRST_DAY, last_day))
        row = connection.execute(statements["people"].encode(), {"seed": dice.seed}).fetchone()
        assert row is not None
        self._scatter, first_names, last_names, stores, frequencies, home_shares = row
        self._first_names, self._last_names = np.array(first_names), np.array(last_names)
        self._stores, self._frequencies, self._home_shares = np.array(stores), np.array(frequencies), home_shares
        days = connection.execute(statements["calendar"].encode()).fetchall()
        self._days, self._day_shares = np.array([day for day, _ in days]), [upto for _, upto in days[:-1]]

    def add(self, first: int, last: int) -> "Columns":
        """Adds the customers of these numbers, and returns their visits."""
        import numpy as np

        c = np.arange(first, last + 1)
        # Scattered, so that a store's own customers reveal nothing about the number of the others.
        ids = 1000000000 + (c * 1540483477 + self._scatter) % 1147483637
        home = self._dice.bucket("home", c, self._home_shares)
        # 0 to 5 visits in 20/40/20/10/7/3 percent, times the store's frequency, rounded by chance
        often = self._dice.bucket("visits", c, [0.2, 0.6, 0.8, 0.9, 0.97]) * self._frequencies[home]
        counts = np.floor(often + self._dice.draw("rounding", c)).astype(np.int64)
        customer, visit = repeated(counts)
        n = c[customer] * 64 + 1 + visit
        # mostly to the customer's own store, one order in twenty elsewhere
        elsewhere = self._dice.bucket("where", n, self._home_shares)
        store = np.where(self._dice.draw("elsewhere", n) < 0.95, home[customer], elsewhere)
        day = self._days[self._dice.bucket("day", n, self._day_shares)]
        first_visit = np.full(len(c), self._last_day + 30)  # A customer without a visit may have registered on any day.
        np.minimum.at(first_visit, customer, day)
        self._write(c, ids, self._stores[home], first_visit)
        return {"customer_id": ids[customer], "n": n, "store_id": self._stores[store], "day": day}

    def _write(self, c: "Numbers", ids: "Numbers", homes: "Numbers", first_visit: "Numbers") -> None:
        first_names = self._first_names[self._dice.below("first name", c, len(self._first_names))].tolist()
        last_names = self._last_names[self._dice.below("last name", c, len(self._last_names))].tolist()
        has_phone = (self._dice.draw("phone", ids) < 0.92).tolist()
        phones = self._dice.below("number", ids, 10_000).tolist()
        has_home = (self._dice.draw("no home", ids) < 0.98).tolist()
        columns = zip(
            *(ids.tolist(), first_names, last_names, has_phone, phones, has_home, homes.tolist()),
            self._registered(ids, first_visit).tolist(),
            strict=True,
        )
        with self._connection.cursor() as cursor, cursor.copy(_COPY.encode()) as copy:
            copy.write(
                "".join(
                    f"{id}\t{first}\t{last}\t{first.lower()}.{last.lower()}.{id}@example.com\t"
                    f"{f'(206) 555-{phone:04}' if has_phone else _NULL}\t{home if has_home else _NULL}\t{registered}\n"
                    for id, first, last, has_phone, phone, has_home, home, registered in columns
                )
            )

    def _registered(self, ids: "Numbers", first_visit: "Numbers") -> "NDArray[np.str_]":
        """When each customer registered: on a day before the first order, between 8:00 and 20:00."""
        import numpy as np

        before = first_visit - self._dice.below("before", ids, 30)
        anywhen = self._first_day + self._dice.below("registered", ids, self._last_day - self._first_day)
        day = np.maximum(self._first_day, np.minimum(np.minimum(before, anywhen), self._last_day - 1))
        minutes = 480 + self._dice.below("hour", ids, 720)
        registered: NDArray[np.str_] = (np.datetime64(_EPOCH, "m") + (day * 1440 + minutes)).astype(np.str_)
        return registered

"""The exercises on the database: policies that read the login, and a table that is partitioned by store."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zava_mcp import sql
from zava_mcp.errors import QueryError
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.policy_answer import OWNER, PolicyAnswer, Probe

if TYPE_CHECKING:
    from zava_mcp.admin.scratch_database import ScratchDatabase

_SQL = sql.named("exercises/04.sql")
_LOGINS = ("ann", "ben", "hq", "eve")
_SHIPMENTS = {1: (10, 11), 2: (20,), 3: (30,)}
_LINES = {1: ("hinge", "sink"), 2: ("nail",), 3: ("lamp", "tap")}
_ALL = (1, 2, 3)


def _probes(stores: dict[str, tuple[int, ...]], entries: str) -> tuple[Probe, ...]:
    """What each login must see, with the stores of its entry."""
    seen = [
        Probe(login, query, _rows(values, stores[login]), _missed(login, table, entries))
        for table, query, values in (
            ("shipments", "SELECT shipment_id FROM shipments", _SHIPMENTS),
            ("lines", "SELECT product FROM lines", _LINES),
        )
        for login in _LOGINS
    ]
    return (
        *seen,
        Probe("ann", "SELECT count(*) FROM entries", None, "ann can read the entries of all logins"),
        Probe("ann", "DELETE FROM lines", None, "ann may delete lines"),
        Probe("ann", "UPDATE shipments SET sent = sent", None, "ann may change shipments"),
        *(
            Probe(
                login,
                _SQL[name],
                ((0,),),
                f"a condition of {login}'s query has another outcome for {row} than for none",
            )
            for name, row in (
                ("hidden_shipment", "a hidden shipment"),
                ("hidden_store", "a hidden shipment"),
                ("hidden_line", "a hidden line"),
            )
            for login, seen_stores in stores.items()
            if 3 not in seen_stores
        ),
    )


def _rows(values: dict[int, tuple[Any, ...]], stores: tuple[int, ...]) -> tuple[tuple[Any, ...], ...]:
    return tuple((value,) for store in stores for value in values[store])


def _missed(login: str, table: str, entries: str) -> str:
    return f"{login} does not see exactly the {table} of its stores, when {entries}"


_POLICIES = PolicyAnswer(
    "".join(_SQL[name] for name in ("shipments", "rows", "entries")),
    _LOGINS,
    _probes(
        {"ann": (1,), "ben": (2, 3), "hq": _ALL, "eve": ()}, "ann has store 1, ben 2 and 3, hq all, and eve no entry"
    ),
    values=("1", "{1,2,3}", "1,2,3"),
)
_OTHER_POLICIES = PolicyAnswer(
    "".join(_SQL[name] for name in ("shipments", "rows", "other_entries")),
    _LOGINS,
    _probes(
        {"ann": (3,), "ben": _ALL, "hq": (), "eve": (1, 2)},
        "ann has store 3, ben all, hq an entry without stores, and eve 1 and 2",
    ),
)


def _check_policies(file: Path, lab: Lab) -> None:
    _POLICIES(file, lab)
    _OTHER_POLICIES(file, lab)


_COLUMNS = "store_id integer not null, day date not null, visitors integer not null"
_VISITORS = "SELECT store_id, to_char(day, 'YYYY-MM-DD'), visitors FROM visitors ORDER BY store_id, day"
_FIRST, _SECOND = "2026-01-05", "2026-01-06"
_COUNTS = {1: [(_FIRST, 310), (_SECOND, 295)], 2: [(_FIRST, 120), (_SECOND, 133)], 7: [(_FIRST, 64)]}


def _check_partitions(file: Path, lab: Lab) -> None:
    script = read_answer(file)
    set_up = "".join(_SQL[name] for name in ("shipments", "visitors", "visitor_rows"))
    with lab.scratch_database(_LOGINS, set_up) as database:
        try:
            database.run(OWNER, script)
            _check_table(database)
            _check_readers(database)
        except QueryError as error:
            raise Wrong(f"PostgreSQL refuses {file.name}, or a query after it: {error.full_message()}") from None


def _check_table(database: "ScratchDatabase") -> None:
    ((key, columns, has_key, has_policies),) = database.rows(OWNER, _SQL["table_form"])
    if key != "LIST (store_id)":
        raise Wrong(f"visitors is partitioned by {key}" if key else "visitors is not partitioned")
    if columns != _COLUMNS:
        raise Wrong(f"the columns of visitors are {columns}")
    if not has_key:
        raise Wrong("visitors has no primary key")
    if not has_policies:
        raise Wrong("row-level security is not enabled on visitors: LIKE copies neither this nor policies")
    if database.rows(OWNER, _VISITORS) != _seen(1, 2, 7):
        raise Wrong("visitors has other rows than before")
    if not _is_refused(database, OWNER, "INSERT INTO visitors VALUES (1, '2026-02-01', -1)"):
        raise Wrong("visitors accepts a negative number, which it did not before")
    if _is_refused(database, OWNER, "INSERT INTO visitors VALUES (99, '2026-02-01', 5)"):
        raise Wrong("visitors refuses a row of a store that has no partition of its own")


def _check_readers(database: "ScratchDatabase") -> None:
    for login, stores in (("ann", (1,)), ("ben", (2,)), ("eve", ())):
        if _is_refused(database, login, _VISITORS):
            raise Wrong(f"{login} may not read visitors any more: LIKE copies no grant")
        if database.rows(login, _VISITORS) != _seen(*stores):
            raise Wrong(f"{login} does not see exactly the rows of its store")
    plan = "\n".join(line for (line,) in database.rows("ann", "EXPLAIN (COSTS OFF) SELECT * FROM visitors"))
    own = re.compile(r"FOR VALUES IN \('?1'?\)")
    for table, name, bound in database.rows(OWNER, _SQL["partitions"]):
        if not own.fullmatch(bound) and re.search(rf" on {re.escape(name)}\b", plan):
            raise Wrong(f"the plan of ann, who sees store 1, reads the partition {name} ({bound})")
        for login in _LOGINS:
            if not _is_refused(database, login, _SQL["count"].replace("{table}", table)):
                raise Wrong(f"{login} can read the partition {name} directly")
    for login in _LOGINS:
        if found := database.rows(OWNER, _SQL["readable_without_policy"].replace("{reader}", f"{{{login}}}")):
            raise Wrong(f"{login} can read {found[0][0]}, to which no policy applies")
        if not _is_refused(database, login, "TRUNCATE visitors"):
            raise Wrong(f"{login} may do more with visitors than read it")


def _seen(*stores: int) -> list[tuple[int, str, int]]:
    return [(store, day, count) for store in stores for day, count in _COUNTS[store]]


def _is_refused(database: "ScratchDatabase", login: str, statement: str) -> bool:
    try:
        database.rows(login, statement)
    except QueryError:
        return True
    return False


EXERCISES = (
    Exercise(
        "04-1",
        ".sql",
        _check_policies,
        "the section Who may read which rows, and A policy that comes first of chapter 02",
    ),
    Exercise("04-2", ".sql", _check_partitions, "the section A partition for each store"),
)

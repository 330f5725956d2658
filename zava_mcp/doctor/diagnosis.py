"""The doctor: looks at an installation, then really tries to break out of it."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from zava_mcp.clients.checks import check_clients
from zava_mcp.embedded.folders import folder_fault
from zava_mcp.errors import DatabaseUnavailable, EmbeddingError, IdentityError, InputError, QueryError, SettingsError
from zava_mcp.postgres.checks import Check
from zava_mcp.sales.service import SalesService

#: Who the identity is to the database, and how many orders of how many stores it sees: exact, as one text.
_OWN = (
    "SELECT concat_ws(' / ', (SELECT rls_user_id FROM zava.who_am_i()), count(*), count(DISTINCT store_id))"
    " FROM retail.orders"
)

#: Each tries to see, within one query, what another identity sees: its last column must be exactly what this identity
#: sees. {other} is head office's user id.
_FORGERIES = {
    "the older policies' setting": "SELECT set_config('app.current_rls_user_id', '{other}', false), ({own})",
    "another role": "SELECT set_config('role', 'zava_owner', false), ({own})",
    "another session": "SELECT set_config('session_authorization', 'postgres', false), ({own})",
    "no row security": "SELECT set_config('row_security', 'off', false), ({own})",
    "SQL inside XML": "SELECT (xpath('//own/text()',"
    " query_to_xml('SELECT ({quoted}) AS own', true, true, '')))[1]::text",
}
#: These must be refused, or show nothing but NULL in the last column.
_REFUSED = {
    "a second statement": "SELECT 1; SET ROLE zava_owner",
    "a closed parenthesis": "SELECT 1) AS a, (SELECT count(*) FROM retail.orders",
    "writing": "WITH gone AS (DELETE FROM retail.inventory RETURNING 1) SELECT count(*) FROM gone",
    "the list of who may see what": "SELECT * FROM zava.access",
    "the managers' user ids": "SELECT rls_user_id FROM retail.stores",
}
#: Fails when it is evaluated, which a condition of a query must not be on a row of another store.
_FAILS = "(SELECT ('seen' || count(*))::int > 0 FROM generate_series(1, 0))"
_ELSEWHERE = (
    "SELECT count(*) FROM retail.{table} WHERE CASE WHEN (zava.store_flags())[store_id] THEN false ELSE {fails} END"
)
_STRANGERS = (
    "SELECT count(*) FROM retail.customers"
    " WHERE CASE WHEN customer_id <= {low} THEN false WHEN customer_id >= {high} THEN false ELSE {fails} END"
)
#: Of an identity with at most one customer of its own, any other is another store's.
_ANYBODY_ELSE = "SELECT count(*) FROM retail.customers WHERE CASE WHEN customer_id = {own} THEN false ELSE {fails} END"
#: Between these two customers of its own, which lie farthest apart, an identity sees none.
_GAP = (
    "SELECT id, next FROM (SELECT customer_id AS id, lead(customer_id) OVER (ORDER BY customer_id) AS next"
    " FROM retail.customers) AS own WHERE next IS NOT NULL ORDER BY next - id DESC LIMIT 1"
)
_CURE = "correct what the checks above found, then try again; if they found nothing, please report it"
_WHAT_FAILS = "22P02"  # invalid_text_representation
_ROOM_BYTES = 500_000_000  # a sample and what its questions sort on disk
_ROOM_FILES = 5_000  # a new database has fewer
_HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"


def diagnose(service: SalesService) -> list[Check]:
    """All checks: of this machine, of the database as the identity sees it, and of what it does when it is attacked."""
    checks = [*check_clients(), _model(service)]
    if service.data_dir is not None:
        checks += [_folder(service.data_dir), _room(service.data_dir)]
    try:
        checks += service.check_database()
    except (DatabaseUnavailable, IdentityError) as error:
        return [*checks, Check("connection", "fail", error.message, error.hint)]
    try:
        return [*checks, *_forgeries(service)]
    except (DatabaseUnavailable, IdentityError, QueryError) as error:
        failed = ", ".join(check.name for check in checks if check.state == "fail")
        fix = (
            f"correct what these checks found: {failed}"
            if failed
            else f"{error.hint} If that does not help, report it."
        )
        return [*checks, Check("forgeries", "fail", f"not tried, nothing is answered: {error.message}", fix)]


def _model(service: SalesService) -> Check:
    """Makes one vector, by the model that searches would be made with."""
    start = time.monotonic()
    try:
        model, numbers = service.try_embedding_model()
    except (EmbeddingError, SettingsError) as error:
        return Check("embedding model", "fail", error.message, error.hint)
    if not model:
        fix = "set AZURE_OPENAI_ENDPOINT or OPENAI_API_KEY; without it, search goes by words"
        return Check("embedding model", "warn", "none runs on this platform, and none is configured", fix)
    took = 1000 * (time.monotonic() - start)
    return Check("embedding model", "ok", f"{model} made a vector of {numbers} numbers in {took:.0f} ms")


def _folder(data_dir: Path) -> Check:
    """Whoever reads it may be any identity, so it is its owner's alone, and so are the folders on the way to it."""
    try:
        fault = folder_fault(data_dir)
    except OSError as error:
        found = f"{data_dir} cannot be looked at: {error.strerror}"
        return Check("data folder", "fail", found, "correct its owner, or set ZAVA_DATA_DIR to a folder of your own")
    if fault is not None:
        return Check("data folder", "fail", fault.found, fault.fix)
    if data_dir.exists() and not data_dir.is_dir():
        return Check("data folder", "fail", f"{data_dir} is no folder", f"remove {data_dir}, or set ZAVA_DATA_DIR")
    if not data_dir.is_dir():
        return Check("data folder", "ok", f"{data_dir}, not made yet")
    return Check("data folder", "ok", f"{data_dir}, readable by its owner alone")


def _room(data_dir: Path) -> Check:
    existing = next(folder for folder in (data_dir, *data_dir.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:,.1f} GB free"
    if hasattr(os, "statvfs") and (files := os.statvfs(existing)).f_files and files.f_favail < _ROOM_FILES:
        what = f"{files.f_favail:,} files can still be made"
        return Check("disk", "fail", what, f"remove files on the disk of {data_dir}, at least {_ROOM_FILES:,}")
    if free < _ROOM_BYTES:
        return Check("disk", "fail", found, f"make room on the disk of {data_dir}, at least {_ROOM_BYTES / 1e9:g} GB")
    return Check("disk", "ok", found)


def _forgeries(service: SalesService) -> Iterator[Check]:
    """Tries each; it must be refused, or come to nothing, and leave the next query as it was."""
    before = _rows(service, _OWN)
    own = {"other": _HEAD_OFFICE, "own": _OWN, "quoted": _OWN.replace("'", "''")}
    for name, statement in _FORGERIES.items():
        yield _forgery(service, name, statement.format(**own), before)
    for name, statement in _REFUSED.items():
        yield _forgery(service, name, statement, [[None]])
    if _rows(service, _OWN) != before:
        yield Check("forgery: what stays behind", "fail", "the next query saw other rows", _CURE)
    yield from _conditions(service)


def _forgery(service: SalesService, name: str, statement: str, expected: list[list[object]]) -> Check:
    """Tries one: what it shows in the last column of each row must be as expected, to the letter."""
    before = _rows(service, _OWN)
    try:
        rows, found = _rows(service, statement), "without effect"
    except (QueryError, InputError) as error:
        rows, found = [], f"refused: {error.message[:80]}"
    harmless = all(row[-1:] == expected[0][-1:] for row in rows) and _rows(service, _OWN) == before
    return _tried(name, harmless, found, "it showed more than this identity's rows")


def _conditions(service: SalesService) -> Iterator[Check]:
    """Tries to have a condition evaluated on rows of other stores, for all that see only some."""
    if _rows(service, "SELECT zava.sees_all_stores()") == [[True]]:
        return
    statements = {
        table: _ELSEWHERE.format(table=table, fails=_FAILS) for table in ("orders", "order_items", "inventory")
    }
    statements["customers"] = _about_strangers(service)
    for table, statement in statements.items():
        yield _condition(service, table, statement)


def _about_strangers(service: SalesService) -> str:
    for low, high in _rows(service, _GAP):
        return _STRANGERS.format(low=low, high=high, fails=_FAILS)
    only = _rows(service, "SELECT max(customer_id) FROM retail.customers")[0][0]
    return _ANYBODY_ELSE.format(own=-1 if only is None else only, fails=_FAILS)  # NULL would be folded away


def _condition(service: SalesService, table: str, statement: str) -> Check:
    name = f"a condition on other stores' {table}"
    try:
        rows = _rows(service, statement)
    except QueryError as error:
        if error.sqlstate != _WHAT_FAILS:
            return Check(f"forgery: {name}", "warn", f"not tried: {error.message[:80]}", "try again")
        return _tried(name, False, "", f"it was evaluated on other stores' rows: {error.message[:80]}")
    return _tried(name, rows == [[0]], "it met no row", "it showed other stores' rows")


def _rows(service: SalesService, statement: str) -> list[list[object]]:
    return [json.loads(row) for row in service.run_query(service.sales_query(statement, 100)).rows]


def _tried(name: str, harmless: bool, found: str, otherwise: str) -> Check:
    if harmless:
        return Check(f"forgery: {name}", "ok", found)
    return Check(f"forgery: {name}", "fail", otherwise, _CURE)

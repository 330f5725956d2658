"""Attacks the isolation of the live database: queries that try to read other identities' rows."""

import json
from collections.abc import Iterator

from zava_mcp.doctor.check import Check
from zava_mcp.errors import InputError, QueryError
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.sales.service import SalesService

#: The identity as the database sees it, the number of its orders, and of their stores, as one string.
_OWN = (
    "SELECT concat_ws(' / ', (SELECT rls_user_id FROM zava.who_am_i()), orders, stores)"
    " FROM (SELECT count(*) AS orders, count(DISTINCT store_id) AS stores FROM retail.orders) AS own"
)

_OWN_OF_TENANT = "SELECT concat_ws(' / ', (SELECT rls_user_id FROM zava.who_am_i()){counts})"
_COUNT = ", (SELECT count(*) FROM {table})"

#: Each tries to become another identity within one query. Its last column must be exactly _OWN of this identity.
#: {other} is the user id of head office.
_IMPERSONATIONS = {
    "set the legacy identity setting": "SELECT set_config('app.current_rls_user_id', '{other}', false), ({own})",
    "set another role": "SELECT set_config('role', 'zava_owner', false), ({own})",
    "set another session user": "SELECT set_config('session_authorization', 'postgres', false), ({own})",
    "switch row security off": "SELECT set_config('row_security', 'off', false), ({own})",
    "run SQL inside XML": "SELECT (xpath('//own/text()',"
    " query_to_xml('SELECT ({quoted}) AS own', true, true, '')))[1]::text",
}
#: These must be refused, or return only NULL in the last column.
_FORBIDDEN = {
    "send a second statement": "SELECT 1; SET ROLE zava_owner",
    "leave the parentheses": "SELECT 1) AS a, (SELECT count(*) FROM retail.orders",
    "write": "WITH gone AS (DELETE FROM retail.inventory RETURNING 1) SELECT count(*) FROM gone",
    "read the access rights": "SELECT * FROM zava.access",
    "read the managers' user ids": "SELECT rls_user_id FROM retail.stores",
}
#: An expression that fails when it is evaluated. It must not be evaluated on a row of another store.
_FAILING = "(SELECT ('seen' || count(*))::int > 0 FROM generate_series(1, 0))"
_ROWS_OF_OTHER_STORES = (
    "SELECT count(*) FROM retail.{table} WHERE CASE WHEN (zava.store_flags())[store_id] THEN false ELSE {failing} END"
)
_CUSTOMERS_BETWEEN = (
    "SELECT count(*) FROM retail.customers"
    " WHERE CASE WHEN customer_id <= {low} THEN false WHEN customer_id >= {high} THEN false ELSE {failing} END"
)
#: For an identity with at most one customer, every other customer belongs to another store.
_CUSTOMERS_EXCEPT = (
    "SELECT count(*) FROM retail.customers WHERE CASE WHEN customer_id = {own} THEN false ELSE {failing} END"
)
#: The largest gap between two customer ids of the identity. The customers within it belong to other stores.
_LARGEST_GAP = (
    "SELECT id, next FROM (SELECT customer_id AS id, lead(customer_id) OVER (ORDER BY customer_id) AS next"
    " FROM retail.customers) AS own WHERE next IS NOT NULL ORDER BY next - id DESC LIMIT 1"
)
#: The same of a table that an administrator exposed, by its first column if that is a number.
_EXPOSED_GAP = (
    "SELECT id, next FROM (SELECT {column} AS id, lead({column}) OVER (ORDER BY {column}) AS next FROM {table}) AS own"
    " WHERE next IS NOT NULL ORDER BY next - id DESC LIMIT 1"
)
_EXPOSED_BETWEEN = (
    "SELECT count(*) FROM {table}"
    " WHERE CASE WHEN {column} <= {low} THEN false WHEN {column} >= {high} THEN false ELSE {failing} END"
)
_FIX = "fix the failed checks above, then try again; if no other check failed, please report it"
_FAILING_SQLSTATE = "22P02"  # invalid_text_representation
_MAX_EXPOSED = 20  # tables that are attacked
_HEAD_OFFICE = sample_identities()[0].user_id


def attack_isolation(service: SalesService) -> Iterator[Check]:
    """Runs each attack. It must be refused or have no effect, and must not affect the next query."""
    columns = service.exposed_columns()
    exposed = list(columns)[:_MAX_EXPOSED]
    own = _OWN if service.has_orders else _own_of_tenant(exposed)
    expected = _rows(service, own)
    values = {"other": _HEAD_OFFICE, "own": own, "quoted": own.replace("'", "''")}
    for name, statement in _IMPERSONATIONS.items():
        yield _attack(service, name, statement.format(**values), expected, own)
    for name, statement in _FORBIDDEN.items():
        yield _attack(service, name, statement, [[None]], own)
    if _rows(service, own) != expected:
        yield Check("attack: lasting effects", "fail", "the next query returned other rows", _FIX)
    if _rows(service, "SELECT zava.sees_all_stores()") != [[True]]:
        yield from _attack_with_conditions(service, {table: columns[table][0] for table in exposed})


def _own_of_tenant(exposed: list[str]) -> str:
    """The counterpart of _OWN in a database without orders: the numbers of rows of the exposed tables."""
    return _OWN_OF_TENANT.format(counts="".join(_COUNT.format(table=table) for table in exposed))


def _attack(service: SalesService, name: str, statement: str, expected: list[list[object]], own: str) -> Check:
    """Runs one attack. The last column of each row must equal the expected one exactly."""
    before = _rows(service, own)
    try:
        rows, found = _rows(service, statement), "no effect"
    except (QueryError, InputError) as error:
        rows, found = [], f"refused: {error.message[:80]}"
    harmless = all(row[-1:] == expected[0][-1:] for row in rows) and _rows(service, own) == before
    return _attack_check(name, harmless, found, "it returned more than this identity's rows")


def _attack_with_conditions(service: SalesService, exposed: dict[str, str]) -> Iterator[Check]:
    """Tries to evaluate a condition on rows of other stores; `exposed` has the first column of each exposed table."""
    statements = {}
    if service.has_orders:
        for table in ("orders", "order_items", "inventory"):
            statements[table] = _ROWS_OF_OTHER_STORES.format(table=table, failing=_FAILING)
        statements["customers"] = _customers_statement(service)
    for table, column in exposed.items():
        if statement := _exposed_statement(service, table, column):
            statements[table] = statement
    for table, statement in statements.items():
        yield _condition_check(service, table, statement)


def _customers_statement(service: SalesService) -> str:
    for low, high in _rows(service, _LARGEST_GAP):
        return _CUSTOMERS_BETWEEN.format(low=low, high=high, failing=_FAILING)
    only = _rows(service, "SELECT max(customer_id) FROM retail.customers")[0][0]
    own = -1 if only is None else only  # the planner would remove a comparison with NULL
    return _CUSTOMERS_EXCEPT.format(own=own, failing=_FAILING)


def _exposed_statement(service: SalesService, table: str, column: str) -> str:
    """A query with a condition on keys between two of this identity's keys.

    Returns "" for a table of one row, or one whose first column is not a number.
    """
    values = {"table": table, "column": f'"{column}"', "failing": _FAILING}
    try:
        for low, high in _rows(service, _EXPOSED_GAP.format(**values)):
            return _EXPOSED_BETWEEN.format(low=int(str(low)), high=int(str(high)), **values)
    except (QueryError, ValueError):
        pass
    return ""


def _condition_check(service: SalesService, table: str, statement: str) -> Check:
    name = f"a condition on other stores' {table}"
    try:
        rows = _rows(service, statement)
    except QueryError as error:
        if error.sqlstate != _FAILING_SQLSTATE:
            return Check(f"attack: {name}", "warn", f"not run: {error.message[:80]}", "try again")
        return _attack_check(name, False, "", f"it was evaluated on other stores' rows: {error.message[:80]}")
    return _attack_check(name, rows == [[0]], "evaluated on no row of other stores", "it returned other stores' rows")


def _rows(service: SalesService, statement: str) -> list[list[object]]:
    return [json.loads(row) for row in service.run_query(service.sales_query(statement, 100)).rows]


def _attack_check(name: str, harmless: bool, found: str, failure: str) -> Check:
    if harmless:
        return Check(f"attack: {name}", "ok", found)
    return Check(f"attack: {name}", "fail", failure, _FIX)

"""Checks the nodes of a Citus cluster: connects to each as the identity's login and attacks it."""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.doctor.check import Check
from zava_mcp.errors import DatabaseUnavailable, IdentityError
from zava_mcp.plurals import counted
from zava_mcp.postgres.connection_parameters import ConnectionParameters
from zava_mcp.postgres.identity import connect_with_timeout
from zava_mcp.settings import Secret

_FIX = "run zava-mcp init as administrator"
#: Expressions that fail on a row for which they are evaluated, like those of the attacks through the coordinator.
_FAILING = "(SELECT ('seen' || count(*))::int > 0 FROM generate_series(1, 0))"
_OF_OTHERS = "SELECT count(*) FROM {table} WHERE CASE WHEN (zava.store_flags())[{column}] THEN false ELSE {failing} END"
_FOREIGN = (
    "SELECT count(*) FROM {table} WHERE NOT zava.sees_all_stores() AND (zava.store_flags())[{column}] IS NOT TRUE"
)
_FORBIDDEN = (
    "SELECT * FROM zava.access",
    "SELECT run_command_on_workers('SELECT 1')",
    "SELECT run_command_on_all_nodes('SELECT 1')",
    "SELECT citus_run_local_command('SELECT 1')",
    "SELECT worker_apply_shard_ddl_command(1, 'retail', 'DROP SCHEMA retail')",
    "SET ROLE zava_owner",
    "SET SESSION AUTHORIZATION zava_owner",
    "SELECT rls_user_id FROM zava.stores",
)


def check_nodes(connection: psycopg.Connection, target: ConnectionParameters) -> Iterator[Check]:
    """Checks each node beside the coordinator, which `connection` is connected to."""
    for host, port in connection.execute(_block("nodes").encode()).fetchall():
        node = replace(target, parameters={**target.parameters, "host": host, "port": str(port)})
        node.parameters.pop("hostaddr", None)
        name = f"node {host}:{port}"
        try:
            with connect_with_timeout(node) as direct:
                yield from _check_node(direct, name)
        except (DatabaseUnavailable, IdentityError, psycopg.OperationalError) as error:
            found = getattr(error, "message", "") or "the connection is lost"
            fix = "run zava-mcp doctor where the node can be reached, such as on the coordinator's machine"
            yield Check(name, "warn", f"not checked: {found}", fix)
            continue
        yield _check_password(node, name)


def _check_node(connection: psycopg.Connection, name: str) -> Iterator[Check]:
    connection.execute(_block("show_shards").encode())
    rows = [row for block in ("login", "policies") for row in connection.execute(_block(block).encode()).fetchall()]
    faults = [fault for (fault,) in rows]
    open_partitions = (connection.execute(_block("readable_partitions").encode()).fetchone() or (0,))[0]
    if open_partitions:
        faults.append(f"the login can read {counted(open_partitions, 'partition')} past the policies of their table")
    yield Check(
        f"{name}: login and policies", "fail" if faults else "ok", "; ".join(faults) or "passed", _FIX if faults else ""
    )
    count, first = connection.execute(_block("open_functions").encode()).fetchone() or (0, "")
    found = (
        f"{counted(count, 'function')} outside the allow-list can be executed, such as {first}" if count else "passed"
    )
    yield Check(f"{name}: functions", "warn" if count else "ok", found, _FIX if count else "")
    yield from _attack_node(connection, name)


def _attack_node(connection: psycopg.Connection, name: str) -> Iterator[Check]:
    tables = connection.execute(_block("tables").encode()).fetchall()
    seen = [table for table, column in tables if _reveals(connection, table, column)]
    found = (
        f"{', '.join(seen)} revealed other stores' rows"
        if seen
        else f"no row of other stores in {counted(len(tables), 'shard')}"
    )
    yield Check(f"{name}: shards read directly", "fail" if seen else "ok", found, _FIX if seen else "")
    allowed = [statement for statement in _FORBIDDEN if _is_allowed(connection, statement)]
    found = f"allowed: {'; '.join(allowed)}" if allowed else "all refused"
    yield Check(f"{name}: statements of the cluster", "fail" if allowed else "ok", found, _FIX if allowed else "")


def _reveals(connection: psycopg.Connection, table: str, column: str) -> bool:
    """Whether a shard shows rows of other stores, or evaluates a condition on them."""
    names = {"table": compose.SQL(table), "column": compose.Identifier(column), "failing": compose.SQL(_FAILING)}
    for statement in (_FOREIGN, _OF_OTHERS):
        try:
            row = connection.execute(compose.SQL(statement).format(**names)).fetchone()
        except psycopg.errors.InvalidTextRepresentation:
            if not _sees_all(connection):
                return True
            continue
        if row != (0,):
            return True
    return False


def _sees_all(connection: psycopg.Connection) -> bool:
    return connection.execute("SELECT zava.sees_all_stores()").fetchone() == (True,)


def _is_allowed(connection: psycopg.Connection, statement: str) -> bool:
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement.encode())
    except psycopg.Error:
        return False
    return True


def _check_password(node: ConnectionParameters, name: str) -> Check:
    """Tries to connect without the password: a node that trusts its network lets anybody in as any login."""
    wrong = replace(node, password=Secret("not the password"))
    check = f"{name}: who may connect"
    try:
        connect_with_timeout(wrong).close()
    except (DatabaseUnavailable, IdentityError):
        return Check(check, "ok", "a wrong password is refused")
    fix = (
        "let pg_hba.conf of the node ask for scram-sha-256 or a certificate, and give the coordinator the logins' "
        "passwords"
    )
    return Check(check, "fail", "the node accepts a wrong password, and so every login and the superuser", fix)


def _block(name: str) -> str:
    return sql.named("node_checks.sql")[name]

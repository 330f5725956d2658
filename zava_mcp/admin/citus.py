"""Spreads a Zava database over the nodes of a Citus cluster.

`init` builds the database on the coordinator as on one server, and this module distributes it in one transaction: the
tables by store, catalogue, stores, customers and access as reference tables, functions and logins on every node.
"""

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.admin.change_report import Report, translate_errors
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.plurals import counted
from zava_mcp.progress_callback import Progress

OLDEST_CITUS = 13
#: Each shard has a partition for each store, so more shards cost time and let more nodes share the stores.
_SHARDS = 16
_REFERENCE_TABLES = (
    "zava.access",
    "zava.stores",
    "retail.categories",
    "retail.product_types",
    "retail.products",
    "zava.customers",
    "retail.product_description_embeddings",
)
_DISTRIBUTED_TABLES = {
    "zava.orders": "store_id",
    "zava.order_items": "store_id",
    "zava.inventory": "store_id",
    "zava.customers_by_store": "visible_in",
}
#: Steps that change the tables of the coordinator before they are distributed.
_LOCAL_STEPS = ("drop_triggers", "drop_foreign_keys", "sequences", "separate_customers", "access", "policies")
_EVENT_TRIGGERS = "-- Servers cache the description of the schema"  # from here on, hardening.sql is for one server
_SEQUENTIAL = (
    "SET citus.multi_shard_modify_mode = 'sequential'"  # a new role is known to one connection of a node alone
)


@dataclass(frozen=True)
class Cluster:
    """A cluster as its coordinator sees it. `is_distributed` if the tables are on its nodes."""

    workers: int
    is_distributed: bool


def find_cluster(connection: psycopg.Connection, single_node: bool) -> Cluster | None:
    """The cluster of this coordinator, None on any other server and for a database that stays on the coordinator.

    Sets the session up for changes. Raises DatabaseUnavailable for a cluster that cannot be made safe.
    """
    if not _has_citus(connection):
        return None
    version, is_coordinator, is_superuser, is_open = _rows(connection, "version")[0]
    if is_open and not is_superuser:
        raise DatabaseUnavailable(
            "every login could run statements on the nodes of Citus: only a superuser can revoke "
            "run_command_on_workers and Citus' other functions from PUBLIC",
            "Run this as a superuser, or use a database without the extension citus.",
        )
    workers = _rows(connection, "workers")
    if single_node or not workers:
        if _distributed_tables(connection):
            raise DatabaseUnavailable(
                "the tables of this database are distributed already",
                "Leave out --single-node, which is for a new one.",
            )
        connection.execute("SET citus.enable_ddl_propagation = off; SET citus.enable_create_role_propagation = off")
        return None
    if version < OLDEST_CITUS:
        raise DatabaseUnavailable(
            f"the extension citus has the version {version}",
            f"Use Citus {OLDEST_CITUS} or newer, or keep the database on this server: zava-mcp init --single-node.",
        )
    if not is_coordinator:
        raise DatabaseUnavailable(
            "this is a worker of a Citus cluster", "Name its coordinator in ZAVA_ADMIN_DATABASE_URL."
        )
    _refuse_unreachable(connection)
    return Cluster(len(workers), _is_distributed(connection))


def distribute(connection: psycopg.Connection, cluster: Cluster, report: Report, progress: Progress) -> None:
    """Distributes the tables of a new database; repairs what an administrator added to a distributed one.

    Raises DatabaseUnavailable; the tables are then on the coordinator, as before.
    """
    with translate_errors(embedded=False, change="the distribution of the tables"):
        connection.execute(_SEQUENTIAL.encode())
        if cluster.is_distributed:  # stores and rows may have been added since
            connection.execute(_block("add_partitions").encode())
            connection.execute("SELECT zava.place_customers(NULL)")
        else:
            progress(0.92, f"distributing tables over {counted(cluster.workers, 'node')}")
            with connection.transaction():
                _distribute(connection)
            connection.execute("SET citus.enable_ddl_propagation = on")
            report.actions.append(f"tables distributed by store over {counted(cluster.workers, 'node')}")
        _close_nodes(connection)
        _seed_shards(connection)
        report.warnings += [
            f"{node} has no copy of the reference tables: ALTER ROLE zava_owner LOGIN, because Citus copies as their "
            "owner; SELECT replicate_reference_tables('block_writes'); ALTER ROLE zava_owner NOLOGIN"
            for (node,) in _rows(connection, "without_copies")
        ]


def prepare_session(connection: psycopg.Connection, cluster: Cluster, report: Report) -> None:
    """Keeps what `init` builds in a new database on the coordinator, until it is distributed.

    Nodes of a distributed one get the roles that they lack, because Citus changes roles on all nodes or on none.
    """
    if cluster.is_distributed:
        connection.execute(_SEQUENTIAL.encode())
        _restore_roles(connection, report)
    else:
        connection.execute("SET citus.enable_ddl_propagation = off")


def _distribute(connection: psycopg.Connection) -> None:
    connection.execute("SET LOCAL client_min_messages = warning; SET LOCAL citus.shard_replication_factor = 1")
    connection.execute("SET LOCAL citus.enable_ddl_propagation = off")
    for step in _LOCAL_STEPS:
        connection.execute(_block(step).encode())
    connection.execute("SET LOCAL citus.enable_ddl_propagation = on")
    connection.execute(_block("distribute_functions").encode())
    for table in _REFERENCE_TABLES:
        connection.execute("SELECT create_reference_table(c) FROM to_regclass(%s) AS c WHERE c IS NOT NULL", [table])
    for block in ("functions", "helpers"):
        connection.execute(with_copies(connection, _block(block)).encode())
    connection.execute(_block("distribute_functions").encode())
    connection.execute("SELECT create_distributed_table('zava.orders', 'store_id', shard_count := %s)", [_SHARDS])
    for table, column in list(_DISTRIBUTED_TABLES.items())[1:]:
        colocated = "SELECT create_distributed_table(%s, %s, colocate_with := 'zava.orders')"
        connection.execute(colocated, [table, column])
    connection.execute("SET LOCAL citus.enable_ddl_propagation = off")  # the coordinator alone has the views
    for block in ("views", "comments"):
        connection.execute(_block(block).encode())
    connection.execute("SET LOCAL citus.enable_ddl_propagation = on")
    for (statement,) in _rows(connection, "list_foreign_keys"):
        connection.execute(statement.encode())
    connection.execute(_block("admit_everywhere").encode())
    for (statement,) in _rows(connection, "list_settings"):
        connection.execute(statement.encode())
    for table in (*_DISTRIBUTED_TABLES, *_REFERENCE_TABLES):  # the rows are on the nodes now
        truncate = "SELECT truncate_local_data_after_distributing_table(c)"
        connection.execute(f"{truncate} FROM to_regclass(%s) AS c WHERE c IS NOT NULL".encode(), [table])


def with_copies(connection: psycopg.Connection, text: str) -> str:
    """The text with the names of the nodes' copies of reference tables."""
    for table in ("access", "stores"):
        row = connection.execute(_block("copy").encode(), {"relation": f"zava.{table}"}).fetchone()
        text = text.replace(f"{{{table}}}", row[0] if row else f"zava.{table}")
    return text


def _restore_roles(connection: psycopg.Connection, report: Report) -> None:
    """Creates roles that a node lacks, with their passwords, and gives all logins their privileges again."""
    if nodes := [node for (node,) in _rows(connection, "nodes_without_roles")]:
        ((text,),) = _rows(connection, "create_roles")
        _run_on_all_nodes(connection, text, "roles could not be created on the nodes")
        connection.execute(_block("admit_everywhere").encode())
        report.actions.append(f"missing roles created on {' and '.join(nodes)}")


def _close_nodes(connection: psycopg.Connection) -> None:
    """Revokes from PUBLIC on every node what `hardening.sql` revokes on one server, and Citus' internal functions."""
    text = sql.script("hardening.sql").partition(_EVENT_TRIGGERS)[0] + _block("close")
    _run_on_all_nodes(connection, text, "privileges could not be revoked on the nodes")


def _seed_shards(connection: psycopg.Connection) -> None:
    """Gives shards the statistics that partitioned tables have on one server: Citus does not copy them to nodes."""
    text = sql.script("seed_statistics.sql").replace("zava.seed_statistics", "pg_temp.seed_statistics")
    text = text.replace("SELECT relname FROM", r"SELECT regexp_replace(relname, '_\d+$', '') FROM")
    _run_on_all_nodes(connection, text + _block("seed_shards"), "statistics could not be set on the nodes")


def _run_on_all_nodes(connection: psycopg.Connection, text: str, failure: str) -> None:
    """Runs statements on every node, in a transaction of each. Raises DatabaseUnavailable."""
    rows = connection.execute(_block("on_all_nodes").encode(), {"text": text}).fetchall()
    if failed := [f"{host}:{port}: {reason}" for host, port, success, reason in rows if not success]:
        raise DatabaseUnavailable(f"{failure}: {'; '.join(failed)}", "Correct this, then run init again.")


def _is_distributed(connection: psycopg.Connection) -> bool:
    """Whether all tables are distributed. Raises DatabaseUnavailable if only some are."""
    found = _distributed_tables(connection)
    if not found:
        return False
    if missing := [table for table in _DISTRIBUTED_TABLES if table not in found]:
        statements = "; ".join(
            f"SELECT undistribute_table('{table}', cascade_via_foreign_keys := true)" for table in found
        )
        raise DatabaseUnavailable(
            f"only some tables are distributed: {', '.join(found)}, and not {', '.join(missing)}",
            f"Run {statements}; then run init again.",
        )
    return True


def _distributed_tables(connection: psycopg.Connection) -> list[str]:
    return [name for (name,) in _rows(connection, "distributed")]


def _refuse_unreachable(connection: psycopg.Connection) -> None:
    rows = connection.execute("SELECT * FROM run_command_on_all_nodes('SELECT current_database()')").fetchall()
    nodes = {node: f"{host}:{port}" for node, host, port in _rows(connection, "nodes")}
    if failed := [f"{nodes.get(node, node)} ({result})" for node, success, result in rows if not success]:
        raise DatabaseUnavailable(
            f"these nodes of the cluster cannot be reached: {', '.join(failed)}",
            "Nothing was changed. Start them, or remove them with citus_remove_node; then run init again.",
        )


def refuse_cluster(connection: psycopg.Connection, what: str, if_distributed: bool = True) -> None:
    """Raises DatabaseUnavailable if the tables are distributed, or could be, and `what` is not possible then."""
    if _has_citus(connection) and (_distributed_tables(connection) if if_distributed else _rows(connection, "workers")):
        raise DatabaseUnavailable(
            f"{what} is not possible on a Citus cluster", "Nothing was changed. infra/README.md says what is."
        )


def end_sessions_on_workers(connection: psycopg.Connection, login: str) -> None:
    """Ends a login's connections to the workers; does nothing on any other server."""
    if not _has_citus(connection):
        return
    statement = compose.SQL("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = {}").format(
        compose.Literal(login)
    )
    connection.execute("SELECT run_command_on_workers(%s)", [statement.as_string(connection)])


def _block(name: str) -> str:
    return sql.named("citus.sql")[name]


def _has_citus(connection: psycopg.Connection) -> bool:
    return bool(connection.execute("SELECT FROM pg_extension WHERE extname = 'citus'").rowcount)


def _rows(connection: psycopg.Connection, block: str) -> list[tuple[Any, ...]]:
    return connection.execute(_block(block).encode()).fetchall()

"""Defence in depth: each protection of a login holds without the others."""

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, SEATTLE, Ask, login_keywords
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres

#: A function of each kind that no query about sales needs.
NOT_FOR_IDENTITIES = (
    "clock_timestamp()",
    "timeofday()",
    "uuidv7()",
    "pg_postmaster_start_time()",
    "pg_conf_load_time()",
    "pg_stat_get_snapshot_timestamp()",
    "pg_available_wal_summaries()",
    "pg_wal_summary_contents(1, '0/0', '0/1')",
    "pg_get_wal_summarizer_state()",
    "pg_filenode_relation(0, 1)",
    "pg_sequence_last_value('pg_class'::regclass)",
    "age('1'::xid)",
    "mxid_age('1'::xid)",
    "pg_get_multixact_members('1'::xid)",
    "ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')",
    "pg_mcv_list_items(NULL)",
    "binary_upgrade_set_next_pg_type_oid(1)",
    "pg_restore_relation_stats('relation', 'x')",
    "polygon '(0,0),(1,1)' && polygon '(0,0),(1,1)'",
    "path '(0,0),(1,1)' ?# path '(0,0),(1,1)'",
    "set_config('work_mem', '64kB', true)",
    "pg_sleep(0)",
    "pg_sleep_for('0')",
    "pg_sleep_until(now())",
    "pg_terminate_backend(0)",
    "pg_cancel_backend(0)",
    "pg_notify('zava_schema_changed', '')",
    "pg_logical_emit_message(true, 'x', 'y')",
    "txid_current()",
    "pg_current_xact_id()",
    "pg_export_snapshot()",
    "query_to_xml('SELECT 1', true, true, '')",
    "table_to_xml('retail.orders', true, true, '')",
    "ts_stat('SELECT to_tsvector(''x'')')",
    "pg_relation_size('retail.orders')",
    "pg_total_relation_size('retail.orders')",
    "pg_database_size('zava')",
    "pg_lock_status()",
    "pg_current_wal_lsn()",
    "pg_control_checkpoint()",
    "pg_current_snapshot()",
    "setseed(0)",
    "pg_advisory_lock(1)",
    "pg_try_advisory_xact_lock(1)",
    "pg_advisory_unlock_all()",
    "lo_create(0)",
    "lo_get(1)",
    "loread(0, 1)",
    "pg_stat_get_live_tuples('retail.orders'::regclass)",
    "pg_stat_get_activity(NULL)",
    "pg_stat_get_backend_pid(1)",
)


@pytest.mark.anyio
async def test_unneeded_functions_are_revoked_from_identities(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        for function in NOT_FOR_IDENTITIES:
            assert "42501: permission denied for function" in await seattle.refusal(f"SELECT {function}"), function
        for column in ("reltuples", "relpages", "relallvisible", "relfilenode"):
            refusal = await seattle.refusal(f"SELECT {column} FROM pg_class WHERE relname = 'orders'")
            assert "permission denied for table pg_class" in refusal
        assert await seattle.value("SELECT count(*) > 0 FROM pg_class WHERE relname = 'orders'") is True


def test_only_admitted_logins_can_connect(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    admin.execute("CREATE ROLE zava_test_stranger LOGIN PASSWORD 'stranger'")
    stranger = {**login_keywords(embedded, SEATTLE), "user": "zava_test_stranger", "password": "stranger"}
    try:
        for database in ("zava", "postgres", "template1"):
            with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
                psycopg.connect(**{**stranger, "dbname": database})
    finally:
        admin.execute("DROP ROLE zava_test_stranger")


def test_login_in_another_program_has_the_same_limits(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    """The program is not zava-mcp and sets no options of its own."""
    guests = {
        "default_transaction_read_only": "on",
        "statement_timeout": "1min",
        "idle_in_transaction_session_timeout": "1min",
        "search_path": "retail",
        "temp_file_limit": "512MB",
    }
    with psycopg.connect(**login_keywords(embedded, SEATTLE)) as connection:
        for name, value in guests.items():
            assert connection.execute(f"SHOW {name}".encode()).fetchone() == (value,), name
        assert connection.execute("SELECT has_language_privilege('plpgsql', 'USAGE')").fetchone() == (False,)
        ours = (
            "SELECT proname FROM pg_proc"
            " WHERE pronamespace = 'zava'::regnamespace AND has_function_privilege(oid, 'EXECUTE')"
        )
        assert {row[0] for row in connection.execute(ours.encode())} == {
            "entry",
            "entry_now",
            "has_tenants",
            "is_known",
            "maintains",
            "only_store",
            "own_customers",
            "own_stores",
            "row_too_large",
            "sees_all_stores",
            "store_flags",
            "visible_stores",
            "who_am_i",
        }
    assert admin.execute("SHOW temp_file_limit").fetchone() == ("512MB",)


@pytest.mark.anyio
async def test_connection_options_override_the_logins_defaults(ask: Ask, admin: psycopg.Connection) -> None:
    ours = {
        "default_transaction_read_only": ("off", "on"),
        "default_transaction_isolation": ("serializable", "read committed"),
        "client_min_messages": ("notice", "error"),
        "standard_conforming_strings": ("off", "on"),
        "transform_null_equals": ("on", "off"),
        "search_path": ("public", "retail, public"),
        "statement_timeout": ("0", "30s"),
        "client_connection_check_interval": ("0", "2s"),
    }
    for name, (theirs, _) in ours.items():
        admin.execute(f"ALTER ROLE zava_seattle IN DATABASE zava SET {name} = {theirs}".encode())
    try:
        async with ask(SEATTLE) as seattle:
            for name, (_, value) in ours.items():
                assert await seattle.value(f"SELECT current_setting('{name}')") == value, name
    finally:
        admin.execute("ALTER ROLE zava_seattle IN DATABASE zava RESET ALL")


def test_restricted_admin_revokes_the_defaults_of_public(server: str, database: str) -> None:
    """Older servers let PUBLIC create in the schema public, and all servers let PUBLIC create temporary tables."""
    with psycopg.connect(ADMIN.format(database=database, host=server), autocommit=True) as connection:
        connection.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE PASSWORD 'x'")
        connection.execute(f"ALTER DATABASE {database} OWNER TO cloud_admin".encode())
        connection.execute("ALTER SCHEMA public OWNER TO cloud_admin; GRANT CREATE ON SCHEMA public TO PUBLIC")
        url = f"postgresql://cloud_admin:x@/{database}?host={server}"
        command = ["init", "--no-sample", "--admin-database-url", url]
        assert "gap: only a superuser" in CliRunner().invoke(app, command, catch_exceptions=False).stdout
        connection.execute("CREATE ROLE anybody")
        may = (
            "SELECT has_schema_privilege('anybody', 'public', 'CREATE'),"
            " has_database_privilege('anybody', current_database(), 'TEMP'),"
            " has_function_privilege('anybody', 'zava.admit(name, uuid, text, boolean, integer[])', 'EXECUTE')"
        )
        assert connection.execute(may.encode()).fetchone() == (False, False, False)

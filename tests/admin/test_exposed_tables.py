"""`tables expose`, `hide` and `exposed`: what is refused and why, what is made, and that hiding takes it back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.billing import BILLING, EXPOSED, run
from tests.conftest import ADMIN, settings_for
from zava_mcp.admin.exposed_tables import ExposeRequest, expose_table
from zava_mcp.cli.commands import app

SALES = "sales.tenant:id:name"
REFUSED = re.findall(
    r"^-- (.+?) \| (.+)\n((?:[^-\n].*\n?)+)",
    (Path(__file__).parent / "exposing.sql").read_text(encoding="utf-8").split("\n\n", 1)[1],
    flags=re.MULTILINE,
)
_CLEAN = (
    *(f"DROP {kind} IF EXISTS sales.x" for kind in ("MATERIALIZED VIEW", "FOREIGN TABLE", "SEQUENCE", "VIEW")),
    "DROP FOREIGN DATA WRAPPER IF EXISTS w CASCADE",
    "DROP TABLE IF EXISTS sales.x, sales.p, sales.c, sales.open CASCADE",
    "DROP FUNCTION IF EXISTS sales.f() CASCADE",
    "DROP FUNCTION IF EXISTS sales.f(int) CASCADE",
    "DROP DOMAIN IF EXISTS sales.d CASCADE",
    "DROP OPERATOR IF EXISTS sales.@@@ (int, int)",
    "DROP TYPE IF EXISTS sales.t CASCADE",
    "REVOKE CREATE ON SCHEMA sales FROM PUBLIC",
)
#: The privileges, policies, triggers and columns of every table of a schema.
_FINGERPRINT = """
SELECT c.oid::regclass::text, c.relacl::text, c.relowner::regrole::text, c.relrowsecurity, c.relforcerowsecurity,
       (SELECT array_agg(format('%s %s %s', attname, attacl, format_type(atttypid, atttypmod)) ORDER BY attnum)
          FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped),
       (SELECT array_agg(polname) FROM pg_policy WHERE polrelid = c.oid),
       (SELECT array_agg(tgname) FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
  FROM pg_class c WHERE relnamespace = 'sales'::regnamespace AND relkind = 'r' ORDER BY 1"""


@pytest.fixture(scope="module")
def own(server: str) -> Iterator[tuple[str, psycopg.Connection]]:
    """An administrator's URL of a database of tenants, of which the tables are exposed, and a connection."""
    url = ADMIN.format(database="own_tables", host=server)
    with psycopg.connect(ADMIN.format(database="postgres", host=server), autocommit=True) as admin:
        admin.execute("CREATE DATABASE own_tables")
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(BILLING.encode())
                run(url, "init", "--tenants-from", SALES)
                for table in EXPOSED:
                    run(url, "tables", "expose", *table.split())
                yield url, connection
        finally:
            admin.execute("DROP DATABASE own_tables WITH (FORCE)")
            for (role,) in admin.execute(
                "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^(pg_|postgres)'"
            ).fetchall():
                admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def refusal(url: str, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--admin-database-url", url])
    assert result.exception is not None, result.output
    error = result.exception
    return f"{error} {getattr(error, 'hint', '')}"


@pytest.mark.parametrize(("arguments", "reason", "made"), REFUSED, ids=[row[1] for row in REFUSED])
def test_expose_refuses_what_no_policy_protects(
    own: tuple[str, psycopg.Connection], arguments: str, reason: str, made: str
) -> None:
    url, connection = own
    try:
        connection.execute(made.encode())
        given = arguments.removeprefix("-" * (arguments == "-")).split()
        message = refusal(url, "tables", "expose", "sales.x", *given)
        assert reason in message
        assert re.search(r"\)\w|\w\b[A-Z]+ |%", message) is None, message  # parts that are glued together
    finally:
        for statement in _CLEAN:
            try:
                connection.execute(statement.encode())
            except psycopg.errors.WrongObjectType:
                continue


def test_hide_takes_back_what_expose_made(own: tuple[str, psycopg.Connection], tmp_path: Path) -> None:
    url, connection = own
    kept = connection.execute(_FINGERPRINT.encode()).fetchall()
    connection.execute(
        "CREATE TABLE sales.x (tenant_id uuid, word text, secret text); INSERT INTO sales.x VALUES (NULL, 'a', 'b')"
    )
    connection.execute(
        "CREATE INDEX ON sales.x (tenant_id); CREATE ROLE own_writer;"
        " GRANT USAGE ON SCHEMA sales TO own_writer; GRANT INSERT, SELECT ON sales.x TO own_writer"
    )
    before = connection.execute(_FINGERPRINT.encode()).fetchall()
    texts = tmp_path / "comments.toml"
    texts.write_text('table = "A word"\n[columns]\nword = "what was said"\n')
    arguments = ["tables", "expose", "sales.x", "--store-column", "tenant_id", "--hide-column", "secret"]
    shown = run(url, *arguments, "--comments", str(texts), "--dry-run")
    assert connection.execute(_FINGERPRINT.encode()).fetchall() == before
    assert run(url, *arguments, "--comments", str(texts)) == shown.replace(
        "dry run: nothing was changed; these changes would be made\n", ""
    )
    assert "1 of 1 row has no tenant or an unknown one: no tenant's identity sees it, and head office does" in shown
    listed = json.loads(run(url, "tables", "exposed", "--format", "json"))["rows"]
    assert ["sales.x", "own, by tenant_id", "2", "secret"] in listed
    assert connection.execute("SELECT obj_description('sales.x'::regclass)").fetchone() == ("A word",)
    connection.execute(
        "SET ROLE own_writer; INSERT INTO sales.x (tenant_id) SELECT '22222222-2222-4222-8222-222222222222'; RESET ROLE"
    )
    assert connection.execute("SELECT zava_store FROM sales.x WHERE word IS NULL").fetchone() == (2,)
    texts.write_text('[columns]\nword = "other"\nmissing = "x"\n')
    assert "'missing', which is not a column" in refusal(url, *arguments, "--comments", str(texts))
    for text, reason in (("\\u202e", "contains a character that is not shown"), ("x" * 1_001, "has 1,001 characters")):
        texts.write_text(f'[columns]\nword = "{text}"\n')
        assert f"the comment on word {reason}" in refusal(url, *arguments, "--comments", str(texts))
    texts.write_text('[columns]\nword = "other"\n')
    assert "existing comments were kept: word" in run(url, *arguments, "--comments", str(texts))
    assert "sales.x is hidden from identities" in run(url, "tables", "hide", "sales.x")
    connection.execute("REVOKE ALL ON sales.x FROM postgres; GRANT ALL ON sales.x TO postgres")
    assert [row[0:1] + row[2:] for row in connection.execute(_FINGERPRINT.encode()).fetchall()] == [
        row[0:1] + row[2:] for row in before
    ]
    assert "is not exposed" in refusal(url, "tables", "hide", "sales.x")
    assert "Hide sales.payment first" in refusal(url, "tables", "hide", "sales.invoice")
    connection.execute("DROP TABLE sales.x; DROP OWNED BY own_writer; DROP ROLE own_writer")
    assert connection.execute(_FINGERPRINT.encode()).fetchall() == kept


def test_invisible_characters_reach_no_assistant(own: tuple[str, psycopg.Connection]) -> None:
    url, connection = own
    for made, reason in (
        ("CREATE TABLE sales.x (a int); COMMENT ON COLUMN sales.x.a IS E'a\\u202e'", "the comment on a contains"),
        (
            "CREATE TABLE sales.x (a int); COMMENT ON TABLE sales.x IS E'a\\U000E0041'",
            "the comment on the table contains",
        ),
        ('CREATE TABLE sales.x ("a\nb" int)', "the name 'a\\nb' contains"),
        ('CREATE TABLE sales."x\u3164" (a int); CREATE TABLE sales.x ()', "contains a character that is not shown"),
    ):
        connection.execute(made.encode())
        name = 'sales."x\u3164"' if "\u3164" in made else "sales.x"
        assert reason in refusal(url, "tables", "expose", name, "--shared")
        connection.execute('DROP TABLE IF EXISTS sales.x, sales."x\u3164"'.encode())


def test_what_becomes_readable_while_a_table_is_exposed_is_refused(own: tuple[str, psycopg.Connection]) -> None:
    url, connection = own
    connection.execute(
        "CREATE TABLE sales.x (a int); CREATE TABLE sales.open (a int);"
        " CREATE FUNCTION public.late() RETURNS event_trigger LANGUAGE plpgsql"
        " AS 'BEGIN GRANT SELECT ON sales.open TO PUBLIC; END';"
        " CREATE EVENT TRIGGER late ON ddl_command_end WHEN TAG IN ('CREATE POLICY') EXECUTE FUNCTION public.late()"
    )
    try:
        CliRunner().invoke(app, ["tables", "expose", "sales.x", "--shared", "--admin-database-url", url])
        readable = "SELECT has_table_privilege(a.login, 'sales.open', 'SELECT') FROM zava.access a"
        assert not any(row[0] for row in connection.execute(readable.encode()).fetchall())
        assert not connection.execute("SELECT FROM zava.exposed_tables WHERE relation = 'sales.x'::regclass").rowcount
    finally:
        connection.execute("DROP FUNCTION public.late() CASCADE; DROP TABLE sales.x, sales.open")


def test_superuser_takes_counters_from_everybody_but_monitors(own: tuple[str, psycopg.Connection]) -> None:
    _, connection = own
    for function in (
        "pg_stat_get_numscans(oid)",
        "pg_stat_get_xact_tuples_inserted(oid)",
        "pg_relation_size(regclass,text)",
    ):
        asked = "SELECT has_function_privilege(r, %s, 'EXECUTE') FROM unnest('{public,pg_monitor}'::text[]) AS r"
        assert connection.execute(asked, [function]).fetchall() == [(False,), (True,)]


def test_partitioned_table_and_view_are_exposed_with_own_rows(own: tuple[str, psycopg.Connection]) -> None:
    url, connection = own
    connection.execute(
        "CREATE TABLE sales.x (tenant_id uuid, day date) PARTITION BY RANGE (day);"
        " CREATE TABLE sales.c PARTITION OF sales.x DEFAULT;"
        " INSERT INTO sales.x SELECT id, '2026-01-01' FROM sales.tenant;"
        " CREATE VIEW sales.v WITH (security_invoker) AS SELECT day, tenant_id FROM sales.x"
    )
    try:
        shown = run(url, "tables", "expose", "sales.x", "--store-column", "tenant_id")
        assert "every login can read bounds" not in shown
        connection.execute("CREATE TABLE sales.open (tenant_id uuid) PARTITION BY LIST (tenant_id)")
        connection.execute("CREATE TABLE sales.p PARTITION OF sales.open DEFAULT")
        shown = run(url, "tables", "expose", "sales.open", "--store-column", "tenant_id")
        assert "the bounds of 1 partitions have keys of tenant_id" in " ".join(shown.split())
        run(url, "tables", "hide", "sales.open")
        connection.execute("DROP TABLE sales.open")
        connection.execute(
            "CREATE TABLE sales.later PARTITION OF sales.x FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"
        )
        connection.execute("INSERT INTO sales.x SELECT id, '2027-01-01' FROM sales.tenant")
        run(url, "tables", "expose", "sales.v")
        login = connection.execute("SELECT login::text FROM zava.access WHERE store_ids = '{2}'").fetchall()[0][0]
        connection.execute(f'SET SESSION AUTHORIZATION "{login}"'.encode())
        for table in ("x", "v"):
            rows = connection.execute(
                f"SELECT DISTINCT tenant_id::text, day::text FROM sales.{table} ORDER BY 2".encode()
            ).fetchall()
            assert rows == [("22222222-2222-4222-8222-222222222222", day) for day in ("2026-01-01", "2027-01-01")]
        for partition in ("c", "later"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT FROM sales.{partition}".encode())
    finally:
        connection.execute("RESET SESSION AUTHORIZATION")
        run(url, "tables", "hide", "sales.v")
        run(url, "tables", "hide", "sales.x")
        connection.execute("DROP TABLE sales.x CASCADE")


def test_new_identity_reads_exposed_tables_and_removed_one_leaves_nothing(own: tuple[str, psycopg.Connection]) -> None:
    url, connection = own
    run(url, "identities", "add", "Both", "--store", "Aurora Books", "--store", "3", "--login", "own_both")
    asked = "SELECT has_column_privilege('own_both', 'sales.invoice', 'amount', 'SELECT')"
    assert connection.execute(asked.encode()).fetchone() == (True,)
    hidden = "SELECT has_column_privilege('own_both', 'sales.payment', 'card', 'SELECT')"
    assert connection.execute(hidden.encode()).fetchone() == (False,)
    run(url, "identities", "remove", "Both")
    assert not connection.execute("SELECT FROM pg_roles WHERE rolname = 'own_both'").rowcount


def test_prompt_for_comments_skips_existing_ones(own: tuple[str, psycopg.Connection], tmp_path: Path) -> None:
    url, connection = own
    connection.execute("CREATE TABLE sales.x (a int, b int); COMMENT ON COLUMN sales.x.b IS 'there'")
    asked: list[str] = []

    def ask(column: str) -> str:
        asked.append(column)
        return "an answer" if column else ""

    settings = settings_for(tmp_path, ZAVA_ADMIN_DATABASE_URL=url)
    expose_table(settings, ExposeRequest("sales.x", shared=True, ask=ask), False, lambda *_: None)
    assert asked == ["", "a"]
    assert connection.execute("SELECT col_description('sales.x'::regclass, 1)").fetchone() == ("an answer",)
    run(url, "tables", "hide", "sales.x")
    connection.execute("DROP TABLE sales.x")

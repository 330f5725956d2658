"""Promise 1 for exposed tables: conditions, errors, samples and statistics reveal no other tenant's row."""

import json
import logging
import threading
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import given, settings

from tests.billing import AURORA, BOREALIS, CHANGES, CIRRUS, HEAD_OFFICE, Billing, billing
from tests.conftest import asking
from tests.promises.observing import observing
from tests.promises.statements import statements
from tests.promises.test_01_non_interference import EACH, assert_same, compare_pairs
from tests.promises.test_generated_attacks import EXAMPLES
from tests.promises.vocabulary import Tables, vocabulary_of

SERVERS = {"18": "postgres_18_as_it_comes", "15": "debian_15"}
TABLES = Tables(
    "sales",
    ("invoice", "payment", "refund", "plan"),
    {"invoice": ("invoice_id",), "payment": ("payment_id",), "refund": ("refund_id",)},
    ("payment_id", "invoice_id", "plan_id"),
)
#: Rows of each table: own ones, then all tenants'.
COUNTS = {"invoice": (40, 120), "payment": (20, 60), "refund": (6, 20)}
FAILING = "(SELECT ('leak' || count(*))::int > 0 FROM generate_series(1, 0))"
#: {table}, {key} is its key, {own} a list of the own keys: no row of another tenant may meet {failing}.
ATTACKS = (
    "SELECT count(*) FROM {table} WHERE CASE WHEN {key} IN ({own}) THEN false ELSE {failing} END",
    "SELECT FROM {table} WHERE {key} IS NULL OR CASE {key} WHEN {hidden} THEN {failing} ELSE false END",
    "SELECT FROM {table} WHERE CASE WHEN {key} = {hidden} THEN ({key} IS NULL OR {failing}) END",
    "SELECT FROM {table} WHERE ({key} = {hidden} AND {failing}) IS NULL",
    "SELECT FROM {table} WHERE {key} = {hidden} AND 1 / ({key} - {hidden}) > 0",
    "SELECT FROM {table} WHERE {key} = {hidden} AND ('x' || {key})::int > 0",
    "SELECT min({key}) FILTER (WHERE CASE WHEN {key} IN ({own}) THEN true ELSE {failing} END) FROM {table}",
    "SELECT FROM {table} WHERE CASE WHEN ('[{hidden}:{hidden}]={{t}}'::boolean[])[{key}] THEN {failing} END",  # free
    "SELECT {key} FROM {table} WHERE ('{{}}'::boolean[])[{key}] OR CASE WHEN {key} = {hidden} THEN {failing} END "
    "ORDER BY 1 LIMIT 1 OFFSET 1000",
    "SELECT a FROM (SELECT {key} FROM {table} OFFSET 0) AS a WHERE CASE WHEN {key} = {hidden} THEN {failing} END",
)
EMPTY = (
    "SELECT * FROM pg_stats WHERE schemaname = 'sales'",
    "SELECT * FROM pg_stats_ext WHERE schemaname = 'sales'",
    "SELECT {key} FROM {table} TABLESAMPLE SYSTEM (100) WHERE {key} NOT IN ({own})",
    "SELECT {key} FROM {table} TABLESAMPLE BERNOULLI (100) WHERE {key} NOT IN ({own})",
)
DENIED = (
    *(f"SELECT {column} FROM {{table}} AS t" for column in ("zava_store", "ctid", "xmin", "tableoid", "t")),
    *(f"SELECT * FROM retail.{table}" for table in ("stores", "orders", "customers", "products")),
    *(
        f"SELECT * FROM zava.{table}"
        for table in ("stores", "store_keys", "tenants_source", "exposed_tables", "access")
    ),
    *(f"SELECT {column} FROM sales.{table}" for column, table in (("card", "payment"), ("name", "tenant"))),
    "SELECT * FROM pg_statistic",
    "SELECT zava.store_of_key('1')",
    "SELECT zava.hide_table('{table}')",
    "SELECT zava.rows_without_store('{table}')",
)


@pytest.fixture(scope="module", params=SERVERS)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Billing]:
    with billing(request.getfixturevalue(SERVERS[request.param]), tmp_path_factory.mktemp("billing")) as found:
        yield found


@pytest.fixture(autouse=True)
def silent(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "mcp")


def rows(made: Billing, name: str, query: str) -> list[tuple[object, ...]]:
    with made.connect(name) as connection:
        return connection.execute(query.encode()).fetchall()


def value(made: Billing, name: str, query: str) -> object:
    return rows(made, name, query)[0][0]


@pytest.mark.parametrize("table", COUNTS)
def test_exposed_table_has_own_rows_for_tenants_and_all_for_head_office(made: Billing, table: str) -> None:
    own, everything = COUNTS[table]
    parts = [value(made, name, f"SELECT count(*) FROM sales.{table}") for name in (AURORA, BOREALIS, CIRRUS)]
    assert (parts[0], sum(map(int, map(str, parts)))) == (own, everything)
    assert value(made, HEAD_OFFICE, f"SELECT count(*) FROM sales.{table}") == everything
    with made.superuser() as superuser:
        assert superuser.execute(f"SELECT count(*) FROM sales.{table}".encode()).fetchone() == (everything,)


@pytest.mark.parametrize("table", COUNTS)
def test_attack_forms_reach_no_row_of_another_tenant(made: Billing, table: str) -> None:
    key = f"{table}_id"
    own = [row[0] for row in rows(made, AURORA, f"SELECT {key} FROM sales.{table}")]
    with made.superuser() as superuser:
        hidden = superuser.execute(f"SELECT max({key}) FROM sales.{table} WHERE {key} <> ALL (%s)".encode(), [own])
        values = {"table": f"sales.{table}", "key": key, "own": ", ".join(map(str, own)), "failing": FAILING}
        values["hidden"] = str((hidden.fetchone() or (0,))[0])
        for attack in ATTACKS:
            with pytest.raises(psycopg.Error):  # each meets a row of others where no policy is asked
                superuser.execute(attack.format(**values).encode()).fetchall()
    with made.connect(AURORA) as aurora:
        for attack in ATTACKS:
            aurora.execute(attack.format(**values).encode())
        for query in EMPTY:
            assert aurora.execute(query.format(**values).encode()).fetchall() == [], query
        for query in DENIED:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                aurora.execute(query.format(**values).encode())


@pytest.mark.parametrize("change", CHANGES)
def test_statement_over_twins_of_tenants_has_one_outcome(made: Billing, change: str) -> None:
    with made.superuser() as admin, made.connect(AURORA) as login:
        words = vocabulary_of(TABLES, admin, login)
    with (
        made.twin(change, AURORA) as copy,
        observing(made.settings(AURORA), made.settings(AURORA, copy)) as observer,
    ):

        @settings(EACH, max_examples=EXAMPLES // 12)
        @given(statements(words))
        def compare(sql: str) -> None:
            assert_same(observer, sql, plans=False)

        compare()
        for tool in ("get_multiple_table_schemas", "semantic_search_products"):
            first, second = observer.calls(tool, {})
            assert first == second
        for request in (("read_resource", "zava://about"), ("read_resource", "zava://schema")):
            first_text, second_text = observer.requests(*request)
            assert first_text == second_text


def test_statement_about_hidden_row_of_a_tenant_is_as_about_no_row(made: Billing) -> None:
    with made.superuser() as admin, made.connect(AURORA) as login:
        words = vocabulary_of(TABLES, admin, login)
    compare_pairs(words, made.settings(AURORA), EXAMPLES // 4)


def test_rows_follow_their_parent_and_writers_cannot_choose_a_store(made: Billing) -> None:
    with made.superuser() as writer, made.connect(AURORA) as aurora:

        def seen() -> list[int]:
            return [aurora.execute(f"SELECT count(*) FROM sales.{t}".encode()).fetchall()[0][0] for t in COUNTS]

        before = seen()
        writer.execute("UPDATE sales.invoice SET zava_store = 1; UPDATE sales.payment SET zava_store = 1, paid = paid")
        writer.execute(
            "INSERT INTO sales.refund (refund_id, payment_id, reason, zava_store) VALUES (9001, 999999, 'early', 1)"
        )
        with writer.cursor().copy("COPY sales.refund (refund_id, payment_id, reason, zava_store) FROM STDIN") as copy:
            copy.write_row((9002, 999999, "early", 1))
        assert seen() == before
        invoice, payment = writer.execute(
            "SELECT i.invoice_id, payment_id FROM sales.invoice i JOIN sales.payment USING (invoice_id)"
            " JOIN sales.refund USING (payment_id)"
            " WHERE i.zava_store = (SELECT store_id FROM zava.stores WHERE store_name = %s) LIMIT 1",
            [BOREALIS],
        ).fetchall()[0]
        move = (
            "UPDATE sales.invoice SET tenant_id = (SELECT id FROM sales.tenant WHERE name = %s) WHERE invoice_id = %s"
        )
        writer.execute(move, [AURORA, invoice])
        assert seen() == [count + 1 for count in before]
        writer.execute(move, [BOREALIS, invoice])
        assert seen() == before
        own = aurora.execute("SELECT min(invoice_id) FROM sales.invoice").fetchall()[0][0]
        writer.execute(
            "INSERT INTO sales.payment (payment_id, invoice_id, paid) OVERRIDING SYSTEM VALUE VALUES (999999, %s, 1)",
            [own],
        )
        assert seen() == [before[0], before[1] + 1, before[2] + 2]  # the refunds that were there before their payment
        writer.execute("UPDATE sales.refund SET payment_id = %s WHERE refund_id = 9001", [payment])
        assert seen() == [before[0], before[1] + 1, before[2] + 1]
        writer.execute(
            "DELETE FROM sales.payment WHERE payment_id = 999999; DELETE FROM sales.refund WHERE refund_id > 9000"
        )
        writer.execute("UPDATE sales.invoice SET tenant_id = NULL WHERE invoice_id = %s", [invoice])
        assert seen() == before
        writer.execute(move, [BOREALIS, invoice])
        writer.execute("SET default_transaction_isolation = 'repeatable read'")
        with pytest.raises(psycopg.errors.FeatureNotSupported):
            writer.execute(move, [AURORA, invoice])


def test_row_written_while_its_parent_moves_belongs_to_the_new_store(made: Billing) -> None:
    """The writer waits for the transaction that moves the parent, or that one waits for the writer."""
    insert = "INSERT INTO sales.payment (payment_id, invoice_id, paid) OVERRIDING SYSTEM VALUE VALUES (%s, %s, 1)"
    move = "UPDATE sales.invoice SET tenant_id = (SELECT id FROM sales.tenant WHERE name = %s) WHERE invoice_id = %s"
    with made.superuser() as first, made.superuser() as second, made.connect(AURORA) as aurora:
        invoice = aurora.execute("SELECT min(invoice_id) FROM sales.invoice").fetchall()[0][0]
        steps = ((move, [BOREALIS, invoice]), (insert, [800001, invoice]))
        for one, other in (steps, steps[::-1]):
            before = aurora.execute("SELECT count(*) FROM sales.payment").fetchall()
            with first.transaction():
                first.execute(*one)
                waiting = threading.Thread(target=second.execute, args=other)
                waiting.start()
                _wait_until_blocked(made)
            waiting.join(30)
            assert aurora.execute("SELECT count(*) FROM sales.payment WHERE payment_id = 800001").fetchall() == [(0,)]
            second.execute("DELETE FROM sales.payment WHERE payment_id = 800001")
            second.execute(move, [AURORA, invoice])
            assert aurora.execute("SELECT count(*) FROM sales.payment").fetchall() == before


#: What the former owner of the tables tries later, so that own code runs with the rights of zava_owner.
LATER = (
    "ALTER TABLE sales.payment ALTER COLUMN invoice_id TYPE text",
    "CREATE TRIGGER t BEFORE UPDATE ON sales.payment FOR EACH ROW EXECUTE FUNCTION app.f()",
    "CREATE POLICY p ON sales.invoice AS RESTRICTIVE USING (app.g(1))",
    "ALTER TABLE sales.payment ADD CHECK (app.g(1))",
    "CREATE INDEX ON sales.payment (app.g(1))",
    "ALTER TABLE sales.invoice DISABLE TRIGGER zava_parent_moved",
    'DROP TRIGGER "~zava_store" ON sales.payment',
    "ALTER TABLE sales.payment DISABLE ROW LEVEL SECURITY",
    "CREATE RULE r AS ON INSERT TO sales.payment DO INSTEAD NOTHING",
    "CREATE TABLE app.heir () INHERITS (sales.payment)",
    "CREATE TABLE app.refers (key app.e REFERENCES sales.plan)",
    "ALTER TABLE sales.payment OWNER TO billing_app",
)


def test_former_owner_writes_and_cannot_run_code_with_other_rights(made: Billing) -> None:
    application = made.zava.postgres.url("billing_app", "app", "billing")
    with psycopg.connect(application, autocommit=True) as app, made.connect(AURORA) as aurora:
        app.execute("CREATE SCHEMA app; CREATE TYPE app.e AS ENUM ('1')")
        app.execute("CREATE FUNCTION app.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
        app.execute("CREATE FUNCTION app.g(int) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'")
        app.execute("CREATE FUNCTION app.h(app.e) RETURNS smallint LANGUAGE sql IMMUTABLE AS 'SELECT 1::smallint'")
        app.execute("CREATE CAST (app.e AS smallint) WITH FUNCTION app.h AS IMPLICIT")
        try:
            for attack in LATER:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    app.execute(attack.encode())
            own = aurora.execute("SELECT min(invoice_id) FROM sales.invoice").fetchall()[0][0]
            before = aurora.execute("SELECT count(*) FROM sales.payment").fetchall()[0][0]
            app.execute("INSERT INTO sales.payment (invoice_id, paid) VALUES (%s, 777)", [own])
            # after DDL of the application, identities still read the tables
            assert aurora.execute("SELECT count(*) FROM sales.payment").fetchall() == [(before + 1,)]
            app.execute(
                "UPDATE sales.payment SET paid = 778 WHERE paid = 777; DELETE FROM sales.payment WHERE paid = 778"
            )
            assert app.execute("SELECT count(*) FROM sales.payment").fetchall() == [(COUNTS["payment"][1],)]
        finally:
            app.execute("DROP SCHEMA app CASCADE")


def test_administrator_without_rights_learns_that_counters_are_open(made: Billing) -> None:
    shown = made.run("tables", "expose", "sales.refund", "--through", "payment_id:sales.payment")
    assert "counters of index reads reveal whether an indexed value exists" in " ".join(shown.split())


def test_dropped_child_does_not_keep_its_parent_from_changes(made: Billing) -> None:
    with made.superuser() as superuser:
        superuser.execute("CREATE TABLE sales.gone (payment_id integer); CREATE INDEX ON sales.gone (payment_id)")
        superuser.execute("ALTER TABLE sales.gone OWNER TO billing_app")
        made.run("tables", "expose", "sales.gone", "--through", "payment_id:sales.payment")
        application = made.zava.postgres.url("billing_app", "app", "billing")
        with psycopg.connect(application, autocommit=True) as app:
            app.execute("DROP TABLE sales.gone")  # as owner of its schema
            row = app.execute(
                "INSERT INTO sales.payment (invoice_id, paid) VALUES (1, 5) RETURNING payment_id"
            ).fetchone()
            app.execute("DELETE FROM sales.payment WHERE payment_id = %s", row)
        assert "gone" not in made.run("tables", "exposed")
        assert not superuser.execute("SELECT FROM zava.exposed_tables WHERE relation::text !~ 'sales'").rowcount


def test_protecting_again_corrects_every_store(made: Billing) -> None:
    with made.superuser() as superuser, made.connect(AURORA) as aurora:
        before = [aurora.execute(f"SELECT count(*) FROM sales.{table}".encode()).fetchall() for table in COUNTS]
        superuser.execute('ALTER TABLE sales.payment DISABLE TRIGGER "~zava_store"')
        superuser.execute("UPDATE sales.payment SET zava_store = 1 + zava_store % 3")
        assert aurora.execute(
            "SELECT count(*) FROM sales.payment JOIN sales.invoice USING (invoice_id)"
        ).fetchall() == [(0,)]
        superuser.execute("SELECT zava.protect_table('sales.payment')")
        assert [aurora.execute(f"SELECT count(*) FROM sales.{t}".encode()).fetchall() for t in COUNTS] == before
        superuser.execute("CREATE FUNCTION sales.ignore() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
        superuser.execute(
            "CREATE TRIGGER ignore BEFORE UPDATE ON sales.payment FOR EACH ROW EXECUTE FUNCTION sales.ignore()"
        )
        with pytest.raises(psycopg.Error, match="did not follow"):
            superuser.execute("UPDATE sales.invoice SET tenant_id = NULL WHERE invoice_id % 2 = 0")
        superuser.execute("DROP FUNCTION sales.ignore() CASCADE")


def _wait_until_blocked(made: Billing) -> None:
    with made.superuser() as watcher:
        for _ in range(2000):
            waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
            if watcher.execute(waiting).rowcount:
                return
    raise AssertionError("nobody waits")


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_tenants_have_no_search_and_no_prompts(made: Billing, mode: str) -> None:
    async with asking(made.settings(AURORA), mode) as asker:
        await asker.value("SELECT count(*) FROM sales.invoice")  # which opens the database
        listed = {tool.name for tool in (await asker.client.list_tools()).tools}
        assert {"execute_sales_query", "chart_sales_query"} <= listed
        assert "semantic_search_products" not in listed
        assert (await asker.client.list_prompts()).prompts == []


@pytest.mark.anyio
async def test_tools_answer_two_tenants_with_their_own_rows(made: Billing) -> None:
    for name in (AURORA, BOREALIS):
        async with asking(made.settings(name)) as asker:
            assert await asker.value("SELECT count(*) FROM sales.invoice") == 40
            text, _ = await asker.call("get_multiple_table_schemas")
            assert "sales.payment\n  payment_id integer PK\n  invoice_id bigint -> sales.invoice.invoice_id" in text
            assert f"You are {name}" in text
            assert "zava_store" not in text
            assert all(other not in text for other in {AURORA, BOREALIS, CIRRUS} - {name})
            text, failed = await asker.call("semantic_search_products", query_description="paint")
            assert failed
            assert "no products" in text
            text, failed = await asker.call(
                "explain_sales_query", postgresql_query="SELECT count(*) FROM sales.payment"
            )
            assert not failed
            assert "rows=" not in text
            chart = "SELECT issued, sum(amount) AS amount FROM sales.invoice GROUP BY 1 ORDER BY 1"
            assert not (await asker.call("chart_sales_query", postgresql_query=chart))[1]
            assert "sales.invoice, sales.payment" in await asker.refusal("SELECT * FROM retail.orders")
            assert "Did you mean sales.invoice?" in await asker.refusal("SELECT * FROM sales.invoise")
            with pytest.raises(Exception, match="has no stores, products and orders"):
                await asker.client.get_prompt("monthly_review", {})
            (about,) = (await asker.client.read_resource("zava://about")).contents
            assert json.loads(about.model_dump()["text"])["stores"] == [name]

"""Saved queries are checked by PostgreSQL with an identity's rights, and saved all or none."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import admin_keywords
from tests.servers import ZavaServer
from zava_mcp.admin.saved_query_file import parse_file
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import InputError

HEADER = "-- name: {name}\n-- description: A test.\n"
GOOD = HEADER.format(name="good") + "-- parameter: day date\nSELECT count(*) FROM orders WHERE order_date >= :day;\n"
#: What follows the header, and what the error says.
REFUSED_BY_POSTGRES = [
    ("SELECT 1; SELECT 2", "only one row-returning query"),
    ("SELECT 1) AS x, (SELECT 2", 'line 3: 42601: syntax error at or near ")"'),
    ("DELETE FROM retail.orders RETURNING order_id", "only one row-returning query"),
    ("WITH d AS (DELETE FROM retail.orders RETURNING 1) SELECT * FROM d", "data-modifying statement"),
    ("SELECT 1 INTO retail.copy", "only one row-returning query"),
    ("EXPLAIN SELECT 1", "only one row-returning query"),
    ("SELECT *\n  FROM nowhere", 'line 4: 42P01: relation "nowhere" does not exist'),
    ("SELECT nofunction(1)", "42883"),
    ("SELECT * FROM zava.access", "permission denied for table access"),
    ("SELECT rls_user_id FROM retail.stores", "permission denied"),
    ("SELECT pg_read_file('/etc/passwd')", "permission denied for function pg_read_file"),
    ("SELECT count(*) FROM orders FOR UPDATE", "FOR UPDATE"),
    ("-- parameter: n text\nSELECT 1 LIMIT :n", "argument of LIMIT must be type bigint"),
    ("-- parameter: x number\nSELECT 1 FROM orders WHERE order_date = :x", "operator does not exist"),
    ("-- parameter: x text = abc\nSELECT :x::integer", "invalid input syntax for type integer"),
]
#: Files that are refused before PostgreSQL sees them.
REFUSED_FILES = [
    ("SELECT 1", "there is no line `-- name:`"),
    ("-- name: a\nSELECT 1", "there is no line `-- description:`"),
    ("-- name: a\n-- name: b\n-- description: c\nSELECT 1", "more than one line `-- name:`"),
    ("-- name: A b\n-- description: c\nSELECT 1", "cannot be the name"),
    ("-- name: a\n-- desciption: c\nSELECT 1", "did you mean description"),
    ("-- name: a\n-- description: " + "c" * 301 + "\nSELECT 1", "1 to 300 characters"),
    (HEADER.format(name="a"), "there is no query after the header"),
    (HEADER.format(name="a") + "SELECT :since", "has :since, which is not a parameter"),
    (HEADER.format(name="a") + "-- parameter: since date\nSELECT :sinc", "did you mean since"),
    (HEADER.format(name="a") + "-- parameter: since date\nSELECT ':since' -- :since", "does not use the parameter"),
    (HEADER.format(name="a") + "-- parameter: x date\nSELECT :x, $1", "the query has $1"),
    (HEADER.format(name="a") + "-- parameter: x date\n-- parameter: x text\nSELECT :x", "the same name"),
    (HEADER.format(name="a") + "-- parameter: x dat\nSELECT :x", "did you mean date"),
    (HEADER.format(name="a") + "-- parameter: x\nSELECT :x", "cannot be read"),
    (HEADER.format(name="a") + "-- parameter: x date = 2026-02-30\nSELECT :x", "such as 2026-01-31"),
    (
        "-- name: a\n-- description: Safe.\u202e.efaS\nSELECT 1",
        "the description contains a character that is not shown",
    ),
    ("-- name: a\n-- description: Safe\U000e0041.\nSELECT 1", "the description contains a character that is not shown"),
    (HEADER.format(name="a") + "-- parameter: x text -- a\x1b[2J\nSELECT :x", "the description of the parameter x"),
    (HEADER.format(name="a") + "-- parameter: x text = a\u2066b\nSELECT :x", "the default of the parameter x contains"),
    (HEADER.format(name="a") + "-- parameter: x number = " + "9" * 31 + "\nSELECT :x", "must be of type number"),
    (HEADER.format(name="a") + "-- parameter: x number = 1e100\nSELECT :x", "must be of type number"),
    (HEADER.format(name="a") + "SELECT '" + "x" * 20_000 + "'", "more than 20,000 characters"),
]
#: SQL with a parameter x, and the statement that is saved.
BOUND = [
    ("SELECT :x", "SELECT $1"),
    ("SELECT :x::date, y::int, ':x', \":x\", $$:x$$, $a$:x$a$, E'\\':x'", None),
    ("SELECT :x /* :x /* :x */ */ -- :x\n;\n-- the end\n", "SELECT $1"),
    ("SELECT a[1 : 2], b [ 1 : 2 ], :x; ;", "SELECT a[1 : 2], b [ 1 : 2 ], $1"),
    ("SELECT f(a := :x)", "SELECT f(a := $1)"),
]
#: A description and parameters, and whether the database takes them.
TEXTS = [
    ("plain", r'[{"default": "C:\\new \\\\u00"}]', True),
    ("a\x07", "[]", False),
    ("a\nb", "[]", False),
    ("plain", r'[{"default": "a\u001b"}]', False),
    ("plain", r'[{"default": "a\\\n"}]', False),
]
#: A role, a function that a plan would run and that takes the administrator's rights on again, and uses of it.
HOSTILE = """
CREATE ROLE mallory; GRANT USAGE ON LANGUAGE plpgsql TO mallory; CREATE SCHEMA lab AUTHORIZATION mallory;
GRANT USAGE ON SCHEMA lab TO PUBLIC; SET ROLE mallory;
CREATE FUNCTION lab.take(integer) RETURNS integer LANGUAGE plpgsql AS
    $$ BEGIN PERFORM set_config('role', 'none', true); RAISE EXCEPTION 'ran as %', current_user; END $$;
CREATE FUNCTION lab.f(integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lab.take($1); END';
CREATE FUNCTION lab.g(integer, integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lab.take($1); END';
CREATE OPERATOR lab.@@@ (FUNCTION = lab.g, LEFTARG = integer, RIGHTARG = integer);
CREATE DOMAIN lab.d AS integer CHECK (lab.f(VALUE) > 0);
CREATE VIEW lab.v WITH (security_invoker) AS SELECT lab.f(1) AS a; GRANT SELECT ON lab.v TO PUBLIC;
CREATE TABLE lab.t (a integer); GRANT INSERT ON lab.t TO PUBLIC;
CREATE FUNCTION lab.w() RETURNS integer LANGUAGE plpgsql AS 'BEGIN INSERT INTO lab.t VALUES (1); RETURN 1; END';
CREATE FUNCTION lab.writes() RETURNS integer LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN lab.w(); END';
CREATE AGGREGATE lab.sum (integer) (SFUNC = lab.g, STYPE = integer, INITCOND = '0');
RESET ROLE"""
USES_OF_HOSTILE = (
    "SELECT lab.f(1)",
    "SELECT 1 FROM orders WHERE order_id = lab.f(1)",
    "-- parameter: x integer = 1\nSELECT :x OPERATOR(lab.@@@) 1",
    "SELECT 1::lab.d",
    "SELECT * FROM lab.v",
    "WITH a AS (SELECT lab.f(2)) SELECT 1 FROM a",
    "SELECT lab.sum(order_id) FROM orders",
)
MEMBERSHIPS = "SELECT roleid::regrole::text, member::regrole::text FROM pg_auth_members ORDER BY 1, 2"


@pytest.fixture
def nothing_saved(superuser: psycopg.Connection) -> Iterator[psycopg.Connection]:
    yield superuser
    superuser.execute("DELETE FROM zava.saved_queries")


def saved(data_dir: Path, *arguments: str) -> str:
    """Run `zava-mcp saved` and return its output."""
    return CliRunner().invoke(app, ["saved", *arguments, "--data-dir", str(data_dir)], catch_exceptions=False).stdout


def write(folder: Path, *texts: str) -> list[str]:
    files = [folder / f"query{number}.sql" for number in range(len(texts))]
    for file, text in zip(files, texts, strict=True):
        file.write_text(text)
    return list(map(str, files))


def test_every_faulty_query_is_named_and_nothing_is_saved(
    installation: EmbeddedPostgres, nothing_saved: psycopg.Connection, tmp_path: Path
) -> None:
    faulty = [HEADER.format(name=f"q{n}") + text for n, (text, _) in enumerate(REFUSED_BY_POSTGRES)]
    for start in range(0, len(faulty), 8):  # an error names ten files
        files = write(tmp_path, *faulty[start : start + 8], GOOD)
        with pytest.raises(InputError) as error:
            saved(installation.folder, "add", *files)
        lines = error.value.message.splitlines()
        for file, line, (_, expected) in zip(files, lines, REFUSED_BY_POSTGRES[start : start + 8], strict=False):
            assert line.startswith(f"{file}: ")
            assert expected in line
        assert len(lines) == len(files) - 1
    assert nothing_saved.execute("SELECT FROM zava.saved_queries").rowcount == 0


@pytest.mark.parametrize(("text", "expected"), REFUSED_FILES)
def test_file_is_refused_with_what_to_write(text: str, expected: str) -> None:
    with pytest.raises(InputError) as error:
        parse_file(text)
    assert expected in f"{error.value.message} {error.value.hint}"


def test_all_faults_of_files_are_named_at_once(
    installation: EmbeddedPostgres, nothing_saved: psycopg.Connection, tmp_path: Path
) -> None:
    many = "-- name: A b\n-- desciption: c\n-- parameter: x dat\n-- parameter: y text\nSELECT :x, :z, :q, $1"
    files = write(tmp_path, many, HEADER.format(name="b") + "SELECT * FROM nowhere", GOOD)
    with pytest.raises(InputError) as error:
        saved(installation.folder, "add", *files)
    lines = error.value.message.splitlines()
    expected = ["no key 'desciption'", "no line `-- description:`", "cannot be the name", "did you mean date"]
    expected += ["has :z", "has :q", "has $1", "does not use the parameter :y", "line 3: 42P01"]
    assert [part for part, line in zip(expected, lines, strict=True) if part not in line] == []
    assert nothing_saved.execute("SELECT FROM zava.saved_queries").rowcount == 0


@pytest.mark.parametrize(("query", "expected"), BOUND)
def test_names_become_parameters_outside_of_strings_and_comments(query: str, expected: str | None) -> None:
    header = HEADER.format(name="a") + "-- parameter: x text\n"
    assert parse_file(header + query).statement == header + (expected or query.replace(":x", "$1", 1))


def test_query_is_saved_replaced_listed_shown_and_removed(
    installation: EmbeddedPostgres, nothing_saved: psycopg.Connection, tmp_path: Path
) -> None:
    (file,) = write(tmp_path, GOOD)
    assert saved(installation.folder, "add", file, "--dry-run").startswith("saved good(day date)")
    assert nothing_saved.execute("SELECT FROM zava.saved_queries").rowcount == 0
    assert saved(installation.folder, "add", file).startswith("saved good(day date)")
    assert "nothing to do" in saved(installation.folder, "add", file)
    Path(file).write_text(GOOD.replace("A test", "Another"))
    assert saved(installation.folder, "add", file).startswith("replaced good(day date): Another")
    assert '["good","day date","Another."]' in saved(installation.folder, "list")
    assert saved(installation.folder, "show", "good").rstrip() == GOOD.replace("A test", "Another").rstrip()
    with pytest.raises(InputError, match="did you mean good"):
        saved(installation.folder, "remove", "good", "goood")
    assert nothing_saved.execute("SELECT FROM zava.saved_queries").rowcount == 1
    assert saved(installation.folder, "remove", "good") == "removed good\n"
    with pytest.raises(InputError, match="no saved queries"):
        saved(installation.folder, "show", "good")


def test_names_in_two_files_and_too_many_queries_are_refused(
    installation: EmbeddedPostgres, nothing_saved: psycopg.Connection, tmp_path: Path
) -> None:
    files = write(tmp_path, GOOD, GOOD)
    with pytest.raises(InputError, match="the name good is in"):
        saved(installation.folder, "add", *files)
    nothing_saved.execute(
        "INSERT INTO zava.saved_queries SELECT 'q' || n, 'd', '[]', 'SELECT 1', 'x' FROM generate_series(1, 200) n"
    )
    with pytest.raises(InputError, match="at most 200 saved queries"):
        saved(installation.folder, "add", files[0])


def test_database_takes_no_control_characters(nothing_saved: psycopg.Connection) -> None:
    insert = "INSERT INTO zava.saved_queries VALUES ('q', %s, %s, 'SELECT 1', 'x')"
    for description, parameters, taken in TEXTS:
        with nothing_saved.transaction(force_rollback=True):
            if taken:
                nothing_saved.execute(insert.encode(), [description, parameters])
            else:
                with pytest.raises(psycopg.errors.CheckViolation):
                    nothing_saved.execute(insert.encode(), [description, parameters])


def test_query_with_code_of_others_is_not_planned(
    installation: EmbeddedPostgres, nothing_saved: psycopg.Connection, tmp_path: Path
) -> None:
    nothing_saved.execute("SET event_triggers = off")
    nothing_saved.execute(HOSTILE.encode())
    try:
        files = write(tmp_path, *(HEADER.format(name=f"q{n}") + text for n, text in enumerate(USES_OF_HOSTILE)))
        with pytest.raises(InputError) as error:
            saved(installation.folder, "add", *files)
        for file, line in zip(files, error.value.message.splitlines(), strict=True):
            assert line.startswith(f"{file}: the query uses the function lab."), line
            assert "which mallory can change" in line
        assert not nothing_saved.execute("SELECT FROM pg_proc WHERE proname = 'checked_query'").rowcount
        nothing_saved.execute(
            "ALTER FUNCTION lab.writes() OWNER TO CURRENT_USER; ALTER FUNCTION lab.w() OWNER TO CURRENT_USER"
        )
        with pytest.raises(InputError, match="25006"):
            saved(installation.folder, "add", *write(tmp_path, HEADER.format(name="q") + "SELECT lab.writes()"))
    finally:
        nothing_saved.execute("DROP OWNED BY mallory CASCADE; DROP ROLE mallory; RESET event_triggers")


@pytest.mark.parametrize("fixture", ["postgres_16_as_it_comes", "debian_15"])
def test_administrator_without_superuser_rights_saves_checked_queries(
    fixture: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server: ZavaServer = request.getfixturevalue(fixture)
    common = ["--admin-database-url", server.admin_url]
    files = write(tmp_path, GOOD, HEADER.format(name="secret") + "SELECT * FROM zava.access")
    with pytest.raises(InputError, match="permission denied for table access"):
        CliRunner().invoke(app, ["saved", "add", *files, *common], catch_exceptions=False)
    with server.as_superuser() as superuser:
        before = superuser.execute(MEMBERSHIPS).fetchall()
        output = CliRunner().invoke(app, ["saved", "add", files[0], *common], catch_exceptions=False).stdout
        assert superuser.execute(MEMBERSHIPS).fetchall() == before
    assert output.splitlines() == ["saved good(day date): A test."]
    assert CliRunner().invoke(app, ["saved", "remove", "good", *common], catch_exceptions=False).exit_code == 0


def test_logins_without_identity_read_no_saved_query(
    installation: EmbeddedPostgres, nothing_saved: psycopg.Connection, tmp_path: Path
) -> None:
    (file,) = write(tmp_path, GOOD)
    saved(installation.folder, "add", file)
    nothing_saved.execute("CREATE ROLE visitor LOGIN PASSWORD 'v'; GRANT CONNECT ON DATABASE zava TO visitor")
    keywords = {**admin_keywords(installation), "user": "visitor", "password": "v"}
    try:
        with psycopg.connect(**keywords) as visitor, pytest.raises(psycopg.errors.InsufficientPrivilege):
            visitor.execute("SELECT name FROM zava.saved_queries")
        nothing_saved.execute(
            "GRANT USAGE ON SCHEMA zava TO visitor; GRANT EXECUTE ON FUNCTION zava.is_known() TO visitor"
        )
        with psycopg.connect(**keywords) as visitor:
            assert visitor.execute("SELECT name FROM zava.saved_queries").fetchall() == []
    finally:
        nothing_saved.execute("DROP OWNED BY visitor; DROP ROLE visitor")

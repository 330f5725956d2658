"""The kinds of answers that exercises use: policies in a scratch database, tools in a file, data, queries."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import settings_for
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.policy_answer import PolicyAnswer, Probe
from zava_mcp.exercises.sql_answer import SqlAnswer
from zava_mcp.exercises.tool_answer import ToolAnswer
from zava_mcp.server.trial_client import TrialClient

NOTES = PolicyAnswer(
    set_up="""
        CREATE TABLE notes (author text, note text);
        INSERT INTO notes VALUES ('{ann}', 'a'), ('{ben}', 'b');
        GRANT SELECT, INSERT ON notes TO {ann}, {ben};""",
    logins=("ann", "ben"),
    probes=(
        Probe("ann", "SELECT author, note FROM notes", (("{ann}", "a"),), "ann does not see exactly her own notes"),
        Probe("ben", "SELECT note FROM notes", (("b",),), "ben does not see exactly his own notes"),
        Probe("ann", "INSERT INTO notes VALUES ('{ben}', 'x')", None, "ann can write a note of ben's"),
    ),
    values=("all",),
)
ENABLE = "ALTER TABLE notes ENABLE ROW LEVEL SECURITY;"
BY_SETTING = "(author = coalesce(nullif(current_setting('app.user', true), ''), session_user))"
#: An answer, and a text of what is wrong with it; "" if it is right.
POLICIES = {
    f"{ENABLE} CREATE POLICY own ON notes USING (author = session_user)": "",
    f"{ENABLE} CREATE POLICY own ON notes USING (author = current_user)": "",
    "SELECT 1": "ann does not see exactly her own notes",
    ENABLE: "ann does not see exactly her own notes",
    f"{ENABLE} CREATE POLICY own ON notes USING {BY_SETTING}": "with set_config('app.user', …)",
    f"""{ENABLE} CREATE FUNCTION me() RETURNS text LANGUAGE sql STABLE AS
        $$SELECT CASE current_setting('app.see', true) WHEN 'all' THEN NULL ELSE session_user::text END$$;
        CREATE POLICY own ON notes USING (author = me() OR me() IS NULL)""": "with set_config('app.see', …)",
    f"""{ENABLE} CREATE POLICY own ON notes USING (author = session_user
        OR current_setting('app.' || 'x', true) = author)""": "a setting whose name it computes",
    f"{ENABLE} CREATE POLICY own ON notes FOR SELECT USING (author = session_user); "
    "CREATE POLICY new ON notes FOR INSERT WITH CHECK (true)": "ann can write a note of ben's",
    "CREATE POLICY own ON nothing USING (true)": 'relation "nothing" does not exist',
    "ALTER ROLE {ann} SUPERUSER": "permission denied",
}


async def check_double(client: TrialClient) -> None:
    tools = await client.tools()
    if "double" not in tools:
        raise Wrong("there is no tool double")
    if not (tools["double"].description or "").endswith("."):
        raise Wrong("the description of double is no sentence")
    if await client.call("double", number=21) != ("42", False):
        raise Wrong("double does not return the number's double")


DOUBLE = ToolAnswer("add_double", check_double)
TOOL = """
def add_double(app):
    @app.server.tool(description="The double of a number.")
    async def double(number: int) -> str:
        return str(2 * number)
"""
TOOLS = {
    TOOL: "",
    TOOL.replace("2 *", "3 *"): "does not return the number's double",
    TOOL.replace("return str(2 * number)", "raise ValueError"): "does not return the number's double",
    TOOL.replace("number.", "number"): "no sentence",
    TOOL.replace("add_double", "add"): "has no function add_double",
    TOOL.replace("double(number", "twice(number"): "no tool double",
    TOOL.replace("(app)", "(app, other)"): "fails: TypeError",
    "import nothing_like_this": "cannot be imported: ModuleNotFoundError",
    "raise SystemExit": "cannot be imported: SystemExit",
    "def": "cannot be imported: SyntaxError",
}


@pytest.fixture(scope="module")
def lab(data_dir: Path) -> Iterator[Lab]:
    with Lab(settings_for(data_dir), lambda *_: None) as made:
        yield made


def verdict(
    check: PolicyAnswer | ToolAnswer | DataAnswer | SqlAnswer, suffix: str, text: str, lab: Lab, folder: Path
) -> str:
    """What is wrong with an answer; "" if it is right."""
    exercise = Exercise("99-1", suffix, check, "the section")
    (folder / exercise.file_name).write_text(text, encoding="utf-8")
    found = exercise.verdict(folder, lab)
    assert found.is_right == (found.text == "99-1: right")
    return "" if found.is_right else found.text


@pytest.mark.parametrize("answer", POLICIES)
def test_policy_that_shows_other_rows_is_wrong(answer: str, lab: Lab, tmp_path: Path) -> None:
    found = verdict(NOTES, ".sql", answer, lab, tmp_path)
    assert POLICIES[answer] in found
    assert bool(found) == bool(POLICIES[answer])


def test_no_scratch_database_is_left_and_none_reaches_the_sample(lab: Lab, admin: psycopg.Connection) -> None:
    with lab.scratch_database(("ann",), "SELECT 1") as database:
        (allowed,) = admin.execute("SELECT has_database_privilege(%s, 'zava', 'CONNECT')", [database.roles["ann"]])
        assert allowed == (False,)
    for names in ("SELECT datname FROM pg_database", "SELECT rolname FROM pg_roles"):
        assert [name for (name,) in admin.execute(names.encode()).fetchall() if name.startswith("exercise")] == []


@pytest.mark.parametrize("answer", TOOLS)
def test_tool_that_does_something_else_is_wrong(answer: str, lab: Lab, tmp_path: Path) -> None:
    found = verdict(DOUBLE, ".py", answer, lab, tmp_path)
    assert TOOLS[answer] in found
    assert bool(found) == bool(TOOLS[answer])


def _check_alert(answer: object, _lab: Lab) -> None:
    require(answer, "the file", name=str, minutes=int, labels=dict)


@pytest.mark.parametrize(
    ("suffix", "text", "wrong"),
    [
        (".toml", 'name = "x"\nminutes = 5\nlabels = {}', ""),
        (".json", '{"name": "x", "minutes": 5, "labels": {}}', ""),
        (".yml", "name: x\nminutes: 5\nlabels: {a: b}", ""),
        (".yml", "name: [", "is not YAML"),
        (
            ".json",
            '{"name": "x", "minutes": true, "labels": {}}',
            "the entry minutes of the file is not a whole number",
        ),
        (".toml", 'name = "x"', "the file has no entry minutes"),
        (".json", "[]", "the file is no table"),
        (".toml", "name", "is not TOML"),
    ],
)
def test_data_of_another_form_is_wrong(suffix: str, text: str, wrong: str, lab: Lab, tmp_path: Path) -> None:
    found = verdict(DataAnswer(_check_alert), suffix, text, lab, tmp_path)
    assert wrong in found
    assert bool(found) == bool(wrong)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("SELECT 2, 'b' UNION ALL SELECT 1.004, 'a'", "1 wrong row, such as (1.004, a)"),
        ("SELECT 1, 'b' UNION ALL SELECT 1, 'a'", "1 wrong row, such as (1, b)"),
        ("SELECT 1, 'a'", "1 row, not 2"),
        ("SELECT 1, 'a', 2", "3 columns, not 2"),
        ("SELECT nothing", 'column "nothing" does not exist'),
        ("SELECT g, 'a' FROM generate_series(1, 5000) g", "is truncated"),
    ],
)
def test_query_with_other_rows_is_wrong(text: str, wrong: str, lab: Lab, tmp_path: Path) -> None:
    found = verdict(SqlAnswer("VALUES (1, 'a'), (2, 'b')"), ".sql", text, lab, tmp_path)
    assert wrong in found
    assert bool(found) == bool(wrong)

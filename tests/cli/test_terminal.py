"""Tests of output on a terminal: width, colours, paging, and escaped control characters in data."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psycopg
import pytest

from tests.cli.terminal import TerminalRun, on_terminal
from tests.cli.test_commands import zava
from tests.cli.test_escape import display_width
from tests.conftest import HEAD_OFFICE, SEATTLE, objects
from tests.polling import until
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.postgres.user_ids import sample_identities

#: Clears the screen, sets the title, makes a link, overwrites the line, rings, and changes the reading direction.
HOSTILE = "over\x1b[2J\x1b]0;title\x07\x1b]8;;https://elsewhere\x1b\\link\x1b]8;;\x1b\\\rback\b\x7f\x9b31m\u202eback\u2066\u200b"
AS_SQL = "U&'" + "".join(f"\\{ord(character):04x}" for character in HOSTILE) + "'"
OWN_SEQUENCES = re.compile(r"\x1b\[[\d;]*m|\x1b\[\?25[lh]|\x1b\[\d*[AK]|\r\n|\r\x1b\[2K|\r(?=\x1b\[1A)")
RunOnTerminal = Callable[..., TerminalRun]
COLOUR = re.compile(r"\x1b\[[\d;]*3\d[\d;]*m")

MANY = "SELECT store_name, store_id, 1234567.5 AS revenue FROM retail.stores CROSS JOIN generate_series(1, 12)"


@pytest.fixture
def terminal(data_dir: Path) -> RunOnTerminal:
    return partial(on_terminal, ZAVA_DATA_DIR=str(data_dir))


def query(sql: str, *more: str) -> list[str]:
    return ["query", sql, *more, "--user-id", SEATTLE]


@pytest.mark.parametrize(
    ("form", "term"), [("table", "xterm-256color"), ("table", "dumb"), ("csv", "dumb"), ("json", "xterm")]
)
def test_control_characters_in_data_are_escaped_on_a_terminal(terminal: RunOnTerminal, form: str, term: str) -> None:
    sql = f'SELECT {AS_SQL} AS x, 7 AS "a\x1b[31m\u202eb"'
    result = terminal(*query(sql, "--format", form), TERM=term)
    assert result.code == 0
    left = OWN_SEQUENCES.sub("", result.text)
    assert not [character for character in left if not (character.isprintable() or character == "\n")], left
    assert "https://elsewhere" in left  # The address is shown, but not as a link.
    if form == "json":
        answer = json.loads(left)
        assert answer["rows"] == [[HOSTILE, 7]]
        assert answer["columns"] == ["x", "a\x1b[31m\u202eb"]


def test_control_characters_in_errors_and_charts_are_escaped(terminal: RunOnTerminal, data_dir: Path) -> None:
    drawn = terminal(*query(f"SELECT {AS_SQL} AS x, 7 AS n", "--chart")).text
    lines = terminal(
        *query(f"SELECT date '2026-01-01' + n, {AS_SQL}, n FROM generate_series(1, 3) AS n", "--chart")
    ).text
    command = [sys.executable, "-m", "zava_mcp", *query(f"SELECT {AS_SQL}::int"), "--data-dir", str(data_dir)]
    result = subprocess.run(command, capture_output=True, text=True, check=False).stderr
    assert "invalid input syntax" in result
    for text in (drawn, lines, result):
        assert not [
            character for character in OWN_SEQUENCES.sub("", text) if not (character.isprintable() or character == "\n")
        ]
        assert "over\\x1b[2J" in text


def test_piped_csv_and_json_keep_exact_values(data_dir: Path) -> None:
    sql = f"SELECT {AS_SQL} AS x, 10340632.28 AS revenue, 1::float8 / 3 AS third"
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    _, row = csv.reader(io.StringIO(zava("query", sql, "--format", "csv", *common), newline=""))
    assert row == [HOSTILE, "10340632.28", "0.3333333333333333"]
    assert json.loads(zava("query", sql, *common))["rows"] == [[HOSTILE, 10340632.28, 0.3333333333333333]]
    table = zava("query", sql, "--format", "table", *common)
    assert "10,340,632.28" in table
    assert not [character for character in table if not (character.isprintable() or character == "\n")]


@pytest.mark.parametrize("columns", [40, 120])
@pytest.mark.parametrize("output", ["products", "wide characters", "search", "identities"])
def test_output_lines_fit_the_terminal(terminal: RunOnTerminal, columns: int, output: str) -> None:
    sql = {
        "products": "SELECT * FROM retail.products LIMIT 3",
        "wide characters": "SELECT repeat('北京🔩 é', 40) AS a, repeat('東', 300) AS b, 12345.5 AS n",
    }
    commands = {"search": ["search", "paint brush", "--user-id", SEATTLE], "identities": ["identities"]}
    result = terminal(*(query(sql[output]) if output in sql else commands[output]), columns=columns)
    assert result.code == 0
    assert max(display_width(OWN_SEQUENCES.sub("", line)) for line in result.lines) <= columns


#: Commands that print sentences, and their exit codes.
SENTENCES = (
    (["tables"], 0),
    (["tables", "products"], 0),
    (["query", "SELECT * FROM nowhere"], 1),
    (["query", f"SELECT ('{'東京 ' * 60}')::integer"], 1),
    (["search", "etwas für den garten"], 0),
    (["identities", "add", "Ann", "--store", "nowhere"], 2),
    (["load", "nothing.csv", "--map", f"{'a b ' * 30}=sku"], 2),
)


@pytest.mark.parametrize(("command", "code"), SENTENCES, ids=lambda value: str(value)[:30])
def test_sentences_fit_the_terminal(terminal: RunOnTerminal, command: list[str], code: int) -> None:
    shown = terminal(*command, with_errors=True, ZAVA_USER_ID=SEATTLE)
    assert shown.code == code
    lines = [line for part in re.split(r"\x1b\[2K|\r", shown.text) for line in part.split("\n") if "━" not in line]
    lines = [OWN_SEQUENCES.sub("", line) for line in lines]
    assert max(map(display_width, lines)) in range(50, 81)
    assert not any("`" in line and line.count("`") % 2 for line in lines)


def test_table_too_wide_for_the_terminal_is_shown_as_records(terminal: RunOnTerminal) -> None:
    sql = (
        "SELECT customer_id, first_name, email, phone, created_at, current_date AS today FROM retail.customers LIMIT 2"
    )
    lines = [OWN_SEQUENCES.sub("", line).split() for line in terminal(*query(sql), columns=60).lines]
    assert [line[0] for line in lines if line].count("customer_id") == 2
    side_by_side = terminal(*query(sql), columns=200).lines
    assert OWN_SEQUENCES.sub("", side_by_side[0]).split()[:2] == ["customer_id", "first_name"]


def test_colours_are_used_only_on_terminals_that_allow_them(terminal: RunOnTerminal, data_dir: Path) -> None:
    chart = query("SELECT store_name, store_id AS n_of_it, 3 AS n FROM retail.stores", "--chart")
    assert COLOUR.search(terminal(*chart).text)
    assert not COLOUR.search(terminal(*chart, NO_COLOR="1").text)
    assert "\x1b" not in terminal(*chart, TERM="dumb").text
    assert "\x1b" not in zava(*chart, "--data-dir", str(data_dir))


def test_pager_shows_only_long_results_unless_disabled(terminal: RunOnTerminal, tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\ncat\n")
    pager.chmod(0o755)
    environment = {"PAGER": str(pager), "rows": 24}
    assert "PAGED" in terminal(*query(MANY), **environment).text
    assert "PAGED" not in terminal(*query(MANY, "--no-pager"), **environment).text
    assert "PAGED" not in terminal(*query("SELECT 1"), **environment).text
    output = terminal(*query(MANY), rows=24, PAGER="no-such-pager").text  # A missing pager loses no output.
    assert output.count("1,234,567.5") == 96


def test_interrupted_query_is_cancelled_in_the_database(terminal: RunOnTerminal, admin: psycopg.Connection) -> None:
    slow = "SELECT count(*) FROM generate_series(1, 3000000000) AS interrupted"
    running = (
        b"SELECT FROM pg_stat_activity WHERE state = 'active' AND query ~ 'S interrupted' AND pid <> pg_backend_pid()"
    )

    def runs() -> bool:
        return admin.execute(running).rowcount > 0

    result = terminal(*query(slow), until=lambda: until(runs))
    assert result.code == 130, result.errors
    until(lambda: not runs())


@pytest.mark.parametrize(
    ("sql", "drawn"),
    [
        ("SELECT store_name, 5 - store_id AS n FROM retail.stores", "█"),
        ("SELECT * FROM (VALUES ('2026-01', 3.5), ('2026-02', 7)) AS v (month, revenue)", "Feb 2026"),
        (
            "SELECT date '2026-01-01' + n AS day, 'ab' || n % 2 AS which, n FROM generate_series(1, 9) AS n",
            "not drawn: which",
        ),
        ("SELECT extract(year FROM date '2026-01-01') AS year, 1234567 AS sold", "sold 1,234,567"),
        ("SELECT extract(year FROM d) AS year, 7 AS n FROM unnest('{2024-01-01,2025-01-01}'::date[]) AS d", "2024"),
        ("SELECT to_char(d, 'Month') AS m, 7 AS n FROM unnest('{2024-01-01,2024-02-01}'::date[]) AS d", "Feb █"),
        ("SELECT s, 9.5 AS revenue, 2.25 AS cost FROM unnest('{a,b}'::text[]) AS s", "a · cost"),
        (
            "SELECT s, 1e6 AS revenue, 3 AS orders FROM unnest('{a,b}'::text[]) AS s",
            "Revenue and orders by s\nrevenue\n",
        ),
        ("SELECT s, 0.25 AS share FROM unnest('{a,b}'::text[]) AS s", " 25%"),
        ("SELECT s, 33.5 AS margin_pct FROM unnest('{a,b}'::text[]) AS s", " 33.5%"),
        ("SELECT current_date - 40 * n AS day, n FROM generate_series(0, 3) AS n", "is not over yet"),
    ],
)
def test_chart_on_the_terminal_matches_its_data(data_dir: Path, sql: str, drawn: str) -> None:
    result = zava(*query(sql, "--chart"), "--data-dir", str(data_dir))
    assert drawn in result
    assert max(map(len, result.splitlines())) <= 80


def test_identities_table_fits_without_wrapping_ids_or_logins(data_dir: Path) -> None:
    for columns in (60, 80, 100):
        shown = on_terminal("identities", "--data-dir", str(data_dir), columns=columns)
        rows = [line.split("  ") for line in shown.lines[2:11]]
        assert [str(who.user_id) for who in sample_identities()] == [row[0] for row in rows] or columns == 60
        assert all(who.name in shown.text for who in sample_identities()) or columns == 60
        logins = all(who.login in shown.text for who in sample_identities())
        assert logins != ("login" in shown.errors and "omitted to fit; --format csv has" in shown.errors)
        assert all(len(OWN_SEQUENCES.sub("", line)) <= columns for line in shown.lines)


def test_chart_of_two_categories_has_both_names_and_a_legend_above(terminal: RunOnTerminal) -> None:
    common = ("--user-id", HEAD_OFFICE)
    bars = (
        "SELECT store_name, category_name, store_id + category_id AS n FROM retail.stores, retail.categories "
        "WHERE store_id < 4 ORDER BY 1, 2"
    )
    drawn = terminal("query", bars, "--chart", *common, NO_COLOR="1")
    assert "Zava Retail Bellevue · LUMBER & BUILDING MATERIALS █" in drawn.text
    assert not [line for line in drawn.lines if "…" in line]
    lines = (
        "SELECT make_date(2020 + n, 1, 1) AS day, store_name, n * 100 + store_id AS amount "
        "FROM retail.stores, generate_series(0, 5) AS n ORDER BY 1"
    )
    for more in ({}, {"NO_COLOR": "1"}, {"PYTHONIOENCODING": "cp1252"}):
        drawn = terminal("query", lines, "--chart", *common, **more)
        plain = [COLOUR.sub("", line) for line in drawn.lines]
        frame = next(place for place, line in enumerate(plain) if "┌" in line or "+--" in line)
        assert sum(line.count("Zava Retail") for line in plain[:frame]) == 8
        assert not [line for line in plain[frame:] if "Zava" in line]
        assert "\\u" not in drawn.text
        assert drawn.text.isascii() == ("PYTHONIOENCODING" in more)
        bar = terminal("query", bars, "--chart", *common, **more)
        assert ("█" in bar.text, "##" in bar.text) == ("PYTHONIOENCODING" not in more, "PYTHONIOENCODING" in more)


def test_chart_without_numbers_or_of_truncated_rows_is_refused(data_dir: Path) -> None:
    folder = ["--data-dir", str(data_dir)]
    for sql, reason in (
        ("SELECT 1 AS n WHERE false", "no rows"),
        ("SELECT 'a'", "no column of numbers"),
        ("SELECT n FROM generate_series(1, 2) AS n", "no column for the x axis"),
        ("SELECT 'x' || n AS x, n FROM generate_series(1, 2000) AS n", "more than the 1,000 rows"),
    ):
        with pytest.raises(InputError, match=reason):
            zava(*query(sql, "--chart"), *folder)
    with pytest.raises(InputError, match="more than the 2 rows"):
        zava(*query("SELECT 'x' || n AS x, n FROM generate_series(1, 3) AS n", "--chart", "--max-rows", "2"), *folder)
    with pytest.raises(InputError, match="exclude each other"):
        zava(*query("SELECT 1", "--chart", "--format", "csv"), *folder)


def test_stock_by_store_is_shown_on_wide_terminals(terminal: RunOnTerminal) -> None:
    search = ["search", "paint brush", "--user-id", HEAD_OFFICE, "--max-rows", "2"]
    assert "stock_by_store" not in terminal(*search, columns=100).text
    assert "stock_by_store" in terminal(*search, columns=200).text


def test_line_chart_needs_the_charts_extra(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", None)
    folder = ["--data-dir", str(data_dir)]
    assert "█" in zava(*query("SELECT store_name, 3 AS n FROM retail.stores", "--chart"), *folder)
    with pytest.raises(ZavaError) as caught:
        zava(*query("SELECT date '2026-01-01' + n, n FROM generate_series(1, 3) AS n", "--chart"), *folder)
    assert "zava-mcp[charts]" in caught.value.hint


def test_force_color_and_unencodable_letters_are_respected(data_dir: Path) -> None:
    command = [sys.executable, "-m", "zava_mcp", *query("VALUES ('北é', 3), ('a', 2)", "--chart")]
    environment = {**os.environ, "ZAVA_DATA_DIR": str(data_dir), "FORCE_COLOR": "1", "PYTHONIOENCODING": "ascii"}
    result = subprocess.run(command, capture_output=True, check=True, env=environment).stdout
    assert COLOUR.search(result.decode("ascii"))
    assert b"\\u5317\\xe9" in result


def test_lists_are_printed_in_every_format(data_dir: Path, home: Path) -> None:
    doctor = ["doctor", "--user-id", SEATTLE, "--data-dir", str(data_dir), "--format"]
    checks = objects(zava(*doctor, "json"))
    names, *rows = csv.reader(io.StringIO(zava(*doctor, "csv")))
    assert (names, len(rows)) == (["name", "state", "found", "fix"], len(checks))
    assert [row[0] for row in rows] == [check["name"] for check in checks]
    people = list(csv.reader(io.StringIO(zava("identities", "--format", "csv", "--data-dir", str(data_dir)))))
    assert people[1][:2] == [HEAD_OFFICE, "Zava Retail head office"]


def test_search_says_in_a_sentence_what_was_found_as_written(terminal: RunOnTerminal) -> None:
    shown = terminal("search", "2x4 stud", "--user-id", SEATTLE)
    assert "found as written: 2x4" in shown.errors.splitlines()

"""The commands, as somebody types them."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.terminal import on_terminal
from tests.conftest import HEAD_OFFICE, SEATTLE, STORES, objects
from zava_mcp.cli.commands import app
from zava_mcp.errors import InputError, QueryError, SettingsError

COUNT = "SELECT count(*) AS n FROM retail.orders"


def zava(*arguments: str, stdin: str = "") -> str:
    """Runs a command in this process and returns its stdout; its errors are raised."""
    result = CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)
    return result.stdout


def test_options_stand_before_or_after_the_command(data_dir: Path) -> None:
    folder = ["--data-dir", str(data_dir)]
    before = zava("--user-id", SEATTLE, *folder, "query", COUNT)
    after = zava("query", COUNT, "--user-id", SEATTLE, *folder)
    assert before == after
    assert json.loads(before)["rows"][0][0] > 0
    overruled = zava("--user-id", SEATTLE, *folder, "query", COUNT, "--user-id", HEAD_OFFICE)
    assert json.loads(overruled)["rows"][0][0] > json.loads(before)["rows"][0][0]


def test_answers_come_as_json_csv_or_table(data_dir: Path) -> None:
    sql = "SELECT store_name, is_online, NULL AS nothing, 1.50 AS price FROM retail.stores ORDER BY store_id LIMIT 2"
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    assert json.loads(zava("query", sql, *common))["row_count"] == 2
    assert list(csv.reader(io.StringIO(zava("query", sql, "--format", "csv", *common)))) == [
        ["store_name", "is_online", "nothing", "price"],
        ["Zava Retail Seattle", "false", "", "1.50"],
        ["Zava Retail Bellevue", "false", "", "1.50"],
    ]
    lines = zava("query", sql, "--format", "table", *common).splitlines()
    assert lines[0].split() == ["store_name", "is_online", "nothing", "price"]
    assert "\x1b" not in "".join(lines)


def test_a_query_can_come_from_stdin(data_dir: Path) -> None:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    assert json.loads(zava("query", "-", *common, stdin="SELECT 7;\n"))["rows"] == [[7]]


def test_faults_are_raised_for_the_one_place_that_prints_them(data_dir: Path) -> None:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    with pytest.raises(QueryError, match="does not exist"):
        zava("query", "SELECT nope", *common)
    with pytest.raises(InputError, match="from 1 to 1,000"):
        zava("query", "SELECT 1", "--max-rows", "0", *common)
    with pytest.raises(SettingsError, match="env file"):
        zava("query", "SELECT 1", "--env-file", "/no/such/file", *common)
    with pytest.raises(InputError, match="keeps its own roles and passwords"):
        zava("init", "--no-sample", "--data-dir", str(data_dir))
    with pytest.raises(SettingsError, match="admin"):
        zava("--database-url", "postgresql://db/zava", "identities")


def test_errors_are_printed_once_on_stderr_with_their_exit_code(data_dir: Path) -> None:
    for sql, code, said in (("SELECT nope", 1, "42703"), ("DROP TABLE x", 1, "only one row-returning query")):
        ran = subprocess.run(
            [sys.executable, "-m", "zava_mcp", "query", sql, "--user-id", SEATTLE, "--data-dir", str(data_dir)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (ran.returncode, ran.stdout) == (code, "")
        assert ran.stderr.count(said) == 1
        assert "Traceback" not in ran.stderr


def test_identities_are_listed(data_dir: Path) -> None:
    rows = objects(zava("identities", "--data-dir", str(data_dir)))
    assert {row["user_id"] for row in rows} == {HEAD_OFFICE, *STORES.values()}
    assert rows[0] == {
        "user_id": HEAD_OFFICE,
        "name": "Zava Retail head office",
        "stores": "all",
        "login": "zava_head_office",
        "last_day": "",
    }
    assert SEATTLE in zava("identities", "--format", "table", "--data-dir", str(data_dir))


def test_init_twice_changes_nothing(tmp_path: Path) -> None:
    first = zava("init", "--scale", "0.002", "--as-of", "2025-01-31", "--data-dir", str(tmp_path))
    assert "is set up" in first
    assert "nothing to do" in zava("init", "--scale", "0.002", "--data-dir", str(tmp_path))
    last = zava(
        "query", "SELECT max(order_date) FROM retail.orders", "--user-id", HEAD_OFFICE, "--data-dir", str(tmp_path)
    )
    assert json.loads(last)["rows"][0][0] <= "2025-01-31"


def test_every_command_has_help_with_an_example() -> None:
    for command in ("query", "identities", "init", "doctor", "demo"):
        told = zava(command, "--help")
        assert f"Example: zava-mcp {command}" in told.replace("\n  ", " ")
    assert "Example: zava-mcp --user-id" in zava("--help")


def test_the_demonstration_shows_both_identities_and_the_failed_attempt(data_dir: Path) -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "demo", "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.count("Result for head office:") == 5
    assert shown.stdout.count("Result for Seattle:") == 6
    assert shown.stdout.count("  refused: ") == 7
    assert "its own, and no others" in shown.stdout
    assert "found by local/" in shown.stdout
    assert "zava-mcp client-config claude-desktop --user-id seattle" in shown.stdout


def test_a_terminal_gets_a_table_and_a_pipe_json(data_dir: Path) -> None:
    command = ["query", COUNT, "--user-id", SEATTLE, "--data-dir", str(data_dir)]
    shown = on_terminal(*command)
    assert shown.code == 0
    assert "─" in shown.text
    assert '{"columns"' not in shown.text
    assert zava(*command).startswith('{"columns"')

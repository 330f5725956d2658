"""Tests of commands: options, formats, errors, help and the demonstration."""

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
    """Run a command in this process and return its stdout; its errors are raised."""
    result = CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)
    return result.stdout


def test_options_before_or_after_the_command_are_read(data_dir: Path) -> None:
    folder = ["--data-dir", str(data_dir)]
    before = zava("--user-id", SEATTLE, *folder, "query", COUNT)
    after = zava("query", COUNT, "--user-id", SEATTLE, *folder)
    assert before == after
    assert json.loads(before)["rows"][0][0] > 0
    overridden = zava("--user-id", SEATTLE, *folder, "query", COUNT, "--user-id", HEAD_OFFICE)
    assert json.loads(overridden)["rows"][0][0] > json.loads(before)["rows"][0][0]


def test_query_prints_json_csv_or_table(data_dir: Path) -> None:
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


def test_query_reads_sql_from_stdin(data_dir: Path) -> None:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    assert json.loads(zava("query", "-", *common, stdin="SELECT 7;\n"))["rows"] == [[7]]


def test_commands_raise_typed_errors(data_dir: Path) -> None:
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


def test_error_is_printed_once_on_stderr_with_its_exit_code(data_dir: Path) -> None:
    for sql, code, message in (("SELECT nope", 1, "42703"), ("DROP TABLE x", 1, "only one row-returning query")):
        result = subprocess.run(
            [sys.executable, "-m", "zava_mcp", "query", sql, "--user-id", SEATTLE, "--data-dir", str(data_dir)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (result.returncode, result.stdout) == (code, "")
        assert result.stderr.count(message) == 1
        assert "Traceback" not in result.stderr


def test_identities_lists_all_identities(data_dir: Path) -> None:
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


def test_init_run_twice_changes_nothing(tmp_path: Path) -> None:
    first = zava("init", "--scale", "0.002", "--as-of", "2025-01-31", "--data-dir", str(tmp_path))
    assert "is set up" in first
    assert "nothing to do" in zava("init", "--scale", "0.002", "--data-dir", str(tmp_path))
    last = zava(
        "query", "SELECT max(order_date) FROM retail.orders", "--user-id", HEAD_OFFICE, "--data-dir", str(tmp_path)
    )
    assert json.loads(last)["rows"][0][0] <= "2025-01-31"


def test_help_of_every_command_has_an_example() -> None:
    for command in ("query", "identities", "init", "doctor", "demo"):
        text = zava(command, "--help")
        assert f"Example: zava-mcp {command}" in text.replace("\n  ", " ")
    assert "Example: zava-mcp --user-id" in zava("--help")


def test_demo_shows_both_identities_and_refused_attacks(data_dir: Path) -> None:
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
    assert "only its own" in shown.stdout
    assert "embedding model: local/" in shown.stdout
    assert "zava-mcp client-config claude-desktop --user-id seattle" in shown.stdout


def test_query_prints_table_on_terminal_and_json_to_pipe(data_dir: Path) -> None:
    command = ["query", COUNT, "--user-id", SEATTLE, "--data-dir", str(data_dir)]
    shown = on_terminal(*command)
    assert shown.code == 0
    assert "─" in shown.text
    assert '{"columns"' not in shown.text
    assert zava(*command).startswith('{"columns"')

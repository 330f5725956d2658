"""Tests of SQL from arguments, files and stdin, and of the position of an error on a terminal."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.terminal import on_terminal
from tests.conftest import SEATTLE
from zava_mcp.cli.commands import app
from zava_mcp.cli.display.sql_position import format_position
from zava_mcp.errors import InputError, QueryError

SQL = "-- a comment\r\nSELECT 'é🔩' AS text\r\n"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def run_query(data_dir: Path, *arguments: str, stdin: bytes = b"") -> str:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir), "--format", "csv"]
    return CliRunner().invoke(app, ["query", *arguments, *common], input=stdin, catch_exceptions=False).stdout


def test_query_from_file_or_stdin_is_read_in_any_encoding(data_dir: Path, tmp_path: Path) -> None:
    for encoding in ENCODINGS:
        file = tmp_path / f"{encoding}.sql"
        file.write_bytes(SQL.encode(encoding))
        assert run_query(data_dir, "--file", str(file)) == "text\né🔩\n", encoding
    for arguments in (["-"], ["--file", "-"]):
        assert run_query(data_dir, *arguments, stdin=SQL.encode("utf-16")) == "text\né🔩\n"


@pytest.mark.parametrize(
    "sql", ["-- a\nSELECT 1 AS one", "--a\nSELECT 1 AS one", "--\nSELECT 1 AS one", "/* a */ SELECT 1 AS one"]
)
def test_query_beginning_with_a_comment_runs(data_dir: Path, sql: str) -> None:
    assert run_query(data_dir, sql) == "one\n1\n"


def test_unreadable_query_is_refused(data_dir: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.sql"
    wrong.write_bytes(b"SELECT '\xe9'")
    large = tmp_path / "large.sql"
    large.write_bytes(b" " * 1_000_001)
    for arguments, message in (
        ([], "there is no query"),
        (["SELECT 1", "--file", str(wrong)], "exclude each other"),
        (["--file", str(tmp_path / "none.sql")], "No such file"),
        (["--file", str(tmp_path)], "Is a directory"),
        (["--file", str(wrong)], "is not UTF-8: byte 9 is invalid"),
        (["--file", str(large)], "more than 1,000,000 bytes"),
    ):
        with pytest.raises(InputError, match=message):
            run_query(data_dir, *arguments)


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("SELECT ", "x", "LINE 1: SELECT x\n               ^"),
        ("SELECT 1,\n\t  ", "x\nFROM y", "LINE 2:    x\n           ^"),
        ("SELECT '日本', ", "x", "LINE 1: SELECT '日本', x\n                       ^"),
        ("SELECT '\u202e\x1b', ", "x", "LINE 1: SELECT '\\u202e\\x1b', x\n                             ^"),
        ("SELECT 1\r\n, ", "", "LINE 2: , \n          ^"),
    ],
)
def test_caret_stands_under_the_error_position(before: str, after: str, shown: str) -> None:
    error = QueryError("wrong", position=len(before) + 1)
    error.sql = before + after
    assert format_position(error, 80) == shown


def test_error_line_fits_the_terminal() -> None:
    for before, after in (("a" * 500, "b" * 500), ("日" * 300, "本" * 300), ("", "b" * 500), ("a" * 500, "")):
        error = QueryError("wrong", position=len(before) + 1)
        error.sql = before + after
        line, caret = format_position(error, 80).split("\n")
        assert len(line) <= 80
        assert len(caret) <= 80
        assert ("..." in line) is (len(before + after) > 80)


def test_terminal_shows_error_line_caret_and_hint(data_dir: Path) -> None:
    shown = on_terminal(
        *("query", "SELECT product_id,\n       order_date FROM retail.order_items"),
        *("--user-id", SEATTLE, "--data-dir", str(data_dir)),
        with_errors=True,
    )
    assert shown.code == 1
    start = next(number for number, line in enumerate(shown.lines) if line.startswith("LINE 2:"))
    assert shown.lines[start : start + 2] == [
        "LINE 2:        order_date FROM retail.order_items",
        "               ^",
    ]
    assert "Add JOIN retail.orders" in shown.lines[start + 2]

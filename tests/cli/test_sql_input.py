"""SQL from arguments, files and stdin, and the place of a mistake on a terminal."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.terminal import on_terminal
from tests.conftest import SEATTLE
from zava_mcp.cli.commands import app
from zava_mcp.cli.display.sql_position import position_of
from zava_mcp.errors import InputError, QueryError

SQL = "-- a comment\r\nSELECT 'é🔩' AS text\r\n"
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")


def asked(data_dir: Path, *arguments: str, stdin: bytes = b"") -> str:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir), "--format", "csv"]
    return CliRunner().invoke(app, ["query", *arguments, *common], input=stdin, catch_exceptions=False).stdout


def test_a_query_is_read_from_files_and_stdin_in_any_encoding(data_dir: Path, tmp_path: Path) -> None:
    for encoding in ENCODINGS:
        file = tmp_path / f"{encoding}.sql"
        file.write_bytes(SQL.encode(encoding))
        assert asked(data_dir, "--file", str(file)) == "text\né🔩\n", encoding
    for arguments in (["-"], ["--file", "-"]):
        assert asked(data_dir, *arguments, stdin=SQL.encode("utf-16")) == "text\né🔩\n"


@pytest.mark.parametrize(
    "sql", ["-- a\nSELECT 1 AS one", "--a\nSELECT 1 AS one", "--\nSELECT 1 AS one", "/* a */ SELECT 1 AS one"]
)
def test_a_query_may_begin_with_a_comment(data_dir: Path, sql: str) -> None:
    assert asked(data_dir, sql) == "one\n1\n"


def test_a_query_that_cannot_be_read_is_an_error(data_dir: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.sql"
    wrong.write_bytes(b"SELECT '\xe9'")
    large = tmp_path / "large.sql"
    large.write_bytes(b" " * 1_000_001)
    for arguments, told in (
        ([], "there is no query"),
        (["SELECT 1", "--file", str(wrong)], "exclude each other"),
        (["--file", str(tmp_path / "none.sql")], "No such file"),
        (["--file", str(tmp_path)], "Is a directory"),
        (["--file", str(wrong)], "is not UTF-8: byte 9 is wrong"),
        (["--file", str(large)], "more than 1,000,000 bytes"),
    ):
        with pytest.raises(InputError, match=told):
            asked(data_dir, *arguments)


@pytest.mark.parametrize(
    ("before", "at", "shown"),
    [
        ("SELECT ", "x", "LINE 1: SELECT x\n               ^"),
        ("SELECT 1,\n\t  ", "x\nFROM y", "LINE 2:    x\n           ^"),
        ("SELECT '日本', ", "x", "LINE 1: SELECT '日本', x\n                       ^"),
        ("SELECT '\u202e\x1b', ", "x", "LINE 1: SELECT '\\u202e\\x1b', x\n                             ^"),
        ("SELECT 1\r\n, ", "", "LINE 2: , \n          ^"),
    ],
)
def test_the_place_of_a_mistake_is_under_its_character(before: str, at: str, shown: str) -> None:
    error = QueryError("wrong", position=len(before) + 1)
    error.sql = before + at
    assert position_of(error, 80) == shown


def test_the_place_of_a_mistake_fits_the_terminal() -> None:
    for before, at in (("a" * 500, "b" * 500), ("日" * 300, "本" * 300), ("", "b" * 500), ("a" * 500, "")):
        error = QueryError("wrong", position=len(before) + 1)
        error.sql = before + at
        line, caret = position_of(error, 80).split("\n")
        assert len(line) <= 80
        assert len(caret) <= 80
        assert ("..." in line) is (len(before + at) > 80)


def test_a_terminal_shows_line_caret_and_table(data_dir: Path) -> None:
    shown = on_terminal(
        *("query", "SELECT product_id,\n       order_date FROM retail.order_items"),
        *("--user-id", SEATTLE, "--data-dir", str(data_dir)),
        with_errors=True,
    )
    assert shown.code == 1
    place = next(number for number, line in enumerate(shown.lines) if line.startswith("LINE 2:"))
    assert shown.lines[place : place + 2] == [
        "LINE 2:        order_date FROM retail.order_items",
        "               ^",
    ]
    assert "Add JOIN retail.orders" in shown.lines[place + 2]

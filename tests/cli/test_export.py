"""Tests of exports and CSV: every file format, NULL and '', formulas, truncated results."""

import csv
import io
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.test_commands import zava
from tests.conftest import SEATTLE
from zava_mcp.cli.commands import app
from zava_mcp.errors import InputError, QueryError
from zava_mcp.sales.result import csv_line

ROWS = 2_345
SQL = (
    "SELECT n, 9007199254740992 + n AS big, 0.10 AS price, date '2026-11-28' AS day, NULL::text AS a, '' AS b,"
    " CASE n % 4 WHEN 0 THEN '=1+1' WHEN 1 THEN '-1' WHEN 2 THEN E'x,\"y\"\\nz' ELSE repeat('é', 9000) END AS c,"
    " -n AS m"
    f" FROM generate_series(1, {ROWS}) AS n"
)


@pytest.fixture
def common(data_dir: Path) -> list[str]:
    return ["--user-id", SEATTLE, "--data-dir", str(data_dir)]


def test_export_to_csv_has_every_row_without_truncation(tmp_path: Path, common: list[str]) -> None:
    """The result has more rows and longer texts than a printed result may have."""
    file = tmp_path / "rows.csv"
    assert zava("query", SQL, "--output", str(file), *common) == ""
    text = file.read_text(encoding="utf-8")
    names, *rows = csv.reader(text.splitlines(keepends=True))
    assert names == ["n", "big", "price", "day", "a", "b", "c", "m"]
    assert [row[0] for row in rows] == [str(n) for n in range(1, ROWS + 1)]
    assert rows[2] == ["3", "9007199254740995", "0.10", "2026-11-28", "", "", "é" * 9000, "-3"]
    assert rows[1][6] == 'x,"y"\nz'
    assert text.splitlines()[1] == '1,9007199254740993,0.10,2026-11-28,,"",-1,-1'
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.xlsx"])
def test_export_without_rows_has_the_columns(tmp_path: Path, common: list[str], name: str) -> None:
    assert zava("query", "SELECT 1 AS a WHERE false", "--output", str(tmp_path / name), *common) == ""
    if name == "rows.csv":
        assert (tmp_path / name).read_text(encoding="utf-8") == "a\n"


def test_export_options_disable_formulas_and_write_a_bom(tmp_path: Path, common: list[str]) -> None:
    file = tmp_path / "rows.CSV"
    zava("query", SQL.replace(str(ROWS), "4"), "-o", str(file), "--no-formulas", "--bom", *common)
    assert file.read_bytes().startswith(b'\xef\xbb\xbf"n","big"')
    rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines(keepends=True)))
    assert [row[6][:4] for row in rows[1:]] == ["'-1", 'x,"y', "éééé", "'=1+"]
    assert [row[7] for row in rows[1:]] == ["-1", "-2", "-3", "-4"]  # A number is not a formula.


def test_export_to_json_lines_keeps_exact_values(tmp_path: Path, common: list[str]) -> None:
    file = tmp_path / "rows.jsonl"
    zava("query", SQL, "--output", str(file), *common)
    lines = file.read_text(encoding="utf-8").splitlines()
    assert len(lines) == ROWS
    first = '{"n":1,"big":"9007199254740993","price":0.10,"day":"2026-11-28","a":null,"b":"","c":"-1","m":-1}'
    assert lines[0] == first
    assert json.loads(lines[2])["c"] == "é" * 9000


def test_export_to_xlsx_has_numbers_dates_and_no_formula(tmp_path: Path, common: list[str]) -> None:
    file = tmp_path / "rows.xlsx"
    zava("query", SQL, "--output", str(file), *common)
    with zipfile.ZipFile(file) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == ROWS + 1
    assert '<c r="A2"><v>1</v></c>' in sheet
    assert "9007199254740993" in sheet  # A double cannot hold it, so the cell is a text.
    assert '<c r="D2" s="1"><v>46354</v></c>' in sheet
    assert "=1+1" in sheet
    assert "<f>" not in sheet


@pytest.mark.parametrize(
    ("sql", "options", "fault"),
    [
        ("SELECT 1", ["-o", "rows.txt"], "none of the extensions .csv, .jsonl, .xlsx"),
        ("SELECT 1", ["-o", "no/such/folder/rows.csv"], "cannot be written: No such file"),
        ("SELECT 1", ["-o", "rows.csv", "--timeout", "0"], "--timeout must be from 1"),
        ("SELECT 1", ["-o", "rows.csv", "--max-rows", "5"], "--output writes all rows"),
        ("SELECT 1", ["--bom"], "are for --output"),
        ("SELECT 1 AS a, 2 AS a", ["-o", "rows.jsonl"], "two columns have the same name"),
        ("SELECT 1 / (5 - n) FROM generate_series(1, 9) AS n", ["-o", "rows.csv"], "division by zero"),
        ("SELECT 1 / (5 - n) FROM generate_series(1, 9) AS n", ["-o", "rows.xlsx"], "division by zero"),
        ("DELETE FROM retail.orders", ["-o", "rows.csv"], "only one row-returning query"),
    ],
)
def test_failed_export_keeps_the_existing_file(
    sql: str, options: list[str], fault: str, tmp_path: Path, common: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("rows.csv", "rows.xlsx", "rows.jsonl"):
        Path(name).write_text("older")
    with pytest.raises((InputError, QueryError), match=fault):
        zava("query", sql, *options, *common)
    assert {path.read_text() for path in tmp_path.iterdir()} == {"older"}


def test_truncated_piped_result_is_reported_to_programs(common: list[str]) -> None:
    many = ["query", "SELECT n FROM generate_series(1, 101) AS n", *common, "--format"]
    for form, code in (("csv", 3), ("table", 3), ("json", 0)):
        result = CliRunner().invoke(app, [*many, form], catch_exceptions=False)
        assert result.exit_code == code, form
        assert "--max-rows" in (result.stderr if code else json.loads(result.stdout)["hint"])
    whole = CliRunner().invoke(app, [*many, "csv", "--max-rows", "101"], catch_exceptions=False)
    assert (whole.exit_code, whole.stdout.count("\n")) == (0, 102)


def test_table_without_rows_reports_zero_rows(common: list[str]) -> None:
    assert zava("query", "SELECT 1 AS n WHERE false", "--format", "table", *common).split("\n")[-2] == "(0 rows)"
    assert zava("query", "SELECT 1 AS n WHERE false", "--format", "csv", *common) == "n\n"


@pytest.mark.parametrize(
    ("row", "line"),
    [
        ([None], "\n"),
        ([""], '""\n'),
        ([None, "", "a"], ',"",a\n'),
        (["a,b", 'c"d', "e\rf", "g\nh", " i", "\\."], '"a,b","c""d","e\rf","g\nh"," i","\\."\n'),
    ],
)
def test_csv_distinguishes_null_from_an_empty_text(row: list[str | None], line: str) -> None:
    assert csv_line(row) == line


SIGNS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
BEFORE = [
    "",
    "x;",
    "x,",
    "x\t",
    "x\r",
    "x\n",
    "x\r\n",
    "\t",
    "\r",
    "\n",
    " ",
    "x; ",
    'x;"',
    '"',
    "'",
    'x,""',
    "x|",
    "x\u2028",
]
FORMULAS = [f"{before}{sign}1+cmd|' /C calc'!A0" for sign in SIGNS for before in BEFORE]
PLAIN = ["x", "", "1-2", "a=b", "a@b.example", "x; y", 'say "no"', "é, è", "3 + 4"]
NUMBERS = [("-5", "int"), ("-0.50", "numeric"), ("-1.5e-10", "float8")]


def _texts_query(texts: list[str]) -> str:
    values = ", ".join(f"({index}, {_literal(text)})" for index, text in enumerate(texts))
    numbers = ", ".join(f"'{number}'::{kind}" for number, kind in NUMBERS)
    return f'SELECT text, {numbers} FROM (VALUES {values}) AS t (index, text) ORDER BY index'  # fmt: skip


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.mark.parametrize("target", ["file", "pipe"])
def test_csv_without_formulas_has_none_for_any_separator(tmp_path: Path, common: list[str], target: str) -> None:
    file = tmp_path / "rows.csv"
    options = ["--output", str(file)] if target == "file" else ["--format", "csv", "--max-rows", "1000"]
    out = zava("query", _texts_query([*FORMULAS, *PLAIN]), "--no-formulas", *options, *common)
    text = file.read_bytes().decode() if target == "file" else out
    for separator in ",;\t\r\n|\u2028":
        cells = [cell.lstrip('" ') for cell in text.replace(",-5,-0.50,-1.5e-10", "").split(separator)]
        assert [cell for cell in cells if cell[:1] in SIGNS] == []
    rows = list(csv.reader(io.StringIO(text, newline="")))[1:]
    assert [row[0] for row in rows][len(FORMULAS) :] == PLAIN
    assert [row[0].replace("'", "") for row in rows] == [text.replace("'", "") for text in [*FORMULAS, *PLAIN]]
    assert {tuple(row[1:]) for row in rows} == {("-5", "-0.50", "-1.5e-10")}


@pytest.mark.parametrize("kind", ["jsonl", "xlsx"])
def test_jsonl_and_xlsx_keep_texts_with_no_formulas_option(tmp_path: Path, common: list[str], kind: str) -> None:
    files = [tmp_path / f"{name}.{kind}" for name in ("with", "without")]
    for file, options in zip(files, ([], ["--no-formulas"]), strict=True):
        zava("query", _texts_query(FORMULAS), "--output", str(file), *options, *common)
    if kind == "jsonl":
        assert files[0].read_bytes() == files[1].read_bytes()
        assert [json.loads(line)["text"] for line in files[1].read_text("utf-8").split("\n")[:-1]] == FORMULAS
    for book in (zipfile.ZipFile(file) for file in files if kind == "xlsx"):
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")

"""Tests that each result column has one JSON type."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import SEATTLE, asking, settings_for
from zava_mcp.cli.commands import app

pytestmark = pytest.mark.anyio

EXACT, INEXACT = "21.1156250000000000", "20.5166666666666667"
MANY = (
    "SELECT CASE WHEN g = {} THEN 1 / 3.0 ELSE g END AS a, 0.5 AS b, g AS c FROM generate_series(1, 900) g ORDER BY g"
)
#: A query, and the JSON of its rows.
ROWS = {
    f"VALUES ({EXACT}, 1), ({INEXACT}, 2), (NULL, 3)": f'[["{EXACT}",1],["{INEXACT}",2],[null,3]]',
    f"VALUES ({EXACT}), (NULL), (1)": f"[[{EXACT}],[null],[1]]",
    f"VALUES ({INEXACT}), (NULL)": f'[["{INEXACT}"],[null]]',
    "VALUES (9223372036854775807, 'a'), (5, NULL)": '[["9223372036854775807","a"],["5",null]]',
    "VALUES ('NaN'::numeric, 1.50), (0.10, 2)": '[["NaN",1.50],["0.10",2]]',
    "VALUES (1::float8), ('-Infinity'), (1e300), (-0.0::float8)": '[["1"],["-Infinity"],["1e+300"],["-0.0"]]',
    "VALUES (1::float8), (0.1)": "[[1],[0.1]]",
    "VALUES ('1'), ('x\"y')": '[["1"],["x\\"y"]]',
    "VALUES ('[1, \"2\"]'::jsonb, 1), ('3', 2)": '[[[1,"2"],1],[3,2]]',
    "VALUES (1.5, '{\"a\":\"],[\"}'::json, 'q\",5'), (1/3.0, NULL, '\\')": (
        '[["1.5",{"a":"],["},"q\\",5"],["0.33333333333333333333",null,"\\\\"]]'
    ),
}


async def test_number_column_beyond_double_precision_becomes_strings(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, SEATTLE)) as seattle:
        for sql, rows in ROWS.items():
            text, _ = await seattle.call("execute_sales_query", postgresql_query=sql)
            assert f'"rows":{rows}' in text, text
        for place in (1, 450, 900):  # in the first chunk of rows, in a later one, in the last
            found = (await seattle.query(MANY.format(place), max_rows=1000))["rows"]
            assert [{type(cell) for cell in column} for column in zip(*found, strict=True)] == [{str}, {float}, {int}]
            assert [row[0] for row in found if row[2] != place] == [str(n) for n in range(1, 901) if n != place]
        found = (await seattle.query(MANY.format(101), max_rows=100))["rows"]
        assert {type(row[0]) for row in found} == {int}, "the row that is not shown decides nothing"


async def test_quotation_marks_of_string_numbers_stay_within_the_byte_limit(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_MAX_BYTES="1000")) as seattle:
        sql = "SELECT CASE WHEN g = 1 THEN 1 / 3.0 ELSE g END FROM generate_series(1, 500) g"
        text, _ = await seattle.call("execute_sales_query", postgresql_query=sql, max_rows=500)
        answer = json.loads(text)
        assert len(text.encode()) <= 1000
        assert answer["truncated"]
        assert {type(cell) for (cell,) in answer["rows"]} == {str}
        assert f"Only {answer['row_count']} of 500 rows fit" in answer["hint"]


def test_terminal_prints_one_type_per_column(data_dir: Path) -> None:
    flags = ("--user-id", SEATTLE, "--data-dir", str(data_dir))
    sql = f"VALUES ({EXACT}), ({INEXACT})"
    printed = CliRunner().invoke(app, ["query", sql, "--format", "json", *flags], catch_exceptions=False)
    assert json.loads(printed.stdout)["rows"] == [[EXACT], [INEXACT]]
    printed = CliRunner().invoke(app, ["query", sql, "--format", "csv", *flags], catch_exceptions=False)
    assert printed.stdout.splitlines()[1:] == [EXACT, INEXACT]

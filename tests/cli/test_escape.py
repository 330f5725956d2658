"""Tests of formatted values, escaped characters and aligned columns."""

import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from zava_mcp.cli.display.escape import Column, column, escape
from zava_mcp.cli.display.text_tables import lay_out

INTEGER, BIGINT, FLOAT, NUMERIC, DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL, TEXT = (
    23, 20, 701, 1700, 1082, 1114, 1184, 1186, 25
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "type_oid", "exact", "formatted"),
    [
        ("revenue", NUMERIC, ["10340632.28", "5.00", None], ["10,340,632.28", "5.00", None]),
        ("orders", BIGINT, ["52257", "-1234"], ["52,257", "-1,234"]),
        ("order_id", INTEGER, ["100000001"], ["100000001"]),
        ("Order ID", INTEGER, ["100000001"], ["100000001"]),
        ("orderId", BIGINT, ["100000001"], ["100000001"]),
        ("paid", INTEGER, ["100000001"], ["100,000,001"]),
        ("year", NUMERIC, ["2026"], ["2026"]),
        ("fiscal_year", INTEGER, ["2026"], ["2026"]),
        ("extract", NUMERIC, ["2026"], ["2026"]),
        ("number_of_orders", BIGINT, ["2026"], ["2,026"]),
        ("invoice_number", BIGINT, ["20260001"], ["20260001"]),
        ("avg", NUMERIC, ["95.5273214658", "0.00000000000000000000"], ["95.53", "0.00"]),
        ("share", NUMERIC, ["0.33721634", "0.1"], ["0.3372", "0.1000"]),
        ("tiny", FLOAT, ["0.000012345678", "1234.5"], ["0.000012345678", "1234.5"]),
        ("mixed", FLOAT, ["12.5", "7.0", "NaN", "1e+300"], ["12.5", "7.0", "NaN", "1e+300"]),
        ("huge", NUMERIC, ["9" * 40], ["9" * 40]),
        ("largest", BIGINT, ["9223372036854775807"], ["9,223,372,036,854,775,807"]),
        ("day", DATE, ["2026-11-24"], ["2026-11-24"]),
        ("month", TIMESTAMP, ["2026-11-01T00:00:00", "2026-12-01T00:00:00"], ["2026-11-01", "2026-12-01"]),
        ("at", TIMESTAMP,
            ["2026-11-01T00:00:00", "2026-12-01T10:00:00"], ["2026-11-01 00:00:00", "2026-12-01 10:00:00"]),
        ("at", TIMESTAMPTZ, ["2026-11-01T08:11:12.5+00:00"], ["2026-11-01 08:11:12.5 UTC"]),
        ("at", TIMESTAMPTZ, ["2026-11-01T00:00:00+00:00", None], ["2026-11-01", None]),
        ("end", TIMESTAMP, ["infinity", "0044-03-15T00:00:00 BC"], ["infinity", "0044-03-15 00:00:00 BC"]),
        ("took", INTERVAL, ["P1DT2H", "PT1H30M4.5S", "P1Y-2M"], ["1 day 2 h", "1 h 30 min 4.5 s", "1 year -2 months"]),
        ("note", TEXT, ["12345", "a\tb\r\nc", "\x1b[2J"], ["12345", "a b⏎c", "\\x1b[2J"]),
    ],
)  # fmt: skip
def test_column_formats_values_for_reading(
    name: str, type_oid: int, exact: list[str | None], formatted: list[str | None]
) -> None:
    assert column(name, exact, type_oid).cells == formatted


def test_column_reports_rounding() -> None:
    assert column("avg", ["1.23456"], NUMERIC).rounded
    assert not column("price", ["1.2345"], NUMERIC).rounded


@given(st.text())
def test_escape_leaves_only_printable_characters(text: str) -> None:
    shown = escape(text)
    assert all(character.isprintable() or character in "\u200c\u200d" for character in shown)
    if text.isprintable():
        assert shown == text


#: Letters, CJK, emoji, combining marks, line ends and blanks. Without digits, the test can find the numbers.
CHARACTERS = st.sampled_from([*"aé ", *"北京東한", *"🔩🧰", "e\u0301", "\u0e01\u0e33", "\n", "\t", "\u00a0"])
TEXTS = st.lists(CHARACTERS, max_size=60).map("".join)


ROWS = st.lists(st.tuples(TEXTS, st.integers(), st.none() | TEXTS), min_size=1, max_size=4)


@given(ROWS, st.sampled_from([None, 40, 80, 200]))
def test_table_aligns_columns_of_any_text(rows: list[tuple[str, int, str | None]], width: int | None) -> None:
    first, numbers, last = zip(*rows, strict=True)
    columns = [column("a", first), column("n", [str(value) for value in numbers], BIGINT), column("b", last)]
    lines = print_table(columns, width)
    assert all(display_width(line) <= (width or 10_000) for line in lines)
    if width == 40:  # A narrow terminal may show records instead.
        return
    ends = [display_width(line[: match.end()]) for line in lines if (match := re.search(r"\d[\d,]*", line))]
    assert len(ends) == len(rows)
    assert len(set(ends)) == 1


def print_table(columns: list[Column], width: int | None) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width or 10_000).print(lay_out(columns, width).renderable)
    return text.getvalue().splitlines()


def display_width(text: str) -> int:
    """Return the width in terminal columns, by Unicode's own table."""
    spacing = (character for character in text if unicodedata.category(character) not in ("Mn", "Me"))
    return sum(1 + (unicodedata.east_asian_width(character) in "WF") for character in spacing)

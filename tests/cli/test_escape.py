"""Values as people read them; columns that stay under each other whatever is in them."""

import io
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from zava_mcp.cli.display.escape import Column, column, escape
from zava_mcp.cli.display.text_tables import layout_of

INTEGER, BIGINT, FLOAT, NUMERIC, DATE, TIMESTAMP, TIMESTAMPTZ, INTERVAL, TEXT = (
    23, 20, 701, 1700, 1082, 1114, 1184, 1186, 25
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "type_oid", "exact", "read"),
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
def test_values_are_written_as_people_write_them(
    name: str, type_oid: int, exact: list[str | None], read: list[str | None]
) -> None:
    assert column(name, exact, type_oid).cells == read


def test_rounding_is_said() -> None:
    assert column("avg", ["1.23456"], NUMERIC).rounded
    assert not column("price", ["1.2345"], NUMERIC).rounded


@given(st.text())
def test_a_safe_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    shown = escape(text)
    assert all(mark.isprintable() or mark in "\u200c\u200d" for mark in shown)
    if text.isprintable():
        assert shown == text


#: Letters, CJK, emoji, combining marks, line ends and blanks; no digits, by which the numbers are found.
MARKS = st.sampled_from([*"aé ", *"北京東한", *"🔩🧰", "e\u0301", "\u0e01\u0e33", "\n", "\t", "\u00a0"])
TEXTS = st.lists(MARKS, max_size=60).map("".join)


ROWS = st.lists(st.tuples(TEXTS, st.integers(), st.none() | TEXTS), min_size=1, max_size=4)


@given(ROWS, st.sampled_from([None, 40, 80, 200]))
def test_columns_stay_under_each_other(rows: list[tuple[str, int, str | None]], width: int | None) -> None:
    first, numbers, last = zip(*rows, strict=True)
    lines = printed([column("a", first), column("n", [str(one) for one in numbers], BIGINT), column("b", last)], width)
    assert all(wide(line) <= (width or 10_000) for line in lines)
    if width == 40:  # where there may be records instead
        return
    ends = [wide(line[: found.end()]) for line in lines if (found := re.search(r"\d[\d,]*", line))]
    assert len(ends) == len(rows)
    assert len(set(ends)) == 1


def printed(columns: list[Column], width: int | None) -> list[str]:
    text = io.StringIO()
    Console(file=text, width=width or 10_000).print(layout_of(columns, width).printed)
    return text.getvalue().splitlines()


def wide(text: str) -> int:
    """Columns of a terminal, by Unicode's own table."""
    marks = (mark for mark in text if unicodedata.category(mark) not in ("Mn", "Me"))
    return sum(1 + (unicodedata.east_asian_width(mark) in "WF") for mark in marks)

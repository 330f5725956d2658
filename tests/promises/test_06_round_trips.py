"""Promise 6: what goes in as SQL comes out as JSON, and read by the rules of the guide it is what went in."""

import ipaddress
import json
import math
import re
import struct
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import SEATTLE, asking, settings_for

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=50)
ZONES = st.integers(-15 * 60, 15 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
DOUBLES = st.floats()
SINGLES = st.floats(width=32)
DECIMALS = st.builds(
    lambda digits, places: Decimal(f"{digits}E-{places}"), st.integers(-(10**40), 10**40), st.integers(0, 30)
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
#: Months, days and microseconds, which an interval keeps apart.
PARTS = st.tuples(st.integers(-10_000, 10_000), st.integers(-10_000, 10_000), st.integers(-(10**14), 10**14))
DURATION = re.compile(
    r"P(?:(-?\d+)Y)?(?:(-?\d+)M)?(?:(-?\d+)D)?(?:T(?:(-?\d+)H)?(?:(-?\d+)M)?(?:(-?[\d.]+)S)?)?", re.ASCII
)


class Digits(str):
    """A JSON number as it stands in the answer."""


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def duration(text: str) -> tuple[int, int, int]:
    match = DURATION.fullmatch(text)
    assert match, text
    years, months, days, hours, minutes, seconds = [Decimal(part or 0) for part in match.groups()]
    return int(12 * years + months), int(days), int((3600 * hours + 60 * minutes + seconds) * 1_000_000)


def array(items: Any, element: Callable[[Any], str]) -> str:
    if isinstance(items, list):
        return "ARRAY[" + ", ".join(array(item, element) for item in items) + "]"
    return "NULL" if items is None else element(items)


def single(value: Any) -> bytes:
    """A value of JSON as the four bytes of a `real`."""
    return struct.pack("<f", float(value))


def exact(number: Decimal) -> tuple[Any, ...]:
    """A number with its digits; zero has no sign in PostgreSQL."""
    return abs(number).as_tuple() if not number else number.as_tuple()


def plain(value: Any) -> Any:
    """A value of JSON whose numbers are all whole."""
    if isinstance(value, Digits):
        return int(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


class Trip(NamedTuple):
    """How values of a type are made, written in SQL, read from JSON, and told apart."""

    type: str
    values: st.SearchStrategy[Any]
    written: Callable[[Any], str]
    read: Callable[[Any], Any]
    same: Callable[[Any], Any] = lambda value: value


TRIPS = (
    Trip("boolean", st.booleans(), str, bool),
    Trip("bigint", st.integers(-(2**63), 2**63 - 1), quoted_number := lambda n: f"'{n}'", int),
    Trip("integer", st.integers(-(2**31), 2**31 - 1), quoted_number, int),
    Trip("numeric", DECIMALS, lambda n: f"'{n:f}'", Decimal, exact),
    Trip("float8", DOUBLES, lambda n: f"'{n!r}'", float, lambda n: "NaN" if math.isnan(n) else struct.pack("<d", n)),
    Trip("real", SINGLES, lambda n: f"'{n!r}'", float, lambda n: "NaN" if math.isnan(n) else single(n)),
    Trip("text", TEXTS, quoted, str),
    Trip("bytea", st.binary(max_size=50), lambda data: f"'\\x{data.hex()}'", lambda text: bytes.fromhex(text[2:])),
    Trip("date", st.dates(), quoted_number, date.fromisoformat),
    Trip("timestamp", st.datetimes(), quoted_number, datetime.fromisoformat),
    Trip(
        "timestamptz",
        st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=ZONES),  # hypothesis adds them
        lambda when: f"'{when.isoformat()}'",
        datetime.fromisoformat,
        lambda when: when.astimezone(UTC),
    ),
    Trip("time", st.times(), quoted_number, time.fromisoformat),
    Trip("timetz", st.times(timezones=ZONES), quoted_number, time.fromisoformat, time.isoformat),
    Trip("interval", PARTS, lambda p: f"'{p[0]} months {p[1]} days {p[2]} microseconds'", duration),
    Trip("uuid", st.uuids(), quoted_number, UUID),
    Trip("inet", st.ip_addresses(), quoted_number, ipaddress.ip_address),
    Trip("jsonb", DOCUMENTS, lambda v: quoted(json.dumps(v)), plain),
    Trip("text[]", st.lists(st.none() | TEXTS, max_size=5), lambda v: array(v, quoted), lambda v: v),
    Trip("int[]", st.lists(st.lists(st.none() | st.integers(-9, 9), min_size=2, max_size=2), max_size=3),
         lambda v: array(v, str), plain),
    Trip("numeric[]", st.lists(DECIMALS, max_size=5), lambda v: array(v, lambda n: f"'{n:f}'"),
         lambda v: [Decimal(n) for n in v], lambda v: [exact(n) for n in v]),
    Trip("vector", st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=9),
         lambda v: f"'{v}'", lambda text: json.loads(text, parse_int=float), lambda v: [single(n) for n in v]),
)  # fmt: skip


@pytest.fixture(scope="module")
def ask_row(data_dir: Path) -> Iterator[Callable[[str], list[Any]]]:
    """Asks the tool, and gives the first row with its numbers' digits."""
    with start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(asking(settings_for(data_dir, SEATTLE))) as seattle:

            def row(sql: str) -> list[Any]:
                text, failed = portal.call(lambda: seattle.call("execute_sales_query", postgresql_query=sql))
                assert not failed, text
                parsed = json.loads(text, parse_float=Digits, parse_int=Digits, parse_constant=pytest.fail)
                found: list[Any] = parsed["rows"][0]
                return found

            yield row


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.type)
def test_what_goes_in_comes_out(ask_row: Callable[[str], list[Any]], trip: Trip) -> None:
    """Several values a query, so that one example is one call."""

    @settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(trip.values, min_size=1, max_size=10))
    def check(values: list[Any]) -> None:
        row = ask_row(f"SELECT {', '.join(f'{trip.written(value)}::{trip.type}' for value in values)}")
        assert [trip.same(trip.read(cell)) for cell in row] == [trip.same(value) for value in values]

    check()


def test_a_number_stays_a_number_where_a_double_holds_it(ask_row: Callable[[str], list[Any]]) -> None:
    """And it is one only there: whoever reads doubles reads no wrong digit."""

    @settings(max_examples=50, deadline=None)
    @given(st.lists(DECIMALS, min_size=1, max_size=10))
    def check(numbers: list[Decimal]) -> None:
        for number, cell in zip(numbers, ask_row(f"SELECT {', '.join(f'{n:f}' for n in numbers)}"), strict=True):
            assert isinstance(cell, Digits) == (Decimal(repr(float(number))) == number)

    check()


def test_names_of_columns_come_back(data_dir: Path) -> None:
    """PostgreSQL cuts them at 63 bytes, between characters."""
    names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=70)
    with start_blocking_portal() as portal:
        with portal.wrap_async_context_manager(asking(settings_for(data_dir, SEATTLE))) as seattle:

            @settings(max_examples=50, deadline=None)
            @given(st.lists(names, min_size=1, max_size=5))
            def check(wanted: list[str]) -> None:
                columns = ", ".join('1 AS "{}"'.format(name.replace('"', '""')) for name in wanted)
                answer = portal.call(seattle.query, f"SELECT {columns}")
                assert answer["columns"] == [name.encode()[:63].decode(errors="ignore") for name in wanted]

            check()

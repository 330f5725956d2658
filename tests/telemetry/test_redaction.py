"""Tests of redacted SQL: structure stays, values and comments go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zava_mcp.telemetry.redaction import redact_values

pytestmark = pytest.mark.portable


@pytest.mark.parametrize(
    ("sql", "redacted"),
    [
        ("SELECT 1", "SELECT ?"),
        ("SELECT a, 'x''y' FROM t WHERE b=-1.5e-7 AND c<>$1", "SELECT a, ? FROM t WHERE b=-? AND c<>$1"),
        ("SELECT E'a\\'b', B'01', U&'\\0041', n'x', date'2020-01-01'", "SELECT ?, ?, ?, ?, date?"),
        ("SELECT $$a$$, $q$ $$ $q$ , a$b$c", "SELECT ?, ? , a$b$c"),
        (
            'SELECT "a ""b""", e."c" -- secret\nFROM t /* s /* e */ cret */ LIMIT 3',
            'SELECT "a ""b""", e."c"  \nFROM t  LIMIT ?',
        ),
        ("SELECT 'a\\', 'secret'", "SELECT ?, ?"),
        ("SELECT be'x\\', 'secret'", "SELECT be?, ?"),
        ("SELECT 'no end", "SELECT ?"),
        ("SELECT $a$ no end", "SELECT ?"),
        ("SELECT 1 /* no end", "SELECT ? "),
        ("SELECT x::numeric(10,2)[1:2]", "SELECT x::numeric(?,?)[?:?]"),
    ],
)
def test_redaction_keeps_names_and_replaces_constants(sql: str, redacted: str) -> None:
    assert redact_values(sql) == redacted


SECRET = "hunter"
CONSTANTS = st.sampled_from(
    ["'{}'", "'a''{}'", "E'{}\\''", "E'\\\\{}'", "$${}$$", "$x$'{}$x$", "$x$$${}$x$", "U&'{}'", "'\\{}'", "N'{}'"]
)
GAPS = st.sampled_from(
    [" ", "\n", " /* {} */ ", " --{}\n", " /* /* */ {} */ ", " /* ' */ ", " --'\n", """ AS "'" """, ", "]
)


@given(st.lists(st.tuples(CONSTANTS, GAPS), min_size=1, max_size=8))
def test_redaction_removes_constants_and_comments_in_any_mix(parts: list[tuple[str, str]]) -> None:
    sql = "SELECT " + "".join(constant.format(SECRET) + gap.format(SECRET) for constant, gap in parts)
    assert SECRET not in redact_values(sql)


@given(st.text())
def test_redaction_ends_for_any_text(text: str) -> None:
    redact_values(text)

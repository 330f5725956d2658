"""Reads from the text of a query which columns are parts of dates or amounts, whatever their aliases are."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from zava_mcp.currencies import MONEY

_MAX_CALLS = 50  # calls of one query that are read; each is scanned to its closing parenthesis
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
#: The begin of a column that is such a call, perhaps within a cast or after a text such as 'W' ||.
_CALL = re.compile(
    r"(?:\bselect(?:\s+distinct|\s+all)?\s+|,\s*)(?P<open>(?:(?:(?:cast|round|trunc|floor)\s*)?\(\s*)*)"
    r"(?:'[^']{0,9}'\s*\|\|\s*)?"
    r"(?P<call>extract|date_part|date_trunc|to_char)\s*\(\s*(?:'?(?P<unit>\w+)'?(?:\s+from\b|\s*,))?",
    re.IGNORECASE,
)
_PARENTHESIS = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|[()]")
_TYPE = r"(?:double\s+precision|\w+)(?:\s*\(\s*\d+(?:\s*,\s*\d+)?\s*\))?"
_TAIL = re.compile(rf"(?:\s*::\s*{_TYPE}|\s+as\s+{_TYPE}\s*\)|\s*,\s*\d+\s*\)|\s*\))*", re.IGNORECASE)
_ALIAS = re.compile(
    r"\s+(?:as\s+)?(?!from\b|asc\b|desc\b)(?:\"(?P<quoted>[^\"]+)\"|(?P<alias>\w+))(?=\s*(?:[,;)]|$|from\b))"
    r"|(?P<none>\s*(?:,|;|$|from\b))",
    re.IGNORECASE,
)
_FORMAT = re.compile(r",\s*'([^']{1,40})'\s*\)$")
_UNITS = {
    **{unit: unit for unit in ("year", "quarter", "month", "week", "day", "hour")},
    **{"years": "year", "isoyear": "year", "dow": "weekday", "isodow": "weekday", "doy": "day"},
}
_MAX_EXPRESSION = 1000  # characters of a column's expression
_MAX_EXPRESSIONS = 200  # the limit for one query
_COLUMN_END = re.compile(r"[\s)](?:\"([^\"]+)\"|(\w+))(?=\s*(?:,|\)|;|$|from\b))", re.IGNORECASE)
_WINDOW = re.compile(r"\b(?:over|filter)\s*\(")
_AMOUNT = re.compile(r"(?<![a-z])(?:amount|price|cost|revenue)(?![a-z])")
_NO_AMOUNT = re.compile(r"'[^']*'|\bcount\s*\([^()]*\)")
_CONDITION = re.compile(r"\bwhen\b.*?\bthen\b", re.DOTALL)
#: The units of to_char's formats, by what they contain; the first that matches is the unit.
_FORMATS = (
    ("week", "IW|WW"),
    ("hour", "HH"),
    ("day", "DD"),
    ("month", "MM|MON"),
    ("quarter", "Q"),
    ("weekday", "DAY|DY|ID|D"),
    ("year", "YYYY"),
)


def units_in(sql: str, names: Sequence[str]) -> list[str]:
    """The unit of each column that is extract, date_part, date_trunc or to_char of a date; "" for the others.

    MONEY for columns that are computed from columns of amounts, such as sum(total_amount).
    """
    found, sql = defaultdict(list), _COMMENT.sub(" ", sql)
    for name, unit in _calls(sql):
        found[name.lower()].append(unit)
    units = [_unit(found.get(name.lower(), []), names[:index].count(name)) for index, name in enumerate(names)]
    amounts = _amounts(sql, {name.lower() for name in names})
    return [unit or (MONEY if name.lower() in amounts else "") for name, unit in zip(names, units, strict=True)]


def _amounts(sql: str, names: Collection[str]) -> set[str]:
    """Those of the names, in lower case, that are aliases of an expression of amounts."""
    ends = [(alias[1] or alias[2], alias.start() + 1) for alias in _COLUMN_END.finditer(sql)]
    named = [(name.lower(), end) for name, end in ends if name.lower() in names]
    return {name for name, end in named[:_MAX_EXPRESSIONS] if _is_amount(_before(sql, end))}


def _is_amount(expression: str) -> bool:
    """Whether an expression is computed from amounts, and is not their ratio, rank or number."""
    head, then, tail = _NO_AMOUNT.sub(" ", _WINDOW.split(expression, maxsplit=1)[0]).rpartition("then")
    value = _CONDITION.sub(" ", head + then) + tail  # each WHEN would look for its THEN up to the end
    numerator, *divisors = [_AMOUNT.search(part) is not None for part in value.split("/")]
    return numerator and not any(divisors)


def _before(sql: str, end: int) -> str:
    """The expression that ends at a position, in lower case: back to the comma or the SELECT before it."""
    text, depth = sql[max(0, end - _MAX_EXPRESSION) : end].lower(), 0
    for index in range(len(text) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(text[index], 0)
        if depth < 0 or (depth == 0 and (text[index] == "," or text.startswith("select", index))):
            return text[index + 1 :]
    return text


def _unit(units: list[str], earlier: int) -> str:
    """The unit of the column after `earlier` columns of the same name."""
    if len(set(units)) == 1:
        return units[0]
    return units[earlier] if earlier < len(units) else ""


def _calls(sql: str) -> Iterator[tuple[str, str]]:
    """The name and the unit of each column that is a call, in their order."""
    for number, match in enumerate(_CALL.finditer(sql)):
        end = _closing(sql, match.end())
        if number == _MAX_CALLS or not end:
            return
        tail = _TAIL.match(sql, end)
        text = tail[0] if tail else ""
        alias = _ALIAS.match(sql, end + len(text))
        if alias is None or _closed(text) != match["open"].count("("):
            continue
        unit = (
            _format_unit(sql[match.start("call") : end])
            if match["call"].lower() == "to_char"
            else (match["unit"] or "")
        )
        name = alias["quoted"] or alias["alias"] or match["call"]
        yield name, _UNITS.get(unit.lower(), "")


def _closed(tail: str) -> int:
    return tail.count(")") - tail.count("(")


def _closing(sql: str, start: int) -> int:
    """The end of the parenthesis that is open at a position; 0 if it is not closed."""
    depth = 1
    for match in _PARENTHESIS.finditer(sql, start):
        depth += {"(": 1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end()
    return 0


def _format_unit(arguments: str) -> str:
    """The unit of to_char's format."""
    if not (match := _FORMAT.search(arguments)):
        return ""
    parts = re.sub(r'"[^"]*"', " ", match[1]).upper()
    return next((unit for unit, form in _FORMATS if re.search(form, parts)), "")

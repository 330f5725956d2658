"""Finds the literals of a query, and the column and operator that each is compared with.

Only hints use this module. It reads each character of the query once: the text is hostile, and a pattern that
backtracks would block the server.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MAX_SQL_CHARACTERS = 20_000  # Longer queries are not examined.
_MAX_TOKENS = 2_000
_MAX_OPERAND_TOKENS = 40  # between the brackets of an expression that is compared
_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|(?P<text>'(?:[^']|'')*(?:'|\Z))|(?P<name>\"[^\"]*(?:\"|\Z)|[^\W\d]\w*)"
    r"|(?P<number>\d[\w.]*)|(?P<operator>[=<>!~@*]+)|(?P<mark>[^\s\w])",
    re.DOTALL,
)
_LIST_WORDS = frozenset({"(", "[", "any", "some", "all", "array", "date", "timestamp", "timestamptz", "e"})
_PATTERN_WORDS = frozenset({"like", "ilike", "similar"})
_SAME_TEXT = ("lower", "upper", "trim", "btrim")  # functions whose result is corrected like their argument
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Comparison:
    """A literal of a query, and what it is compared with: a column or the names of an expression, "" if unknown."""

    text: str
    column: str = ""
    operator: str = ""  # in lower case: =, <, like, in, between, and (the second value of between), …
    function: str = ""  # around the column: lower or upper
    names: frozenset[str] = frozenset()  # the names in the compared expression
    negated: bool = False
    is_number: bool = False

    @property
    def any_case(self) -> bool:
        """Returns whether the operator ignores case."""
        return "ilike" in self.operator or "*" in self.operator

    @property
    def is_pattern(self) -> bool:
        """Returns whether the literal is a pattern of LIKE or a regular expression."""
        return self.operator in _PATTERN_WORDS or "~" in self.operator

    def in_case(self, value: str) -> str:
        """Returns a value in the case that the comparison needs."""
        return value.lower() if self.function == "lower" else value.upper() if self.function == "upper" else value

    def may_match(self, value: str) -> bool:
        """Returns whether the comparison may find the value."""
        text, value = (self.text.casefold(), value.casefold()) if self.any_case else (self.text, self.in_case(value))
        return text == value or (text.strip("%") != text and text.strip("%") in value)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


def find_comparisons(sql: str) -> Iterator[Comparison]:
    """Yields the literals of a query, with what each is compared with."""
    tokens = list(_tokens(sql[:_MAX_SQL_CHARACTERS]))
    previous = Comparison("")
    for index, token in enumerate(tokens):
        if token.kind not in ("text", "number"):
            continue
        text = token.text[1:].removesuffix("'").replace("''", "'") if token.kind == "text" else token.text
        start = _start_of_value(tokens, index)
        if _is_in_list(tokens, start) and previous.operator == "in":
            compared = previous
        elif start > 0 and tokens[start - 1].text == "and" and previous.operator == "between":
            compared = Comparison("", previous.column, "and", previous.function, previous.names, previous.negated)
        else:
            compared = _compared_before(tokens, start) or _compared_after(tokens, index) or Comparison("")
        previous = compared
        yield Comparison(
            text,
            compared.column,
            compared.operator,
            compared.function,
            compared.names,
            compared.negated,
            token.kind == "number",
        )


def _tokens(sql: str) -> Iterator[_Token]:
    for count, found in enumerate(_TOKEN.finditer(sql)):
        if count >= _MAX_TOKENS:
            return
        if found.lastgroup == "text":
            yield _Token("text", found[0])
        elif found.lastgroup is not None:
            yield _Token(found.lastgroup, found[0].strip('"').lower())


def _start_of_value(tokens: list[_Token], index: int) -> int:
    """Returns where a value begins, with the brackets and type names before it."""
    for start in range(index, max(0, index - _MAX_OPERAND_TOKENS), -1):
        if tokens[start - 1].text not in _LIST_WORDS:
            return start
    return max(0, index - _MAX_OPERAND_TOKENS)


def _is_in_list(tokens: list[_Token], start: int) -> bool:
    return start > 1 and tokens[start - 1].text == "," and tokens[start - 2].kind in ("text", "number")


def _compared_before(tokens: list[_Token], start: int) -> Comparison | None:
    """Returns the comparison whose operator ends before the token at `start`."""
    if start < 2:
        return None
    end, operator = start - 1, tokens[start - 1]
    if operator.kind != "operator" and operator.text not in (*_PATTERN_WORDS, "in", "between"):
        return None
    is_list = operator.text == "=" and tokens[start].text in ("any", "some")
    negated = tokens[end - 1].text == "not" or operator.text in ("<>", "!=") or operator.text.startswith("!~")
    end -= tokens[end - 1].text == "not"
    return _operand(tokens[max(0, end - _MAX_OPERAND_TOKENS) : end], "in" if is_list else operator.text, negated)


def _operand(tokens: list[_Token], operator: str, negated: bool) -> Comparison | None:
    """Returns a comparison with the column or the expression in brackets that ends with the last token."""
    if len(tokens) > 3 and tokens[-2].text == tokens[-3].text == ":":
        tokens = tokens[:-3]
    if not tokens:
        return None
    if tokens[-1].kind == "name":
        return Comparison("", tokens[-1].text, operator, "", frozenset({tokens[-1].text}), negated)
    if tokens[-1].text != ")" or (start := _opening(tokens)) is None:
        return None
    inner = [token.text for token in tokens[start + 1 : -1] if token.kind == "name"]
    function = tokens[start - 1].text if start else ""
    column = inner[-1] if inner and function in _SAME_TEXT else ""
    case = function if function in ("lower", "upper") else ""
    return Comparison("", column, operator, case, frozenset({*inner, function}), negated)


def _opening(tokens: list[_Token]) -> int | None:
    """Returns the index of the bracket that the last token closes."""
    depth = 0
    for index in range(len(tokens) - 1, -1, -1):
        depth += (tokens[index].text == ")") - (tokens[index].text == "(")
        if depth == 0:
            return index
    return None


def _compared_after(tokens: list[_Token], index: int) -> Comparison | None:
    """Returns the comparison of a literal that is before its operator: '2026-01-01' < order_date."""
    following = tokens[index + 1 : index + 5]
    if len(following) < 2 or following[0].kind != "operator" or following[1].kind != "name":
        return None
    qualified = len(following) == 4 and following[2].text == "." and following[3].kind == "name"
    column = following[3 if qualified else 1].text
    operator = _MIRRORED.get(following[0].text, following[0].text)
    return Comparison("", column, operator, "", frozenset({column}), operator in ("<>", "!="))

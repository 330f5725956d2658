"""The exercises on testing: a property that finds mutants, and a mutation that only twin databases notice."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zava_mcp import sql
from zava_mcp.errors import QueryError
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.tool_answer import load_function

if TYPE_CHECKING:
    from zava_mcp.admin.scratch_database import ScratchDatabase

_SQL = sql.named("exercises/08.sql")
_MARK = "…"
Shorten = Callable[[str, int], str]

#: What each login must see of both twins' rows in a test of results; the twins differ for ben alone.
_OWN = {"ann": [(1, 1, 100), (2, 1, 250)], "ben": [(3, 2, 975), (4, 2, 40)]}
_VALUES = (("sale_id", 3), ("sale_id", 5), ("amount", 975), ("amount", 40), ("amount", 12), ("store_id", 2))
_STATEMENTS = tuple(
    _SQL["condition"].replace("{column}", column).replace("{value}", str(value)) for column, value in _VALUES
)


def shorten(text: str, max_bytes: int) -> str:
    """The text, or its longest beginning that has at most `max_bytes` bytes in UTF-8 together with the mark."""
    data = text.encode()
    if len(data) <= max_bytes:
        return text
    return data[: max_bytes - len(_MARK.encode())].decode(errors="ignore") + _MARK


def _cut(text: str, max_bytes: int) -> str:
    return text.encode()[:max_bytes].decode(errors="ignore")


#: What a mutant does wrong, and the mutant.
_MUTANTS: tuple[tuple[str, Shorten], ...] = (
    ("returns every text as it is", lambda text, _: text),
    ("omits the mark", lambda text, size: text if len(text.encode()) <= size else _cut(text, size - 3)),
    ("counts characters", lambda text, size: text if len(text) <= size else text[: size - 1] + _MARK),
    (
        "forgets the bytes of the mark",
        lambda text, size: text if len(text.encode()) <= size else _cut(text, size) + _MARK,
    ),
    (
        "shortens a text that just fits",
        lambda text, size: text if len(text.encode()) < size else shorten(text + "x", size),
    ),
    ("returns less than fits", lambda text, size: text if len(text.encode()) <= size else _cut(text, size - 4) + _MARK),
    ("returns the end", lambda text, size: text if len(text.encode()) <= size else _cut(text[::-1], size - 3) + _MARK),
    ("writes half a character", lambda text, size: text if len(text.encode()) <= size else _halved(text, size)),
)


def _halved(text: str, size: int) -> str:
    """As `shorten`, but a character that does not fit becomes a question mark where there is room."""
    whole = shorten(text, size)
    return whole if len(whole.encode()) == size else whole.removesuffix(_MARK) + "?" + _MARK


def _check_property(file: Path, _lab: Lab) -> None:
    test = load_function(file, "test_shorten")
    try:
        test(shorten)
    except Exception as error:  # whatever the learner's code raises
        what = f"{type(error).__name__}: {error}".strip()[:200]
        raise Wrong(f"test_shorten fails with the right function: {what}") from None
    for fault, mutant in _MUTANTS:
        if not _fails(test, mutant):
            raise Wrong(f"test_shorten does not notice a function that {fault}")


def _fails(test: Callable[[Shorten], Any], mutant: Shorten) -> bool:
    try:
        test(mutant)
    except Exception:  # whatever the learner's code raises
        return True
    return False


def _check_mutation(answer: Any, lab: Lab) -> None:
    require(answer, "the file", protection=str, old=str, new=str)
    old, new, shop = answer["old"], answer["new"], _SQL["shop"]
    if shop.count(old) != 1:
        raise Wrong(f"the text old stands {shop.count(old) if old else 0} times in the set-up, not once")
    try:
        statement = _differing(lab, shop.replace(old, new))
    except QueryError as error:
        raise Wrong(f"the set-up does not run any more, so every test fails: {error.full_message()}") from None
    if not statement:
        raise Wrong("the twins are the same to ann all the same")


def _differing(lab: Lab, set_up: str) -> str:
    """A statement that has another outcome in the second twin; Wrong if already a test of results notices."""
    outcomes = []
    for rows in ("first", "second"):
        with lab.scratch_database(("ann", "ben"), f"{set_up.rstrip().rstrip(';')};\n{_SQL[rows]}") as database:
            if rows == "first":
                _test_results(database)
            outcomes.append([_outcome(database, statement) for statement in _STATEMENTS])
    pairs = zip(_STATEMENTS, *outcomes, strict=True)
    return next((statement for statement, first, second in pairs if first != second), "")


def _test_results(database: "ScratchDatabase") -> None:
    for login, expected in _OWN.items():
        try:
            found = sorted(database.rows(login, _SQL["own_sales"]))
        except QueryError as error:
            raise Wrong(f"{login} cannot read sales any more, which every test notices: {error.message}") from None
        if found != expected:
            raise Wrong(f"a test of results notices it: {login} sees the rows {found}")


def _outcome(database: "ScratchDatabase", statement: str) -> str:
    try:
        return repr(database.rows("ann", statement))
    except QueryError as error:
        return f"{error.sqlstate}: {error.message}"


EXERCISES = (
    Exercise("08-1", ".py", _check_property, "the section Property tests"),
    Exercise("08-2", ".toml", DataAnswer(_check_mutation), "the sections Mutations and Twin databases"),
)

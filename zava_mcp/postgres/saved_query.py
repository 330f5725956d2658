"""Saved queries and the types of their parameters: text that a caller writes becomes a value that is bound."""

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from zava_mcp.errors import InputError
from zava_mcp.postgres.bound_sql import BoundSql, BoundValue
from zava_mcp.suggestions import did_you_mean

MAX_VALUE_CHARACTERS = 1_000
_EXCERPT_CHARACTERS = 60  # the limit for a name or value in a message
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?")
_MAX_DIGITS = 30  # the limit for a number without its exponent
_BOOLEANS = {"true": "true", "yes": "true", "1": "true", "false": "false", "no": "false", "0": "false"}


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError
    value.encode()  # raises UnicodeEncodeError, a ValueError, for an unpaired surrogate
    return value


def _integer(value: str) -> str:
    if not re.fullmatch(r"[-+]?\d{1,10}", value, re.ASCII) or not -(2**31) <= int(value) < 2**31:
        raise ValueError
    return value


def _number(value: str) -> str:
    match = _NUMBER.fullmatch(value)
    if match is None or not value.isascii() or len(match[1].replace(".", "")) > _MAX_DIGITS:
        raise ValueError
    return value


def _date(value: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        raise ValueError
    return datetime.date.fromisoformat(value).isoformat()


def _month(value: str) -> str:
    return _date(f"{value.removesuffix('-01') if value.count('-') > 1 else value}-01")


def _boolean(value: str) -> str:
    try:
        return _BOOLEANS[value.lower()]
    except KeyError:
        raise ValueError from None


class ParameterType(NamedTuple):
    """A type of parameters: PostgreSQL's type, an example, and the function from a caller's text to PostgreSQL's.

    The function raises ValueError.
    """

    type_oid: int
    example: str
    convert: Callable[[str], str]


#: The types that a parameter can have. A month is the date of its first day; a store is its store_id, and callers may
#: write its name.
TYPES = {
    "text": ParameterType(25, "paint", _text),
    "integer": ParameterType(23, "10", _integer),
    "number": ParameterType(1700, "9.5", _number),
    "date": ParameterType(1082, "2026-01-31", _date),
    "month": ParameterType(1082, "2026-01", _month),
    "boolean": ParameterType(16, "true", _boolean),
    "store": ParameterType(23, "1", _integer),
}


@dataclass(frozen=True)
class Parameter:
    """A parameter: `default` is the text of its default value, None for NULL; `required` means there is no default."""

    name: str
    type: str
    description: str = ""
    default: str | None = None
    required: bool = True

    def bind(self, value: str | None) -> BoundValue:
        """The value that PostgreSQL receives for a caller's text. Raises InputError."""
        kind = TYPES[self.type]
        if value is None:
            return BoundValue(kind.type_oid, None)
        try:
            if len(value) > MAX_VALUE_CHARACTERS:
                raise ValueError
            return BoundValue(kind.type_oid, kind.convert(value if self.type == "text" else value.strip()))
        except ValueError:
            limit = f" of at most {MAX_VALUE_CHARACTERS:,} characters" if self.type == "text" else ""
            expected = f"must be of type {self.type}{limit}, such as {kind.example}"
            raise InputError(f"the parameter {self.name} {expected}, not {_excerpt(value)}") from None

    def describe(self) -> str:
        """The parameter as a line shows it: `since date = 2026-01-01`."""
        default = "" if self.required else f" = {'null' if self.default is None else self.default or repr('')}"
        return f"{self.name} {self.type}{default}"


@dataclass(frozen=True)
class SavedQuery:
    """A saved query; `statement` has `$1`, `$2`, … for its parameters, in their order."""

    name: str
    description: str
    parameters: tuple[Parameter, ...]
    statement: str
    source: str = ""

    def bind(self, given: Mapping[str, str], store_ids: Mapping[str, int] | None = None) -> BoundSql:
        """The query with values. `store_ids` are the caller's stores by name. Raises InputError."""
        self._check_names(given)
        values = []
        for parameter in self.parameters:
            value = given.get(parameter.name, parameter.default)
            if parameter.type == "store" and value is not None and store_ids is not None:
                value = _store_id(parameter, value, store_ids)
            values.append(parameter.bind(value))
        return BoundSql(self.statement, tuple(values))

    def takes_stores(self, given: Mapping[str, str]) -> bool:
        """Whether a value of a call is a store, which `bind` looks up."""
        return any(p.type == "store" and given.get(p.name, p.default) is not None for p in self.parameters)

    def _check_names(self, given: Mapping[str, str]) -> None:
        """Raises InputError that names unknown and missing parameters, and what to write instead."""
        names = [parameter.name for parameter in self.parameters]
        faults = [
            f"the saved query {self.name} has no parameter {_excerpt(name)}{did_you_mean(name, names)}"
            for name in given
            if name not in names
        ][:3]
        faults += [f"the parameter {p.name} is missing" for p in self.parameters if p.required and p.name not in given]
        if faults:
            raise InputError("; ".join(faults), self.parameter_hint())

    def parameter_hint(self) -> str:
        """A sentence with the parameters of the query."""
        if not self.parameters:
            return "It has no parameters."
        example = ", ".join(f"{p.name}={p.default or TYPES[p.type].example}" for p in self.parameters)
        return f"Its parameters are: {', '.join(p.describe() for p in self.parameters)}. For example: {example}."

    def describe(self) -> str:
        """One line: `name(since date, store store = null): description`."""
        return f"{self.name}({', '.join(p.describe() for p in self.parameters)}): {self.description}"

    def parameters_json(self) -> str:
        """The parameters as the database stores them."""
        return json.dumps([_to_json(parameter) for parameter in self.parameters], ensure_ascii=False)


def read_saved_query(name: str, description: str, parameters: object, statement: str, source: str = "") -> SavedQuery:
    """A saved query from the columns of its row."""
    listed: list[dict[str, Any]] = json.loads(parameters) if isinstance(parameters, str) else list(parameters or [])  # type: ignore[call-overload]
    return SavedQuery(name, description, tuple(map(_from_json, listed)), statement, source)


def unknown_query(name: str, known: Iterable[str]) -> InputError:
    """The error for a name that no saved query has."""
    names = list(known)
    if not names:
        return InputError(
            "there are no saved queries in this database",
            "Write SQL instead; an administrator saves queries with `zava-mcp saved add FILE`.",
        )
    shown = ", ".join(names[:20]) + (f" and {len(names) - 20:,} more" if len(names) > 20 else "")
    return InputError(
        f"there is no saved query {_excerpt(name)}{did_you_mean(name, names)}", f"The saved queries are: {shown}."
    )


def _store_id(parameter: Parameter, value: str, store_ids: Mapping[str, int]) -> str:
    """The id of a store that the caller sees, by name, by the last words of its name, or by id. Raises InputError."""
    text = value.strip()
    by_fold = {name.casefold(): store_id for name, store_id in store_ids.items()}
    if (store_id := by_fold.get(text.casefold())) is not None:
        return str(store_id)
    endings = [store_id for name, store_id in by_fold.items() if name.endswith(f" {text.casefold()}")]
    if len(endings) == 1:
        return str(endings[0])
    if re.fullmatch(r"\d{1,10}", text, re.ASCII) and int(text) in store_ids.values():
        return text
    shown = ", ".join(list(store_ids)[:10]) or "none"
    near = did_you_mean(text, store_ids)
    raise InputError(
        f"the parameter {parameter.name} must be a store that you see, not {_excerpt(value)}{near}",
        f"Your stores: {shown}{', …' if len(store_ids) > 10 else ''}.",
    )


def _to_json(parameter: Parameter) -> dict[str, str | None]:
    entry: dict[str, str | None] = {
        "name": parameter.name,
        "type": parameter.type,
        "description": parameter.description,
    }
    return entry if parameter.required else {**entry, "default": parameter.default}


def _from_json(entry: Mapping[str, Any]) -> Parameter:
    default = entry.get("default")
    return Parameter(entry["name"], entry["type"], entry.get("description", ""), default, "default" not in entry)


def _excerpt(value: str) -> str:
    return repr(value[:_EXCERPT_CHARACTERS])

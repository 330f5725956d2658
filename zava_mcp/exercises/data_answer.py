"""A configuration as an answer: TOML, JSON, YAML or variables of an env file, parsed and handed to a check."""

import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zava_mcp.errors import InputError, install_extra
from zava_mcp.exercises.exercise import Wrong, read_answer
from zava_mcp.exercises.lab import Lab


@dataclass(frozen=True)
class DataAnswer:
    """Parses an answer by its suffix (.toml, .json, .yml, .yaml) and calls `check` with the value and the lab."""

    check: Callable[[Any, Lab], None]

    def __call__(self, file: Path, lab: Lab) -> None:
        """Checks an answer. Raises Wrong."""
        self.check(parse(file), lab)


def parse(file: Path) -> Any:
    """The value of a file. Raises Wrong if it has another form than its suffix says."""
    text = read_answer(file)
    form = {".toml": "TOML", ".json": "JSON"}.get(file.suffix, "YAML")
    try:
        return tomllib.loads(text) if form == "TOML" else json.loads(text) if form == "JSON" else _yaml(text)
    except ValueError as error:
        raise Wrong(f"{file.name} is not {form}: {' '.join(str(error).split())}") from None


def _yaml(text: str) -> Any:
    """The value of a YAML text. Raises ValueError."""
    try:
        import yaml
    except ImportError:
        raise InputError("this check reads YAML, which needs the extra guide", install_extra("guide")) from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(error) from None


def require(mapping: Any, where: str, **kinds: type) -> None:
    """Raises Wrong unless a value is a table with these entries, each of its kind."""
    if not isinstance(mapping, dict):
        raise Wrong(f"{where} is no table of names and values")
    for name, kind in kinds.items():
        if name not in mapping:
            raise Wrong(f"{where} has no entry {name}")
        if not isinstance(mapping[name], kind) or (kind is int and isinstance(mapping[name], bool)):
            raise Wrong(f"the entry {name} of {where} is not {_KINDS[kind]}")


_KINDS: dict[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    bool: "true or false, without quotation marks",
    list: "a list",
    dict: "a table",
}

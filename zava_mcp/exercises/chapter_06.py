"""The exercises on tools: a tool with bounds and good errors, and the description of a tool."""

import json
import re
from typing import TYPE_CHECKING, Any

from zava_mcp import sql
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.tool_answer import ToolAnswer

if TYPE_CHECKING:
    from zava_mcp.server.trial_client import TrialClient

_SQL = sql.named("exercises/06.sql")
_NAME = "list_best_sellers"
_MAX_ENTRY_BYTES, _SHORTEST_DESCRIPTION = 1_500, 40
_ANNOTATIONS = {"readOnlyHint": True, "destructiveHint": False, "openWorldHint": False}
_HOSTILE = ("x' OR 'x' = 'x", "HARDWARE' --", "$$", "PAINTS")
_OUT_OF_RANGE = (0, 51, 100_000)


async def _check_tool(client: "TrialClient") -> None:
    tools = await client.tools()
    if _NAME not in tools:
        raise Wrong(f"there is no tool {_NAME}")
    _check_entry(tools[_NAME].model_dump(by_alias=True, exclude_none=True))
    for category, year, rows in (("PAINT & FINISHES", 2024, 5), ("HARDWARE", 2023, 50)):
        await _compare(client, category, year, rows)
    await _compare(client, "HARDWARE", 2023, 10, {"category": "HARDWARE", "year": 2023})
    for category in _HOSTILE:
        text, is_error = await client.call(_NAME, category=category, year=2024)
        if not is_error:
            raise Wrong(f"the category {category!r}, which does not exist, is no error")
        if "PLUMBING" not in text or "HAND TOOLS" not in text:
            what = "does not name the categories, or is raised outside raise_tool_errors"
            raise Wrong(f"the error for the category {category!r} {what}: {text[:100]!r}")
    for rows in _OUT_OF_RANGE:
        _, is_error = await client.call(_NAME, category="HARDWARE", year=2024, max_rows=rows)
        if not is_error:
            raise Wrong(f"max_rows = {rows:,} is no error")


async def _compare(
    client: "TrialClient", category: str, year: int, rows: int, arguments: dict[str, Any] | None = None
) -> None:
    """Compares the tool's result with that of a query of the same identity."""
    query = _SQL["best_sellers"].replace("{category}", category).replace("{year}", str(year))
    expected, _ = await client.call("execute_sales_query", postgresql_query=query, max_rows=rows)
    arguments = arguments or {"category": category, "year": year, "max_rows": rows}
    text, is_error = await client.call(_NAME, **arguments)
    if is_error:
        raise Wrong(f"the tool fails with {arguments}: {text}")
    try:
        result = json.loads(text)
        found = result["columns"], result["rows"]
    except (ValueError, TypeError, KeyError):
        raise Wrong('the result is no JSON object with "columns" and "rows"') from None
    wanted = json.loads(expected)
    if found[0] != wanted["columns"]:
        raise Wrong(f"the columns of the result are {found[0]}")
    if found[1] != wanted["rows"]:
        raise Wrong(f"the rows of {category} in {year} are others than those of a query")


def _check_entry(entry: dict[str, Any]) -> None:
    properties = entry["inputSchema"]["properties"]
    if set(properties) != {"category", "year", "max_rows"}:
        raise Wrong(f"the arguments are {', '.join(properties) or 'none'}")
    if sorted(entry["inputSchema"].get("required", [])) != ["category", "year"]:
        raise Wrong("category and year are not exactly the arguments that are required")
    _check_texts(entry)


def _check_texts(entry: dict[str, Any]) -> None:
    """Checks the descriptions, the annotations and the size of an entry of tools/list."""
    if len(str(entry.get("description", ""))) < _SHORTEST_DESCRIPTION:
        raise Wrong("the description of the tool is too short to say what it does and what it returns")
    for name, argument in entry["inputSchema"]["properties"].items():
        if not argument.get("description"):
            raise Wrong(f"the argument {name} has no description")
    annotations = entry.get("annotations") or {}
    for hint, value in _ANNOTATIONS.items():
        if annotations.get(hint) is not value:
            raise Wrong(f"the annotation {hint} is {annotations.get(hint)}")
    if (size := len(json.dumps(entry, separators=(",", ":")))) > _MAX_ENTRY_BYTES:
        raise Wrong(f"the entry takes {size:,} bytes of every conversation; {_MAX_ENTRY_BYTES:,} are enough")


#: Arguments that the schema must accept, and others that it must reject.
_VALID: tuple[dict[str, Any], ...] = (
    {},
    {"days": 7},
    {"days": 1, "category": "HARDWARE"},
    {"days": 365},
    {"category": "HARDWARE"},
)
_INVALID = (
    {"days": 0},
    {"days": -7},
    {"days": 100_000},
    {"days": 1.5},
    {"days": "seven"},
    {"category": 5},
    {"category": ["HARDWARE"]},
    {"user_id": "f47ac10b-58cc-4372-a567-0e02b2c3d479"},
    {"limit": 3},
)


def _check_description(entry: Any, _lab: Lab) -> None:
    require(entry, "the file", name=str, description=str, inputSchema=dict, annotations=dict)
    schema = entry["inputSchema"]
    require(schema, "the inputSchema", properties=dict)
    if not re.fullmatch(r"[a-z]+(_[a-z0-9]+){1,6}", entry["name"]) or "data" in entry["name"]:
        raise Wrong(f"the name {entry['name']} is no verb with its object in snake_case")
    if set(schema["properties"]) != {"days", "category"}:
        raise Wrong(f"the arguments are {', '.join(schema['properties']) or 'none'}")
    for name, kind in (("days", "integer"), ("category", "string")):
        require(schema["properties"][name], f"the argument {name}", type=str)
        if schema["properties"][name]["type"] != kind:
            raise Wrong(f"the type of {name} is {schema['properties'][name]['type']}")
    _check_schema(schema)
    _check_texts(entry)
    if "revenue" not in entry["description"].lower():
        raise Wrong("the description does not say what the tool returns")


def _check_schema(schema: dict[str, Any]) -> None:
    """Checks what the schema accepts. Raises Wrong, also for a schema that is none."""
    from jsonschema import Draft202012Validator, SchemaError  # type: ignore[import-untyped]  # a dependency of mcp

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise Wrong(f"the inputSchema is no JSON Schema: {error.message}") from None
    validator = Draft202012Validator(schema)
    for arguments in _VALID:
        if not validator.is_valid(arguments):
            raise Wrong(f"the schema rejects {json.dumps(arguments)}")
    for arguments in _INVALID:
        if validator.is_valid(arguments):
            raise Wrong(f"the schema accepts {json.dumps(arguments)}")


EXERCISES = (
    Exercise("06-1", ".py", ToolAnswer("add_tool", _check_tool), "the section Add a tool"),
    Exercise("06-2", ".json", DataAnswer(_check_description), "the sections Arguments and Descriptions"),
)

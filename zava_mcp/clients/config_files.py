"""The config files of MCP clients on this machine, read as strictly as each client reads its own."""

import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

#: A string, or a comment, in the JSON with comments that VS Code reads; then a comma too many.
_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMAS = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
_KEYS = ("mcpServers", "servers", "mcp_servers")
_INPUT = re.compile(r"\$\{input:([^}]*)\}")
_NOTHING = re.compile(r"(?!)")

Fault = tuple[str, str]  # what was found, what to do


@dataclass(frozen=True)
class Format:
    """What a client reads: the key of its servers, JSON with comments or without, and references that it fills in."""

    key: str
    with_comments: bool = False
    drop_placeholders: re.Pattern[str] = _NOTHING


_VS_CODE = Format("servers", with_comments=True, drop_placeholders=re.compile(r"\$\{[^}]*\}"))
_FORMATS = {
    "VS Code": _VS_CODE,
    "Cursor": Format(
        "mcpServers", drop_placeholders=re.compile(r"\$\{(?:env:[^}]*|userHome|workspaceFolder\w*|pathSeparator|/)\}")
    ),
    "Claude Code": Format("mcpServers", drop_placeholders=re.compile(r"\$\{[A-Za-z_]\w*(?::-[^}]*)?\}")),
    "Claude Desktop": Format("mcpServers"),
    "Codex": Format("mcp_servers"),
}


@dataclass(frozen=True)
class Entry:
    """How a client starts one server; `secrets` are variables whose values it must not have in writing.

    `drop_placeholders` is what the client replaces; `faults` are those of its form.
    """

    name: str
    command: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    secrets: tuple[str, ...] = ()
    drop_placeholders: re.Pattern[str] = _VS_CODE.drop_placeholders
    faults: tuple[Fault, ...] = ()


def config_files() -> Iterator[tuple[str, Path]]:
    """The known clients, and where each keeps what it starts: for the user, and for the folder we are in."""
    try:
        home = Path.home()
    except RuntimeError:  # this user has none
        home = Path("/")
    programs = {
        "darwin": home / "Library" / "Application Support",
        "win32": _folder("APPDATA", home / "AppData" / "Roaming"),
    }.get(sys.platform, _folder("XDG_CONFIG_HOME", home / ".config"))
    yield "Claude Desktop", programs / "Claude" / "claude_desktop_config.json"
    yield "VS Code", programs / "Code" / "User" / "mcp.json"
    yield "VS Code Insiders", programs / "Code - Insiders" / "User" / "mcp.json"
    yield "VS Code, this folder", Path(".vscode") / "mcp.json"
    yield "Cursor", home / ".cursor" / "mcp.json"
    yield "Cursor, this folder", Path(".cursor") / "mcp.json"
    yield "Claude Code", home / ".claude.json"
    yield "Claude Code, this folder", Path(".mcp.json")
    yield "Codex", _folder("CODEX_HOME", home / ".codex") / "config.toml"


def _folder(name: str, default: Path) -> Path:
    """The folder that a variable names; relative ones count as not given, as the XDG specification says."""
    folder = Path(os.environ.get(name, ""))
    return folder if folder.is_absolute() else default


def read_entries(client: str, path: Path, text: str) -> Iterator[Entry]:
    """The servers of a file, those under a key that the client does not read among them.

    Raises ValueError for a file that the client cannot parse, TypeError for one of another form.
    """
    form = next(form for name, form in _FORMATS.items() if client.startswith(name))
    content = tomllib.loads(text) if path.suffix == ".toml" else _parsed(text, form, client)
    inputs = {entry.get("id") for entry in _list(content.get("inputs")) if isinstance(entry, dict)}
    for place in [content, *_object(content.get("projects", {})).values()]:
        for key in _KEYS:
            for name, entry in _object(_object(place).get(key, {})).items():
                misplaced = _misplaced(client, form, key)
                yield _entry(name, entry, form, inputs, misplaced)


def _parsed(text: str, form: Format, client: str) -> dict[str, Any]:
    plain = _LAST_COMMAS.sub(lambda found: found[1] or "", _COMMENTS.sub(lambda found: found[1] or "", text))
    try:
        content = json.loads(plain if form.with_comments else text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(_why(error, plain, client)) from None
    return _object(content)


def _why(error: ValueError, plain: str, client: str) -> str:
    try:
        json.loads(plain, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return str(error)
    return f"{client.partition(',')[0]} reads no comments and no comma after the last entry ({error})"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _misplaced(client: str, form: Format, key: str) -> tuple[Fault, ...]:
    if key == form.key:
        return ()
    name = client.partition(",")[0]
    return ((f'it stands under "{key}", which {name} does not read', f'put it under "{form.key}"'),)


def _entry(name: str, entry: object, form: Format, inputs: set[Any], misplaced: tuple[Fault, ...]) -> Entry:
    if not isinstance(entry, dict):
        return Entry(
            name, "", (), {}, faults=(*misplaced, ("it is not an object", 'write {"command": …, "args": […]}'))
        )
    command, arguments, environment = entry.get("command"), entry.get("args", []), entry.get("env", {})
    faults = [*misplaced, *_form_faults(entry, form)]
    words = [word for word in _list(arguments) if isinstance(word, str)]
    values = environment if isinstance(environment, dict) else {}
    texts = {str(key): str(value) for key, value in values.items() if value is not None}
    asked = [key for text in (*words, *texts.values()) for key in _INPUT.findall(text)] if form is _VS_CODE else []
    faults += [
        (f"it asks for ${{input:{key}}}, which is not among the inputs", f'add {key!r} to "inputs"')
        for key in dict.fromkeys(asked)
        if key not in inputs
    ]
    started = command if isinstance(command, str) else ""
    return Entry(name, started, tuple(words), texts, drop_placeholders=form.drop_placeholders, faults=tuple(faults))


def _form_faults(entry: dict[str, Any], form: Format) -> Iterator[Fault]:
    """What the client would refuse, or start otherwise than it is written."""
    command, arguments, environment = entry.get("command"), entry.get("args", []), entry.get("env", {})
    if not isinstance(command, str) or not command.strip():
        yield "it has no command, as a text", 'say "command": "…"'
    if not isinstance(arguments, list) or not all(isinstance(word, str) for word in arguments):
        yield "its args are not a list of texts", 'write each argument in quotes, in brackets: "args": ["…"]'
    if not isinstance(environment, dict):
        yield "its env is not an object", 'say "env": {"NAME": "value"}'
    allowed = str | int | float | None if form is _VS_CODE else str
    for name, value in environment.items() if isinstance(environment, dict) else ():
        if isinstance(value, bool) or not isinstance(value, allowed):
            yield f"the variable {name} is not a text", f"put the value of {name} in quotes"
    if entry.get("type", "stdio") != "stdio":
        yield f"its type is {str(entry['type'])[:20]!r}, not 'stdio'", 'say "type": "stdio"'
    if entry.get("disabled") is True or entry.get("enabled") is False:
        yield "it is switched off", "switch it on, or remove the entry"

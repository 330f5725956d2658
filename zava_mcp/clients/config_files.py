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

#: A string or a comment, and a string or a trailing comma, in the JSON with comments that VS Code reads.
_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING_COMMAS = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)
_KEYS = ("mcpServers", "servers", "mcp_servers")
#: The keys of entries that any of the clients reads.
_ENTRY_KEYS = re.compile(
    "command|args|env|type|cwd|envFile|url|headers|name|description|title|version|icon|disabled|enabled|required|timeout"
    "|dev|gallery|sandbox|sandboxEnabled|autoApprove|alwaysAllow|alwaysLoad|disabledTools|enabledTools|tools|transport"
    "|transportType|startup_timeout_sec|startup_timeout_ms|tool_timeout_sec|enabled_tools|disabled_tools|env_vars|oauth"
    "|supports_parallel_tool_calls|default_tools_approval_mode|scopes|auth|experimental_environment"
)
_MISTAKEN_KEYS = {
    "command": ("cmd", "commands", "comand", "program", "executable", "exec", "path"),
    "args": ("arguments", "argument", "arg", "args", "argv", "parameters", "params", "commandargs"),
    "env": ("environment", "environments", "envs", "env", "envvars", "variables", "environmentvariables"),
}
_INPUT_REFERENCE = re.compile(r"\$\{input:([^}]*)\}")
_NOTHING = re.compile(r"(?!)")

Fault = tuple[str, str]  # (finding, fix)


@dataclass(frozen=True)
class ConfigFormat:
    """The format of a config file: the key of its servers, whether it allows comments, and the references in it."""

    key: str
    with_comments: bool = False
    reference: re.Pattern[str] = _NOTHING


_VS_CODE = ConfigFormat(
    "servers",
    with_comments=True,
    reference=re.compile(
        r"\$\{(?:(?:input|env|config|command):[^}]*|userHome|workspaceFolder[^}]*|pathSeparator|/|cwd|execPath)\}"
    ),
)
_FORMATS = {
    "VS Code": _VS_CODE,
    "Cursor": ConfigFormat(
        "mcpServers", reference=re.compile(r"\$\{(?:env:[^}]*|userHome|workspaceFolder\w*|pathSeparator|/)\}")
    ),
    "Claude Code": ConfigFormat("mcpServers", reference=re.compile(r"\$\{[A-Za-z_]\w*(?::-[^}]*)?\}")),
    "Claude Desktop": ConfigFormat("mcpServers"),
    "Codex": ConfigFormat("mcp_servers"),
}


@dataclass(frozen=True)
class Entry:
    """How a client starts one server.

    `secrets` are variables whose values the file must not contain. `reference` matches references that the client
    replaces. `faults` are those of the entry's structure.
    """

    name: str
    command: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    secrets: tuple[str, ...] = ()
    reference: re.Pattern[str] = _VS_CODE.reference
    faults: tuple[Fault, ...] = ()


def config_files() -> Iterator[tuple[str, Path]]:
    """Yields the known clients and the paths of their config files, for the user and for the working directory."""
    try:
        home = Path.home()
    except RuntimeError:  # this user has no home directory
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
    """Returns the folder that a variable names. The XDG specification says to ignore relative paths."""
    folder = Path(os.environ.get(name, ""))
    return folder if folder.is_absolute() else default


def read_entries(client: str, path: Path, text: str) -> Iterator[Entry]:
    """Yields the servers of a file, including those under keys that the client does not read.

    Raises ValueError for a file that the client cannot parse, TypeError for one with another structure.
    """
    file_format = next(each for name, each in _FORMATS.items() if client.startswith(name))
    content = tomllib.loads(text) if path.suffix == ".toml" else _parse_json(text, file_format, client)
    inputs = {entry.get("id") for entry in _list(content.get("inputs")) if isinstance(entry, dict)}
    for place in [content, *_object(content.get("projects", {})).values()]:
        for key, servers in [(key, _object(place).get(key, {})) for key in _KEYS] + [*_stray_servers(place)]:
            for name, entry in _object(servers).items():
                misplaced = _misplaced(client, file_format, key)
                yield _entry(name, entry, file_format, inputs, misplaced)


def _stray_servers(place: dict[str, Any], path: str = "", depth: int = 3) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields servers under other keys, such as misspelt ones, with the path of the key, "" at the top."""
    servers = {name: entry for name, entry in place.items() if isinstance(entry, dict) and "command" in entry}
    if servers:
        yield path, servers
    for key, inner in place.items():
        if isinstance(inner, dict) and key not in (*servers, *(() if path else (*_KEYS, "projects"))) and depth:
            yield from _stray_servers(inner, f"{path}.{key}" if path else key, depth - 1)


def _parse_json(text: str, file_format: ConfigFormat, client: str) -> dict[str, Any]:
    plain = _TRAILING_COMMAS.sub(lambda found: found[1] or "", _COMMENTS.sub(lambda found: found[1] or "", text))
    try:
        content = json.loads(plain if file_format.with_comments else text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(_parse_error(error, plain, client)) from None
    return _object(content)


def _parse_error(error: ValueError, plain: str, client: str) -> str:
    try:
        json.loads(plain, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return str(error)
    return f"{client.partition(',')[0]} allows neither comments nor trailing commas ({error})"


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _misplaced(client: str, file_format: ConfigFormat, key: str) -> tuple[Fault, ...]:
    if key == file_format.key:
        return ()
    name = client.partition(",")[0]
    place = f'under "{key[:40]}"' if key else "at the top of the file"
    return ((f"it is {place}, which {name} does not read", f'put it under "{file_format.key}"'),)


def _entry(
    name: str, entry: object, file_format: ConfigFormat, inputs: set[Any], misplaced: tuple[Fault, ...]
) -> Entry:
    if not isinstance(entry, dict):
        return Entry(
            name, "", (), {}, faults=(*misplaced, ("it is not an object", 'write {"command": …, "args": […]}'))
        )
    command, arguments, environment = entry.get("command"), entry.get("args", []), entry.get("env", {})
    faults = [*misplaced, *_structure_faults(entry, file_format)]
    words = [word for word in _list(arguments) if isinstance(word, str)]
    values = environment if isinstance(environment, dict) else {}
    texts = {str(key): str(value) for key, value in values.items() if value is not None}
    inputs_used = (
        [key for text in (*words, *texts.values()) for key in _INPUT_REFERENCE.findall(text)]
        if file_format is _VS_CODE
        else []
    )
    faults += [
        (f"it uses ${{input:{key}}}, which is not defined in inputs", f'add {key!r} to "inputs"')
        for key in dict.fromkeys(inputs_used)
        if key not in inputs
    ]
    program = command if isinstance(command, str) else ""
    return Entry(name, program, tuple(words), texts, reference=file_format.reference, faults=tuple(faults))


def _letters(key: str) -> str:
    return re.sub(r"[^a-z]", "", key.lower())


def _structure_faults(entry: dict[str, Any], file_format: ConfigFormat) -> Iterator[Fault]:
    """Yields structures that the client would refuse, or start differently."""
    command, arguments, environment = entry.get("command"), entry.get("args", []), entry.get("env", {})
    if not isinstance(command, str) or not command.strip():
        yield "its command is missing or not a string", 'set "command": "…"'
    if not isinstance(arguments, list) or not all(isinstance(word, str) for word in arguments):
        yield "its args are not a list of strings", 'write "args": ["…"], with each argument in quotes'
    if not isinstance(environment, dict):
        yield "its env is not an object", 'set "env": {"NAME": "value"}'
    for key in entry:
        if not _ENTRY_KEYS.fullmatch(key):
            known_key = next((name for name, others in _MISTAKEN_KEYS.items() if _letters(key) in others), "")
            fix = f'write "{known_key}"' if known_key else "remove it, or check its spelling"
            yield f"it has the unknown key {key[:40]!r}", f"{fix} instead of {key[:40]!r}" if known_key else fix
    allowed = str | int | float | None if file_format is _VS_CODE else str
    for name, value in environment.items() if isinstance(environment, dict) else ():
        if isinstance(value, bool) or not isinstance(value, allowed):
            yield f"the variable {name} is not a string", f"put the value of {name} in quotes"
    if entry.get("type", "stdio") != "stdio":
        yield f"its type is {str(entry['type'])[:20]!r}, not 'stdio'", 'set "type": "stdio"'
    if entry.get("disabled") is True or entry.get("enabled") is False:
        yield "it is disabled", "enable it, or remove the entry"

"""The config files of MCP clients on this machine, and what is wrong with those that start us."""

import json
import os
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from zava_mcp.database.health import Check
from zava_mcp.database.identities import sample_identities, short_name
from zava_mcp.retail.client_start import start_fault
from zava_mcp.retail.interpreter import lasting_command
from zava_mcp.search_paths import find_program
from zava_mcp.settings import is_secret

_OURS = re.compile(r"zava[-_]mcp")
_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")  # which the client fills in, perhaps by asking
_PASSWORD_IN_URL = re.compile(r"(?:\w+://[^/\s:@]*:(?=[^@\s/]+@)|[?&](?:ssl)?password=)([^@\s/&]+)")
_PYTHON = re.compile(r"(?:.*[/\\])?(?:python|pypy)[\d.]*w?(?:\.exe)?", re.IGNORECASE)
_SAFE_FLAG = re.compile(r"-[a-zA-Z]*[PI][a-zA-Z]*")
_ELSEWHERE = "put it into libpq's passfile, or into a file of mode 600 named by ZAVA_ENV_FILE"
#: Variables and options whose value is a path: relative, it would be looked for in the client's working directory.
_PATHS = ("ZAVA_ENV_FILE", "ZAVA_DATA_DIR", "ZAVA_AUDIT_LOG", "ZAVA_METRICS_DIR", "ZAVA_EMBEDDING_MODEL_DIR")
_PATH_OPTIONS = ("--env-file", "--data-dir")
#: A string, or a comment, in the JSON with comments that VS Code and Cursor read; then a comma too many.
_COMMENTS = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_LAST_COMMAS = re.compile(r'("(?:\\.|[^"\\])*")|,(?=\s*[}\]])', re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """How a client starts one server; `secrets` are variables whose values it must not have in writing."""

    name: str
    command: str
    arguments: tuple[str, ...]
    environment: dict[str, str]
    secrets: tuple[str, ...] = ()

    @property
    def ours(self) -> bool:
        return any(_OURS.search(word) for word in (self.command, *self.arguments))


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


def examine_clients() -> list[Check]:
    """A check for each config file that names this program; one that says so if none does."""
    files: dict[Path, str] = {}
    for client, path in config_files():  # the folder we are in may be the home
        files.setdefault(path.resolve(), client)
    checks = [check for path, client in files.items() if (check := _examine(client, path))]
    return checks or [Check("client config", "ok", "no known client on this machine starts zava-mcp")]


def _examine(client: str, path: Path) -> Check | None:
    """The check of one file, None if it is not there or not about us."""
    name = f"client config: {client}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        if not path.is_file():
            return None
        return Check(name, "warn", f"{path} cannot be read: {error.strerror}", f"make {path} readable for this user")
    except UnicodeDecodeError:
        return Check(name, "fail", f"{path} is not UTF-8", f"save {path} as UTF-8")
    if not _OURS.search(text):
        return None
    try:
        entries = [entry for entry in _entries(path, text) if entry.ours]
    except ValueError as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        return Check(name, "fail", f"{path} is not valid {kind}: {error}", f"correct {path} there")
    except (AttributeError, TypeError):
        return Check(name, "fail", f"{path} has not the form that {client} reads", f"write {path} as README shows it")
    if not entries:
        return None
    faults = [(f"{entry.name}: {found}", fix) for entry in entries for found, fix in _faults_or_start(entry)]
    if not faults:
        return Check(name, "ok", f"{path} starts {', '.join(entry.name for entry in entries)}")
    return Check(
        name, "fail", f"{path}: " + "; ".join(found for found, _ in faults), ";\n".join(fix for _, fix in faults)
    )


def _entries(path: Path, text: str) -> Iterator[Entry]:
    """The servers of a file. Raises ValueError, AttributeError or TypeError for what cannot be read."""
    if path.suffix == ".toml":
        groups = [tomllib.loads(text).get("mcp_servers", {})]
    else:
        plain = _LAST_COMMAS.sub(lambda found: found[1] or "", _COMMENTS.sub(lambda found: found[1] or "", text))
        content: dict[str, Any] = json.loads(plain)
        places = [content, *content.get("projects", {}).values()]
        groups = [place.get(key, {}) for place in places for key in ("mcpServers", "servers")]
    for group in groups:
        for name, entry in group.items():
            environment = {key: str(value) for key, value in entry.get("env", {}).items()}
            yield Entry(name, str(entry.get("command", "")), tuple(map(str, entry.get("args", ()))), environment)


def _faults_or_start(entry: Entry) -> list[tuple[str, str]]:
    """What is wrong with an entry by its text, else by trying it."""
    faults = list(_faults(entry))
    if faults or _PLACEHOLDER.search(entry.command):  # which the client fills in, and we cannot
        return faults
    fault = start_fault(entry.command, entry.arguments, entry.environment)
    return [(fault, "write the entry that zava-mcp client-config prints for this client")] if fault else []


def _faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, and what to do; a secret's place is told, never the secret."""
    yield from _command_faults(entry)
    yield from _path_faults(entry)
    user_id = _user_id(entry)
    if user_id is None and not ({"--env-file", "ZAVA_ENV_FILE"} & {*entry.arguments, *entry.environment}):
        yield "it names no user id", 'add "--user-id" and the uuid to "args"; zava-mcp identities lists them'
    elif user_id is not None and not (_PLACEHOLDER.search(user_id) or _is_uuid(user_id) or _is_name(user_id)):
        yield (
            f"the user id {user_id[:60]!r} is neither a uuid nor a name in the sample",
            "write one of those that zava-mcp identities lists",
        )
    for place, text in (*entry.environment.items(), *(("args", word) for word in entry.arguments)):
        secret = text if is_secret(place) else next(iter(_PASSWORD_IN_URL.findall(text)), "")
        if secret and not _PLACEHOLDER.search(secret):
            yield f"a password or key stands in {place}", f"take it out of {place}: {_ELSEWHERE}"


def _command_faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is wrong with the program: it is missing, or the folder that a client is in may hold another."""
    command = Path(entry.command).expanduser()
    by_path = len(command.parts) > 1 or command.is_absolute()
    filled_in = _PLACEHOLDER.search(entry.command)
    found = filled_in or (command.is_file() if by_path else find_program(entry.command))
    if not found:
        known = find_program("uvx") or find_program("zava-mcp") or sys.executable
        yield f"the command {entry.command!r} is not there", f'say "command": {json.dumps(known)}'
    elif by_path and not filled_in and not command.is_absolute():
        yield (
            f"the command {entry.command!r} is relative: the client starts what lies in its working directory",
            f'say "command": {json.dumps(str(command.absolute()))}',
        )
    if _takes_modules_of_the_folder(entry):
        yield (
            "Python takes modules from the client's working directory",
            f'put {json.dumps(lasting_command()[1])} before "-m" in "args"',
        )


def _takes_modules_of_the_folder(entry: Entry) -> bool:
    """Whether Python is started with -m or -c but without -P or -I."""
    if not _PYTHON.fullmatch(entry.command) or not {"-m", "-c"} & {*entry.arguments}:
        return False
    flags = entry.arguments[: min(entry.arguments.index(word) for word in ("-m", "-c") if word in entry.arguments)]
    return not any(map(_SAFE_FLAG.fullmatch, flags)) and not entry.environment.get("PYTHONSAFEPATH")


def _path_faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """Paths that depend on the folder that the client is in."""
    words = entry.arguments
    given = [(option, words[place + 1]) for option in _PATH_OPTIONS for place in _places(words, option)]
    given += [(option, word[len(option) + 1 :]) for option in _PATH_OPTIONS for word in words if f"{option}=" in word]
    given += [(name, entry.environment[name]) for name in _PATHS if entry.environment.get(name)]
    for place, text in given:
        if not (_PLACEHOLDER.search(text) or Path(text).expanduser().is_absolute()):
            yield (
                f"the path {text!r} in {place} is relative: it is looked for in the client's working directory",
                f"write the whole path in {place}",
            )


def _places(words: tuple[str, ...], option: str) -> list[int]:
    return [place for place, word in enumerate(words[:-1]) if word == option]


def _user_id(entry: Entry) -> str | None:
    for place, word in enumerate(entry.arguments):
        if word == "--user-id":
            return entry.arguments[place + 1] if place + 1 < len(entry.arguments) else ""
        if word.startswith("--user-id="):
            return word.partition("=")[2]
    return entry.environment.get("ZAVA_USER_ID")


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _is_name(text: str) -> bool:
    return short_name(text) in {short_name(who.name) for who in sample_identities()}

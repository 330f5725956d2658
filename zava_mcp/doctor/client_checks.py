"""Checks the config files of MCP clients on this machine that start zava-mcp."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from zava_mcp.clients.config_files import Entry, Fault, config_files, read_entries
from zava_mcp.clients.start_command import argument_faults, program_arguments, settings_fault, start_fault
from zava_mcp.doctor.check import Check
from zava_mcp.postgres.user_ids import parse_user_id, sample_identities, short_name
from zava_mcp.python_process import standalone_command
from zava_mcp.search_paths import find_program
from zava_mcp.settings import is_secret
from zava_mcp.settings.ignored_settings import misspelt
from zava_mcp.settings.table import NAMES

_PROGRAM = re.compile(r"zava")
_PARAMETER = r"(?:(?:ssl)?password|oauth_client_secret|scram_(?:client|server)_key)"
_PASSWORD_IN_URL = re.compile(rf"(?:\w+://[^/\s:@]*:(?=[^@\s/]+@)|[?&]{_PARAMETER}=)([^@\s/&]+)", re.IGNORECASE)
_PASSWORD_IN_PAIRS = re.compile(rf"(?:^|[\s'\"=]){_PARAMETER}\s*=\s*'?([^\s']+)", re.IGNORECASE)  # libpq's keywords
_PYTHON = re.compile(r"(?:.*[/\\])?(?:python|pypy)[\d.]*w?(?:\.exe)?", re.IGNORECASE)
_SAFE_FLAG = re.compile(r"-[a-zA-Z]*[PI][a-zA-Z]*")
_FIX_FOR_SECRETS = "put it into libpq's passfile, or into a file of mode 600 named by ZAVA_ENV_FILE"
#: Variables and options whose value is a path. A relative one refers to the client's working directory.
_PATH_VARIABLES = ("ZAVA_ENV_FILE", "ZAVA_DATA_DIR", "ZAVA_AUDIT_LOG", "ZAVA_METRICS_DIR", "ZAVA_EMBEDDING_MODEL_DIR")
_PATH_OPTIONS = ("--env-file", "--data-dir")


def check_clients() -> list[Check]:
    """Returns a check for each config file that starts zava-mcp, or one check that says that there is none."""
    files: dict[Path, str] = {}
    for client, path in config_files():  # the working directory may be the home directory
        files.setdefault(path.resolve(), client)
    checks = [check for path, client in files.items() if (check := _check_file(client, path))]
    return checks or [Check("client config", "ok", "no known client on this machine starts zava-mcp")]


def _check_file(client: str, path: Path) -> Check | None:
    """Checks one file. Returns None if it does not exist or does not name zava-mcp."""
    name = f"client config: {client}"
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        if not path.is_file():
            return None
        return Check(name, "warn", f"{path} cannot be read: {error.strerror}", f"make {path} readable for this user")
    except UnicodeDecodeError:
        return Check(name, "fail", f"{path} is not UTF-8", f"save {path} as UTF-8")
    if not _PROGRAM.search(text):
        return None
    try:
        entries = [entry for entry in read_entries(client, path, text) if _starts_zava(entry)]
    except ValueError as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        return Check(name, "fail", f"{path} is not valid {kind}: {error}", f"correct {path}")
    except TypeError:
        return Check(
            name,
            "fail",
            f"{path} does not have the structure that {client} reads",
            f"write {path} as zava-mcp client-config prints it",
        )
    if not entries:
        return None
    return _file_check(name, client, path, entries)


def _file_check(name: str, client: str, path: Path, entries: list[Entry]) -> Check:
    faults = [(f"{entry.name}: {found}", fix) for entry in entries for found, fix in _all_faults(entry, client)]
    if not faults:
        return Check(name, "ok", f"{path} starts {', '.join(entry.name for entry in entries)}")
    return Check(
        name, "fail", f"{path}: " + "; ".join(found for found, _ in faults), ";\n".join(fix for _, fix in faults)
    )


def _starts_zava(entry: Entry) -> bool:
    return any(_PROGRAM.search(word) for word in (entry.name, entry.command, *entry.arguments))


def _all_faults(entry: Entry, client: str) -> list[Fault]:
    """Returns the faults of an entry. An entry without any is started, unless the working directory defines it.

    The settings of one that is not started are checked by this program.
    """
    if faults := [*entry.faults, *_faults(entry)]:
        return faults
    _, arguments = program_arguments(entry)
    texts = (entry.command, *entry.arguments, *entry.environment.values())
    if client.endswith("this folder") or any(map(entry.reference.search, texts)):
        return [fault] if arguments is not None and (fault := settings_fault(entry, arguments)) else []
    return [fault] if (fault := start_fault(entry, arguments)) else []


def _faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yields the faults of an entry as (finding, fix). They say where a secret is, never what it is."""
    yield from _command_faults(entry)
    yield from _path_faults(entry)
    program_faults, arguments = program_arguments(entry)
    yield from program_faults
    yield from argument_faults(arguments or ())
    yield from _user_id_faults(entry)
    for warning in misspelt(entry.environment, NAMES):
        yield warning, 'correct the name in "env"'
    for place, text in (
        *entry.environment.items(),
        *(("args", word) for word in entry.arguments),
        ("command", entry.command),
    ):
        secret = (
            text
            if is_secret(place)
            else next(iter(_PASSWORD_IN_URL.findall(text) + _PASSWORD_IN_PAIRS.findall(text)), "")
        )
        if secret and not entry.reference.search(secret):
            yield f"{place} contains a password or key", f"remove it from {place}: {_FIX_FOR_SECRETS}"


def _user_id_faults(entry: Entry) -> Iterator[Fault]:
    user_id = _user_id(entry)
    if user_id is None and not ({"--env-file", "ZAVA_ENV_FILE"} & {*entry.arguments, *entry.environment}):
        yield "it has no user id", 'add "--user-id" and the uuid to "args"; zava-mcp identities lists them'
    elif user_id is not None and not (
        entry.reference.search(user_id) or parse_user_id(user_id) or _is_sample_name(user_id)
    ):
        yield (
            f"the user id {user_id[:60]!r} is neither a uuid nor a name in the sample",
            "use one that zava-mcp identities lists",
        )


def _command_faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yields faults of the program: it is missing, or depends on the client's working directory."""
    command = Path(entry.command).expanduser()
    by_path = len(command.parts) > 1 or command.is_absolute()
    has_reference = entry.reference.search(entry.command)
    exists = has_reference or (_is_executable(command) if by_path else find_program(entry.command))
    if not exists and (words := _words(entry)):
        yield (
            f"the command {words[0]!r} has its arguments in the same text",
            f'set "command": {json.dumps(words[0])}, and begin "args" with its other words, each in quotes',
        )
    elif not exists:
        known = find_program("uvx") or find_program("zava-mcp") or sys.executable
        yield f"the command {entry.command!r} does not exist", f'set "command": {json.dumps(known)}'
    elif by_path and not has_reference and not command.is_absolute():
        yield (
            f"the command {entry.command!r} is relative to the client's working directory",
            f'set "command": {json.dumps(str(command.absolute()))}',
        )
    if _imports_from_working_directory(entry):
        yield (
            "Python imports modules from the client's working directory",
            f'put {json.dumps(standalone_command()[1])} before "-m" in "args"',
        )


def _words(entry: Entry) -> list[str]:
    """Returns the words of a command that consists of a program and its arguments, [] for any other."""
    words = entry.command.split()
    is_program = bool(words) and (_is_executable(Path(words[0]).expanduser()) or find_program(words[0]) is not None)
    known = bool(words) and re.fullmatch(r"uvx|zava-mcp|python[\d.]*|uv|npx", Path(words[0]).name.removesuffix(".exe"))
    return words if len(words) > 1 and (is_program or known) else []


def _is_executable(command: Path) -> bool:
    return command.is_file() and os.access(command, os.X_OK)


def _imports_from_working_directory(entry: Entry) -> bool:
    """Returns whether Python is started with -m or -c but without -P or -I."""
    if not _PYTHON.fullmatch(entry.command) or not {"-m", "-c"} & {*entry.arguments}:
        return False
    flags = entry.arguments[: min(entry.arguments.index(word) for word in ("-m", "-c") if word in entry.arguments)]
    return not any(map(_SAFE_FLAG.fullmatch, flags)) and not entry.environment.get("PYTHONSAFEPATH")


def _path_faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """Yields paths that depend on the client's working directory."""
    words = entry.arguments
    paths = [(option, words[index + 1]) for option in _PATH_OPTIONS for index in _indexes(words, option)]
    paths += [(option, word[len(option) + 1 :]) for option in _PATH_OPTIONS for word in words if f"{option}=" in word]
    paths += [(name, entry.environment[name]) for name in _PATH_VARIABLES if entry.environment.get(name)]
    for place, text in paths:
        if not (entry.reference.search(text) or Path(text).expanduser().is_absolute()):
            yield (
                f"the path {text!r} in {place} is relative to the client's working directory",
                f"write an absolute path in {place}",
            )


def _indexes(words: tuple[str, ...], option: str) -> list[int]:
    return [index for index, word in enumerate(words[:-1]) if word == option]


def _user_id(entry: Entry) -> str | None:
    """Returns the user id, of several options the last one, as the server does."""
    for index, word in reversed([*enumerate(entry.arguments)]):
        if word == "--user-id":
            return entry.arguments[index + 1] if index + 1 < len(entry.arguments) else ""
        if word.startswith("--user-id="):
            return word.partition("=")[2]
    return entry.environment.get("ZAVA_USER_ID")


def _is_sample_name(text: str) -> bool:
    return short_name(text) in {short_name(identity.name) for identity in sample_identities()}

"""The config files of MCP clients on this machine, and what is wrong with those that start us."""

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

from zava_mcp.clients.config_files import Entry, Fault, config_files, read_entries
from zava_mcp.clients.start_command import argument_faults, program_started_by, why_not_started
from zava_mcp.postgres.checks import Check
from zava_mcp.postgres.user_ids import sample_identities, short_name
from zava_mcp.python_process import standalone_command
from zava_mcp.search_paths import find_program
from zava_mcp.settings import is_secret
from zava_mcp.settings.ignored_settings import misspelt
from zava_mcp.settings.table import NAMES

_OURS = re.compile(r"zava")
_PASSWORD_IN_URL = re.compile(r"(?:\w+://[^/\s:@]*:(?=[^@\s/]+@)|[?&](?:ssl)?password=)([^@\s/&]+)")
_PYTHON = re.compile(r"(?:.*[/\\])?(?:python|pypy)[\d.]*w?(?:\.exe)?", re.IGNORECASE)
_SAFE_FLAG = re.compile(r"-[a-zA-Z]*[PI][a-zA-Z]*")
_ELSEWHERE = "put it into libpq's passfile, or into a file of mode 600 named by ZAVA_ENV_FILE"
#: Variables and options whose value is a path: relative, it would be looked for in the client's working directory.
_PATHS = ("ZAVA_ENV_FILE", "ZAVA_DATA_DIR", "ZAVA_AUDIT_LOG", "ZAVA_METRICS_DIR", "ZAVA_EMBEDDING_MODEL_DIR")
_PATH_OPTIONS = ("--env-file", "--data-dir")


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
        entries = [entry for entry in read_entries(client, path, text) if _is_ours(entry)]
    except ValueError as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        return Check(name, "fail", f"{path} is not valid {kind}: {error}", f"correct {path} there")
    except TypeError:
        return Check(
            name,
            "fail",
            f"{path} has not the form that {client} reads",
            f"write {path} in the form that `zava-mcp client-config` prints",
        )
    if not entries:
        return None
    faults = [(f"{entry.name}: {found}", fix) for entry in entries for found, fix in _all_faults(entry, client)]
    if not faults:
        return Check(name, "ok", f"{path} starts {', '.join(entry.name for entry in entries)}")
    return Check(
        name, "fail", f"{path}: " + "; ".join(found for found, _ in faults), ";\n".join(fix for _, fix in faults)
    )


def _is_ours(entry: Entry) -> bool:
    return any(_OURS.search(word) for word in (entry.name, entry.command, *entry.arguments))


def _all_faults(entry: Entry, client: str) -> list[Fault]:
    """What is wrong with an entry; what seems right is started, unless a folder brought it along."""
    faults = [*entry.faults, *_faults(entry)]
    texts = (entry.command, *entry.arguments, *entry.environment.values())
    if faults or client.endswith("this folder") or any(map(entry.drop_placeholders.search, texts)):
        return faults
    why = why_not_started(entry.command, entry.arguments, frozenset(entry.environment.items()))
    if not why:
        return []
    return [(f"the command does not start zava-mcp: {why}", "take what zava-mcp client-config prints, perhaps --local")]


def _faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, and what to do; a secret's place is told, never the secret."""
    yield from _command_faults(entry)
    yield from _path_faults(entry)
    named, arguments = program_started_by(entry)
    yield from named
    yield from argument_faults(arguments or ())
    user_id = _user_id(entry)
    if user_id is None and not ({"--env-file", "ZAVA_ENV_FILE"} & {*entry.arguments, *entry.environment}):
        yield "it names no user id", 'add "--user-id" and the uuid to "args"; zava-mcp identities lists them'
    elif user_id is not None and not (
        entry.drop_placeholders.search(user_id) or _is_uuid(user_id) or _is_name(user_id)
    ):
        yield (
            f"the user id {user_id[:60]!r} is neither a uuid nor a name in the sample",
            "write one of those that zava-mcp identities lists",
        )
    for warning in misspelt(entry.environment, NAMES):
        yield warning, 'correct the name in "env"'
    for place, text in (*entry.environment.items(), *(("args", word) for word in entry.arguments)):
        secret = text if is_secret(place) else next(iter(_PASSWORD_IN_URL.findall(text)), "")
        if secret and not entry.drop_placeholders.search(secret):
            yield f"a password or key stands in {place}", f"take it out of {place}: {_ELSEWHERE}"


def _command_faults(entry: Entry) -> Iterator[tuple[str, str]]:
    """What is wrong with the program: it is missing, or the folder that a client is in may hold another."""
    command = Path(entry.command).expanduser()
    by_path = len(command.parts) > 1 or command.is_absolute()
    drop_placeholders = entry.drop_placeholders.search(entry.command)
    found = drop_placeholders or (_can_be_run(command) if by_path else find_program(entry.command))
    if not found:
        known = find_program("uvx") or find_program("zava-mcp") or sys.executable
        yield f"the command {entry.command!r} is not there", f'say "command": {json.dumps(known)}'
    elif by_path and not drop_placeholders and not command.is_absolute():
        yield (
            f"the command {entry.command!r} is relative: the client starts what lies in its working directory",
            f'say "command": {json.dumps(str(command.absolute()))}',
        )
    if _takes_modules_of_the_folder(entry):
        yield (
            "Python takes modules from the client's working directory",
            f'put {json.dumps(standalone_command()[1])} before "-m" in "args"',
        )


def _can_be_run(command: Path) -> bool:
    return command.is_file() and os.access(command, os.X_OK)


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
        if not (entry.drop_placeholders.search(text) or Path(text).expanduser().is_absolute()):
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

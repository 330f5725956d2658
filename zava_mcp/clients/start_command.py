"""Checks the command of a client's entry: the program, its arguments, and whether it starts."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import metadata
from pathlib import Path

from zava_mcp.clients.config_files import Entry, Fault
from zava_mcp.python_process import child_environment, standalone_command
from zava_mcp.search_paths import find_program
from zava_mcp.settings.table import NAMES

_PACKAGE = re.compile(
    r"zava[-_]mcp(?:\[([\w\s,-]*)\])?(?:\s*(?:==|>=|<=|~=|@)\s*[\w.*!+-]+(?:\s*,\s*[<>=!~]+\s*[\w.*]+)*)?"
)
_FILE_OR_URL = re.compile(r".*(?:/|\\|\.whl$|^\.$).*")
_OPTIONS = ("--user-id", "--env-file", "--database-url", "--data-dir", "--log-level")
_UVX_OPTIONS_WITH_VALUE = (
    "--from",
    "--with",
    "--python",
    "-p",
    "--index",
    "--index-url",
    "--default-index",
    "--find-links",
    "--directory",
)
_CHECK_SETTINGS = "--check-settings"
_START_SECONDS = 120  # the first start downloads the package
#: Variables of the shell that runs the doctor, which a client does not have.
_SHELL_VARIABLES = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH")
_PACKAGE_FIX = "write it as zava-mcp client-config prints it"


def program_arguments(entry: Entry) -> tuple[list[Fault], tuple[str, ...] | None]:
    """Returns the faults of the program's name, and the arguments of zava-mcp, None if they are not known."""
    words, name = entry.arguments, Path(entry.command).name.lower().removesuffix(".exe")
    if name == "zava-mcp":
        return [], words
    if name.startswith(("python", "pypy")):
        place = words.index("-m") + 1 if "-m" in words else len(words)
        if words[place : place + 1] != ("zava_mcp",):
            return [("Python does not run the module zava_mcp", 'put "-m", "zava_mcp" into "args"')], None
        return [], words[place + 1 :]
    if name == "uvx":
        return _uvx_arguments(words)
    return [], None


def _uvx_arguments(words: tuple[str, ...]) -> tuple[list[Fault], tuple[str, ...] | None]:
    place, source = 0, ""
    while place < len(words) and words[place].startswith("-"):
        option, _, value = words[place].partition("=")
        if option in _UVX_OPTIONS_WITH_VALUE and not value:
            place += 1
            value = words[place] if place < len(words) else ""
        source = value if option == "--from" else source
        place += 1
    program = words[place] if place < len(words) else ""
    if source and program != "zava-mcp":
        return [(f"uvx runs the program {program[:60]!r}", 'write "zava-mcp" after the package')], None
    package = source or program
    if source and _FILE_OR_URL.fullmatch(source):
        return [], words[place + 1 :]
    if not (match := _PACKAGE.fullmatch(package)):
        return [(f"uvx runs the package {package[:60]!r}, which is not zava-mcp", _PACKAGE_FIX)], None
    known = metadata("zava-mcp").get_all("Provides-Extra") or []
    unknown = [extra for extra in re.split(r"[\s,]+", match[1] or "") if extra and extra not in known]
    faults = [(f"zava-mcp has no extra {extra!r}", f"its extras are {', '.join(known)}") for extra in unknown]
    return faults, words[place + 1 :]


def argument_faults(arguments: tuple[str, ...]) -> Iterator[Fault]:
    """Yields arguments that zava-mcp does not accept, or that start another command than the server."""
    place = 0
    while place < len(arguments):
        option, equals, _ = arguments[place].partition("=")
        if option not in _OPTIONS:
            yield f"the server has no argument {option[:60]!r}", f"its arguments are {', '.join(_OPTIONS)}"
        place += 1 if equals or option not in _OPTIONS else 2


def start_fault(entry: Entry, arguments: tuple[str, ...] | None) -> Fault | None:
    """Runs the command without serving. Returns why it does not start zava-mcp, or the fault of its settings.

    `arguments` are those of zava-mcp among the entry's, None if they are not known.
    """
    environment = frozenset(entry.environment.items())
    if arguments is None:
        return _start_fault(entry.command, (*entry.arguments, "--version"), environment)
    launcher = entry.arguments[: len(entry.arguments) - len(arguments)]
    fault = _start_fault(entry.command, (*launcher, f"{_CHECK_SETTINGS}=write", *arguments), environment)
    if fault and _CHECK_SETTINGS in fault[0]:  # an older version has no such option
        return _start_fault(entry.command, (*entry.arguments, "--version"), environment)
    return fault


def settings_fault(entry: Entry, arguments: tuple[str, ...]) -> Fault | None:
    """Returns the fault of the settings by this program, without running the entry's own command.

    Settings with references that the client replaces are left out, and then the identity is not checked.
    """
    given = {name: text for name, text in entry.environment.items() if name in NAMES}
    environment = {name: text for name, text in given.items() if not entry.reference.search(text)}
    known = _without_references(entry, arguments)
    command, *flags = standalone_command()
    complete = known == arguments and environment == given
    return _start_fault(command, (*flags, f"{_CHECK_SETTINGS}=read", *known), frozenset(environment.items()), complete)


def _without_references(entry: Entry, arguments: tuple[str, ...]) -> tuple[str, ...]:
    known: list[str] = []
    place = 0
    while place < len(arguments):
        words = arguments[place : place + (1 if "=" in arguments[place] else 2)]
        known += [] if any(map(entry.reference.search, words)) else words
        place += len(words)
    return tuple(known)


@cache
def _start_fault(
    command: str, arguments: tuple[str, ...], environment: frozenset[tuple[str, str]], with_identity: bool = True
) -> Fault | None:
    program = command if Path(command).is_absolute() else find_program(command)
    inherited = {
        name: text
        for name, text in child_environment().items()
        if not name.startswith("ZAVA_") and name not in (*_SHELL_VARIABLES, *NAMES)
    }
    try:
        completed = subprocess.run(
            [program or command, *arguments],
            env={**inherited, **dict(environment)},
            cwd=Path(os.sep),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _not_started(f"it printed nothing within {_START_SECONDS} s")
    except OSError as error:
        return _not_started(error.strerror or "it cannot be run")
    if completed.returncode == 0 and completed.stdout.startswith("zava-mcp "):
        return _printed_fault(completed.stdout, with_identity)
    lines = (completed.stderr or completed.stdout).strip().splitlines() or [f"exit code {completed.returncode}"]
    return _not_started(lines[-1].strip()[:160])


def _not_started(reason: str) -> Fault:
    return f"the command does not start zava-mcp: {reason}", "use the output of zava-mcp client-config, or of --local"


def _printed_fault(output: str, with_identity: bool) -> Fault | None:
    """Returns the fault that `--check-settings` printed after the version, if there is one."""
    _, _, fault = output.strip().partition("\n")
    if not fault.startswith("["):
        return None
    kind, message, hint = json.loads(fault)
    if kind == "IdentityError" and not with_identity:
        return None
    return f"the server would reject every call: {message}", hint

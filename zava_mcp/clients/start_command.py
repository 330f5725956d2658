"""What a client's entry starts: whether that is this program, with arguments that it takes, and whether it comes up."""

import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from importlib.metadata import metadata
from pathlib import Path

from zava_mcp.clients.config_files import Entry, Fault
from zava_mcp.python_process import child_environment
from zava_mcp.search_paths import find_program

_PACKAGE = re.compile(
    r"zava[-_]mcp(?:\[([\w\s,-]*)\])?(?:\s*(?:==|>=|<=|~=|@)\s*[\w.*!+-]+(?:\s*,\s*[<>=!~]+\s*[\w.*]+)*)?"
)
_FILE_OR_URL = re.compile(r".*(?:/|\\|\.whl$|^\.$).*")
_OPTIONS = ("--user-id", "--env-file", "--database-url", "--data-dir", "--log-level")
_WITH_VALUE = (
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
_SECONDS = 120  # the first start downloads the package
#: Of the shell that the doctor runs in, and not of a client.
_OF_THIS_SHELL = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH")
_OTHER = "write it as zava-mcp client-config prints it"


def program_started_by(entry: Entry) -> tuple[list[Fault], tuple[str, ...] | None]:
    """What is wrong with how the program is named, and the program's own arguments; None where that is not known."""
    words, name = entry.arguments, Path(entry.command).name.lower().removesuffix(".exe")
    if name == "zava-mcp":
        return [], words
    if name.startswith(("python", "pypy")):
        place = words.index("-m") + 1 if "-m" in words else len(words)
        if words[place : place + 1] != ("zava_mcp",):
            return [("Python is not asked for the module zava_mcp", 'say "-m", "zava_mcp" in "args"')], None
        return [], words[place + 1 :]
    if name == "uvx":
        return _by_uvx(words)
    return [], None


def _by_uvx(words: tuple[str, ...]) -> tuple[list[Fault], tuple[str, ...] | None]:
    place, source = 0, ""
    while place < len(words) and words[place].startswith("-"):
        option, _, value = words[place].partition("=")
        if option in _WITH_VALUE and not value:
            place += 1
            value = words[place] if place < len(words) else ""
        source = value if option == "--from" else source
        place += 1
    program = words[place] if place < len(words) else ""
    if source and program != "zava-mcp":
        return [(f"uvx is asked for the program {program[:60]!r}", 'say "zava-mcp" after the package')], None
    wanted = source or program
    if source and _FILE_OR_URL.fullmatch(source):
        return [], words[place + 1 :]
    if not (match := _PACKAGE.fullmatch(wanted)):
        return [(f"uvx is asked for the package {wanted[:60]!r}, which is not zava-mcp", _OTHER)], None
    known = metadata("zava-mcp").get_all("Provides-Extra") or []
    unknown = [extra for extra in re.split(r"[\s,]+", match[1] or "") if extra and extra not in known]
    faults = [(f"zava-mcp has no extra {extra!r}", f"its extras are {', '.join(known)}") for extra in unknown]
    return faults, words[place + 1 :]


def argument_faults(arguments: tuple[str, ...]) -> Iterator[Fault]:
    """What the program would not take, or what would start another command than the server."""
    place = 0
    while place < len(arguments):
        option, equals, _ = arguments[place].partition("=")
        if option not in _OPTIONS:
            yield f"the argument {option[:60]!r} is none that the server takes", f"it takes {', '.join(_OPTIONS)}"
        place += 1 if equals or option not in _OPTIONS else 2


@cache
def why_not_started(command: str, arguments: tuple[str, ...], environment: frozenset[tuple[str, str]]) -> str:
    """Why this command does not bring this program up, tried with --version; nothing if it does."""
    program = command if Path(command).is_absolute() else find_program(command)
    kept = {
        name: text
        for name, text in child_environment().items()
        if not name.startswith("ZAVA_") and name not in _OF_THIS_SHELL
    }
    try:
        ran = subprocess.run(
            [program or command, *arguments, "--version"],
            env={**kept, **dict(environment)},
            cwd=Path(os.sep),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it said nothing within {_SECONDS} s"
    except OSError as error:
        return error.strerror or "it cannot be run"
    if ran.returncode == 0 and ran.stdout.startswith("zava-mcp "):
        return ""
    said = (ran.stderr or ran.stdout).strip().splitlines() or [f"exit code {ran.returncode}"]
    return said[-1].strip()[:160]

"""Builds the commands that start this program again, without loading modules from the working directory."""

import os
import shlex
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

import zava_mcp
from zava_mcp.search_paths import absolute_only, find_program

_FIND_PACKAGE = (
    "import importlib.util as util; found = util.find_spec('zava_mcp'); print(found.origin if found else '')"
)
_TIMEOUT_SECONDS = 20.0
#: Strictest first: without PYTHONPATH and the user's packages; without PYTHONPATH; with both.
_FLAGS = (("-I",), ("-E", "-P"), ("-P",))


def child_command(*arguments: str) -> list[str]:
    """Return the command of a Python child process. Start it with `child_environment`."""
    return [sys.executable, "-P", *arguments]


def child_environment() -> dict[str, str]:
    """Return this process's environment without search paths that lead into the working directory."""
    return {**os.environ, **absolute_only(os.environ)}


def shell_command() -> str:
    """Return the command that starts this installation from the user's current shell."""
    prefix = Path(sys.prefix)
    if "uv" in prefix.parts and "tools" not in prefix.parts:  # uvx runs from uv's cache, without an installation.
        return "uvx zava-mcp"
    script = Path(sysconfig.get_path("scripts")) / ("zava-mcp.exe" if os.name == "nt" else "zava-mcp")
    activated = sys.prefix == sys.base_prefix or os.environ.get("VIRTUAL_ENV") == sys.prefix
    on_path = find_program("zava-mcp")
    if not script.is_file() or (on_path and (activated or Path(on_path).parent != script.parent)):
        return "zava-mcp"
    with suppress(ValueError, OSError):
        script = script.relative_to(Path.cwd())
    return shlex.join([str(script)]) if os.name != "nt" else f'& "{script}"'


def standalone_command() -> tuple[str, ...]:
    """Return a command that starts this installation from any environment, such as an MCP client's.

    PYTHONPATH may have an empty entry there, so the command ignores it, unless Python finds this installation only
    through PYTHONPATH.
    """
    flags = next((flags for flags in _FLAGS if _finds_package(flags)), _FLAGS[-1])
    return (sys.executable, *flags, "-m", "zava_mcp")


def _finds_package(flags: tuple[str, ...]) -> bool:
    """Whether Python with these flags imports this very package."""
    command = [sys.executable, *flags, "-c", _FIND_PACKAGE]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_SECONDS, check=False, cwd=sys.prefix
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0 and result.stdout.strip() == zava_mcp.__file__

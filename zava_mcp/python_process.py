"""How the Python that runs this program is started again, without taking modules from a working directory."""

import os
import shlex
import subprocess
import sys
import sysconfig
from contextlib import suppress
from pathlib import Path

import zava_mcp
from zava_mcp.search_paths import absolute_only, find_program

_WHERE = "import importlib.util as util; found = util.find_spec('zava_mcp'); print(found.origin if found else '')"
_SECONDS = 20.0
#: From the strictest: without PYTHONPATH and the user's packages; without PYTHONPATH; with both.
_FLAGS = (("-I",), ("-E", "-P"), ("-P",))


def child_command(*arguments: str) -> list[str]:
    """A command for a child process of ours, to be started with `child_environment`."""
    return [sys.executable, "-P", *arguments]


def child_environment() -> dict[str, str]:
    """Our environment, whose search paths do not lead into the working directory."""
    return {**os.environ, **absolute_only(os.environ)}


def own_command() -> str:
    """What somebody types into the shell that started us, to start this installation again."""
    place = Path(sys.prefix)
    if "uv" in place.parts and "tools" not in place.parts:  # in uvx's cache, not installed
        return "uvx zava-mcp"
    script = Path(sysconfig.get_path("scripts")) / ("zava-mcp.exe" if os.name == "nt" else "zava-mcp")
    activated = sys.prefix == sys.base_prefix or os.environ.get("VIRTUAL_ENV") == sys.prefix
    found = find_program("zava-mcp")
    if not script.is_file() or (found and (activated or Path(found).parent != script.parent)):
        return "zava-mcp"
    with suppress(ValueError, OSError):
        script = script.relative_to(Path.cwd())
    return shlex.join([str(script)]) if os.name != "nt" else f'& "{script}"'


def lasting_command() -> tuple[str, ...]:
    """The command of this installation for an environment that we do not know, such as a client's.

    There PYTHONPATH may have an empty entry, so it is ignored, unless this installation is found by it alone.
    """
    flags = next((flags for flags in _FLAGS if _finds_us(flags)), _FLAGS[-1])
    return (sys.executable, *flags, "-m", "zava_mcp")


def _finds_us(flags: tuple[str, ...]) -> bool:
    command = [sys.executable, *flags, "-c", _WHERE]
    try:
        ran = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False, cwd=sys.prefix)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ran.returncode == 0 and ran.stdout.strip() == zava_mcp.__file__

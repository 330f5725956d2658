"""How the Python that runs this program is started again, without taking modules from a working directory."""

import os
import subprocess
import sys

import zava_mcp
from zava_mcp.search_paths import absolute_only

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

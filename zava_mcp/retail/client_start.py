"""Whether what a client would start is there and is this program: it is asked for its version."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from zava_mcp.retail.interpreter import child_environment

_SECONDS = 120  # the first start downloads the package
_VERSION = re.compile(r"^zava-mcp \d", re.MULTILINE)
#: Of the shell that the doctor runs in, and not of a client.
_OF_THIS_SHELL = ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "PYTHONSAFEPATH")


def start_fault(command: str, arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Why a command does not start zava-mcp, "" if it does."""
    inherited = {name: text for name, text in child_environment().items() if name not in _OF_THIS_SHELL}
    try:
        ran = subprocess.run(
            [os.path.expanduser(command), *arguments, "--version"],  # noqa: PTH111  # names without a folder stay names
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            env={**inherited, **environment},
            cwd=Path(os.sep),
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it did not start within {_SECONDS} s"
    except OSError as error:
        return f"it cannot be started: {error.strerror}"
    if ran.returncode == 0 and _VERSION.search(ran.stdout):
        return ""
    if ran.returncode == 0:
        return "it starts another program than zava-mcp"
    said = [line.strip() for line in (ran.stderr or ran.stdout).splitlines() if line.strip()]
    return f"it does not start: {said[-1][:200] if said else f'exit code {ran.returncode}'}"

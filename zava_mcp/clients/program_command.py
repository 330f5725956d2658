"""Chooses the command that starts zava-mcp in a client's configuration: uvx, or this installation."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from zava_mcp.clients.installation_origin import Origin, installed_from, require_installed, require_known
from zava_mcp.clients.names import Client
from zava_mcp.python_process import standalone_command
from zava_mcp.search_paths import find_program, has_relative_entries

#: The clients that find programs like the user's shell.
_WITH_SHELL_PATH = (Client.vscode, Client.vscode_insiders, Client.claude_code, Client.codex)

Command = tuple[str, ...]


def program(client: Client, local: bool, extras: Sequence[str] = ()) -> tuple[Command, list[str]]:
    """Returns the command that starts zava-mcp, without options, and remarks about it.

    Raises InputError for an unknown extra, or one that is not installed and that uvx is not there to install.
    """
    require_known(extras)
    uvx = _uvx()
    if extras and (local or not uvx):
        require_installed(extras, local)
    origin = installed_from()
    if local or not (uvx and origin.lasts) or (origin.editable and not extras):
        return standalone_command(), _installation_remarks(local, bool(uvx), origin)
    requirement = origin.requirement(f"[{','.join(extras)}]" if extras else "")
    package = ("--from", requirement, "zava-mcp") if origin.url else (requirement,)
    return ("uvx" if client in _WITH_SHELL_PATH and _is_safe_by_name("uvx") else uvx, *package), []


def _installation_remarks(local: bool, has_uvx: bool, origin: Origin) -> list[str]:
    if local:
        return []
    if not has_uvx:
        return ["uvx is not installed, so the command names this installation; to get uvx: pip install uv"]
    if origin.editable:
        return ["this is a checkout, so the command names this installation, not a published package"]
    return [f"{origin.url} no longer exists, so the command names this installation"]


def _uvx() -> str | None:
    """Returns the absolute path of uvx: on PATH, or beside the uv that runs this process."""
    uv = Path(os.environ.get("UV", ""))
    beside = uv.with_name("uvx") if uv.is_absolute() else None
    return find_program("uvx") or (str(beside) if beside and beside.is_file() else None)


def _is_safe_by_name(program: str) -> bool:
    """Returns whether a client finds a program on PATH, and not in its working directory."""
    return find_program(program) is not None and not has_relative_entries() and sys.platform != "win32"

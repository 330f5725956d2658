"""Starts PostgreSQL on Windows, where it refuses to run with an administrator's rights.

`initdb` and `pg_ctl` drop these rights: they run under a token of the same user without the administrators' group.
Therefore `pg_ctl` starts the server, and the user itself, not only that group, needs access to the data folder.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_PLAIN = re.compile(r"[A-Za-z0-9._-]+")  # pg_ctl runs cmd.exe, which passes these characters on unchanged
_START_SECONDS = 60


def start_command(pg_ctl: str, folder: Path, log: Path, parameters: Mapping[str, str]) -> list[str]:
    """The command that starts a server on a data folder, and exits with 0 once it accepts connections."""
    for name, value in parameters.items():
        if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(value):
            raise ValueError(f"{name}={value} needs quotes, which cmd.exe and a shell read differently")
    options = " ".join(f"-c {name}={value}" for name, value in parameters.items())
    arguments = ["-D", str(folder), "-l", str(log), "-o", options]
    return [pg_ctl, "start", *arguments, "-w", "-t", str(_START_SECONDS), "-s"]


def launch(command: list[str], environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Runs the command without a console; PostgreSQL opens its log itself, so this process must not hold it open."""
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=dict(environment),
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def grant_access_to_user(folder: Path) -> None:
    """Gives the user access to a folder that it created as an administrator, and to its future contents.

    Python makes a folder of mode 0700 accessible to its owner, which in this case is the administrators' group.
    """
    if sys.platform == "win32" and folder.is_dir():
        import ctypes

        if ctypes.windll.shell32.IsUserAnAdmin():
            tools = Path(os.environ["SYSTEMROOT"]) / "System32"
            line = subprocess.run([tools / "whoami.exe", "/user", "/fo", "csv", "/nh"], capture_output=True, check=True)
            sid = line.stdout.decode(errors="replace").rsplit('"', 2)[1]
            grant = [tools / "icacls.exe", folder, "/grant", f"*{sid}:(OI)(CI)F", "/q"]
            subprocess.run(grant, capture_output=True, check=True)

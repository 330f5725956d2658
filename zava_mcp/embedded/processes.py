"""Runs PostgreSQL's programs and servers, limits their memory, and explains why one did not start."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from zava_mcp.embedded import windows
from zava_mcp.embedded.host import popen_user, program, trusted
from zava_mcp.errors import EmbeddedError
from zava_mcp.search_paths import absolute_only
from zava_mcp.trusted_files import open_owned

#: Private memory of one PostgreSQL process. It also limits the length of error messages, of which the receiving process
#: holds several copies.
_MEMORY_BYTES = 1 << 28
#: The address space of one process: the private memory, 190 MB that every process maps (shared buffers, the program and
#: its libraries), and the shared memory in which parallel workers build hash tables. That grows with the data, and
#: no setting of PostgreSQL limits it.
_ADDRESS_BYTES = 3 * _MEMORY_BYTES
#: If the system runs out of memory, the kernel should end a query and not one of the user's programs.
_OOM_ADJUSTMENT = {"PG_OOM_ADJUST_FILE": "/proc/self/oom_score_adj", "PG_OOM_ADJUST_VALUE": "500"}
_MIN_LOG_BYTES = 1 << 16


def kill_backend(pid: int) -> None:
    """Kills a server process, if the id is still one of PostgreSQL's; the server then restarts its other processes."""
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.name().startswith("postgres"):
            process.kill()


def end_orphans(folder: Path) -> bool:
    """Kills the processes of a killed server on this folder; returns whether there were any and all of them ended.

    To be called with the start lock held.
    """
    import psutil

    orphans = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name().startswith("postgres") and Path(process.cwd()) == folder:
                process.kill()
                orphans.append(process)
    return bool(orphans) and not psutil.wait_procs(orphans, timeout=5)[1]


def with_limited_memory(command: list[str]) -> list[str]:
    """The command under limits with which PostgreSQL reports "out of memory" to a query that exceeds them.

    A shell sets the limits before it executes the program. This process cannot set them on itself to be inherited,
    because with a loaded embedding model it exceeds them.
    """
    if sys.platform != "linux":
        return command
    import resource

    private = _at_most(_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_DATA))
    addresses = _at_most(_ADDRESS_BYTES, resource.getrlimit(resource.RLIMIT_AS))
    limits = f"ulimit -S -d {private >> 10}; ulimit -S -v {addresses >> 10}"
    return ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", *command]


def _at_most(amount: int, limits: tuple[int, int]) -> int:
    """The amount, or a lower limit (soft or hard) that is set already."""
    return min([amount, *(limit for limit in limits if limit >= 0)])  # -1 is no limit


def spawn(command: list[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Starts a server that is independent of this process's terminal and writes to its log."""
    if os.name == "nt":
        return windows.launch(command, clean_environment())
    with open(open_owned(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, trusted()), "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=clean_environment() | (_OOM_ADJUSTMENT if sys.platform == "linux" else {}),
            start_new_session=True,  # Ctrl-C in the terminal must not reach it
            **popen_user(),
        )


def run_program(name: str, *arguments: str) -> None:
    """Runs one of PostgreSQL's programs to its end. Raises EmbeddedError if it fails."""
    try:
        subprocess.run(
            [program(name), *arguments],
            check=True,
            capture_output=True,
            text=True,
            cwd="/" if os.name != "nt" else None,
            env=clean_environment(),
            **popen_user(),
        )
    except subprocess.CalledProcessError as error:
        raise failure_error(f"PostgreSQL's {name} failed", error.stderr) from None


def clean_environment() -> dict[str, str]:
    """The variables that PostgreSQL's programs need, without secrets and without those that change their behaviour."""
    kept = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "USERPROFILE")
    passed = {name: os.environ[name] for name in kept if name in os.environ}
    return {**passed, **absolute_only(passed), "LC_ALL": "C"}


def is_server_on(pid: int, folder: Path) -> bool:
    """Whether the process is a PostgreSQL server on this folder, and not a later process with the same id."""
    import psutil

    try:
        process = psutil.Process(pid)
        return folder in map(Path, process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    except psutil.AccessDenied:
        return True


def free_port() -> int:
    """A TCP port of 127.0.0.1 that is free now."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_failure(log: Path, start: int) -> EmbeddedError:
    """The error for a server that did not start, from what its log says after a position."""
    with open(open_owned(log, os.O_RDONLY, trusted()), "rb") as file:
        file.seek(start)
        output = file.read(20_000).decode(errors="replace")
    if not output and shutil.disk_usage(log.parent).free < _MIN_LOG_BYTES:
        output = "FATAL: No space left on device"  # PostgreSQL could not write it to the log
    return failure_error("the embedded PostgreSQL did not start", output)


def failure_error(failure: str, output: str) -> EmbeddedError:
    """An error with the reason in PostgreSQL's output, and hints for the usual reasons."""
    lines = [line for line in output.splitlines() if any(word in line for word in ("FATAL", "PANIC", "error", "ERROR"))]
    reason = (lines or output.splitlines() or ["it printed no error"])[-1].strip()
    hints = {
        "No space left": "The disk is full: free some space, or set ZAVA_DATA_DIR to a folder on another disk.",
        "Permission denied": "Its data folder cannot be used by this user: check its owner, or set ZAVA_DATA_DIR.",
        "lock file": "Another server holds its socket or port: stop it, or set ZAVA_DATA_DIR to another folder.",
        "could not bind": "Another program holds its socket or port: stop it, or set ZAVA_DATA_DIR to another folder.",
        "shared memory": "The system has too little shared memory: in a container, raise --shm-size.",
    }
    hint = next(
        (hint for pattern, hint in hints.items() if pattern in output), "Its log is server.log in the data folder."
    )
    return EmbeddedError(f"{failure}: {reason}", hint)

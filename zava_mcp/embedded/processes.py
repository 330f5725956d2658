"""PostgreSQL's processes: run its programs, bound and recognise its servers, say why one did not start."""

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
from zava_mcp.trusted_files import open_own

#: Private memory of one PostgreSQL process. Also bounds how long an error text can get, which is kept several
#: times over in the memory of the process that receives it.
_MEMORY_BYTES = 1 << 28
#: All addresses of one process: the private memory, 190 MB that every process maps (the shared buffers, the program
#: and its libraries), and the segments of shared memory in which parallel workers build their hash tables. Those grow
#: with the data and no setting of PostgreSQL bounds them.
_ADDRESS_BYTES = 3 * _MEMORY_BYTES
#: Where the system is out of memory, it should end a query and not a program of the user.
_OOM_ADJUSTMENT = {"PG_OOM_ADJUST_FILE": "/proc/self/oom_score_adj", "PG_OOM_ADJUST_VALUE": "500"}
_LOG_ROOM_BYTES = 1 << 16


def kill_backend(pid: int) -> None:
    """Kills a server process, if the number still is one's; the server then restarts its others by itself."""
    import psutil

    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if process.name().startswith("postgres"):
            process.kill()


def end_orphans(folder: Path) -> bool:
    """Kills what works on a folder whose server is gone; whether there was anything. Only for who may start it."""
    import psutil

    orphans = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name().startswith("postgres") and Path(process.cwd()) == folder:
                process.kill()
                orphans.append(process)
    return bool(orphans) and not psutil.wait_procs(orphans, timeout=5)[1]


def with_limited_memory(command: list[str]) -> list[str]:
    """The command, under limits that make PostgreSQL report "out of memory" to the query that exceeds them.

    A shell sets the limits before it becomes the program: if this process set them on itself, to be inherited, they
    would hold for it too meanwhile, and a server that has its embedding model loaded is above them already.
    """
    if sys.platform != "linux":
        return command
    import resource

    private = _at_most(_MEMORY_BYTES, resource.getrlimit(resource.RLIMIT_DATA))
    addresses = _at_most(_ADDRESS_BYTES, resource.getrlimit(resource.RLIMIT_AS))
    limits = f"ulimit -S -d {private >> 10}; ulimit -S -v {addresses >> 10}"
    return ["/bin/sh", "-c", f'{limits}; exec "$@"', "sh", *command]


def _at_most(amount: int, limits: tuple[int, int]) -> int:
    """The amount, or a lower limit (soft, hard) that is set already."""
    return min([amount, *(limit for limit in limits if limit >= 0)])  # -1 is no limit


def spawn(command: list[str], folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Starts a server that outlives what happens to our terminal; it writes into its log."""
    if os.name == "nt":
        return windows.launch(command, clean_environment())
    with open(open_own(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, trusted()), "ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=folder,
            env=clean_environment() | (_OOM_ADJUSTMENT if sys.platform == "linux" else {}),
            start_new_session=True,  # Ctrl-C in our terminal is not meant for it
            **popen_user(),
        )


def run_program(name: str, *arguments: str) -> None:
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
        raise explained(f"PostgreSQL's {name} failed", error.stderr) from None


def clean_environment() -> dict[str, str]:
    """Our environment without what would change how PostgreSQL's programs behave, and without secrets."""
    kept = ("PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH", "USERPROFILE")
    passed = {name: os.environ[name] for name in kept if name in os.environ}
    return {**passed, **absolute_only(passed), "LC_ALL": "C"}


def is_server_on(pid: int, folder: Path) -> bool:
    """Whether this pid is a PostgreSQL server on this folder, and not a later process with its number."""
    import psutil

    try:
        process = psutil.Process(pid)
        return folder in map(Path, process.cmdline()) and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return False
    except psutil.AccessDenied:
        return True


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_failure(log: Path, start: int) -> EmbeddedError:
    with open(open_own(log, os.O_RDONLY, trusted()), "rb") as file:
        file.seek(start)
        said = file.read(20_000).decode(errors="replace")
    if not said and shutil.disk_usage(log.parent).free < _LOG_ROOM_BYTES:
        said = "FATAL: No space left on device"  # not even to write that down
    return explained("the embedded PostgreSQL did not start", said)


def explained(what: str, said: str) -> EmbeddedError:
    """The failure with the reason PostgreSQL gave, and what to do about the usual ones."""
    lines = [line for line in said.splitlines() if any(word in line for word in ("FATAL", "PANIC", "error", "ERROR"))]
    reason = (lines or said.splitlines() or ["it gave no reason"])[-1].strip()
    hints = {
        "No space left": "The disk is full: free some space, or set ZAVA_DATA_DIR to a folder on another disk.",
        "Permission denied": "Its data folder cannot be used by this user: check its owner, or set ZAVA_DATA_DIR.",
        "lock file": "Another server holds its socket or port: stop it, or set ZAVA_DATA_DIR to another folder.",
        "could not bind": "Another program holds its socket or port: stop it, or set ZAVA_DATA_DIR to another folder.",
        "shared memory": "The system gives too little shared memory: in a container, raise --shm-size.",
    }
    hint = next((hint for sign, hint in hints.items() if sign in said), "Its log is server.log in the data folder.")
    return EmbeddedError(f"{what}: {reason}", hint)

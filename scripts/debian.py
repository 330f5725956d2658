"""Debian's own PostgreSQL 15 and PgBouncer: the installed ones, else fetched from the package sources and unpacked.

Nothing is installed: the packages lie in a folder of the virtual environment, with the libraries they need.
`ZAVA_TEST_POSTGRES_15` and `ZAVA_TEST_PGBOUNCER` name folders of programs instead, where there is no apt.
"""

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest


@cache
def postgres_15() -> Path:
    """The folder of initdb and postgres. Fails the test where they cannot be had."""
    return _programs("postgresql-15", Path("/usr/lib/postgresql/15/bin"), "postgres", "ZAVA_TEST_POSTGRES_15")


@cache
def pgbouncer() -> Path:
    """The program. Fails the test where it cannot be had."""
    return _programs("pgbouncer", Path("/usr/sbin"), "pgbouncer", "ZAVA_TEST_PGBOUNCER") / "pgbouncer"


def libraries_of(program: Path) -> str:
    """Where the libraries lie that came with an unpacked program: beside it, not on the system's path."""
    unpacked = next((path for path in program.parents if path.parent.name == "debian"), None)
    folders = [*unpacked.glob("usr/lib/*-linux-gnu*"), *unpacked.glob("lib/*-linux-gnu*")] if unpacked else []
    return ":".join(map(str, folders))


def _programs(package: str, installed: Path, program: str, variable: str) -> Path:
    named = os.environ.get(variable)
    if named or (installed / program).exists():
        return Path(named or installed)
    unpacked = Path(sys.prefix) / "debian" / package
    if not unpacked.exists():
        try:
            _fetch(package, unpacked)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            pytest.fail(
                f"the suite needs Debian's {package}, and apt could not fetch it: {said.strip()[-500:]}. "
                f"Install it, or set {variable} to the folder of its programs."
            )
    return unpacked / installed.relative_to("/")


def _fetch(package: str, unpacked: Path) -> None:
    """Downloads the package with what it needs and this system lacks; all of it is there, or nothing."""
    unpacked.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=unpacked.parent) as scratch:
        downloads, content = Path(scratch) / "downloads", Path(scratch) / "content"
        for folder in (downloads, content):
            folder.mkdir()
            folder.chmod(0o755)
        _run("apt-get", "download", "-q", *_missing(package), cwd=downloads)
        for file in downloads.glob("*.deb"):
            _run("dpkg", "-x", str(file), str(content))
        content.rename(unpacked)


def _missing(package: str) -> list[str]:
    """The package and all that it depends on and is not installed."""
    planned = ("apt-get", "install", "--simulate", "--no-install-recommends", "-q", package)
    try:
        printed = _run(*planned)
    except subprocess.CalledProcessError:  # a fresh machine knows no package yet
        _run("apt-get", "update", "-q")
        printed = _run(*planned)
    return [line.split()[1] for line in printed.splitlines() if line.startswith("Inst ")]


def _run(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout

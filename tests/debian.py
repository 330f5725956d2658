"""Debian's own PostgreSQL 15: the installed one, else fetched from the system's package sources and unpacked.

Nothing is installed: the packages lie in a folder of the virtual environment, with the libraries they need.
`ZAVA_TEST_POSTGRES_15` names a folder of programs instead, where there is no apt.
"""

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

_PACKAGE = "postgresql-15"
_INSTALLED = Path("/usr/lib/postgresql/15/bin")
_NAMED = os.environ.get("ZAVA_TEST_POSTGRES_15")


@cache
def postgres_15() -> Path:
    """The folder of initdb and postgres. Fails the test where they cannot be had."""
    if _NAMED or (_INSTALLED / "postgres").exists():
        return Path(_NAMED or _INSTALLED)
    unpacked = Path(sys.prefix) / "debian" / _PACKAGE
    if not unpacked.exists():
        try:
            _fetch(unpacked)
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stderr", "") or str(error)
            pytest.fail(
                f"the suite needs Debian's PostgreSQL 15, and apt could not fetch it: {said.strip()[-500:]}. "
                f"Install {_PACKAGE}, or set ZAVA_TEST_POSTGRES_15 to the folder of a PostgreSQL 15's programs."
            )
    return unpacked / _INSTALLED.relative_to("/")


def _fetch(unpacked: Path) -> None:
    """Downloads the package with what it needs and this system lacks; all of it is there, or nothing."""
    unpacked.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=unpacked.parent) as scratch:
        downloads, content = Path(scratch) / "downloads", Path(scratch) / "content"
        for folder in (downloads, content):
            folder.mkdir()
            folder.chmod(0o755)
        _run("apt-get", "download", "-q", *_missing(), cwd=downloads)
        for file in downloads.glob("*.deb"):
            _run("dpkg", "-x", str(file), str(content))
        content.rename(unpacked)


def _missing() -> list[str]:
    """The package and all that it depends on and is not installed."""
    planned = ("apt-get", "install", "--simulate", "--no-install-recommends", "-q", _PACKAGE)
    try:
        told = _run(*planned)
    except subprocess.CalledProcessError:  # a fresh machine knows no package yet
        _run("apt-get", "update", "-q")
        told = _run(*planned)
    return [line.split()[1] for line in told.splitlines() if line.startswith("Inst ")]


def _run(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True).stdout

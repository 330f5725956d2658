"""Shops to search in: a database with one of the catalogues, made and embedded by the program's own commands."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg

from scripts.search.labels import HERE
from zava_mcp.settings import Settings, load

HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"


def open_shop(catalogue: str, admin_url: str, passwords: Path) -> Settings:
    """Fills the empty database of an admin's URL; settings to ask it as head office.

    `passwords` is where the logins' passwords are to be written.
    """
    sample = ["--scale", "0.001"] if catalogue == "own" else ["--no-sample"]
    command(admin_url, "init", *sample, "--passwords-file", str(passwords))
    with psycopg.connect(admin_url) as connection:
        if catalogue == "other":
            connection.execute((HERE / "other.sql").read_bytes())
        info = connection.info
        url = f"postgresql:///{info.dbname}?host={info.host}&port={info.port}"
    command(admin_url, "embed")
    entries = [line.split(":") for line in passwords.read_text().splitlines()]
    password = next(entry[4] for entry in entries if entry[3] == HEAD_OFFICE)
    return load({"ZAVA_USER_ID": HEAD_OFFICE, "ZAVA_DATABASE_URL": url, "POSTGRES_PASSWORD": password}, {})


def command(admin_url: str, *arguments: str) -> None:
    """Runs `zava-mcp` as admin of a database."""
    environment = {**os.environ, "ZAVA_ADMIN_DATABASE_URL": admin_url}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "zava_mcp", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr

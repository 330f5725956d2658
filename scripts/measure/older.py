"""A Zava database that somebody else made, before and after it is adopted."""

from pathlib import Path

from typer.testing import CliRunner

from zava_mcp.cli.commands import app

OLDER = (Path(__file__).parent / "older_zava.sql").read_text(encoding="utf-8")


def adopted(url: str, *arguments: str) -> str:
    command = ["init", "--adopt", "--admin-database-url", url, *arguments]
    return CliRunner().invoke(app, command, catch_exceptions=False).stdout

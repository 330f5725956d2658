"""The SQL beside this file, by name."""

from functools import cache
from pathlib import Path

from zava_mcp import sql


@cache
def statements() -> dict[str, str]:
    return sql.statements(Path(__file__).with_name("load.sql").read_text(encoding="utf-8"))

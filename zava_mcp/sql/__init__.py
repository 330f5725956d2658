"""Every line of SQL we write, as files: read here, run by `zava_mcp.postgres` and `zava_mcp.admin`.

A file may hold several statements, each under a line `-- name: …` and a line that states its purpose.
"""

import re
from functools import cache
from importlib.resources import files

_HERE = files(__name__)


@cache
def named(file: str) -> dict[str, str]:
    """The named statements of a file, in its order: {name: SQL text}."""
    return statements(script(file).replace("{product_text}", product_text()))


def statements(text: str) -> dict[str, str]:
    """The named statements of a text, in its order: {name: SQL text}."""
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def query(name: str) -> str:
    """One statement of `queries.sql`."""
    return named("queries.sql")[name]


def product_text() -> str:
    """The expression for what of a product `p` is embedded."""
    return script("product_text.sql").rstrip()


def script(file: str) -> str:
    """The whole text of a file, its path relative to this folder; a line `-- include: …` is replaced by that file."""
    text = _HERE.joinpath(file).read_text(encoding="utf-8")
    return re.sub(r"^-- include: (\S+)$", lambda line: script(line[1]), text, flags=re.MULTILINE)


def schema_version() -> int:
    """The newest version of the schema that this program knows."""
    return migrations()[-1][0]


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """The schema's files in order, as (version, file)."""
    names = sorted(entry.name for entry in _HERE.joinpath("schema").iterdir() if entry.name.endswith(".sql"))
    return tuple((int(name[:3]), f"schema/{name}") for name in names)

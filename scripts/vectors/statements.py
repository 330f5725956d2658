"""The SQL beside this file, by name."""

import re
from functools import cache
from pathlib import Path


@cache
def statements() -> dict[str, str]:
    text = Path(__file__).with_name("load.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- name: (\w+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))

"""Files held against the published schema of their kind."""

import subprocess
from pathlib import Path


def follows(schema: str, *files: Path) -> None:
    """Fails with what check-jsonschema says if a file does not follow the schema."""
    command: list[str | Path] = [
        "check-jsonschema",
        "--builtin-schema",
        f"vendor.{schema}",
        "--regex-variant",
        "python",
        *files,
    ]
    checked = subprocess.run(command, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout

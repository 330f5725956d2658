"""Scripts stand without the tests, which may try them."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPTS = [path for path in (ROOT / "scripts").rglob("*") if path.is_file() and path.suffix in ("", ".py")]


def test_scripts_are_found_of_both_kinds() -> None:
    assert {path.suffix for path in SCRIPTS} == {"", ".py"}
    assert len(SCRIPTS) > 40


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_script_imports_nothing_of_the_tests(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.suffix:
        nodes = list(ast.walk(ast.parse(text)))
        names = [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        names += [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    else:
        names = re.findall(r"(?:from|import) (tests[\w.]*)", text)
    assert not [name for name in names if name.split(".")[0] == "tests"]

"""Code of this repository in chapters: a mark names it, `python -m tests.generated_tables` renews it.

    <!-- code: zava_mcp/server/executor.py BoundedExecutor.call -->     a class, function or method
    <!-- code: zava_mcp/server/executor.py BoundedExecutor.call /async def/../try/ -->     lines of it
    <!-- code: zava_mcp/sql/queries.sql begin_query -->     a named statement
    <!-- code: infra/telemetry/rules.yml /- alert: X/../annotations/ -->     lines of any file

Each `/first/../last/` has regular expressions for its first line and for its last, the next that matches after it;
`/first/` alone is one line. Several ranges are joined by a line that says that lines are left out.
"""

import ast
import re
import textwrap

from tests.documents import ROOT
from tests.guide.blocks import blocks
from zava_mcp import sql

MAX_LINES = 31  # with the line that names the file
_LANGUAGES = {
    ".py": "python",
    ".sql": "sql",
    ".yml": "yaml",
    ".yaml": "yaml",
    ".toml": "toml",
    ".json": "json",
    ".sh": "bash",
}
_RANGE = re.compile(r"/((?:[^/\\]|\\.)+)/(?:\.\./((?:[^/\\]|\\.)+)/)?")
_MARKED = re.compile(
    r"^<!-- code: (?P<mark>[^\n]+) -->\n```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)


def renewed(text: str) -> str:
    """A chapter with every included block as its source is now."""
    return _MARKED.sub(_renew, text)


def _renew(match: "re.Match[str]") -> str:
    path = match["mark"].split()[0]
    language = _LANGUAGES.get("." + path.rpartition(".")[2], match["language"])
    return f"<!-- code: {match['mark']} -->\n```{language}\n{excerpt(match['mark'])}```"


def excerpt(mark: str) -> str:
    """The file's name as a comment, and the lines that a mark names, without their indentation.

    Raises AssertionError if they do not exist.
    """
    path, _, rest = mark.partition(" ")
    ranges = list(_RANGE.finditer(rest))
    target = rest[: ranges[0].start()].strip() if ranges else rest.strip()
    lines = _target(path, target)
    if ranges:
        parts = [_between(lines, first, last, mark) for first, last in (found.groups() for found in ranges)]
        lines = parts[0]
        for part in parts[1:]:
            indentation = part[0][: len(part[0]) - len(part[0].lstrip())]
            lines = [*lines, f"{indentation}{_comment(path)} …", *part]
    text = textwrap.dedent("\n".join(lines)).strip("\n")
    return f"{_comment(path)} {path}\n{text}\n"


def _target(path: str, target: str) -> list[str]:
    text = (ROOT / path).read_text(encoding="utf-8")
    if not target:
        return text.splitlines()
    if path.endswith(".sql"):
        statements = sql.statements(text)
        assert target in statements, f"{path} has no statement {target}"
        return statements[target].splitlines()
    node = _symbol(ast.parse(text), target.split("."), path)
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    return text.splitlines()[first - 1 : node.end_lineno]


def _symbol(tree: ast.Module, names: list[str], path: str) -> ast.stmt:
    """The class, function or assignment of a dotted name."""
    body, found = tree.body, None
    for name in names:
        found = next((node for node in body if name in _names(node)), None)
        assert found is not None, f"{path} has no {'.'.join(names)}"
        body = getattr(found, "body", [])
    assert found is not None
    return found


def _names(node: ast.stmt) -> set[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _between(lines: list[str], first: str, last: str | None, mark: str) -> list[str]:
    start = next((place for place, line in enumerate(lines) if re.search(first, line)), None)
    assert start is not None, f"no line of {mark} matches {first}"
    if last is None:
        return lines[start : start + 1]
    end = next((place for place in range(start + 1, len(lines)) if re.search(last, lines[place])), None)
    assert end is not None, f"no later line of {mark} matches {last}"
    return lines[start : end + 1]


def _comment(path: str) -> str:
    return "--" if path.endswith(".sql") else "//" if path.endswith((".bicep", ".js", ".json")) else "#"


def included(name: str, text: str) -> list[tuple[str, int]]:
    """The marks of a chapter's included blocks, with their numbers of lines."""
    return [(block.marks["code"], block.text.count("\n")) for block in blocks(name, text) if block.treatment == "code"]

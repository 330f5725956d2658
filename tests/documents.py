"""The documents of this repository: their texts, tables, links, headings and commands."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
REPOSITORY = "https://github.com/zava-mcp/zava-mcp"
README, INFRA = "README.md", "infra/README.md"
SECURITY, MEASUREMENTS = ".github/SECURITY.md", "scripts/measure/README.md"
GUIDE = "zava_mcp/guide"
DOCUMENTS = sorted(
    str(file.relative_to(ROOT).as_posix())
    for folder in (".", ".github", "infra", "scripts", "scripts/measure", "tests/promises", GUIDE)
    for file in (ROOT / folder).glob("*.md")
)
_FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(<?([^)\s>]+)>?\)")


@cache
def text(document: str) -> str:
    """All of a document."""
    return (ROOT / document).read_text(encoding="utf-8")


def block(document: str, mark: str) -> str:
    """What is fenced behind a mark."""
    return text(document).split(f"<!-- {mark} -->\n```\n", 1)[1].split("```", 1)[0]


def table(document: str, after: str) -> list[list[str]]:
    """The rows of the first table behind a text."""
    lines = text(document).split(after, 1)[1].lstrip("\n").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows[2:]


def prose(document: str) -> str:
    """A document without its code, and without names in code."""
    return re.sub(r"`[^`\n]+`", "", _FENCE.sub("", text(document)))


def links(document: str) -> list[str]:
    """Where its links and pictures point."""
    return _LINK.findall(prose(document))


def anchors(document: str) -> set[str]:
    """The anchors that GitHub gives its headings."""
    headings = re.findall(r"^#+ (.+)$", _FENCE.sub("", text(document)), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(document: str) -> list[str]:
    """What stands behind `zava-mcp`, in code of lines and of words."""
    whole = text(document)
    fenced = re.sub(r"\\\n\s*", "", "".join(_FENCE.findall(whole)))
    start = r"(?:\$ )?(?:[A-Z_]+=\S+ )*(?:uvx |\.venv/bin/)?zava-mcp "
    lines = re.findall(rf"^ *{start}(?!\d)(.+)$", fenced, flags=re.MULTILINE)
    words = re.findall(rf"`{start}([^`]+)`", _FENCE.sub("", whole))
    lines = [re.split(r" (?:\||&&|>|<<) ?", line)[0] for line in lines]  # what follows is another program's
    return lines + [" ".join(command.split()) for command in words]

"""The reference pages, which `zava-mcp guide` shows: Markdown files of this folder, one subject each.

A page begins with its title, and the line below that says what it is about.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FOLDER = files(__name__)


@dataclass(frozen=True)
class Page:
    """One page: its name, its first line below the title, and all of its Markdown."""

    name: str
    summary: str
    text: str


@cache
def pages() -> dict[str, Page]:
    """All pages by name, in alphabetical order."""
    names = sorted(file.name.removesuffix(".md") for file in _FOLDER.iterdir() if file.name.endswith(".md"))
    return {name: _page(name) for name in names}


def _page(name: str) -> Page:
    text = _FOLDER.joinpath(f"{name}.md").read_text(encoding="utf-8")
    summary = next(line for line in text.splitlines()[1:] if line)
    return Page(name, summary, text)

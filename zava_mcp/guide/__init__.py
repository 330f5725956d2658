"""The guide that `zava-mcp guide` shows: the chapters, numbered, then the reference pages, one subject each.

Each is a Markdown file of this folder that begins with its title, and the line below that says what it is about. Lines
that are one HTML comment are marks for tests and scripts; readers do not see them.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from zava_mcp.errors import InputError
from zava_mcp.suggestions import did_you_mean

_FOLDER = files(__name__)
_MARK = re.compile(r"^<!-- .* -->\n", re.MULTILINE)
_CHAPTER = re.compile(r"(\d\d)-(.+)")


@dataclass(frozen=True)
class Page:
    """One chapter or reference page: its name, its first line below the title, and all of its Markdown."""

    name: str
    summary: str
    text: str

    @property
    def number(self) -> str:
        """A chapter's number of two digits; "" for a reference page."""
        match = _CHAPTER.fullmatch(self.name)
        return match[1] if match else ""

    @property
    def markdown(self) -> str:
        """The text without marks."""
        return _MARK.sub("", self.text)


@cache
def pages() -> dict[str, Page]:
    """All pages by name: the chapters in their order, then the reference pages in alphabetical order."""
    names = sorted(file.name.removesuffix(".md") for file in _FOLDER.iterdir() if file.name.endswith(".md"))
    return {name: _page(name) for name in names}


def find_page(name: str) -> Page | None:
    """The page of a name, in any case, also as in a link; a chapter also has its number and its name alone."""
    key = name.strip().lower().partition("#")[0].removesuffix(".md")
    return pages().get(key) or _short_names().get(key)


def require_page(name: str) -> Page:
    """The page of a name, as `find_page`. Raises InputError, which suggests the nearest name, if there is none."""
    if (page := find_page(name)) is not None:
        return page
    suggestion = did_you_mean(name.lower().removesuffix(".md"), pages())
    raise InputError(f"the guide has no page {name[:60]!r}{suggestion}", f"Its pages are {', '.join(pages())}.")


@cache
def _short_names() -> dict[str, Page]:
    chapters = [page for page in pages().values() if page.number]
    by_name = {page.name.partition("-")[2]: page for page in chapters}
    by_number = {number: page for page in chapters for number in (page.number, str(int(page.number)))}
    return by_name | by_number


def _page(name: str) -> Page:
    text = _FOLDER.joinpath(f"{name}.md").read_text(encoding="utf-8")
    summary = next(line for line in text.splitlines()[1:] if line)
    return Page(name, summary, text)

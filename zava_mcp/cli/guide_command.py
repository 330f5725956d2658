"""`zava-mcp guide`: shows the reference pages on a terminal, or prints their Markdown when piped."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from zava_mcp.cli.app import app
from zava_mcp.cli.options import Pager
from zava_mcp.cli.shell_completion import complete_guide_pages

if TYPE_CHECKING:
    from zava_mcp.guide import Page

_MAX_COLUMNS = 100  # Longer lines are hard to read.
_MARKER = re.compile(r"^<!-- .* -->\n", re.MULTILINE)  # Tests and scripts find a table by its marker.
_LONG_LINK = re.compile(r"\[([^\[\]\n]+)\]\(https://[^)]{100,}\)")  # A long address does not fit a line.
_PAGE_LINK = re.compile(r"\[([^\[\]\n]+)\]\(([a-z-]+)\.md(?:#[^)]*)?\)")


@app.command()
def guide(
    page: Annotated[
        str | None,
        typer.Argument(
            metavar="[PAGE]", help="A page's name; default: list all pages.", autocompletion=complete_guide_pages
        ),
    ] = None,
    pager: Pager = True,
) -> None:
    """Show a page of the reference: settings, values in JSON, exit codes and more.

    Example: zava-mcp guide settings
    """
    from zava_mcp.cli.display.escape import column
    from zava_mcp.cli.display.output import show_columns
    from zava_mcp.guide import pages

    if page is None:
        all_pages = pages().values()
        names, subjects = [entry.name for entry in all_pages], [entry.summary for entry in all_pages]
        show_columns([column("page", names), column("subject", subjects)], whole=True, pager=pager)
    else:
        _show(_find_page(page), pager)


def _find_page(name: str) -> "Page":
    """Return a page by its name, in any case and with or without `.md`. Raises InputError if there is none."""
    from zava_mcp.errors import InputError
    from zava_mcp.guide import pages
    from zava_mcp.suggestions import did_you_mean

    key = name.lower().removesuffix(".md")
    if key in pages():
        return pages()[key]
    suggestion = did_you_mean(key, pages())
    raise InputError(f"the guide has no page {name[:60]!r}{suggestion}", f"Its pages are {', '.join(pages())}.")


def _show(page: "Page", pager: bool) -> None:
    """Show a page formatted for a terminal, or print its Markdown."""
    from zava_mcp.cli.display.messages import console
    from zava_mcp.cli.display.output import render
    from zava_mcp.standard_streams import write_exactly

    out = console()
    text = _MARKER.sub("", page.text)
    if not out.file.isatty():
        write_exactly(text)
        return
    from rich.theme import Theme

    from zava_mcp.cli.display.markdown import WholeCells

    out.width = min(out.width, _MAX_COLUMNS)
    text = _LONG_LINK.sub(r"\1", _PAGE_LINK.sub(r"\1 (`guide \2`)", text))
    with out.use_theme(Theme({"markdown.code": "bold cyan"})):
        render(WholeCells(text, code_theme="ansi_dark", hyperlinks=False), out, pager)

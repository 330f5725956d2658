"""`zava-mcp guide`: the reference pages on a terminal, or as Markdown when piped."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from zava_mcp.cli.app import app
from zava_mcp.cli.options import Pager
from zava_mcp.cli.shell_completion import guide_pages

if TYPE_CHECKING:
    from zava_mcp.guide import Page

_COLUMNS = 100  # longer lines are hard to read
_MARKER = re.compile(r"^<!-- .* -->\n", re.MULTILINE)  # where tests and scripts find a table
_LONG_LINK = re.compile(r"\[([^\[\]\n]+)\]\(https://[^)]{100,}\)")  # which no line has room for
_PAGE_LINK = re.compile(r"\[([^\[\]\n]+)\]\(([a-z-]+)\.md(?:#[^)]*)?\)")


@app.command()
def guide(
    page: Annotated[
        str | None,
        typer.Argument(metavar="[PAGE]", help="Which page; without one, all are listed.", autocompletion=guide_pages),
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
        listed = pages().values()
        names, subjects = [one.name for one in listed], [one.summary for one in listed]
        show_columns([column("page", names), column("subject", subjects)], whole=True, pager=pager)
    else:
        _show(_found(page), pager)


def _found(name: str) -> "Page":
    """The page of that name, in any case and with or without `.md`. Raises InputError."""
    from zava_mcp.errors import InputError
    from zava_mcp.guide import pages
    from zava_mcp.suggestions import did_you_mean

    wanted = name.lower().removesuffix(".md")
    if wanted in pages():
        return pages()[wanted]
    suggestion = did_you_mean(wanted, pages())
    raise InputError(f"the guide has no page {name[:60]!r}{suggestion}", f"Its pages are {', '.join(pages())}.")


def _show(page: "Page", pager: bool) -> None:
    """The page: laid out for a terminal, elsewhere as Markdown."""
    from zava_mcp.cli.display.output import console, render
    from zava_mcp.standard_streams import write_exactly

    out = console()
    text = _MARKER.sub("", page.text)
    if not out.file.isatty():
        write_exactly(text)
        return
    from rich.theme import Theme

    from zava_mcp.cli.display.markdown import WholeCells

    out.width = min(out.width, _COLUMNS)
    text = _LONG_LINK.sub(r"\1", _PAGE_LINK.sub(r"\1 (`guide \2`)", text))
    with out.use_theme(Theme({"markdown.code": "bold cyan"})):
        render(WholeCells(text, code_theme="ansi_dark", hyperlinks=False), out, pager)

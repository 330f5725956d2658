"""`zava-mcp guide`: shows the guide on a terminal, or prints its Markdown when piped; checks a chapter's exercises."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zava_mcp.cli.app import app
from zava_mcp.cli.options import DataDir, Pager
from zava_mcp.cli.shell_completion import complete_chapters, complete_guide_pages

if TYPE_CHECKING:
    from zava_mcp.guide import Page

_CHECK = "check"
_ON_THE_WEB = "https://github.com/zava-mcp/zava-mcp/blob/main/zava_mcp/guide"
_MAX_COLUMNS = 100  # Longer lines are hard to read.
_LONG_LINK = re.compile(r"\[([^\[\]\n]+)\]\(https://[^)]{100,}\)")  # A long address does not fit a line.
_DIAGRAM = re.compile(r"^```mermaid\n", re.MULTILINE)
_PAGE_LINK = re.compile(r"\[([^\[\]\n]+)\]\(([a-z\d-]+)\.md(?:#[^)]*)?\)")


@app.command()
def guide(
    ctx: typer.Context,
    page: Annotated[
        str | None,
        typer.Argument(
            metavar="[PAGE]",
            help="A chapter's number, a page's name, or check; default: list all pages.",
            autocompletion=complete_guide_pages,
        ),
    ] = None,
    chapter: Annotated[
        str | None,
        typer.Argument(
            metavar="[CHAPTER]",
            help="With check: the chapter whose exercises to check.",
            autocompletion=complete_chapters,
        ),
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--folder", metavar="PATH", help="With check: the folder of your answers; default: this one."),
    ] = None,
    pager: Pager = True,
    data_dir: DataDir = None,
) -> None:
    """Show a chapter of the learning guide or a page of the reference, or check a chapter's exercises.

    Example: zava-mcp guide 00

    Example: zava-mcp guide settings

    Example: zava-mcp guide check 00
    """
    from zava_mcp.guide import require_page

    if page == _CHECK:
        from zava_mcp.cli.guide_check import check_exercises

        check_exercises(ctx, require_page(chapter or ""), folder)
    else:
        _refuse_options_of_check(chapter, folder)
        _list(pager) if page is None else _show(require_page(page), pager)


def _refuse_options_of_check(chapter: str | None, folder: Path | None) -> None:
    from zava_mcp.errors import InputError

    if chapter is not None:
        raise InputError("guide shows one page", "Name one page, or check a chapter: zava-mcp guide check 00.")
    if folder is not None:
        raise InputError("--folder requires `check`", "Check a chapter: zava-mcp guide check 00 --folder answers.")


def _list(pager: bool) -> None:
    from zava_mcp.cli.display.escape import column
    from zava_mcp.cli.display.output import show_columns
    from zava_mcp.guide import pages

    all_pages = pages().values()
    names, subjects = [entry.name for entry in all_pages], [entry.summary for entry in all_pages]
    show_columns([column("page", names), column("subject", subjects)], whole=True, pager=pager)


def _show(page: "Page", pager: bool) -> None:
    """Show a page formatted for a terminal, or print its Markdown."""
    from zava_mcp.cli.display.messages import console
    from zava_mcp.cli.display.output import render
    from zava_mcp.standard_streams import write_exactly

    out, text = console(), page.markdown
    if not out.file.isatty():
        write_exactly(text)
        return
    from rich.theme import Theme

    from zava_mcp.cli.display.markdown import WholeText

    out.width = min(out.width, _MAX_COLUMNS)
    text = _LONG_LINK.sub(r"\1", _PAGE_LINK.sub(r"\1 (`guide \2`)", text))
    text = _DIAGRAM.sub(f"Diagram, drawn at {_ON_THE_WEB}/{page.name}.md:\n\n```text\n", text)
    with out.use_theme(Theme({"markdown.code": "bold cyan"})):
        render(WholeText(text, code_theme="ansi_dark", hyperlinks=False), out, pager)

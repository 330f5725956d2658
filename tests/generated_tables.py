"""Renews what documents take from code, tables and included code: `python -m tests.generated_tables`."""

from pathlib import Path

from scripts.documents import put
from tests.clients.install_links import links_table
from tests.guide.included_code import renewed
from tests.promises.value_table import values_table
from zava_mcp.guide import Page, pages
from zava_mcp.server.recording import renew_packaged
from zava_mcp.settings import SETTINGS

GUIDE = Path(__file__).parent.parent / "zava_mcp" / "guide"


def settings_table() -> str:
    """A line for each setting."""
    rows = [f"| `{setting.name}` | {setting.meaning} | {setting.default} |" for setting in SETTINGS]
    return "\n".join(["| variable | meaning | default |", "|---|---|---|", *rows]).replace(" |  |", " | |")


def chapters_table() -> str:
    """A line for each chapter but the introduction: its link, its subject and the minutes that it takes."""
    rows = [
        f"| [{page.name.replace('-', ' ')}]({page.name}.md) | {page.summary} | {minutes(page)} |"
        for page in pages().values()
        if page.number > "00"
    ]
    return "\n".join(["| chapter | subject | minutes |", "|---|---|---|", *rows])


def minutes(page: Page) -> int:
    """The minutes that a chapter says it takes."""
    return int(page.text.partition("**Time:** ")[2].split()[0])


#: By document and mark.
TABLES = {
    ("00-introduction.md", "chapters"): chapters_table,
    ("settings.md", "settings"): settings_table,
    ("values.md", "values"): values_table,
    ("clients.md", "install links"): links_table,
}


def main() -> None:
    for (page, mark), table in TABLES.items():
        put(mark, f"{table()}\n", GUIDE / page)
    for chapter in sorted(GUIDE.glob("[0-9][0-9]-*.md")):
        chapter.write_text(renewed(chapter.read_text(encoding="utf-8")), encoding="utf-8")
    renew_packaged()


if __name__ == "__main__":
    main()

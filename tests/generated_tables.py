"""Renews the tables of documents that follow from code: `python -m tests.generated_tables`."""

from pathlib import Path

from scripts.documents import put
from tests.clients.install_links import links_table
from tests.promises.value_table import values_table
from zava_mcp.server.recording import renew_packaged
from zava_mcp.settings import SETTINGS

GUIDE = Path(__file__).parent.parent / "zava_mcp" / "guide"


def settings_table() -> str:
    """A line for each setting."""
    rows = [f"| `{setting.name}` | {setting.meaning} | {setting.default} |" for setting in SETTINGS]
    return "\n".join(["| variable | meaning | default |", "|---|---|---|", *rows]).replace(" |  |", " | |")


#: By document and mark.
TABLES = {
    ("settings.md", "settings"): settings_table,
    ("values.md", "values"): values_table,
    ("clients.md", "install links"): links_table,
}


def main() -> None:
    for (page, mark), table in TABLES.items():
        put(mark, f"{table()}\n", GUIDE / page)
    renew_packaged()


if __name__ == "__main__":
    main()

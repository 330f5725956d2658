"""The guide's table of install links, which `python -m tests.generated_tables` renews."""

from uuid import UUID

from tests.conftest import HEAD_OFFICE, SEATTLE, STORES
from zava_mcp.clients.config import install_link, planned_entry
from zava_mcp.clients.config_files import Entry
from zava_mcp.clients.names import Client

#: The identities of the repository's own .vscode/mcp.json and of the guide's links.
DESKS = {
    "head office": HEAD_OFFICE,
    "Seattle": SEATTLE,
    "Redmond": STORES["Redmond"],
    "Online": STORES["Online"],
}
_CLIENTS = {"VS Code": Client.vscode, "VS Code Insiders": Client.vscode_insiders, "Cursor": Client.cursor}


def entries(*command: str) -> list[Entry]:
    """Returns an entry per identity of the embedded database."""
    return planned_entry(command, map(UUID, DESKS.values()))


def links_table() -> str:
    """In Markdown, a line for each identity."""
    lines = ["| identity | install in |", "|---|---|"]
    for desk, entry in zip(DESKS, entries("uvx", "zava-mcp"), strict=True):
        links = [f"[{name}]({install_link(client, entry)})" for name, client in _CLIENTS.items()]
        lines.append(f"| {desk} | {', '.join(links)} |")
    return "\n".join(lines)

"""README's table of install links; `python -m tests.clients.install_links` prints it."""

from uuid import UUID

from tests.conftest import HEAD_OFFICE, SEATTLE, STORES
from zava_mcp.clients.config import install_link, planned_entry
from zava_mcp.clients.config_files import Entry
from zava_mcp.clients.names import Client

#: Whom the repository's own .vscode/mcp.json and README's links are for.
DESKS = {
    "head office": HEAD_OFFICE,
    "Seattle": SEATTLE,
    "Redmond": STORES["Redmond"],
    "Online": STORES["Online"],
}
_CLIENTS = {"VS Code": Client.vscode, "VS Code Insiders": Client.vscode_insiders, "Cursor": Client.cursor}


def entries(*command: str) -> list[Entry]:
    """What a client is given to start all of them by a command, on the embedded database."""
    return planned_entry(command, map(UUID, DESKS.values()))


def readme_table() -> str:
    lines = ["| as | install in |", "|---|---|"]
    for executor, entry in zip(DESKS, entries("uvx", "zava-mcp"), strict=True):
        links = [f"[{name}]({install_link(client, entry)})" for name, client in _CLIENTS.items()]
        lines.append(f"| {executor} | {', '.join(links)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(readme_table())

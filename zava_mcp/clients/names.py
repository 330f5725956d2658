"""The MCP clients by name: apart from what is done with them, because every start of the program reads this."""

from enum import StrEnum


class Client(StrEnum):
    """The clients we know how to talk to; `plain` is any that reads `mcpServers`."""

    claude_desktop = "claude-desktop"
    claude_code = "claude-code"
    vscode = "vscode"
    vscode_insiders = "vscode-insiders"
    cursor = "cursor"
    codex = "codex"
    plain = "plain"

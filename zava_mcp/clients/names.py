"""The names of the supported MCP clients, in a module of their own because every command imports it."""

from enum import StrEnum


class Client(StrEnum):
    """A supported client; `plain` is any client that reads `mcpServers`."""

    claude_desktop = "claude-desktop"
    claude_code = "claude-code"
    vscode = "vscode"
    vscode_insiders = "vscode-insiders"
    cursor = "cursor"
    codex = "codex"
    plain = "plain"

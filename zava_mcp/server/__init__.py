"""The MCP server over stdio. No other layer imports mcp."""

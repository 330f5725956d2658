"""The door for models: the MCP server over stdio. The only floor that imports mcp."""

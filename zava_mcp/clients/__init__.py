"""Configuration of MCP clients: generate it, check it."""

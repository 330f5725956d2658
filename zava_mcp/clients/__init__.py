"""Configuration of MCP clients: generate it, read it, start its entries."""

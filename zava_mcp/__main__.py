"""`python -m zava_mcp` is the same as `zava-mcp`."""

from zava_mcp.cli import main

main()

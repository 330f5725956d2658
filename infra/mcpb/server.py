"""Starts the program for a host of MCPB bundles; the wheel beside it is the program."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # the bundle's folder: the program is installed, and nothing else is imported

from zava_mcp.cli import main

main()

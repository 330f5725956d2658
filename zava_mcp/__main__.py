"""`python -P -m zava_mcp` is the same as `zava-mcp`."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # without -P, Python puts the working directory first: what lies there is not ours

from zava_mcp.cli import main

main()

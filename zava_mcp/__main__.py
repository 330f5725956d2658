"""`python -P -m zava_mcp` runs the same program as `zava-mcp`."""

import sys

if not sys.flags.safe_path:
    del sys.path[0]  # Without -P, Python searches modules in the working directory first, where others may write.

from zava_mcp.cli import main

main()

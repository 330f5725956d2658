"""What a host starts from the bundle; the wheel beside it is the program."""

from zava_mcp.cli import main

main()

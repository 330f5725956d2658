"""Has the Azure CLI's own parser read commands, one JSON list of arguments a line on stdin, and runs none of them.

Runs in the Azure CLI's environment. Ends with 1 if it knows a command or an option not, or misses one.
"""

import json
import sys
from typing import Any

from azure.cli.core import get_default_cli  # type: ignore[import-untyped]  # not of this environment


def refuses(cli: Any, arguments: list[str]) -> bool:
    invocation = cli.invocation_cls(
        cli_ctx=cli, commands_loader_cls=cli.commands_loader_cls, parser_cls=cli.parser_cls, help_cls=cli.help_cls
    )
    cli.invocation = invocation
    loader = invocation.commands_loader
    loader.load_command_table(arguments)
    words = " ".join(arguments).split(" -", 1)[0].split()
    command = next(
        (" ".join(words[:end]) for end in range(len(words), 0, -1) if " ".join(words[:end]) in loader.command_table), ""
    )
    if not command:
        print("no such command:", *arguments)
        return True
    invocation.data["command_string"] = loader.command_name = command
    loader.command_table = {command: loader.command_table[command]}
    loader.load_arguments(command)
    invocation.parser.load_command_table(loader)
    try:
        invocation.parser.parse_args(arguments)
    except SystemExit as end:
        print("refused:", *arguments)
        return bool(end.code)
    return False


if __name__ == "__main__":
    cli = get_default_cli()
    refused = [refuses(cli, json.loads(line)) for line in sys.stdin]
    print(f"{len(refused)} commands read, {sum(refused)} refused")
    sys.exit(any(refused) or not refused)

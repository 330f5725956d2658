"""The choices that `zava-mcp init` offers on a terminal without options: which data the server shall serve.

Each choice ends with the three commands that come next. Only the sample changes anything at once: the other choices
need a server's URL, and their commands can be put into a script.
"""

import sys
from dataclasses import dataclass

import typer

_ATTEMPTS = 3
_QUESTION = "Which data do you want to query?"
_SERVER = "With PostgreSQL 15 or newer, set the URL of an administrator:"
_SET_URL = "export ZAVA_ADMIN_DATABASE_URL=postgresql://ADMIN@HOST/DATABASE"


@dataclass(frozen=True)
class Choice:
    """One choice: its text, what comes before the commands, and the three commands that come next."""

    text: str
    before: tuple[str, ...]
    commands: tuple[str, str, str]


SAMPLE = Choice(
    "The sample company, in a database that zava-mcp runs itself",
    (),
    (
        "zava-mcp demo",
        'zava-mcp query "SELECT count(*) FROM orders" --user-id seattle',
        "zava-mcp client-config claude-desktop --user-id seattle",
    ),
)
CHOICES = (
    SAMPLE,
    Choice(
        "Your own company: its stores, products and orders, from files",
        (_SERVER, _SET_URL, "and write company.toml, which `zava-mcp guide company` describes:"),
        (
            "zava-mcp init --no-sample --company company.toml --passwords-file passwords",
            "zava-mcp load --template files",
            "zava-mcp load files/*.csv",
        ),
    ),
    Choice(
        "A Zava database that exists on a PostgreSQL server",
        (_SERVER, _SET_URL),
        (
            "zava-mcp init --adopt --dry-run",
            "zava-mcp init --adopt --passwords-file passwords",
            "zava-mcp identities",
        ),
    ),
    Choice(
        "Another PostgreSQL database, whose tenants each see their own rows",
        (_SERVER, _SET_URL),
        (
            "zava-mcp init --tenants-from sales.tenant:id:name --passwords-file passwords",
            "zava-mcp tables expose sales.invoice --store-column tenant_id",
            "zava-mcp identities",
        ),
    ),
)


def is_offered(ctx: typer.Context, has_server: bool) -> bool:
    """Whether to offer the choices: on a terminal, without options, and without a server in the settings."""
    if has_server or not (sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    contexts = [ctx, *([ctx.parent] if ctx.parent else [])]
    sources = [each.get_parameter_source(str(param.name)) for each in contexts for param in each.command.params]
    return not any(source is not None and source.name == "COMMANDLINE" for source in sources)


def choose() -> Choice:
    """Ask which of the choices is wanted; Enter is the sample. Raises Abort at the end of input."""
    from zava_mcp.cli.command_audit import flush_output

    print(_QUESTION)
    for number, choice in enumerate(CHOICES, 1):
        print(f"  {number}  {choice.text}")
    flush_output()  # With an audit log, output is held back until a record is written.
    for _ in range(_ATTEMPTS):
        answer = typer.prompt(f"1 to {len(CHOICES)}", default="1", show_default=True).strip()
        if answer.isascii() and answer.isdigit() and 1 <= int(answer) <= len(CHOICES):
            return CHOICES[int(answer) - 1]
        print(f"{answer[:20]!r} is none of the choices.")
    raise typer.Abort


def show_next(choice: Choice) -> None:
    """Print what comes next."""
    for line in choice.before:
        print(f"  {line}" if line == _SET_URL else line)
    print("Next:")
    for command in choice.commands:
        print(f"  {command}")
    print("`zava-mcp guide` has a page for each step; every command has --help.")

"""What all commands share: the application they belong to, and their settings."""

import signal
import sys

import typer

from zava_mcp.cli.faulty_settings import ServingGroup
from zava_mcp.settings import Settings, load
from zava_mcp.standard_streams import settle_environment

app = typer.Typer(
    name="zava-mcp",
    cls=ServingGroup,
    help="Answers an AI assistant's questions about Zava Retail's sales, over MCP on stdin and stdout.\n\n"
    "Without a command it serves. It sees only what the user id may see.\n\n"
    "Example: zava-mcp --user-id f47ac10b-58cc-4372-a567-0e02b2c3d479",
    no_args_is_help=False,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def settings_of(ctx: typer.Context, **after: str | None) -> Settings:
    """Settings from the options before the command's name, overruled by those after it; a command's record begins."""
    from zava_mcp.cli.command_audit import audit_command
    from zava_mcp.cli.logging_setup import start_logging

    settings = load({**ctx.obj, **{name: value for name, value in after.items() if value is not None}})
    start_logging(settings)
    settle_environment()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exit like any other: what is open gets closed
    if ctx.parent is not None:  # a command: the server records its calls, and not itself
        ctx.with_resource(audit_command(ctx, settings))
    return settings


def is_given(ctx: typer.Context, name: str) -> bool:
    """Whether somebody gave an option, rather than leaving it to its default."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"

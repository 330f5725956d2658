"""Defines the typer application of all commands, and loads their settings."""

import typer

from zava_mcp.cli.faulty_settings import ServingGroup
from zava_mcp.cli.start_server import prepare
from zava_mcp.settings import Settings

app = typer.Typer(
    name="zava-mcp",
    cls=ServingGroup,
    help="Give an AI assistant read-only access to a company's sales, over MCP on stdin and stdout.\n\n"
    "Without a command, start the MCP server. Results contain only the rows that the user id may see.\n\n"
    "Example: zava-mcp --user-id f47ac10b-58cc-4372-a567-0e02b2c3d479",
    no_args_is_help=False,
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def keep_options(ctx: typer.Context) -> None:
    """Keep the given options that are settings; they override those before them on the command line."""
    values = {getattr(param, "envvar", None): ctx.params.get(param.name or "") for param in ctx.command.params}
    # An option that can be repeated is not a setting, although its default is one.
    ctx.obj = {**(ctx.obj or {}), **{name: text for name, text in values.items() if name and isinstance(text, str)}}


def load_settings(ctx: typer.Context) -> Settings:
    """Return a command's settings, and start its logging and its audit record."""
    from zava_mcp.cli.command_audit import audit_command

    keep_options(ctx)
    settings = prepare(ctx.obj)
    if ctx.parent is not None:  # The server has no command, and records each call instead.
        ctx.with_resource(audit_command(ctx, settings))
    return settings


def is_explicit(ctx: typer.Context, name: str) -> bool:
    """Whether an option was given, rather than left to its default."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"

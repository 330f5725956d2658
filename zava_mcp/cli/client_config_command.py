"""`zava-mcp client-config`: prints the configuration with which an MCP client starts this server."""

import os
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile
from zava_mcp.cli.shell_completion import complete_identities
from zava_mcp.clients.names import Client
from zava_mcp.settings import load

UserIds = Annotated[
    list[str] | None,
    typer.Option(
        "--user-id",
        envvar="ZAVA_USER_ID",
        metavar="UUID",
        help="The identity. Repeat the option for several entries.",
        autocompletion=complete_identities,
    ),
]


@app.command("client-config")
def client_config(
    ctx: typer.Context,
    client: Annotated[
        Client, typer.Argument(metavar="CLIENT", help=f"One of {', '.join(Client)}.", case_sensitive=False)
    ],
    name: Annotated[
        str,
        typer.Option("--name", metavar="NAME", help="The server's name in the client; a prefix for several entries."),
    ] = "",
    extras: Annotated[
        list[str] | None, typer.Option("--extra", metavar="EXTRA", help="Add an extra of the package, such as azure.")
    ] = None,
    local: Annotated[bool, typer.Option("--local", help="Start this installation instead of uvx.")] = False,
    link: Annotated[bool, typer.Option("--link", help="Print an install link, for VS Code and Cursor.")] = False,
    user_ids: UserIds = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Print the configuration, or the command, that adds the server to an MCP client. It contains no password.

    Example: zava-mcp client-config claude-desktop --user-id f47ac10b-58cc-4372-a567-0e02b2c3d479
    """
    from zava_mcp.cli.display.messages import print_note
    from zava_mcp.clients.config import advice, configuration, install_link, planned_entry
    from zava_mcp.clients.program_command import program

    on_server = load_settings(ctx).database is not None
    flags: dict[str, str] = ctx.obj
    names: Sequence[str | None] = user_ids or [flags.get("ZAVA_USER_ID")]
    identities = [_resolve_user_id(flags, user_id) for user_id in names]
    command, remarks = program(client, local, tuple(extras or ()))
    entries = planned_entry(command, identities, on_server, name, {**os.environ, **flags})
    text = "\n".join(install_link(client, entry) for entry in entries) if link else configuration(client, entries)
    print(text, flush=True)  # before the remarks, also on a terminal
    for remark in remarks + advice(client, entries, link):
        print_note(remark)


def _resolve_user_id(flags: dict[str, str], user_id: str | None) -> UUID:
    """Return the uuid of a user id or name, of the settings' own for None. Raises IdentityError if it is unknown."""
    from zava_mcp.admin.embedded_database import embedded_postgres
    from zava_mcp.errors import IdentityError
    from zava_mcp.postgres.user_ids import require_identity

    settings = load({**flags, "ZAVA_USER_ID": user_id})
    embedded = None if settings.database else embedded_postgres(settings, lambda *_: None)
    identity = require_identity(settings, embedded if embedded and embedded.logins() else None)
    if identity.user_id is None:
        raise IdentityError(
            f"the name {identity.name[:60]!r} can only be resolved by the database server",
            "Give the user id: a client's entry needs it.",
        )
    return identity.user_id

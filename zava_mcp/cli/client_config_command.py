"""`zava-mcp client-config`: what to paste into an MCP client, or to run, so that it starts this program."""

import os
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile
from zava_mcp.cli.shell_completion import identities
from zava_mcp.clients.names import Client
from zava_mcp.settings import load

UserIds = Annotated[
    list[str] | None,
    typer.Option(
        "--user-id",
        envvar="ZAVA_USER_ID",
        metavar="UUID",
        help="Who asks; given several times, an entry each.",
        autocompletion=identities,
    ),
]


@app.command("client-config")
def client_config(
    ctx: typer.Context,
    client: Annotated[
        Client, typer.Argument(metavar="CLIENT", help=f"One of {', '.join(Client)}.", case_sensitive=False)
    ],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="What the client calls it; of several, how the names begin.")
    ] = "",
    extras: Annotated[
        list[str] | None, typer.Option("--extra", metavar="EXTRA", help="With an extra of the package, such as azure.")
    ] = None,
    local: Annotated[bool, typer.Option("--local", help="Start this very installation instead of uvx.")] = False,
    link: Annotated[bool, typer.Option("--link", help="An install link, for VS Code and Cursor.")] = False,
    user_ids: UserIds = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Print what to paste into an MCP client, or to run, so that it starts the server as you. Never a password.

    Example: zava-mcp client-config claude-desktop --user-id f47ac10b-58cc-4372-a567-0e02b2c3d479
    """
    after = {"ZAVA_ENV_FILE": env_file, "ZAVA_DATABASE_URL": database_url, "ZAVA_DATA_DIR": data_dir}
    before = {key: value for key, value in ctx.obj.items() if value is not None}
    given = {**before, **{key: value for key, value in after.items() if value is not None}}
    from zava_mcp.cli.display.output import print_note
    from zava_mcp.clients.config import advice, configuration, install_link, planned_entry
    from zava_mcp.clients.program_command import program

    server = settings_of(ctx, **after).place is not None
    named: Sequence[str | None] = user_ids or [before.get("ZAVA_USER_ID")]
    everybody = [_identified(given, user_id) for user_id in named]
    command, remarks = program(client, local, tuple(extras or ()))
    entries = planned_entry(command, everybody, server, name, {**os.environ, **given})
    print("\n".join(install_link(client, entry) for entry in entries) if link else configuration(client, entries))
    for remark in remarks + advice(client, entries, link):
        print_note(remark)


def _identified(given: dict[str, str], user_id: str | None) -> UUID:
    """Whose user id that is; None for the settings' own. Raises IdentityError if it is nobody's."""
    from zava_mcp.admin.embedded_database import embedded_postgres
    from zava_mcp.errors import IdentityError
    from zava_mcp.postgres.user_ids import require_identity

    settings = load({**given, "ZAVA_USER_ID": user_id})
    embedded = None if settings.place else embedded_postgres(settings, lambda *_: None)
    found = require_identity(settings, embedded if embedded and embedded.logins() else None)
    if found is None:
        raise IdentityError(
            f"only the server knows who {settings.user_name[:60]!r} is", "Give the user id: a client's entry names it."
        )
    return found

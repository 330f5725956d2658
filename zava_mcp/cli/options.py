"""Defines the options that several commands share, with their environment variables."""

from enum import StrEnum
from typing import Annotated

import typer

from zava_mcp.cli.shell_completion import complete_categories, complete_identities
from zava_mcp.settings.table import meaning

UserId = Annotated[
    str | None,
    typer.Option(
        "--user-id",
        envvar="ZAVA_USER_ID",
        metavar="UUID",
        help="The identity: its uuid, or its name in the sample, such as seattle.",
        autocompletion=complete_identities,
    ),
]
EnvFile = Annotated[
    str | None, typer.Option("--env-file", envvar="ZAVA_ENV_FILE", metavar="PATH", help="A file with more settings.")
]
DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        "--database-url",
        envvar="ZAVA_DATABASE_URL",
        metavar="URL",
        help="PostgreSQL to use instead of the embedded one.",
    ),
]
AdminUrl = Annotated[
    str | None,
    typer.Option(
        "--admin-database-url",
        envvar="ZAVA_ADMIN_DATABASE_URL",
        metavar="URL",
        help="An administrator's URL of a database on a server, instead of the embedded one.",
    ),
]
DataDir = Annotated[
    str | None,
    typer.Option("--data-dir", envvar="ZAVA_DATA_DIR", metavar="PATH", help="The folder of the embedded database."),
]
LogLevel = Annotated[
    str | None,
    typer.Option("--log-level", envvar="ZAVA_LOG_LEVEL", metavar="LEVEL", help=meaning("ZAVA_LOG_LEVEL")),
]


DryRun = Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")]


class Format(StrEnum):
    """The format of printed results."""

    table = "table"
    json = "json"
    csv = "csv"


ResultFormat = Annotated[
    Format | None,
    typer.Option(
        "--format", help="table, json or csv; default json when piped.", show_default=False, case_sensitive=False
    ),
]
Pager = Annotated[
    bool, typer.Option("--pager/--no-pager", help="Page output longer than the terminal, with PAGER or less.")
]
Category = Annotated[
    str | None,
    typer.Option(
        "--category", metavar="NAME", help="Only this category or product type.", autocompletion=complete_categories
    ),
]

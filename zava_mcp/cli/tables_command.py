"""`zava-mcp tables`: lists the tables that an identity can query, or describes their columns."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, UserId


@app.command()
def tables(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Tables to describe; default: list all tables.")
    ] = None,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the tables, or describe some: columns, types, keys, meaning and valid values.

    Example: zava-mcp tables orders order_items --user-id seattle
    """
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_text
    from zava_mcp.sales.service import SalesService

    settings = load_settings(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    with progress_bar() as progress, SalesService(settings, progress) as service:
        text = (
            service.describe_tables(names, service.new_reader()) if names else service.list_tables(service.new_reader())
        )
    show_text(text)

"""`zava-mcp tables`, `explain` and `help`: what there is to ask about, how a query would run, what a command does."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, UserId


@app.command()
def tables(
    ctx: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Tables to describe; without one, all are listed.")
    ] = None,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the tables, or describe some: columns, types, keys, meaning and valid values.

    Example: zava-mcp tables orders order_items --user-id seattle
    """
    from zava_mcp.cli.output import progress_bar, show_text
    from zava_mcp.retail.shop import Shop

    settings = settings_of(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    with progress_bar() as tell, Shop(settings, tell) as shop:
        text = shop.describe(names, shop.reading()) if names else shop.tables(shop.reading())
    show_text(text)


@app.command()
def explain(
    ctx: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One query, without EXPLAIN; it is not run.")],
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Check a query without running it: where it is wrong, or the plan by which it would be answered.

    Example: zava-mcp explain "SELECT count(*) FROM retail.orders" --user-id seattle
    """
    from zava_mcp.cli.output import progress_bar, show_text
    from zava_mcp.retail.shop import Shop

    settings = settings_of(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    with progress_bar() as tell, Shop(settings, tell) as shop:
        with shop.hints():
            text = shop.explain(shop.explanation(sql))
    show_text(text)


@app.command(name="help")
def help_(
    ctx: typer.Context,
    command: Annotated[list[str] | None, typer.Argument(metavar="[COMMAND]...", help="Which command.")] = None,
) -> None:
    """Show what a command does and its options, as --help behind it does.

    Example: zava-mcp help query
    """
    root = ctx.find_root()
    root.command.main([*(command or []), "--help"], prog_name=root.info_name or "zava-mcp", standalone_mode=True)

"""`zava-mcp explain`: checks a query, and shows its plan, without running it."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, UserId


@app.command()
def explain(
    ctx: typer.Context,
    sql: Annotated[str, typer.Argument(metavar="SQL", help="One query, without EXPLAIN; it is not run.")],
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Check a query without running it: print its first error, or the plan by which PostgreSQL would run it.

    Example: zava-mcp explain "SELECT count(*) FROM retail.orders" --user-id seattle
    """
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_text
    from zava_mcp.sales.service import service_for

    settings = load_settings(ctx)
    with progress_bar() as progress, service_for(settings, progress) as service:
        with service.name_hints():
            text = service.explain(service.explanation(sql))
    show_text(text)

"""`zava-mcp demo`: a demonstration with the real server."""

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile


@app.command()
def demo(
    ctx: typer.Context, data_dir: DataDir = None, env_file: EnvFile = None, database_url: DatabaseUrl = None
) -> None:
    """Start the real server as head office and as Seattle, ask it questions, and try to break out.

    Example: zava-mcp demo
    """
    given = {"ZAVA_DATA_DIR": data_dir, "ZAVA_ENV_FILE": env_file, "ZAVA_DATABASE_URL": database_url}
    settings_of(ctx, **given)
    from zava_mcp.cli.demonstration import show

    show({name: value for name in given if (value := given[name] or ctx.obj[name])})

"""`zava-mcp demo`: demonstrates the isolation of identities with the real server."""

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile

_SETTINGS = ("ZAVA_DATA_DIR", "ZAVA_ENV_FILE", "ZAVA_DATABASE_URL")


@app.command()
def demo(
    ctx: typer.Context, data_dir: DataDir = None, env_file: EnvFile = None, database_url: DatabaseUrl = None
) -> None:
    """Start the real server as head office and as Seattle, run queries, and try to bypass row-level security.

    Example: zava-mcp demo
    """
    load_settings(ctx)
    from zava_mcp.cli.demonstration import run_demonstration

    run_demonstration({name: ctx.obj[name] for name in _SETTINGS if name in ctx.obj})

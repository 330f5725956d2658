"""`zava-mcp demo`: demonstrates the isolation of identities with the real server."""

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile


@app.command()
def demo(
    ctx: typer.Context, data_dir: DataDir = None, env_file: EnvFile = None, database_url: DatabaseUrl = None
) -> None:
    """Start the real server as head office and as Seattle, run queries, and try to bypass row-level security.

    Example: zava-mcp demo
    """
    options = {"ZAVA_DATA_DIR": data_dir, "ZAVA_ENV_FILE": env_file, "ZAVA_DATABASE_URL": database_url}
    load_settings(ctx, **options)
    from zava_mcp.cli.demonstration import run_demonstration

    run_demonstration({name: value for name in options if (value := options[name] or ctx.obj[name])})

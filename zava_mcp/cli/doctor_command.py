"""`zava-mcp doctor`: checks an installation, and attacks its isolation of identities."""

from typing import Annotated

import typer

from zava_mcp.cli.app import app, load_settings
from zava_mcp.cli.options import DatabaseUrl, DataDir, EnvFile, Format, UserId


@app.command()
def doctor(
    ctx: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    form: Annotated[Format, typer.Option("--format", help="table, json or csv.", case_sensitive=False)] = Format.table,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Check the installation as an identity, and try to bypass row-level security. The exit code is 1 if a check fails.

    Example: zava-mcp doctor --user-id seattle
    """
    settings = load_settings(ctx)
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_checks
    from zava_mcp.doctor.diagnosis import diagnose
    from zava_mcp.sales.service import service_for

    with progress_bar() as progress, service_for(settings, progress) as service:
        checks = diagnose(service)
    show_checks(checks, "json" if as_json else form.value)
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(1)

"""The commands. Shared options may stand before or after a command's name."""

import gc
import os
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from zava_mcp.cli.app import app as app
from zava_mcp.cli.app import is_given, settings_of
from zava_mcp.cli.faults import serve_fault
from zava_mcp.cli.options import AdminUrl, AnswerFormat, DatabaseUrl, DataDir, EnvFile, Format, LogLevel, Pager, UserId
from zava_mcp.cli.sql_input import SqlCommand, query_text
from zava_mcp.errors import ZavaError
from zava_mcp.settings import DEFAULT_ROWS

#: The exit code of a command whose piped table or CSV lacks rows; JSON says so itself.
CUT = 3


def version_wanted(wanted: bool) -> None:
    """Prints the version and ends."""
    if wanted:
        from importlib.metadata import version

        print(f"zava-mcp {version('zava-mcp')}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def serve(
    ctx: typer.Context,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
    log_level: LogLevel = None,
    version: Annotated[  # noqa: ARG001  # answered by its callback
        bool, typer.Option("--version", callback=version_wanted, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Serve when no command is given; keep the options for a command otherwise."""
    ctx.obj = {
        "ZAVA_USER_ID": user_id,
        "ZAVA_ENV_FILE": env_file,
        "ZAVA_DATABASE_URL": database_url,
        "ZAVA_DATA_DIR": data_dir,
        "ZAVA_LOG_LEVEL": log_level,
    }
    if ctx.invoked_subcommand is None:
        _serve(ctx)


@app.command(cls=SqlCommand)
def query(
    ctx: typer.Context,
    sql: Annotated[
        str | None, typer.Argument(metavar="SQL", help="One query; - reads it from stdin.", show_default=False)
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", metavar="PATH", help="Read the query from a file; - is stdin.")
    ] = None,
    max_rows: Annotated[
        int | None,
        typer.Option("--max-rows", help=f"Most rows to return; {DEFAULT_ROWS} if not given.", show_default=False),
    ] = None,
    chart: Annotated[bool, typer.Option("--chart", help="Draw it: lines over periods, bars for all else.")] = False,
    form: AnswerFormat = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write all rows there: .csv, .jsonl or .xlsx."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", metavar="SECONDS", help="With --output: until it is stopped; 600.")
    ] = None,
    bom: Annotated[bool, typer.Option("--bom", help="With --output: a mark by which Excel knows UTF-8.")] = False,
    no_formulas: Annotated[
        bool, typer.Option("--no-formulas", help="In CSV: ' before texts that a spreadsheet would run.")
    ] = False,
    pager: Pager = True,
    user_id: UserId = None,
    env_file: EnvFile = None,
    database_url: DatabaseUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Ask one SQL question as an identity and print the answer.

    Example: zava-mcp query "SELECT store_name, is_online FROM retail.stores" --user-id seattle
    """
    settings = settings_of(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    from zava_mcp import calls
    from zava_mcp.cli.output import progress_bar, show_answer, show_chart
    from zava_mcp.cli.wording import refuse_too_many, rows_advice
    from zava_mcp.errors import InputError
    from zava_mcp.retail.shop import Shop

    if chart and form:
        raise InputError("--chart and --format exclude each other", "Leave one of them out.")

    calls.now().sql = text = query_text(sql, file)
    if output is not None:
        if chart or form or max_rows is not None:
            raise InputError("--output writes all rows in the file's own format", "Leave the other options out.")
        from zava_mcp.cli.exporting import export

        return export(settings, text, output, timeout, bom, not no_formulas)
    if bom or timeout is not None:
        raise InputError("--timeout and --bom are for --output", "Add --output FILE.")
    if no_formulas and (form is None or form.value != "csv"):
        raise InputError("--no-formulas is for CSV", "Add --format csv, or --output FILE.csv.")
    with progress_bar() as tell, Shop(settings, tell) as shop:
        most = settings.max_rows if chart else min(DEFAULT_ROWS, settings.max_rows)
        rows = most if max_rows is None else max_rows
        refuse_too_many(rows, settings.max_rows)
        with shop.hints():
            answer = shop.answer(shop.sales_query(text, rows), unhurried=True)
        answer.note()
        answer.rows_advice = rows_advice(rows, settings.max_rows)
        answer.bytes_advice += " --output FILE writes every row."
    if chart:
        return show_chart(answer, text)
    if show_answer(answer, form.value if form else None, pager=pager, formulas=not no_formulas):
        raise typer.Exit(CUT)
    return None


@app.command()
def init(
    ctx: typer.Context,
    sample: Annotated[bool, typer.Option(help="Fill a new database with the sample.")] = True,
    scale: Annotated[float, typer.Option(help="Size of the sample: 1 is about 200,000 orders.")] = 1.0,
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the sample; today if not given.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed makes another sample.")] = 42,
    passwords_file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="On a server: write generated passwords there, as a libpq passfile."),
    ] = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take over an existing Zava database, without touching a row of it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --adopt: only print the SQL that would run.")
    ] = False,
    take_over_roles: Annotated[
        bool,
        typer.Option(
            "--take-over-roles",
            help="On a server: make roles of our names ours that others made. Resets their passwords and memberships.",
        ),
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Remove the embedded database, after a question, and build a new one.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --reset: do not ask.")] = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Build or upgrade the database: schema, identities, sample. Changes nothing that is already there.

    Example: zava-mcp init --scale 0.1
    """
    settings = settings_of(ctx, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url, ZAVA_DATA_DIR=data_dir)
    from zava_mcp.cli.output import progress_bar, show_report
    from zava_mcp.database.opening import adopt_database, initialise, reset_embedded
    from zava_mcp.database.sample import Sample
    from zava_mcp.errors import InputError

    if dry_run and not adopt:
        raise InputError("--dry-run is for --adopt", "Without --adopt, init changes nothing that is already there.")
    if reset and (adopt or passwords_file or take_over_roles or not sample):
        raise InputError("--reset is for the embedded database alone", "Leave the other options out.")
    wanted = Sample(scale, as_of.date() if as_of else None, seed)
    if reset:
        from zava_mcp.cli.reset import confirm_reset

        confirm_reset(settings, yes)
    with progress_bar() as tell:
        if reset:
            report = reset_embedded(settings, wanted, tell)
        elif adopt:
            report = adopt_database(settings, dry_run, passwords_file, tell, take_over_roles)
        else:
            chosen = [name for name in ("scale", "as_of", "seed") if is_given(ctx, name)]
            report = initialise(settings, wanted if sample else None, passwords_file, tell, take_over_roles, chosen)
    show_report(report, only_sql=dry_run)


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
    """Check the installation as an identity, and try to break out of it; exit code 1 if a check fails.

    Example: zava-mcp doctor --user-id seattle
    """
    settings = settings_of(
        ctx, ZAVA_USER_ID=user_id, ZAVA_ENV_FILE=env_file, ZAVA_DATABASE_URL=database_url, ZAVA_DATA_DIR=data_dir
    )
    from zava_mcp.cli.output import progress_bar, show_checks
    from zava_mcp.retail.doctor import diagnose
    from zava_mcp.retail.shop import Shop

    with progress_bar() as tell, Shop(settings, tell) as shop:
        checks = diagnose(shop)
    show_checks(checks, "json" if as_json else form.value)
    if any(check.state == "fail" for check in checks):
        raise typer.Exit(1)


@app.command()
def demo(
    ctx: typer.Context, data_dir: DataDir = None, env_file: EnvFile = None, database_url: DatabaseUrl = None
) -> None:
    """Start the real server as head office and as Seattle, ask it questions, and try to break out.

    Example: zava-mcp demo
    """
    given = {"ZAVA_DATA_DIR": data_dir, "ZAVA_ENV_FILE": env_file, "ZAVA_DATABASE_URL": database_url}
    settings_of(ctx, **given)
    from zava_mcp.cli.demo import show

    show({name: value for name in given if (value := given[name] or ctx.obj[name])})


def _serve(ctx: typer.Context) -> None:
    """The order matters for the start: PostgreSQL in its own processes first, the SDK's import beside it."""
    gc.disable()  # importing makes no garbage; switched on again before serving
    from zava_mcp.server.startup import Startup

    try:
        settings = settings_of(ctx)
        startup = Startup(settings)
    except ZavaError as error:
        serve_fault(error)

    def end(signum: int, _: object) -> None:  # until the event loop takes the signals over
        startup.close()
        os._exit(128 + signum)

    for name in ("SIGTERM", "SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    startup.start_postgres()
    if sys.stdin and sys.stdin.isatty():
        from zava_mcp.cli.output import note

        note("serving MCP on stdin and stdout; Ctrl-C ends it. To see it at work: zava-mcp demo")
    from zava_mcp.server.run import run

    run(settings, startup)


from zava_mcp.cli import clients, describing, identities, products  # noqa: E402, F401  # add their commands, after these in --help

"""The commands around identities: who may ask, kept by an admin."""

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from zava_mcp.cli.app import app, settings_of
from zava_mcp.cli.options import AdminUrl, AnswerFormat, DataDir, EnvFile, Format

if TYPE_CHECKING:
    from zava_mcp.admin.change_report import Report

identities = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]}, rich_markup_mode=None)
app.add_typer(identities, name="identities")

Who = Annotated[str, typer.Argument(metavar="WHO", help="User id, name or login.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Who it is, for people.")]
Stores = Annotated[
    list[str] | None,
    typer.Option("--store", metavar="STORE", help="A store to see, by name or id; several for a regional manager."),
]
AllStores = Annotated[bool, typer.Option("--all-stores", help="See every store, as head office does.")]
# Without its environment variable, which says who asks, not whom an admin means.
NewUserId = Annotated[
    UUID | None, typer.Option("--user-id", metavar="UUID", help="The identity's user id; generated if not given.")
]
Expires = Annotated[
    datetime | None,
    typer.Option("--expires", formats=["%Y-%m-%d"], metavar="DATE", help="The last day (UTC) the login is good."),
]
PasswordsFile = Annotated[
    Path | None, typer.Option("--passwords-file", metavar="PATH", help="A libpq passfile to keep passwords in.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]


@identities.callback(invoke_without_command=True)
def listed(
    ctx: typer.Context,
    form: AnswerFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List who may ask: user ids, names, logins and the stores each sees. As admin, let people in and out.

    Example: zava-mcp identities
    """
    given = {"ZAVA_ENV_FILE": env_file, "ZAVA_ADMIN_DATABASE_URL": admin_url, "ZAVA_DATA_DIR": data_dir}
    ctx.obj = {**ctx.obj, **{name: value for name, value in given.items() if value is not None}}
    if ctx.invoked_subcommand is None:
        _list(ctx, form)


@identities.command(name="list")
def list_(
    ctx: typer.Context,
    form: AnswerFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List who may ask, as `zava-mcp identities` alone does.

    Example: zava-mcp identities list
    """
    _list(ctx, form, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url, ZAVA_DATA_DIR=data_dir)


def _list(ctx: typer.Context, form: Format | None, **given: str | None) -> None:
    settings = settings_of(ctx, **given)
    from zava_mcp.admin.init import list_identities
    from zava_mcp.cli.display.identity_table import fitted, short_stores
    from zava_mcp.cli.display.output import print_note, progress_bar, show_rows

    with progress_bar() as tell:
        rows = list_identities(settings, tell)
    columns = ["user_id", "name", "stores", "login", "last_day"]
    shown, remark = fitted(columns, rows, form)
    if remark:
        rows = short_stores(rows)
        shown, remark = fitted(columns, rows, form)
        remark = remark or "names of stores without their common beginning; --format csv has them whole"
    show_rows(
        [columns[place] for place in shown], [[row[place] for place in shown] for row in rows], form and form.value
    )
    if remark:
        print_note(remark)


@identities.command()
def add(
    ctx: typer.Context,
    name: Name,
    store: Stores = None,
    all_stores: AllStores = False,
    user_id: NewUserId = None,
    login: Annotated[
        str, typer.Option("--login", metavar="NAME", help="The login's name; the user id if not given.")
    ] = "",
    expires: Expires = None,
    passwords_file: PasswordsFile = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Let somebody ask, with a login of their own; with the user id of somebody there, change what they see.

    Example: zava-mcp identities add "Ann Lee" --store Seattle --store Bellevue --passwords-file passwords
    """
    settings = settings_of(ctx, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url, ZAVA_DATA_DIR=data_dir)
    from zava_mcp.admin.identities import add_identity
    from zava_mcp.admin.identity_records import IdentitySpec
    from zava_mcp.cli.display.output import progress_bar

    wanted = IdentitySpec(name, tuple(store or ()), all_stores, user_id, login, _day(expires))
    with progress_bar() as tell:
        report = add_identity(settings, wanted, passwords_file, dry_run, tell)
    _show(report, dry_run)


@identities.command(name="map")
def map_(
    ctx: typer.Context,
    login: Annotated[str, typer.Argument(metavar="LOGIN", help="A login that is there, such as an Entra user's.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who it is; without stores, an identity that is there.")],
    store: Stores = None,
    all_stores: AllStores = False,
    user_id: NewUserId = None,
    expires: Expires = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
) -> None:
    """Make a login that somebody else created an identity: a new one, or one that is there already.

    Example: zava-mcp identities map ann@example.com "Ann Lee" --store Seattle
    """
    settings = settings_of(ctx, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url)
    from zava_mcp.admin.identities import map_identity
    from zava_mcp.admin.identity_records import IdentitySpec
    from zava_mcp.cli.display.output import progress_bar

    wanted = IdentitySpec(name, tuple(store or ()), all_stores, user_id, login, _day(expires))
    with progress_bar() as tell:
        report = map_identity(settings, wanted, dry_run, tell)
    _show(report, dry_run)


@identities.command()
def password(
    ctx: typer.Context,
    who: Who,
    passwords_file: PasswordsFile = None,
    expires: Expires = None,
    no_expiry: Annotated[bool, typer.Option("--no-expiry", help="Let the login be good for ever.")] = False,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Renew somebody's password, written to a file and shown nowhere, or the day it expires.

    Example: zava-mcp identities password "Ann Lee" --passwords-file passwords --expires 2030-12-31
    """
    settings = settings_of(ctx, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url, ZAVA_DATA_DIR=data_dir)
    from zava_mcp.admin.identities import rotate_password
    from zava_mcp.cli.display.output import progress_bar

    with progress_bar() as tell:
        report = rotate_password(settings, who, passwords_file, _day(expires), no_expiry, dry_run, tell)
    _show(report, dry_run)


@identities.command()
def remove(
    ctx: typer.Context,
    who: Who,
    passwords_file: PasswordsFile = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Take somebody out, now: access, rights, open connections, and the login if it is nobody else's.

    Example: zava-mcp identities remove "Ann Lee"
    """
    settings = settings_of(ctx, ZAVA_ENV_FILE=env_file, ZAVA_ADMIN_DATABASE_URL=admin_url, ZAVA_DATA_DIR=data_dir)
    from zava_mcp.admin.identities import revoke_access
    from zava_mcp.cli.display.output import progress_bar

    with progress_bar() as tell:
        report = revoke_access(settings, who, passwords_file, dry_run, tell)
    _show(report, dry_run)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None


def _show(report: "Report", dry_run: bool) -> None:
    from zava_mcp.cli.display.output import print_note, show_report

    if dry_run:
        print_note("a dry run: nothing is changed; this would be done")
    show_report(report)

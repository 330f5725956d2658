"""`zava-mcp identities`: lists, adds, changes and removes identities, as an administrator."""

from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from zava_mcp.cli.app import app, keep_options, load_settings
from zava_mcp.cli.options import AdminUrl, DataDir, DryRun, EnvFile, Format, ResultFormat

identities = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]}, rich_markup_mode=None)
app.add_typer(identities, name="identities")

Identity = Annotated[str, typer.Argument(metavar="IDENTITY", help="The identity's user id, name or login.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The identity's display name.")]
Stores = Annotated[
    list[str] | None,
    typer.Option(
        "--store",
        metavar="STORE",
        help="A store that the identity may see, by name or id. Repeat the option for several stores.",
    ),
]
AllStores = Annotated[bool, typer.Option("--all-stores", help="The identity may see every store, as head office does.")]
# This option does not read ZAVA_USER_ID, which names the identity that runs queries, not the one to change.
NewUserId = Annotated[
    UUID | None, typer.Option("--user-id", metavar="UUID", help="The identity's user id; default: generated.")
]
Expires = Annotated[
    datetime | None,
    typer.Option(
        "--expires", formats=["%Y-%m-%d"], metavar="DATE", help="The last day (UTC) on which the login is valid."
    ),
]
PasswordsFile = Annotated[
    Path | None, typer.Option("--passwords-file", metavar="PATH", help="The libpq passfile for generated passwords.")
]


@identities.callback(invoke_without_command=True)
def identities_default(
    ctx: typer.Context,
    form: ResultFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the identities: user ids, names, logins and stores. An administrator can add, change and remove them.

    Example: zava-mcp identities
    """
    keep_options(ctx)
    if ctx.invoked_subcommand is None:
        _list(ctx, form)


@identities.command(name="list")
def list_(
    ctx: typer.Context,
    form: ResultFormat = None,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """List the identities, as `zava-mcp identities` does.

    Example: zava-mcp identities list
    """
    _list(ctx, form)


def _list(ctx: typer.Context, form: Format | None) -> None:
    settings = load_settings(ctx)
    from zava_mcp.admin.identities import list_identities
    from zava_mcp.cli.display.identity_table import fit_columns, shorten_stores
    from zava_mcp.cli.display.messages import print_note, progress_bar
    from zava_mcp.cli.display.output import show_rows

    with progress_bar() as progress:
        rows, remarks = list_identities(settings, progress)
    columns = ["user_id", "name", "stores", "login", "last_day"]
    shown, remark = fit_columns(columns, rows, form)
    if remark:
        rows = shorten_stores(rows)
        shown, remark = fit_columns(columns, rows, form)
        remark = remark or "store names are shown without their common prefix; --format csv has the full names"
    show_rows(
        [columns[index] for index in shown], [[row[index] for index in shown] for row in rows], form and form.value
    )
    for each in filter(None, [remark, *remarks]):
        print_note(each)


@identities.command()
def add(
    ctx: typer.Context,
    name: Name,
    store: Stores = None,
    all_stores: AllStores = False,
    user_id: NewUserId = None,
    login: Annotated[str, typer.Option("--login", metavar="NAME", help="The login's name; default: the user id.")] = "",
    expires: Expires = None,
    passwords_file: PasswordsFile = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Add an identity with a login of its own; with an existing user id, change the stores that the identity may see.

    Example: zava-mcp identities add "Ann Lee" --store Seattle --store Bellevue --passwords-file passwords
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.identities import add_identity
    from zava_mcp.admin.identity_records import IdentitySpec
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes

    identity = IdentitySpec(name, tuple(store or ()), all_stores, user_id, login, _to_day(expires))
    with progress_bar() as progress:
        report = add_identity(settings, identity, passwords_file, dry_run, progress)
    show_changes(report, dry_run)


@identities.command(name="map")
def map_(
    ctx: typer.Context,
    login: Annotated[str, typer.Argument(metavar="LOGIN", help="An existing login, such as an Entra user's.")],
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="The identity's display name; without stores, an existing identity.")
    ],
    store: Stores = None,
    all_stores: AllStores = False,
    user_id: NewUserId = None,
    expires: Expires = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
) -> None:
    """Map an existing login to an identity: to a new one, or to an existing one.

    Example: zava-mcp identities map ann@example.com "Ann Lee" --store Seattle
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.identities import map_identity
    from zava_mcp.admin.identity_records import IdentitySpec
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes

    identity = IdentitySpec(name, tuple(store or ()), all_stores, user_id, login, _to_day(expires))
    with progress_bar() as progress:
        report = map_identity(settings, identity, dry_run, progress)
    show_changes(report, dry_run)


@identities.command()
def password(
    ctx: typer.Context,
    identity: Identity,
    passwords_file: PasswordsFile = None,
    expires: Expires = None,
    no_expiry: Annotated[bool, typer.Option("--no-expiry", help="The login does not expire.")] = False,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Renew an identity's password, which is written to a file only, or change the day on which the login expires.

    Example: zava-mcp identities password "Ann Lee" --passwords-file passwords --expires 2030-12-31
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.identities import rotate_password
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes

    with progress_bar() as progress:
        report = rotate_password(settings, identity, passwords_file, _to_day(expires), no_expiry, dry_run, progress)
    show_changes(report, dry_run)


@identities.command()
def remove(
    ctx: typer.Context,
    identity: Identity,
    passwords_file: PasswordsFile = None,
    dry_run: DryRun = False,
    env_file: EnvFile = None,
    admin_url: AdminUrl = None,
    data_dir: DataDir = None,
) -> None:
    """Revoke an identity's access at once: rights, open connections, and an unused login that zava-mcp created.

    Example: zava-mcp identities remove "Ann Lee"
    """
    settings = load_settings(ctx)
    from zava_mcp.admin.identities import revoke_access
    from zava_mcp.cli.display.messages import progress_bar
    from zava_mcp.cli.display.output import show_changes

    with progress_bar() as progress:
        report = revoke_access(settings, identity, passwords_file, dry_run, progress)
    show_changes(report, dry_run)


def _to_day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None

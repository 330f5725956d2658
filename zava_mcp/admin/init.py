"""The `init` command's operations on the database that the settings name: create, upgrade, adopt, reset."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.citus import find_cluster, refuse_cluster
from zava_mcp.admin.create_database import create_database, drop_empty_database
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.identity_records import has_no_stores
from zava_mcp.admin.installed_schema import installed_version
from zava_mcp.admin.locking import change_transaction
from zava_mcp.admin.migrations import set_up
from zava_mcp.admin.next_steps import next_steps, server_url
from zava_mcp.admin.passfile import require_folder, write_missing_passwords
from zava_mcp.admin.profile import Changes, write_profile
from zava_mcp.admin.sample import Sample
from zava_mcp.admin.sample_parameters import refuse_other_sample
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.postgres.admin_connection import connect_as_admin
from zava_mcp.postgres.connection_failures import NoDatabase
from zava_mcp.postgres.connection_parameters import admin_parameters, embedded_parameters
from zava_mcp.postgres.entra_password import entra_tokens
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings


def initialise(
    settings: Settings,
    sample: Sample | None,
    passwords_file: Path | None,
    progress: Progress,
    take_over_roles: bool = False,
    sample_options: Collection[str] = (),
    company: Changes | None = None,
    single_node: bool = False,
) -> Report:
    """Builds or upgrades, as administrator, the database that the settings name, with these fields of its profile.

    `sample_options` names the sample's options on the command line: an existing database must have the same values. On
    the coordinator of a Citus cluster, the tables are distributed unless `single_node`.
    """
    if settings.admin_url is None and settings.database is None:
        if passwords_file is not None or sample is None or take_over_roles:
            raise InputError(
                "the embedded database keeps its own roles and passwords and is always filled with the sample",
                "--passwords-file, --take-over-roles and --no-sample are for a server: set ZAVA_ADMIN_DATABASE_URL.",
            )
        return _initialise_embedded(embedded_postgres(settings, progress, sample), sample, sample_options, company)
    require_folder(passwords_file)
    with _created_if_missing(settings, progress) as created, as_admin(settings, progress) as connection:
        cluster = find_cluster(connection, single_node)
        is_new = not installed_version(connection)
        if sample is not None and not is_new:
            refuse_other_sample(connection, sample, sample_options)
        report = set_up(connection, sample, None, progress, take_over_roles, company, cluster)
        report.actions[:0] = [f"created the database {created}"] if created else []
        if sample is not None and not is_new and has_no_stores(connection):
            report.warnings.append("no sample was loaded, because the database is not new; it has no stores yet")
        if passwords_file is not None:
            report.actions.append(write_missing_passwords(connection, passwords_file))
            report.next_steps = next_steps(connection, passwords_file)
        elif report.new_logins:
            report.warnings.append(
                "the new logins have no passwords yet; `zava-mcp init --passwords-file PATH` sets them"
            )
        if report.actions:
            report.actions.append(f"connect identities with ZAVA_DATABASE_URL={server_url(connection)}")
    return report


@contextmanager
def _created_if_missing(settings: Settings, progress: Progress) -> Iterator[str]:
    """Creates the database of ZAVA_ADMIN_DATABASE_URL if the server does not have it, and drops it after a failure.

    Yields the name of a database that it created, else "".
    """
    try:
        with as_admin(settings, progress):
            pass
    except NoDatabase:
        assert settings.admin_url is not None
        target = admin_parameters(settings.admin_url, entra_tokens(settings))
        created = create_database(target)
    else:
        yield ""
        return
    try:
        yield created
    except ZavaError as error:
        if not drop_empty_database(target, created):
            error.hint += f" The database {created}, which this command created, was not dropped."
        raise


def _initialise_embedded(
    embedded: EmbeddedPostgres, sample: Sample, sample_options: Collection[str], company: Changes | None
) -> Report:
    is_new = not embedded.logins()
    version = "" if is_new else embedded.schema_version()
    try:
        address = embedded.open()
        changes: list[str] = []
        if (sample_options and not is_new) or company:
            with connect_as_admin(embedded_parameters(address, embedded.logins()[""])) as connection:
                if not is_new:
                    refuse_other_sample(connection, sample, sample_options)
                with change_transaction(connection, dry_run=False):
                    changes = write_profile(connection, company or {})
    finally:
        embedded.close()
    if is_new:
        return Report([f"the embedded database in {embedded.folder} is set up", *changes])
    upgraded = version.isdigit() and int(version) < sql.schema_version()
    actions = [f"upgraded the schema from {version} to {sql.schema_version()}"] if upgraded else []
    return Report(actions + changes)


def reset_embedded(settings: Settings, sample: Sample, progress: Progress) -> Report:
    """Replaces the embedded database with a new one. Raises EmbeddedError if it is in use, InputError for a server."""
    _require_embedded(settings)
    embedded = embedded_postgres(settings, progress, sample)
    try:
        embedded.reset()
        embedded.open()
    finally:
        embedded.close()
    return Report([f"the embedded database in {embedded.folder} was created again"])


def lost_by_reset(settings: Settings) -> list[str] | None:
    """The added identities that a reset would remove; None if there is no database to reset."""
    _require_embedded(settings)
    sample_ids = {str(identity.user_id) for identity in sample_identities()}
    logins = embedded_postgres(settings, lambda *_: None).logins()
    if not logins:
        return None
    return [login.name or user_id for user_id, login in logins.items() if user_id and user_id not in sample_ids]


def _require_embedded(settings: Settings) -> None:
    if settings.admin_url is not None or settings.database is not None:
        raise InputError(
            "--reset is for the embedded database alone",
            "Unset ZAVA_ADMIN_DATABASE_URL and ZAVA_DATABASE_URL; a server's database is dropped by its administrator.",
        )


def adopt_database(
    settings: Settings,
    dry_run: bool,
    passwords_file: Path | None,
    progress: Progress,
    take_over_roles: bool = False,
    company: Changes | None = None,
) -> Report:
    """Adopts the Zava database of ZAVA_ADMIN_DATABASE_URL, or with `dry_run` only returns the SQL.

    `company` has fields of the company profile.
    """
    if settings.admin_url is None and settings.database is None:
        raise InputError(
            "--adopt is not for the embedded database", "To adopt a server's database, set ZAVA_ADMIN_DATABASE_URL."
        )
    from zava_mcp.admin.adopt import adopt

    require_folder(passwords_file)
    with as_admin(settings, progress) as connection:
        refuse_cluster(connection, "init --adopt", if_distributed=False)
        report = adopt(connection, dry_run, progress, take_over_roles, company)
        if passwords_file is not None and not dry_run:
            report.actions.append(write_missing_passwords(connection, passwords_file))
            report.next_steps = next_steps(connection, passwords_file)
        if report.actions:
            report.actions.append(f"connect identities with ZAVA_DATABASE_URL={server_url(connection)}")
    return report

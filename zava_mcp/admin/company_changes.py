"""Reads and changes the company profile of the database that the settings name, as administrator."""

import psycopg

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.locking import change_transaction
from zava_mcp.admin.migrations import installed_version
from zava_mcp.admin.profile import Changes, read_company, write_profile
from zava_mcp.admin.sample import Progress
from zava_mcp.company import CompanyProfile
from zava_mcp.postgres.mismatch import not_a_zava_database, schema_mismatch
from zava_mcp.settings import Settings


def read_profile(settings: Settings, progress: Progress) -> CompanyProfile:
    """The company profile of the database that the settings name, read as administrator."""
    with as_admin(settings, progress) as connection:
        _refuse_other_schema(connection)
        return read_company(connection)


def change_profile(settings: Settings, changes: Changes, dry_run: bool, progress: Progress) -> Report:
    """Changes fields of the profile in the database that the settings name; undone on a dry run.

    Raises InputError, DatabaseUnavailable.
    """
    with as_admin(settings, progress) as connection:
        _refuse_other_schema(connection)
        with change_transaction(connection, dry_run):
            return Report(write_profile(connection, changes))


def _refuse_other_schema(connection: psycopg.Connection) -> None:
    version = installed_version(connection)
    if not version:
        raise not_a_zava_database()
    if version != sql.schema_version():
        raise schema_mismatch(version)

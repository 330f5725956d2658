"""Reads and changes the company profile of the database that the settings name, as administrator."""

from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.installed_schema import refuse_other_schema
from zava_mcp.admin.locking import change_transaction
from zava_mcp.admin.profile import Changes, read_company, write_profile
from zava_mcp.admin.sample import Progress
from zava_mcp.company import CompanyProfile
from zava_mcp.settings import Settings


def read_profile(settings: Settings, progress: Progress) -> CompanyProfile:
    """The company profile of the database that the settings name, read as administrator."""
    with as_admin(settings, progress) as connection:
        refuse_other_schema(connection)
        return read_company(connection)


def change_profile(settings: Settings, changes: Changes, dry_run: bool, progress: Progress) -> Report:
    """Changes fields of the profile in the database that the settings name; undone on a dry run.

    Raises InputError, DatabaseUnavailable.
    """
    with as_admin(settings, progress) as connection:
        refuse_other_schema(connection)
        with change_transaction(connection, dry_run):
            return Report(write_profile(connection, changes))

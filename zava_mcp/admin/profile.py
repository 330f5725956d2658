"""The company profile as an administrator writes it: from options or a TOML file, checked, into the database."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from zoneinfo import available_timezones

import psycopg
from psycopg.rows import dict_row

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.locking import change_transaction
from zava_mcp.admin.plain_text import refuse_invisible
from zava_mcp.company import MONTHS, NEUTRAL, WEEKDAYS, CompanyProfile
from zava_mcp.currencies import CODES
from zava_mcp.errors import InputError
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings
from zava_mcp.suggestions import did_you_mean

_MAX_CHARACTERS = {"name": 100, "sells": 200, "notes": 1_000}
FIELDS = ("name", "sells", "currency", "time_zone", "fiscal_year_start", "week_start", "notes")
_MAX_FILE_BYTES = 100_000

Changes = dict[str, str | int]


def read_profile_file(file: Path) -> Changes:
    """The checked fields of a TOML file. Raises InputError."""
    try:
        if file.stat().st_size > _MAX_FILE_BYTES:
            raise InputError(f"{file} is larger than a company profile can be", "It has up to seven short fields.")
        content = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or type(error).__name__}") from None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not in UTF-8", "Save it as UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not TOML: {error}", 'A line of it is, for example, currency = "EUR".') from None
    for key in content:
        if key not in FIELDS:
            hint = f"The fields are {', '.join(FIELDS)}."
            raise InputError(f"{file}: there is no field {key[:60]!r}{did_you_mean(key, FIELDS)}", hint)
    if not content:
        raise InputError(f"{file} has no field of a company profile", f"The fields are {', '.join(FIELDS)}.")
    return check_fields(content)


def check_fields(fields: Mapping[str, object]) -> Changes:
    """The fields in the form in which the database has them. Raises InputError for the first invalid one."""
    return {name: _check(name, value) for name, value in fields.items()}


def _check(name: str, value: object) -> str | int:
    if name == "fiscal_year_start":
        return _number(value, MONTHS, "the first month of the fiscal year", "Give a month, such as 7 or July.")
    if name == "week_start":
        return _number(value, WEEKDAYS, "the first day of the week", "Give a day, such as 7 or Sunday; 1 is Monday.")
    if not isinstance(value, str):
        raise InputError(f"the field {name} must be a text, not {str(value)[:60]!r}", "Put it in quotation marks.")
    if name == "currency":
        return _currency(value)
    return _time_zone(value) if name == "time_zone" else _text(name, value)


def _text(name: str, value: str) -> str:
    text = re.sub(r"\s*\r?[\n\t]\s*", " ", value).strip() if name == "notes" else value.strip(" ")
    refuse_invisible(f"the field {name}", text)
    if len(text) > _MAX_CHARACTERS[name]:
        raise InputError(
            f"the field {name} has {len(text):,} characters", f"It may have at most {_MAX_CHARACTERS[name]:,}."
        )
    return text


def _currency(value: str) -> str:
    code = value.strip().upper()
    if code and code not in CODES:
        raise InputError(
            f"{value[:60]!r} is not a currency{did_you_mean(code, CODES)}",
            "Give its ISO 4217 code, such as EUR or USD.",
        )
    return code


def _time_zone(value: str) -> str:
    zones = {zone.casefold(): zone for zone in available_timezones()}
    zone = zones.get(value.strip().casefold())
    if zone is None:
        names = list(zones.values())
        raise InputError(
            f"{value[:60]!r} is not a time zone{did_you_mean(value.strip(), names)}",
            "Give a name of the IANA database, such as Europe/Berlin or UTC.",
        )
    return zone


def _number(value: object, names: tuple[str, ...], subject: str, hint: str) -> int:
    """The number, from 1, that a value is, or that its name has."""
    text = str(value).strip().casefold()
    if not isinstance(value, bool):
        for number, name in enumerate(names, 1):
            if text in (str(number), name.casefold()):
                return number
    raise InputError(f"{subject} cannot be {str(value)[:60]!r}", hint)


def write_profile(connection: psycopg.Connection, changes: Changes) -> list[str]:
    """Writes fields of the profile within the caller's transaction, and returns what changed. Raises InputError."""
    if zone := changes.get("time_zone"):
        _refuse_unknown_zone(connection, str(zone))
    profile = asdict(read_company(connection))
    different = {name: value for name, value in changes.items() if profile[name] != value}
    if different:
        connection.execute(sql.named("company.sql")["write_company"], profile | different)
    return [f"the company's {name} is {value!r} now" for name, value in different.items()]


def _refuse_unknown_zone(connection: psycopg.Connection, zone: str) -> None:
    if connection.execute("SELECT FROM pg_timezone_names WHERE name = %s", [zone]).rowcount == 0:
        raise InputError(f"the database server does not know the time zone {zone!r}", "Give a more common name of it.")


def read_company(connection: psycopg.Connection) -> CompanyProfile:
    """The profile, the neutral one if its row is missing."""
    row = connection.cursor(row_factory=dict_row).execute(sql.query("read_company")).fetchone()
    return CompanyProfile(**row) if row else NEUTRAL


def read_profile(settings: Settings, progress: Progress) -> CompanyProfile:
    """The company profile of the database that the settings name, read as administrator."""
    with as_admin(settings, progress, current_schema=True) as connection:
        return read_company(connection)


def change_profile(settings: Settings, changes: Changes, dry_run: bool, progress: Progress) -> Report:
    """Changes fields of the profile in the database that the settings name; undone on a dry run.

    Raises InputError, DatabaseUnavailable.
    """
    with as_admin(settings, progress, current_schema=True) as connection, change_transaction(connection, dry_run):
        return Report(write_profile(connection, changes))

"""Saves, lists, shows and removes queries that identities run by name."""

from pathlib import Path

import psycopg

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.change_report import Report
from zava_mcp.admin.locking import change_transaction
from zava_mcp.admin.saved_query_check import as_reader, check_saved_query
from zava_mcp.admin.saved_query_file import FileFaults, parse_file
from zava_mcp.errors import InputError
from zava_mcp.plurals import counted
from zava_mcp.postgres.saved_query import SavedQuery, read_saved_query, unknown_query
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings

MAX_SAVED_QUERIES = 200
_MAX_FAULTS = 20  # the limit for one error
_NOTHING = "Nothing was saved: files are saved all or none."


def save_queries(settings: Settings, files: dict[Path, str], progress: Progress, dry_run: bool = False) -> Report:
    """Checks the queries in files and saves all of them, or none. Raises InputError, DatabaseUnavailable."""
    parsed, faults = _parse(files)
    if not parsed:
        _raise_faults(faults)
    with as_admin(settings, progress, current_schema=True) as connection:
        report = Report()
        with as_reader(connection) as gap:
            report.gaps += [gap] * bool(gap)
            for path, saved in parsed.items():
                try:
                    check_saved_query(connection, saved)
                except InputError as error:
                    faults.append(_fault(path, error))
        _raise_faults(faults)
        with change_transaction(connection, dry_run):
            report.actions += [action for saved in parsed.values() if (action := _save(connection, saved))]
            _require_room(connection)
    return report


def remove_queries(settings: Settings, names: list[str], progress: Progress) -> Report:
    """Removes saved queries, all or none. Raises InputError for an unknown name, DatabaseUnavailable."""
    wanted = list(dict.fromkeys(names))
    with as_admin(settings, progress, current_schema=True) as connection, change_transaction(connection, dry_run=False):
        known = [saved.name for saved in _read(connection)]
        for name in wanted:
            if name not in known:
                raise unknown_query(name, known)
            connection.execute(sql.named("saved.sql")["remove_saved_query"].encode(), {"name": name})
    return Report([f"removed {name}" for name in wanted])


def list_queries(settings: Settings, progress: Progress) -> list[SavedQuery]:
    """All saved queries, without their SQL. Raises DatabaseUnavailable."""
    with as_admin(settings, progress, current_schema=True) as connection:
        return _read(connection)


def show_query(settings: Settings, name: str, progress: Progress) -> SavedQuery:
    """One saved query. Raises InputError for an unknown name, DatabaseUnavailable."""
    with as_admin(settings, progress, current_schema=True) as connection:
        row = connection.execute(sql.query("read_saved_query").encode(), {"name": name}).fetchone()
        if row is None:
            raise unknown_query(name, [saved.name for saved in _read(connection)])
        return read_saved_query(*row)


def _parse(files: dict[Path, str]) -> tuple[dict[Path, SavedQuery], list[str]]:
    """The queries of files, and the faults of those that cannot be read as one."""
    parsed: dict[Path, SavedQuery] = {}
    faults: list[str] = []
    for path, text in files.items():
        try:
            saved = parse_file(text)
            if others := [other for other, known in parsed.items() if known.name == saved.name]:
                raise InputError(f"the name {saved.name} is in {others[0]} too", "Give each query a name of its own.")
            parsed[path] = saved
        except FileFaults as error:
            faults += [_fault(path, each) for each in error.faults]
        except InputError as error:
            faults.append(_fault(path, error))
    return parsed, faults


def _fault(path: Path, error: InputError) -> str:
    return f"{path}: {error.message}{f'. {error.hint}' if error.hint else ''}"


def _raise_faults(faults: list[str]) -> None:
    if faults:
        more = [f"and {counted(len(faults) - _MAX_FAULTS, 'more fault')}"] * (len(faults) > _MAX_FAULTS)
        raise InputError("\n".join(faults[:_MAX_FAULTS] + more), _NOTHING)


def _save(connection: psycopg.Connection, saved: SavedQuery) -> str:
    """Adds or replaces a query; returns what was done, "" if it is saved already."""
    values = {
        "name": saved.name,
        "description": saved.description,
        "parameters": saved.parameters_json(),
        "statement": saved.statement,
        "source": saved.source,
    }
    row = connection.execute(sql.named("saved.sql")["save_query"].encode(), values).fetchone()
    return "" if row is None else f"{'saved' if row[0] else 'replaced'} {saved.describe()}"


def _require_room(connection: psycopg.Connection) -> None:
    row = connection.execute("SELECT count(*) FROM zava.saved_queries").fetchone()
    if row and row[0] > MAX_SAVED_QUERIES:
        raise InputError(
            f"a database has at most {MAX_SAVED_QUERIES} saved queries", "Remove saved queries that are no longer used."
        )


def _read(connection: psycopg.Connection) -> list[SavedQuery]:
    rows = connection.execute(sql.query("list_saved_queries").encode()).fetchall()
    return [read_saved_query(name, description, parameters, "") for name, description, parameters in rows]

"""Loads planned files as an administrator, each in one transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import psycopg

from zava_mcp import sql
from zava_mcp.admin.load.plans import Plan
from zava_mcp.admin.load.rejects import RejectsFile, has_rejects
from zava_mcp.admin.load.staging import stage
from zava_mcp.admin.load.tables import TableWriter
from zava_mcp.errors import DatabaseUnavailable, InputError, ZavaError
from zava_mcp.plurals import counted
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.location import ADMIN_URL, Location
from zava_mcp.progress_callback import Progress

_SESSION = "SET LOCAL work_mem = '64MB'; SET LOCAL statement_timeout = 0; SET LOCAL client_min_messages = warning"
_SHOWN = 10  # rejected rows in a message


@dataclass
class Loaded:
    """The result of loading a file: rows added, changed and unchanged in each table, and rejected rows.

    `known_since` is when the same content was loaded before, and is "" if it was not.
    """

    plan: Plan
    added: dict[str, int] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    unchanged: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    rejects_file: Path | None = None
    known_since: str = ""
    removed: Path | None = None  # the rejected rows of an earlier load

    @property
    def written(self) -> set[str]:
        """The tables with added or changed rows."""
        return {table for counts in (self.added, self.changed) for table, count in counts.items() if count}

    def described(self) -> list[str]:
        """The result for people."""
        name = self.plan.source.path.name
        obsolete = [f"{self.removed.name}: removed, because all rows of {name} are loaded"] if self.removed else []
        if self.known_since:
            return [f"{name}: loaded already on {self.known_since}, so it was skipped; --again loads it", *obsolete]
        lines = [
            f"{name} -> {table}: {added:,} added, {self.changed[table]:,} changed, {self.unchanged[table]:,} unchanged"
            for table, added in self.added.items()
        ]
        if self.rejected:
            lines.append(f"{name}: {counted(self.rejected, 'row')} rejected: {self.rejects_file}")
        elif has_rejects(self.plan.source):
            lines.append(f"{name}: all its rows are loaded, so it can be removed")
        return lines + obsolete


class _Rejected(Exception):
    """Undoes the transaction of a file with rejected rows."""


class Loader:
    """Loads files over one connection. With `skip_rejected`, rows that can be written are written."""

    def __init__(self, connection: psycopg.Connection, rejects: RejectsFile, skip_rejected: bool, again: bool) -> None:
        self._connection, self._rejects = connection, rejects
        self._skip_rejected, self._again = skip_rejected, again

    def load(self, plan: Plan, progress: Progress) -> Loaded:
        """Loads one file, all or nothing. Raises InputError, which names rejected rows, and DatabaseUnavailable."""
        loaded, first = Loaded(plan), list[str]()
        with translate_errors(plan.source.path):
            if not self._again and self._is_known(loaded):
                return loaded
            try:
                with self._connection.transaction():
                    self._connection.execute(_SESSION)
                    self._write(loaded, progress)
                    first = self._save_rejected(loaded)
                    if loaded.rejected and not self._skip_rejected:
                        raise _Rejected
                    self._finish(loaded)
            except _Rejected:
                raise _refusal(loaded, first) from None
        return loaded

    def _is_known(self, loaded: Loaded) -> bool:
        plan = loaded.plan
        known = self._connection.execute(
            sql.named("load.sql")["find_loaded"].encode(), {"sha256": plan.source.sha256, "loaded_as": plan.loaded_as}
        ).fetchone()
        loaded.known_since = known[1] if known else ""
        return known is not None

    def _write(self, loaded: Loaded, progress: Progress) -> None:
        plan = loaded.plan
        writer = TableWriter(self._connection, set(plan.mapping.columns))
        for name, staged in writer.stages(plan.mapping.table):
            stage(self._connection, plan, staged, progress)
            progress(0.92, f"{plan.source.path.name}: writing")
            for table in (name,) if staged == "staged" else ("orders", "order_items"):
                added, changed, rows = writer.write(table, flat=staged == "flat")
                loaded.added[table], loaded.changed[table] = added, changed
                loaded.unchanged[table] = rows - added - changed

    def _save_rejected(self, loaded: Loaded) -> list[str]:
        """Writes the rejected rows to their file; returns the first ones for people."""
        statements = sql.named("load.sql")
        row = self._connection.execute(statements["count_rejected"].encode()).fetchone()
        loaded.rejected = int(row[0]) if row else 0
        if not loaded.rejected:
            return []
        with self._connection.cursor(name="rejected") as cursor:
            cursor.execute(statements["list_rejected"].encode())
            loaded.rejects_file = self._rejects.write(loaded.plan, cursor)
        first = self._connection.execute(statements["list_rejected"].rstrip().removesuffix(";").encode() + b" LIMIT 10")
        return [
            f"line {line}{f', {fields}' if fields else ''}: {reason}" for line, fields, reason in islice(first, _SHOWN)
        ]

    def _finish(self, loaded: Loaded) -> None:
        """Continues the numbers of ids, notifies servers of new days, and records a file that was loaded completely."""
        plan = loaded.plan
        if loaded.written:
            self._connection.execute("SELECT zava.continue_ids()")
            self._connection.execute("NOTIFY zava_schema_changed")
        if not loaded.rejected:
            values = {"sha256": plan.source.sha256, "loaded_as": plan.loaded_as, "name": _printable(plan.source.path)}
            self._connection.execute(sql.named("load.sql")["record_loaded"].encode(), {**values, "rows": plan.rows})


def _printable(path: Path) -> str:
    """A file's name, with a mark for each byte that is not UTF-8, which PostgreSQL would not take."""
    return path.name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _refusal(loaded: Loaded, first: list[str]) -> InputError:
    more = loaded.rejected - len(first)
    listed = "".join(f"\n  {text}" for text in first) + (f"\n  and {more:,} more" if more else "")
    name, rows = loaded.plan.source.path.name, counted(loaded.plan.rows, "row")
    return InputError(
        f"{name}: {loaded.rejected:,} of {rows} cannot be loaded, so nothing of it was written:{listed}",
        f"{loaded.rejects_file} has them all. Correct {name}, or load the other rows: --skip-rejected.",
    )


@contextmanager
def translate_errors(path: Path) -> Iterator[None]:
    """Raises PostgreSQL's errors as errors of the load of a file."""
    try:
        yield
    except ZavaError:
        raise
    except (psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable):
        raise DatabaseUnavailable(
            f"{path.name}: other sessions write the same tables; nothing of it was written", "Try again."
        ) from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            f"{path.name}: nothing of it was written: {error.diag.message_primary}",
            "Load as the owner of the database or a member of zava_owner; for temporary tables, the database's owner "
            "can run GRANT TEMPORARY ON DATABASE … TO zava_owner.",
        ) from None
    except psycopg.OperationalError as error:
        raise connection_error(error, Location(source=ADMIN_URL)) from None
    except psycopg.Error as error:
        reason = (
            ": ".join(filter(None, (error.diag.message_primary, error.diag.message_detail))) or type(error).__name__
        )
        raise DatabaseUnavailable(
            f"{path.name}: nothing of it was written: {reason}", "Correct the file, or the constraint that it violates."
        ) from None

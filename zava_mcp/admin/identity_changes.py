"""What each change of people begins with: its transaction, and whom and which stores the admin means."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

import psycopg

from zava_mcp import sql
from zava_mcp.admin.locking import SET_UP_LOCK
from zava_mcp.admin.migrations import readable_errors
from zava_mcp.errors import InputError
from zava_mcp.suggestions import did_you_mean


@contextmanager
def changing(connection: psycopg.Connection, dry_run: bool) -> Iterator[None]:
    """One transaction, in turn with others who set up; undone on a dry run and with every failure."""
    with readable_errors(embedded=False, what="the change"), connection.transaction(force_rollback=dry_run):
        connection.execute("SET LOCAL client_min_messages = error")
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [SET_UP_LOCK])
        yield


@dataclass(frozen=True)
class Entry:
    """One login and the identity it stands for; `mapped` if somebody else made the login."""

    login: str
    user_id: UUID
    name: str
    all_stores: bool
    stores: tuple[int, ...]
    mapped: bool

    def is_meant(self, who: str) -> bool:
        """By user id, login or name, in upper or lower case."""
        return who.casefold() in (str(self.user_id), self.login.casefold(), self.name.casefold())


def entries(connection: psycopg.Connection) -> list[Entry]:
    """Everybody who may ask, a login each."""
    rows = connection.execute(sql.named("people.sql")["entries"].encode()).fetchall()
    return [
        Entry(login, user_id, name, everything, tuple(stores), mapped)
        for login, user_id, name, everything, stores, mapped in rows
    ]


def resolve_identity(there: list[Entry], who: str) -> list[Entry]:
    """The logins of somebody: of a login's name that one alone. Raises InputError if nobody, or several, are meant."""
    if alone := [entry for entry in there if entry.login == who and who != str(entry.user_id)]:
        return alone
    meant = [entry for entry in there if entry.is_meant(who)]
    if len({entry.user_id for entry in meant}) > 1:
        listed = "".join(f"\n  {entry.user_id}  {entry.name}, login {entry.login}" for entry in meant)
        raise InputError(f"{who!r} may be several:{listed}", "Give the user id.")
    if not meant:
        known = [text for entry in there for text in (entry.name, entry.login, str(entry.user_id))]
        raise InputError(
            f"there is no identity {who[:80]!r}{did_you_mean(who, known)}", "`zava-mcp identities` lists them."
        )
    return meant


def removed(connection: psycopg.Connection, who: str) -> str:
    """Somebody who was removed before, and when; "" if nobody of that user id or name was."""
    for user_id, name, day in connection.execute(sql.named("people.sql")["removed"].encode()).fetchall():
        if who.casefold() in (str(user_id), name.casefold()):
            return f"{name} ({day})"
    return ""


def stores_named(connection: psycopg.Connection, wanted: Iterable[str]) -> tuple[int, ...]:
    """Ids of stores that are named by id, by name, or by the last words of it. Raises InputError."""
    stores: dict[int, str] = dict(connection.execute(sql.named("people.sql")["stores"].encode()).fetchall())
    return tuple(sorted({_store(stores, text.strip()) for text in wanted}))


def _store(stores: dict[int, str], text: str) -> int:
    words = text.casefold()
    found = [
        number
        for number, name in stores.items()
        if words == str(number) or words == name.casefold() or (words and name.casefold().endswith(f" {words}"))
    ]
    exact = [number for number in found if words in (str(number), stores[number].casefold())]
    if len(exact or found) == 1:
        return (exact or found)[0]
    listed = ", ".join(f"{number} {name}" for number, name in stores.items())
    if found:
        raise InputError(f"{text!r} may be several stores", f"Give the number: {listed}.")
    known = [name for full in stores.values() for name in (full, full.rpartition(" ")[2])]
    raise InputError(f"there is no store {text[:80]!r}{did_you_mean(text, known)}", f"There are: {listed}.")


def rows_about(connection: psycopg.Connection, name: str, login: str) -> list[str]:
    """The lines of a block of people.sql about a login."""
    return [row[0] for row in connection.execute(sql.named("people.sql")[name].encode(), {"login": login}).fetchall()]

"""Identities as the database records them, and how an administrator names identities and stores."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

import psycopg

from zava_mcp import sql
from zava_mcp.admin.plain_text import has_invisible
from zava_mcp.errors import InputError
from zava_mcp.postgres.user_ids import short_name
from zava_mcp.suggestions import did_you_mean

_MAX_LOGIN_BYTES = 63  # PostgreSQL silently truncates longer role names
_MAX_NAME_LENGTH = 200


@dataclass(frozen=True)
class IdentitySpec:
    """What an administrator requests: a display name, stores by name or id, and optionally the rest.

    Without a user id, one is generated; without a login, the login is named by the user id.
    """

    name: str
    stores: tuple[str, ...] = ()
    all_stores: bool = False
    user_id: UUID | None = None
    login: str = ""
    last_day: date | None = None


@dataclass(frozen=True)
class IdentityRecord:
    """One login and its identity; `mapped` if zava-mcp did not create the login."""

    login: str
    user_id: UUID
    name: str
    all_stores: bool
    stores: tuple[int, ...]
    mapped: bool

    def matches(self, text: str) -> bool:
        """Whether the text is the user id, login or display name, in upper or lower case."""
        return text.casefold() in (str(self.user_id), self.login.casefold(), self.name.casefold())

    def describe_stores(self) -> str:
        """The stores, for a message: "all stores" or "stores 1, 8"."""
        if self.all_stores:
            return "all stores"
        return f"{'store' if len(self.stores) == 1 else 'stores'} {', '.join(map(str, self.stores))}"


def read_records(connection: psycopg.Connection) -> list[IdentityRecord]:
    """All logins of all identities."""
    rows = connection.execute(sql.named("identities.sql")["records"].encode()).fetchall()
    return [
        IdentityRecord(login, user_id, name, all_stores, tuple(stores), mapped)
        for login, user_id, name, all_stores, stores, mapped in rows
    ]


def resolve_identity(records: list[IdentityRecord], text: str) -> list[IdentityRecord]:
    """The logins of the identity that the text names; the name of a login selects that login alone.

    Raises InputError if the text names no identity or several.
    """
    if single := [record for record in records if record.login == text and text != str(record.user_id)]:
        return single
    matches = [record for record in records if record.matches(text)]
    if len({record.user_id for record in matches}) > 1:
        listed = "".join(f"\n  {record.user_id}  {record.name}, login {record.login}" for record in matches)
        raise InputError(f"{text!r} is ambiguous:{listed}", "Give the user id.")
    if not matches:
        known = [name for record in records for name in (record.name, record.login, str(record.user_id))]
        raise InputError(
            f"there is no identity {text[:80]!r}{did_you_mean(text, known)}", "`zava-mcp identities` lists them."
        )
    return matches


def describe_removed(connection: psycopg.Connection, text: str) -> str:
    """Name and removal date of the removed identity with this user id or name; "" if there is none."""
    for user_id, name, day in connection.execute(sql.named("identities.sql")["removed"].encode()).fetchall():
        if text.casefold() in (str(user_id), name.casefold()):
            return f"{name} ({day})"
    return ""


def rows_about(connection: psycopg.Connection, block: str, login: str) -> list[str]:
    """The lines that a block of identities.sql returns for a login."""
    statement = sql.named("identities.sql")[block]
    return [row[0] for row in connection.execute(statement.encode(), {"login": login}).fetchall()]


def refuse_ambiguous_name(records: list[IdentityRecord], spec: IdentitySpec) -> None:
    """Raises InputError if another identity has this name: names can stand for user ids in settings."""
    for record in records:
        is_same = record.user_id == spec.user_id or (spec.user_id is None and record.login == spec.login)
        if short_name(record.name) == short_name(spec.name) and not is_same:
            raise InputError(
                f"there is an identity {record.name!r} already, with the user id {record.user_id}",
                "To change it, give that as --user-id; for a new identity, choose another name.",
            )


def check_login_name(login: str) -> None:
    """Raises InputError if PostgreSQL could not keep the name as it is."""
    if not login.isprintable() or len(login.encode()) > _MAX_LOGIN_BYTES:
        raise InputError(f"a login name must have 1 to {_MAX_LOGIN_BYTES} printable bytes")


def resolve_stores(connection: psycopg.Connection, spec: IdentitySpec) -> tuple[int, ...]:
    """The ids of the stores that an identity shall see, () for all. Raises InputError, also for an invalid name."""
    if (
        not spec.name.strip()
        or len(spec.name) > _MAX_NAME_LENGTH
        or not spec.name.isprintable()
        or has_invisible(spec.name)
    ):
        raise InputError("the name must be one line of 1 to 200 characters")
    if spec.all_stores == bool(spec.stores):
        raise InputError(
            "an identity sees either some stores or all of them",
            "Name them, --store Seattle --store Bellevue, or give --all-stores.",
        )
    return _stores_by_text(connection, spec.stores)


def has_no_stores(connection: psycopg.Connection) -> bool:
    """Returns whether the database has no stores."""
    return not connection.execute(sql.named("identities.sql")["stores"].encode()).fetchall()


def _stores_by_text(connection: psycopg.Connection, texts: Iterable[str]) -> tuple[int, ...]:
    stores: dict[int, str] = dict(connection.execute(sql.named("identities.sql")["stores"].encode()).fetchall())
    return tuple(sorted({_store_by_text(stores, text.strip()) for text in texts}))


def _store_by_text(stores: dict[int, str], text: str) -> int:
    """The store with this id or name, or the only one whose name ends with these words."""
    words = text.casefold()
    matches = [
        number
        for number, name in stores.items()
        if words == str(number) or words == name.casefold() or (words and name.casefold().endswith(f" {words}"))
    ]
    exact = [number for number in matches if words in (str(number), stores[number].casefold())]
    if len(exact or matches) == 1:
        return (exact or matches)[0]
    listed = ", ".join(f"{number} {name}" for number, name in stores.items())
    if matches:
        raise InputError(f"the store {text!r} is ambiguous", f"Give the number: {listed}.")
    known = [name for full in stores.values() for name in (full, full.rpartition(" ")[2])]
    hint = f"There are: {listed}." if stores else "The database has no stores yet: insert them into retail.stores."
    raise InputError(f"there is no store {text[:80]!r}{did_you_mean(text, known)}", hint)

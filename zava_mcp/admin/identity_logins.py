"""Real people among the identities: let in, mapped to logins of other makers, given new passwords.

As admin, who need not be a superuser.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID, uuid4

import psycopg
from psycopg import sql as compose

from zava_mcp.admin.identity_changes import Entry, entries, resolve_identity, rows_about, stores_named
from zava_mcp.admin.migrations import Report
from zava_mcp.admin.passwords import ADMIT, Passfile, has_login, login_created
from zava_mcp.errors import IdentityError, InputError
from zava_mcp.postgres.user_ids import short_name
from zava_mcp.suggestions import did_you_mean

_LONGEST = 63  # bytes of a login's name, behind which PostgreSQL would silently cut it
_LONGEST_NAME = 200


@dataclass(frozen=True)
class IdentitySpec:
    """Who shall be an identity: a name for people, stores by name or id, perhaps a user id, a login, a last day.

    Without a user id, one is generated; without a login, it is named by the user id.
    """

    name: str
    stores: tuple[str, ...] = ()
    all_stores: bool = False
    user_id: UUID | None = None
    login: str = ""
    last_day: date | None = None


def add(
    connection: psycopg.Connection,
    wanted: IdentitySpec,
    passfile: Passfile | None,
    login_of: Callable[[UUID], str] = str,
) -> tuple[Report, Entry | None]:
    """Lets somebody in with a new login, or changes name, stores and last day of the identity of a user id.

    `login_of` names a login that has no name yet. Returns the new entry, None if nobody is new. Inside `changing`.
    Raises InputError for what cannot be.
    """
    report = Report()
    there = entries(connection)
    stores = _stores(connection, wanted)
    same = [entry for entry in there if entry.user_id == wanted.user_id]
    _refuse_namesakes(there, wanted)
    if same:
        _change(connection, same, wanted, stores, report)
        if passfile is not None:
            report.warnings.append(f"the password of {same[0].login} stays; `zava-mcp identities password` renews it")
        return report, None
    user_id = wanted.user_id or uuid4()
    entry = Entry(wanted.login or login_of(user_id), user_id, wanted.name, wanted.all_stores, stores, mapped=False)
    _check_login(entry.login)
    if has_login(connection, entry.login):
        raise InputError(
            f"there is a login {entry.login} already",
            "Make it an identity with `zava-mcp identities map`, or name another with --login.",
        )
    connection.execute(login_created(entry.login))
    _admit(connection, entry)
    report.did.append(f"{entry.name} may ask about {_told(entry)}: user id {user_id}, login {entry.login}")
    _limit(connection, entry.login, wanted.last_day, report)
    if passfile is not None:
        passfile.give(entry.login)
        passfile.draft()
        report.did.append(f"wrote the password of {entry.login} to {passfile.file}")
    return report, entry


def _change(
    connection: psycopg.Connection, same: list[Entry], wanted: IdentitySpec, stores: tuple[int, ...], report: Report
) -> None:
    if wanted.login and wanted.login not in [entry.login for entry in same]:
        raise InputError(
            f"{same[0].name} has the login {same[0].login} already", "One more is for `zava-mcp identities map`."
        )
    for entry in same:
        changed = replace(entry, name=wanted.name, all_stores=wanted.all_stores, stores=stores)
        if changed != entry:
            _admit(connection, changed)
            report.did.append(f"{changed.name} may now ask about {_told(changed)} (login {changed.login})")
        _limit(connection, entry.login, wanted.last_day, report)


def map_login(connection: psycopg.Connection, wanted: IdentitySpec) -> Report:
    """Makes an existing login an identity: a new one, or without stores one more login of the one that is named.

    Inside `changing`. Raises IdentityError if the login could do more than an identity may.
    """
    report, there = Report(), entries(connection)
    entry = _mapped(connection, there, wanted)
    if not has_login(connection, entry.login):
        names = [name for (name,) in connection.execute("SELECT rolname FROM pg_roles WHERE rolcanlogin").fetchall()]
        raise InputError(
            f"there is no login {entry.login!r}{did_you_mean(entry.login, names)}",
            "Create it first: on Azure with pgaadauth_create_principal, elsewhere with CREATE ROLE … LOGIN.",
        )
    if dangers := rows_about(connection, "dangers", entry.login):
        listed = "".join(f"\n  {what}" for what in dangers)
        raise IdentityError(f"the login {entry.login} cannot be an identity:{listed}", "Correct this, or map another.")
    before = next((other for other in there if other.login == entry.login), None)
    if before == entry and not rows_about(connection, "without_defaults", entry.login):
        _limit(connection, entry.login, wanted.last_day, report)
        return report
    for statement in rows_about(connection, "rights", entry.login):
        connection.execute(statement.encode())
    _admit(connection, entry)
    if excess := rows_about(connection, "excess", entry.login):
        raise IdentityError(
            f"the login {entry.login} has rights that this admin cannot take back: {', '.join(excess)}",
            "Whoever granted them can revoke them, or a superuser.",
        )
    report.did.append(
        f"the login {entry.login} is {entry.name}, who may ask about {_told(entry)}: user id {entry.user_id}"
    )
    report.warnings += [
        f"this administrator may not alter the login {entry.login}, which somebody else created: zava-mcp sets "
        "read-only transactions and a deadline for its own connections, and the login's other programs have none. "
        f"Its creator or a superuser can run {grant}, and then map it again"
        for grant in rows_about(connection, "without_defaults", entry.login)
    ]
    _limit(connection, entry.login, wanted.last_day, report)
    return report


def renew(
    connection: psycopg.Connection, who: str, passfile: Passfile | None, last_day: date | None, for_ever: bool
) -> tuple[Report, list[str]]:
    """Gives somebody's logins new passwords, another last day, or both; returns the logins. Inside `changing`."""
    report = Report()
    meant = resolve_identity(entries(connection), who)
    if passfile is not None:
        ours = [entry for entry in meant if not entry.mapped]
        if not ours:
            raise InputError(
                f"the login {meant[0].login} has its password or token from elsewhere",
                "zava-mcp did not make it; renew it where it was made.",
            )
        for entry in ours:
            passfile.give(entry.login)
            report.did.append(f"wrote a new password of {entry.login} ({entry.name}) to {passfile.file}")
        passfile.draft()
    for entry in meant:
        _limit(connection, entry.login, last_day, report, for_ever)
    return report, [entry.login for entry in meant]


def _mapped(connection: psycopg.Connection, there: list[Entry], wanted: IdentitySpec) -> Entry:
    if wanted.stores or wanted.all_stores:
        _refuse_namesakes(there, wanted)
        before = next((entry for entry in there if entry.login == wanted.login), None)
        user_id = wanted.user_id or (before.user_id if before else uuid4())
        stores = _stores(connection, wanted)
        return Entry(wanted.login, user_id, wanted.name, wanted.all_stores, stores, before.mapped if before else True)
    person = resolve_identity(there, wanted.name)[0]
    if wanted.user_id not in (None, person.user_id):
        raise InputError(
            f"{person.name} has the user id {person.user_id}", "Leave --user-id out; or name stores, for somebody new."
        )
    before = next((entry for entry in there if entry.login == wanted.login), None)
    return replace(person, login=wanted.login, mapped=before.mapped if before else True)


def _stores(connection: psycopg.Connection, wanted: IdentitySpec) -> tuple[int, ...]:
    if not wanted.name.strip() or len(wanted.name) > _LONGEST_NAME or not wanted.name.isprintable():
        raise InputError("the name must be one line of 1 to 200 characters")
    if wanted.all_stores == bool(wanted.stores):
        raise InputError(
            "somebody sees some stores or all of them", "Name them, --store Seattle --store Bellevue, or --all-stores."
        )
    return stores_named(connection, wanted.stores)


def _refuse_namesakes(there: list[Entry], wanted: IdentitySpec) -> None:
    for entry in there:
        same = entry.user_id == wanted.user_id or (wanted.user_id is None and entry.login == wanted.login)
        if short_name(entry.name) == short_name(wanted.name) and not same:  # a name may stand for a user id
            raise InputError(
                f"there is an identity {entry.name!r} already, with the user id {entry.user_id}",
                "To change it, give that as --user-id; for somebody else, take a name that tells them apart.",
            )


def _check_login(login: str) -> None:
    if not login.isprintable() or len(login.encode()) > _LONGEST:
        raise InputError(f"a login's name has 1 to {_LONGEST} bytes, all printable")


def _admit(connection: psycopg.Connection, entry: Entry) -> None:
    connection.execute(ADMIT, [entry.login, entry.user_id, entry.name, entry.all_stores, list(entry.stores)])
    connection.execute("UPDATE zava.access SET mapped = %s WHERE login = %s", [entry.mapped, entry.login])
    connection.execute("DELETE FROM zava.removed WHERE rls_user_id = %s", [entry.user_id])
    if missing := rows_about(connection, "missing", entry.login):
        raise IdentityError(
            "this admin may not grant all that an identity needs", f"A superuser can say {'; '.join(missing)}."
        )


def _limit(
    connection: psycopg.Connection, login: str, last_day: date | None, report: Report, for_ever: bool = False
) -> None:
    """Until when a login is good: to the end of a day, in UTC."""
    if last_day is None and not for_ever:
        return
    until = "infinity" if last_day is None else f"{last_day + timedelta(days=1)} 00:00 UTC"
    name = compose.Identifier(login)
    try:
        connection.execute(compose.SQL("ALTER ROLE {} VALID UNTIL {}").format(name, compose.Literal(until)))
    except psycopg.errors.InsufficientPrivilege:
        raise IdentityError(
            f"this administrator may not set when the login {login} expires: somebody else created it",
            "Leave out the last day, and end its access where it was created or with `zava-mcp identities remove`.",
        ) from None
    report.did.append(
        f"{login} is good for ever" if last_day is None else f"{login} is good until {last_day}, included"
    )


def _told(entry: Entry) -> str:
    if entry.all_stores:
        return "all stores"
    return f"{'store' if len(entry.stores) == 1 else 'stores'} {', '.join(map(str, entry.stores))}"

"""Logins of a database's identities: those that set-up makes, and the privileges of those that are there."""

from typing import TYPE_CHECKING, Any

import psycopg

from zava_mcp.admin.passwords import ADMIT, has_login, login_created, set_password
from zava_mcp.postgres.user_ids import Identity
from zava_mcp.settings import Secret

if TYPE_CHECKING:
    from zava_mcp.admin.migrations import Report


def admit(
    connection: psycopg.Connection,
    people: list[Identity],
    passwords: dict[str, Secret] | None,
    new: bool,
    report: "Report",
) -> None:
    """Renews the privileges of everybody admitted, and admits those of `people` who never had a login.

    Whom an admin removed stays out, and whose stores an admin changed keeps them. In a `new` database, logins
    that another database of the same server brought along are admitted too.
    """
    admitted = connection.execute("SELECT login, rls_user_id, display_name, all_stores, store_ids FROM zava.access")
    for entry in admitted.fetchall():
        _renew(connection, entry, report)
    removed = {row[0] for row in connection.execute("SELECT rls_user_id FROM zava.removed")}
    stores = {row[0] for row in connection.execute("SELECT rls_user_id FROM retail.stores")}
    for who in people:
        login = who.login if passwords is not None else str(who.user_id)
        there = has_login(connection, login)
        if not (who.all_stores or who.user_id in stores) or (there and not new) or who.user_id in removed:
            continue
        if passwords is not None and login not in passwords:  # an older embedded database whose admin dropped it
            continue
        if not there:
            connection.execute(login_created(login))
        if passwords is not None:
            set_password(connection, login, passwords[login])
        connection.execute(ADMIT, [login, who.user_id, who.name, who.all_stores, list(who.store_ids)])
        report.did.append(f"a login for {who.name}")


def _renew(connection: psycopg.Connection, entry: tuple[Any, ...], report: "Report") -> None:
    """Gives a login the privileges of this version; one that this admin may not change keeps those it has."""
    try:
        with connection.transaction():
            connection.execute(ADMIT, entry)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.UndefinedObject) as error:
        report.gaps.append(f"the login {entry[0]} of {entry[2]} was left as it is: {error.diag.message_primary}")

"""Changes of identities in the database: create, map to an existing login, renew, remove.

The administrator need not be a superuser.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from uuid import UUID, uuid4

import psycopg
from psycopg import sql as compose

from zava_mcp.admin.change_report import Report
from zava_mcp.admin.identity_records import (
    IdentityRecord,
    IdentitySpec,
    describe_removed,
    read_records,
    refuse_ambiguous_name,
    resolve_identity,
    resolve_stores,
    rows_about,
)
from zava_mcp.admin.locking import change_transaction
from zava_mcp.admin.logins import (
    ADMIT,
    create_login,
    drop_login,
    end_sessions,
    login_exists,
    refuse_unsafe_login,
    run_if_allowed,
    set_expiry,
)
from zava_mcp.admin.passfile import Passfile
from zava_mcp.errors import IdentityError, InputError


def create_identity(
    connection: psycopg.Connection,
    spec: IdentitySpec,
    passfile: Passfile | None,
    login_of: Callable[[UUID], str] = str,
) -> tuple[Report, IdentityRecord | None]:
    """Creates an identity with a new login, or changes name, stores and last day of the one with the user id.

    `login_of` names a login that the spec does not name. Returns the new record, None for a changed identity. To be
    called inside `change_transaction`. Raises InputError.
    """
    report = Report()
    records = read_records(connection)
    stores = resolve_stores(connection, spec)
    current = [record for record in records if record.user_id == spec.user_id]
    refuse_ambiguous_name(records, spec)
    if current:
        _change_identity(connection, current, spec, stores, report)
        if passfile is not None:
            report.warnings.append(
                f"the password of {current[0].login} stays; `zava-mcp identities password` renews it"
            )
        return report, None
    user_id = spec.user_id or uuid4()
    record = IdentityRecord(spec.login or login_of(user_id), user_id, spec.name, spec.all_stores, stores, mapped=False)
    create_login(connection, record.login)
    _admit(connection, record)
    report.actions.append(
        f"{record.name} can query {record.describe_stores()}: user id {user_id}, login {record.login}"
    )
    set_expiry(connection, record.login, spec.last_day, report)
    if passfile is not None:
        passfile.renew_password(record.login)
        passfile.write_draft()
        report.actions.append(f"wrote the password of {record.login} to {passfile.file}")
    return report, record


def _change_identity(
    connection: psycopg.Connection,
    current: list[IdentityRecord],
    spec: IdentitySpec,
    stores: tuple[int, ...],
    report: Report,
) -> None:
    if spec.login and spec.login not in [record.login for record in current]:
        raise InputError(
            f"{current[0].name} has the login {current[0].login} already",
            "`zava-mcp identities map` adds another login.",
        )
    for record in current:
        changed = replace(record, name=spec.name, all_stores=spec.all_stores, stores=stores)
        if changed != record:
            _admit(connection, changed)
            report.actions.append(f"{changed.name} can now query {changed.describe_stores()} (login {changed.login})")
        set_expiry(connection, record.login, spec.last_day, report)


def map_login(connection: psycopg.Connection, spec: IdentitySpec) -> Report:
    """Makes an existing login an identity: a new one, or without stores one more login of the identity of that name.

    To be called inside `change_transaction`. Raises IdentityError if the login has more rights than an identity may.
    """
    report, records = Report(), read_records(connection)
    record = _mapped_record(connection, records, spec)
    refuse_unsafe_login(connection, record.login)
    current = next((other for other in records if other.login == record.login), None)
    if current == record and not rows_about(connection, "without_defaults", record.login):
        set_expiry(connection, record.login, spec.last_day, report)
        return report
    for statement in rows_about(connection, "rights", record.login):
        connection.execute(statement.encode())
    _admit(connection, record)
    if excess := rows_about(connection, "excess", record.login):
        raise IdentityError(
            f"the login {record.login} has rights that this administrator cannot revoke: {', '.join(excess)}",
            "The role that granted them can revoke them, or a superuser.",
        )
    report.actions.append(
        f"the login {record.login} is {record.name}, who can query {record.describe_stores()}: user id {record.user_id}"
    )
    report.warnings += [
        f"this administrator may not alter the login {record.login}, which another role created: zava-mcp sets "
        "read-only transactions and a deadline for its own connections, and the login's other programs have none. "
        f"Its creator or a superuser can run {grant}, and then map it again"
        for grant in rows_about(connection, "without_defaults", record.login)
    ]
    set_expiry(connection, record.login, spec.last_day, report)
    return report


def _mapped_record(connection: psycopg.Connection, records: list[IdentityRecord], spec: IdentitySpec) -> IdentityRecord:
    """The record of the login to map. Raises InputError."""
    current = next((record for record in records if record.login == spec.login), None)
    is_mapped = current.mapped if current else True
    if spec.stores or spec.all_stores:
        refuse_ambiguous_name(records, spec)
        user_id = spec.user_id or (current.user_id if current else uuid4())
        stores = resolve_stores(connection, spec)
        return IdentityRecord(spec.login, user_id, spec.name, spec.all_stores, stores, is_mapped)
    identity = resolve_identity(records, spec.name)[0]
    if spec.user_id not in (None, identity.user_id):
        raise InputError(
            f"{identity.name} has the user id {identity.user_id}",
            "Leave --user-id out, or name stores for a new identity.",
        )
    return replace(identity, login=spec.login, mapped=is_mapped)


def renew_logins(
    connection: psycopg.Connection, identity: str, passfile: Passfile | None, last_day: date | None, no_expiry: bool
) -> tuple[Report, list[str]]:
    """Gives an identity's logins new passwords, another last day, or both; returns the logins.

    To be called inside `change_transaction`. Raises InputError.
    """
    report = Report()
    records = resolve_identity(read_records(connection), identity)
    if passfile is not None:
        created = [record for record in records if not record.mapped]
        if not created:
            raise InputError(
                f"zava-mcp did not create the login {records[0].login} and cannot renew its password or token",
                "Renew it where it was created.",
            )
        for record in created:
            passfile.renew_password(record.login)
            report.actions.append(f"wrote a new password of {record.login} ({record.name}) to {passfile.file}")
        passfile.write_draft()
    for record in records:
        set_expiry(connection, record.login, last_day, report, no_expiry)
    return report, [record.login for record in records]


def remove_identity(
    connection: psycopg.Connection, identity: str, dry_run: bool
) -> tuple[Report, list[IdentityRecord]]:
    """Revokes access and rights in one transaction, then ends the connections and drops the logins.

    `identity` is a user id, a display name or a login; of several logins, a login's name means that one. Returns the
    removed records, none if the identity was removed before.
    """
    report = Report()
    with change_transaction(connection, dry_run):
        records = read_records(connection)
        is_present = any(record.matches(identity) for record in records)
        if not is_present and (removed := describe_removed(connection, identity)):
            report.warnings.append(f"{removed} is removed already")
            return report, []
        removals = resolve_identity(records, identity)
        kept = [_revoke_access(connection, record, report) for record in removals]
        if all(record in removals for record in records if record.user_id == removals[0].user_id):
            connection.execute(
                "INSERT INTO zava.removed VALUES (%s, %s) ON CONFLICT (rls_user_id) DO UPDATE SET removed_at = now()",
                [removals[0].user_id, removals[0].name],
            )
    if not dry_run:
        for record, is_kept in zip(removals, kept, strict=True):
            end_sessions(connection, record.login, report)
            if not is_kept:
                drop_login(connection, record.login, report)
    return report, removals


def _revoke_access(connection: psycopg.Connection, record: IdentityRecord, report: Report) -> bool:
    """Revokes access and rights of a login; returns whether the login itself must stay.

    What this administrator may not do is a gap: without its row in zava.access, a login sees no row of a table.
    """
    login = record.login
    connection.execute("DELETE FROM zava.access WHERE login = %s", [login])
    for statement in rows_about(connection, "rights", login):
        run_if_allowed(connection, statement, report)
    if not login_exists(connection, login):
        report.actions.append(f"{record.name} has no access any more; the login {login} did not exist")
        return True
    blockers = ["it existed before it was mapped"] if record.mapped else rows_about(connection, "drop_blockers", login)
    if not blockers:
        # A login that cannot be dropped afterwards must not be able to log in.
        closed = compose.SQL("ALTER ROLE {} NOLOGIN PASSWORD NULL").format(compose.Identifier(login))
        if run_if_allowed(connection, closed.as_string(connection), report):
            report.actions.append(f"{record.name} has no access any more; the login {login} is dropped")
            return False
        blockers = ["this administrator may not drop it"]
    for statement in rows_about(connection, "settings", login):
        run_if_allowed(connection, statement, report)
    reasons = "; ".join(blockers)
    report.actions.append(f"{record.name} has no access any more; the login {login} stays, without access: {reasons}")
    return True


def _admit(connection: psycopg.Connection, record: IdentityRecord) -> None:
    connection.execute(ADMIT, [record.login, record.user_id, record.name, record.all_stores, list(record.stores)])
    connection.execute("UPDATE zava.access SET mapped = %s WHERE login = %s", [record.mapped, record.login])
    connection.execute("DELETE FROM zava.removed WHERE rls_user_id = %s", [record.user_id])
    if missing := rows_about(connection, "missing", record.login):
        raise IdentityError(
            "this administrator may not grant all that an identity needs",
            f"A superuser can run {'; '.join(missing)}.",
        )

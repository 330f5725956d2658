"""Which database the settings mean, and the way in as an identity or as admin."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import psycopg

from zava_mcp import sql
from zava_mcp.database.connecting import SCHEMA_VERSION, Target, connect, target_of
from zava_mcp.database.pool import Database
from zava_mcp.database.sample import Progress, Sample, identities
from zava_mcp.database.setup import (
    Report,
    admin_target,
    build_embedded,
    embedded_target,
    give_passwords,
    server_url,
    set_up,
    upgrade_embedded,
)
from zava_mcp.embedded import Content, EmbeddedPostgres
from zava_mcp.errors import IdentityError, SettingsError
from zava_mcp.settings import Settings


@dataclass(frozen=True)
class Opened:
    """A database as one identity sees it, and what must be closed after it."""

    database: Database
    embedded: EmbeddedPostgres | None

    def close(self) -> None:
        """Drops the connections and gives back the share in the embedded database."""
        self.database.close()
        if self.embedded is not None:
            self.embedded.close()


def open_database(settings: Settings, progress: Progress) -> Opened:
    """The database for the identity in the settings. Nothing is connected or started yet.

    Raises IdentityError if there is no user id, or the embedded database has no such identity.
    """
    user_id = settings.user_id
    if user_id is None:
        fault = f"{settings.bad_user_id[:60]!r} is not a uuid" if settings.bad_user_id else "no user id: who is asking?"
        raise IdentityError(fault, how_to_identify(settings))
    if settings.place is not None:
        place = settings.place
        return Opened(Database(lambda: target_of(place, user_id), user_id, settings), None)
    embedded = embedded_postgres(settings, progress)
    known = {login.user_id for login in embedded.logins().values()} or {str(who.user_id) for who in identities()}
    if str(user_id) not in known:
        raise IdentityError(f"the user id {user_id} is not an identity of this database", how_to_identify(settings))
    return Opened(Database(_find_embedded(embedded, user_id), user_id, settings), embedded)


def embedded_postgres(settings: Settings, progress: Progress, sample: Sample | None = None) -> EmbeddedPostgres:
    """The embedded database of the settings' data folder, filled with a sample when it is first opened."""
    wanted = sample or Sample()
    content = Content(
        SCHEMA_VERSION,
        lambda address, admin: build_embedded(address, admin, wanted, progress),
        lambda address, admin, logins: upgrade_embedded(address, admin, logins, progress),
    )
    return EmbeddedPostgres(settings.data_dir, content)


def list_identities(settings: Settings, progress: Progress) -> list[list[str]]:
    """Everybody who may ask, as [user id, name, stores, login], head office first.

    Read as admin: from the server of ZAVA_ADMIN_DATABASE_URL, else from the embedded database.
    """
    with _as_admin(settings, progress) as connection:
        rows = connection.execute(sql.query("identities").encode()).fetchall()
    return [
        [str(user_id), name, "all" if everything else stores or "none", login]
        for login, user_id, name, everything, stores in rows
    ]


def initialise(settings: Settings, sample: Sample | None, passwords_file: Path | None, progress: Progress) -> Report:
    """Builds or upgrades the database that the settings mean, as admin; returns what was done."""
    if settings.admin_url is None:
        embedded = embedded_postgres(settings, progress, sample)
        new = not embedded.logins()
        try:
            embedded.open()
        finally:
            embedded.close()
        return Report([f"the embedded database in {embedded.folder} is set up"] if new else [])
    with _as_admin(settings, progress) as connection:
        report = set_up(connection, sample, None, progress)
        if passwords_file is not None:
            give_passwords(connection, passwords_file, report)
        if report.did:
            report.did.append(f"connect identities with ZAVA_DATABASE_URL={server_url(connection)}")
    return report


@contextmanager
def _as_admin(settings: Settings, progress: Progress) -> Iterator[psycopg.Connection]:
    if settings.admin_url is not None:
        with connect(admin_target(settings.admin_url)) as connection:
            yield connection
        return
    if settings.place is not None:
        raise SettingsError(
            "this needs an admin's access to the server", "Set ZAVA_ADMIN_DATABASE_URL to an admin's URL."
        )
    embedded = embedded_postgres(settings, progress)
    try:
        address = embedded.open()
        with connect(embedded_target(address, embedded.logins()[""])) as connection:
            yield connection
    finally:
        embedded.close()


def how_to_identify(settings: Settings) -> str:
    """How to say who asks, and which identities there are."""
    how = "Give one with --user-id or ZAVA_USER_ID."
    if settings.place is not None:
        return f"{how} `zava-mcp identities` lists them."
    listed = "".join(f"\n  {who.user_id}  {who.name}" for who in identities())
    return f"{how} The sample's identities are:{listed}"


def _find_embedded(embedded: EmbeddedPostgres, user_id: UUID) -> Callable[[], Target]:
    def find() -> Target:
        address = embedded.open()
        return embedded_target(address, embedded.logins()[str(user_id)])

    return find

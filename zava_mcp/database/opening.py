"""Which database the settings mean, and the way in as an identity or as admin."""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psycopg

from zava_mcp import sql
from zava_mcp.database.bundled import embedded_postgres
from zava_mcp.database.connection_failures import NoDatabase
from zava_mcp.database.creating import create_database
from zava_mcp.database.identities import sample_identities
from zava_mcp.database.logins import give_passwords
from zava_mcp.database.misfits import not_ours
from zava_mcp.database.naming import connect_as_admin
from zava_mcp.database.parameters import Target, target_of
from zava_mcp.database.pool import Database
from zava_mcp.database.sample import Progress, Sample
from zava_mcp.database.sample_extension import extend_embedded
from zava_mcp.database.sample_made import refuse_other_sample
from zava_mcp.database.setup import (
    Report,
    admin_target,
    embedded_target,
    installed_version,
    set_up,
)
from zava_mcp.database.tokens import Tokens
from zava_mcp.database.vectors import Vectors, vectors
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import InputError, SettingsError, ZavaError
from zava_mcp.settings import Settings


def database_for(
    settings: Settings, user_id: UUID | None, embedded: EmbeddedPostgres | None, extend: bool = False
) -> Database:
    """The database as one identity sees it: the settings' server, else the embedded one. Nothing is opened yet.

    With `extend`, the embedded sample is extended to today before the first question.
    """
    place = settings.place
    if place is not None:
        tokens = _tokens(settings)
        return Database(lambda: target_of(place, user_id, tokens), user_id, settings)
    assert embedded is not None
    assert user_id is not None
    return Database(_find_embedded(embedded, user_id, extend), user_id, settings)


def list_identities(settings: Settings, progress: Progress) -> list[list[str]]:
    """Everybody who may ask, as [user id, name, stores, login, last day], head office first.

    Read as admin: from the server of ZAVA_ADMIN_DATABASE_URL, else from the embedded database.
    """
    with as_admin(settings, progress) as connection:
        if not installed_version(connection):
            raise not_ours()
        rows = connection.execute(sql.query("identities").encode()).fetchall()
    return [
        [str(user_id), name, "all" if everything else stores or "none", login, last_day or ""]
        for login, user_id, name, everything, stores, last_day in rows
    ]


@contextmanager
def vectors_as_admin(
    settings: Settings, model: str, dimensions: int, everything: bool, progress: Progress
) -> Iterator[Vectors]:
    """The products' vectors in the database that the settings mean, to be kept as admin."""
    with as_admin(settings, progress) as connection, vectors(connection, model, dimensions, everything) as kept:
        yield kept


def initialise(
    settings: Settings,
    sample: Sample | None,
    passwords_file: Path | None,
    progress: Progress,
    take_over_roles: bool = False,
    given: Collection[str] = (),
) -> Report:
    """Builds or upgrades the database that the settings mean, as admin; returns what was done.

    `given` are the sample's options that somebody chose: a database that is there must have been made with them.
    """
    if settings.admin_url is None and settings.place is None:
        if passwords_file is not None or sample is None or take_over_roles:
            raise InputError(
                "the embedded database keeps its own roles and passwords and is always filled with the sample",
                "--passwords-file, --take-over-roles and --no-sample are for a server: set ZAVA_ADMIN_DATABASE_URL.",
            )
        return _initialise_embedded(embedded_postgres(settings, progress, sample), sample, given)
    _check_folder_of(passwords_file)
    created = _create_missing_database(settings, progress)
    with as_admin(settings, progress) as connection:
        if sample is not None and installed_version(connection):
            refuse_other_sample(connection, sample, given)
        report = set_up(connection, sample, None, progress, take_over_roles)
        report.did[:0] = created
        if passwords_file is not None:
            report.did.append(give_passwords(connection, passwords_file))
        elif any(what.startswith("a login for ") for what in report.did):
            report.warnings.append(
                "the new logins have no password, so nobody can connect with one: "
                "`zava-mcp init --passwords-file PATH` gives them theirs"
            )
        if report.did:
            report.did.append(f"connect identities with ZAVA_DATABASE_URL={_server_url(connection)}")
    return report


def _create_missing_database(settings: Settings, progress: Progress) -> list[str]:
    """Creates the database of ZAVA_ADMIN_DATABASE_URL if the server does not have it; says so."""
    try:
        with as_admin(settings, progress):
            return []
    except NoDatabase:
        assert settings.admin_url is not None
        target = admin_target(settings.admin_url, _tokens(settings))
        return [f"created the database {create_database(target)}"]


def _initialise_embedded(embedded: EmbeddedPostgres, sample: Sample, given: Collection[str]) -> Report:
    new = not embedded.logins()
    try:
        address = embedded.open()
        if given and not new:
            with connect_as_admin(embedded_target(address, embedded.logins()[""])) as connection:
                refuse_other_sample(connection, sample, given)
    finally:
        embedded.close()
    return Report([f"the embedded database in {embedded.folder} is set up"] if new else [])


def reset_embedded(settings: Settings, sample: Sample, progress: Progress) -> Report:
    """Replaces the embedded database by a new one. Raises EmbeddedError while it is in use, InputError for a server."""
    _require_embedded(settings)
    embedded = embedded_postgres(settings, progress, sample)
    try:
        embedded.reset()
        embedded.open()
    finally:
        embedded.close()
    return Report([f"the embedded database in {embedded.folder} is new"])


def lost_by_reset(settings: Settings) -> list[str] | None:
    """The identities that a reset would remove, as somebody added them; None if there is no database to reset."""
    _require_embedded(settings)
    known = {str(who.user_id) for who in sample_identities()}
    logins = embedded_postgres(settings, lambda *_: None).logins()
    return (
        [login.name or user_id for user_id, login in logins.items() if user_id and user_id not in known]
        if logins
        else None
    )


def _require_embedded(settings: Settings) -> None:
    if settings.admin_url is not None or settings.place is not None:
        raise InputError(
            "--reset is for the embedded database alone",
            "Unset ZAVA_ADMIN_DATABASE_URL and ZAVA_DATABASE_URL; a server's database is dropped by its administrator.",
        )


def adopt_database(
    settings: Settings, dry_run: bool, passwords_file: Path | None, progress: Progress, take_over_roles: bool = False
) -> Report:
    """Takes over the Zava database of ZAVA_ADMIN_DATABASE_URL, or only tells the SQL; returns what was done."""
    if settings.admin_url is None and settings.place is None:
        raise InputError(
            "the embedded database is ours already", "To take over a server's, set ZAVA_ADMIN_DATABASE_URL."
        )
    from zava_mcp.database.adoption import adopt

    _check_folder_of(passwords_file)
    with as_admin(settings, progress) as connection:
        report = adopt(connection, dry_run, progress, take_over_roles)
        if passwords_file is not None and not dry_run:
            report.did.append(give_passwords(connection, passwords_file))
        if report.did:
            report.did.append(f"connect identities with ZAVA_DATABASE_URL={_server_url(connection)}")
    return report


def _check_folder_of(passwords_file: Path | None) -> None:
    if passwords_file is not None and not passwords_file.parent.is_dir():
        raise InputError(f"there is no folder {passwords_file.parent} for the passwords file")


@contextmanager
def as_admin(settings: Settings, progress: Progress) -> Iterator[psycopg.Connection]:
    """A connection as admin: to the server of ZAVA_ADMIN_DATABASE_URL, else to the embedded database."""
    if settings.admin_url is not None:
        with connect_as_admin(admin_target(settings.admin_url, _tokens(settings))) as connection:
            yield connection
        return
    if settings.place is not None:
        raise SettingsError(
            "this needs an admin's access to the server", "Set ZAVA_ADMIN_DATABASE_URL to an admin's URL."
        )
    embedded = embedded_postgres(settings, progress)
    try:
        address = embedded.open()
        with connect_as_admin(embedded_target(address, embedded.logins()[""])) as connection:
            yield connection
    finally:
        embedded.close()


def _tokens(settings: Settings) -> Tokens | None:
    return Tokens(settings.embedding) if settings.database_auth == "entra" else None


def _find_embedded(embedded: EmbeddedPostgres, user_id: UUID, extend: bool) -> Callable[[], Target]:
    left_to_extend = [embedded] if extend else []

    def find() -> Target:
        address = embedded.open()
        while left_to_extend:
            with suppress(ZavaError, psycopg.Error):  # an older sample answers too
                extend_embedded(left_to_extend.pop())
        return embedded_target(address, embedded.logins()[str(user_id)])

    return find


def _server_url(connection: psycopg.Connection) -> str:
    """The URL that identities use for the database of this connection, without login and password.

    They are told to be as careful as the admin: `sslmode` is the admin's. Where certificates lie is each desk's own.
    """
    info = connection.info
    mode = info.get_parameters().get("sslmode")
    return (
        f"postgresql://{quote(info.host, safe='')}:{info.port}/{quote(info.dbname)}{f'?sslmode={mode}' if mode else ''}"
    )

"""Resolves the identity that the settings name to a user id, without a database connection.

This module does not import the database driver, because that takes long.
"""

import csv
import difflib
import io
import re
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

from zava_mcp import call_context, sql
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import IdentityError
from zava_mcp.settings import Settings


@dataclass(frozen=True)
class Identity:
    """One of the sample's identities, with all stores (head office) or some. `login` is the embedded database's."""

    user_id: UUID
    name: str
    login: str
    all_stores: bool
    store_ids: tuple[int, ...]


@dataclass(frozen=True)
class RequestedIdentity:
    """The identity that the settings name, to be verified after connecting.

    On a server, `name` is the name that the settings give, which the login's identity must have; "" if they give a user
    id. `user_id` is None if only the server knows that name.
    """

    user_id: UUID | None
    name: str = ""


HEAD_OFFICE_NAME = "Head office"  # of a company that is not the sample


def sample_identities() -> list[Identity]:
    """Head office and the eight stores' managers."""
    head_office = Identity(UUID(int=0), "Zava Retail head office", "zava_head_office", True, ())
    return [head_office] + [
        Identity(UUID(row["rls_user_id"]), row["store_name"], row["login"], False, (int(row["store_id"]),))
        for row in csv.DictReader(io.StringIO(sql.script("sample/stores.csv")))
    ]


def parse_user_id(text: str) -> UUID | None:
    """A uuid in the usual form with dashes, in upper or lower case; None for any other text."""
    with suppress(ValueError):
        if str(user_id := UUID(text)) == text.lower():
            return user_id
    return None


def require_identity(settings: Settings, embedded: EmbeddedPostgres | None) -> RequestedIdentity:
    """The identity of the settings, by user id or by name.

    A name is looked up among the embedded database's identities, and for a server among the sample's. An unknown name
    is left to a server if the settings name a login too.

    Raises IdentityError, which says how to give a user id, if the settings name no identity, an unknown or ambiguous
    name, or a user id that the embedded database does not have. On a database server, the identity is
    verified after connecting.
    """
    known = _known_identities(embedded)
    user_id, name = parse_user_id(settings.identity), ""
    if user_id is None:
        name = settings.identity if settings.database else ""
        if name and _names_login(settings) and short_name(name) not in map(short_name, known.values()):
            return RequestedIdentity(None, name)
        user_id = _user_id_of_name(settings, known)
    call_context.current_call().user_id = str(user_id)
    if embedded is not None and user_id not in known:
        raise _identity_error(f"the user id {user_id} is not an identity of this database", settings, known)
    return RequestedIdentity(user_id, name)


def short_name(name: str) -> str:
    """The short form of a name: "seattle" for "Zava Retail Seattle", "head office" for "head-office"."""
    return " ".join(re.split(r"[\s_-]+", name.strip().lower())).removeprefix("zava retail ")


def _known_identities(embedded: EmbeddedPostgres | None) -> dict[UUID, str]:
    """Names by user id: the embedded database's, or before its set-up and for a server the sample's."""
    sample = {identity.user_id: identity.name for identity in sample_identities()}
    logins = embedded.logins().values() if embedded else ()
    existing = {UUID(login.user_id): login.name for login in logins if login.user_id}
    return {user_id: name or sample.get(user_id, "") for user_id, name in existing.items()} or sample


def _names_login(settings: Settings) -> bool:
    """Whether the settings name a server's login besides the identity."""
    if settings.database is None:
        return False
    url = settings.database.url.reveal() if settings.database.url else ""
    by_url = re.match(r"\w+://[^/@:]+(:[^/@]*)?@", url) or re.search(r"[?&]user=[^&]", url)
    return "user" in settings.database.parameters or by_url is not None


def _user_id_of_name(settings: Settings, known: dict[UUID, str]) -> UUID:
    """The user id of the only identity with the settings' full name. Raises IdentityError."""
    requested = settings.identity
    if not requested:
        raise _identity_error("no user id is set", settings, known)
    names = {user_id: short_name(name) for user_id, name in known.items()}
    matches = [user_id for user_id, name in names.items() if name == short_name(requested)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        message = f"{len(matches)} identities are called {requested[:60]!r}"
    else:
        similar = difflib.get_close_matches(short_name(requested), names.values(), n=1)
        message = f"{requested[:60]!r} is neither a uuid nor the name of an identity"
        message += f"; did you mean {similar[0]!r}?" if similar else ""
    raise _identity_error(message, settings, known)


def _identity_error(message: str, settings: Settings, known: dict[UUID, str]) -> IdentityError:
    """An error that says how to give an identity. Its listing of identities is for the terminal, not for models."""
    hint = "Give one with --user-id or ZAVA_USER_ID. `zava-mcp identities` lists them."
    if settings.database is not None:
        hint = "Give a user id, which `zava-mcp identities` lists for an administrator"
        hint += ", or set ZAVA_DATABASE_URL with a login, whose name works." if settings.identity else "."
    elif settings.admin_url is not None:
        hint += " For the database of ZAVA_ADMIN_DATABASE_URL, set ZAVA_DATABASE_URL to it, without the administrator."
    error = IdentityError(message, hint)
    if settings.database is None and settings.admin_url is None:
        error.listing = "".join(f"\n  {user_id}  {name}" for user_id, name in known.items())
    return error

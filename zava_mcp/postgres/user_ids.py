"""Who may ask. Nothing here needs a database, or the time that importing its driver takes."""

import csv
import difflib
import io
import re
from dataclasses import dataclass
from uuid import UUID

from zava_mcp import call_context, sql
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import IdentityError
from zava_mcp.settings import Settings


@dataclass(frozen=True)
class Identity:
    """Somebody who may ask: all stores (head office) or some. `login` is the embedded database's."""

    user_id: UUID
    name: str
    login: str
    all_stores: bool
    store_ids: tuple[int, ...]


def sample_identities() -> list[Identity]:
    """Head office and the eight stores' managers."""
    head_office = Identity(UUID(int=0), "Zava Retail head office", "zava_head_office", True, ())
    return [head_office] + [
        Identity(UUID(row["rls_user_id"]), row["store_name"], row["login"], False, (int(row["store_id"]),))
        for row in csv.DictReader(io.StringIO(sql.script("sample/stores.csv")))
    ]


def require_identity(settings: Settings, embedded: EmbeddedPostgres | None) -> UUID | None:
    """The user id of the settings, which may name one of the embedded database's identities or of the sample's.

    None on a server whose login the settings name too: then it is the login's, if the identity there has the name.

    Raises IdentityError, saying how to give one and which there are, if there is none, if nobody or more than
    one has that name, or if the embedded database has no such identity. A server's database is asked when it is
    connected to, also whether the identity there has the name.
    """
    known = _known(embedded)
    if settings.user_name and settings.user_id is None and _names_login(settings) and not _is_known(settings, known):
        return None
    user_id = settings.user_id or _named(settings, known)
    call_context.current_call().user_id = str(user_id)
    if embedded is not None and user_id not in known:
        fault = f"the user id {user_id} is not an identity of this database"
        raise _no_identity(fault, settings, known)
    return user_id


def short_name(name: str) -> str:
    """A name as somebody types it: "seattle" for "Zava Retail Seattle", "head office" for "head-office"."""
    return " ".join(re.split(r"[\s_-]+", name.strip().lower())).removeprefix("zava retail ")


def _known(embedded: EmbeddedPostgres | None) -> dict[UUID, str]:
    """Names by user id: the embedded database's, before its set-up and for a server the sample's."""
    sample = {who.user_id: who.name for who in sample_identities()}
    logins = embedded.logins().values() if embedded else ()
    there = {UUID(login.user_id): login.name for login in logins if login.user_id}
    return {user_id: name or sample.get(user_id, "") for user_id, name in there.items()} or sample


def _names_login(settings: Settings) -> bool:
    """Whether a server's login is named beside the identity."""
    if settings.place is None:
        return False
    url = settings.place.url.reveal() if settings.place.url else ""
    by_url = re.match(r"\w+://[^/@:]+(:[^/@]*)?@", url) or re.search(r"[?&]user=[^&]", url)
    return "user" in settings.place.parameters or by_url is not None


def _is_known(settings: Settings, known: dict[UUID, str]) -> bool:
    return short_name(settings.user_name) in map(short_name, known.values())


def _named(settings: Settings, known: dict[UUID, str]) -> UUID:
    """The one identity of the settings' name, in whole: nothing is guessed."""
    wanted = settings.user_name
    if not wanted:
        raise _no_identity("no user id: who is asking?", settings, known)
    names = {user_id: short_name(name) for user_id, name in known.items()}
    found = [user_id for user_id, name in names.items() if name == short_name(wanted)]
    if len(found) == 1:
        return found[0]
    if found:
        fault = f"{len(found)} identities are called {wanted[:60]!r}"
    else:
        near = difflib.get_close_matches(short_name(wanted), names.values(), n=1)
        fault = f"{wanted[:60]!r} is neither a uuid nor the name of an identity"
        fault += f"; did you mean {near[0]!r}?" if near else ""
    raise _no_identity(fault, settings, known)


def _no_identity(fault: str, settings: Settings, known: dict[UUID, str]) -> IdentityError:
    """An error that says how to give an identity; the embedded database's are listed for people, not for models."""
    error = IdentityError(fault, "Give one with --user-id or ZAVA_USER_ID. `zava-mcp identities` lists them.")
    if settings.place is None:
        error.listing = "".join(f"\n  {user_id}  {name}" for user_id, name in known.items())
    return error

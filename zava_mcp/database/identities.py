"""Who may ask. Nothing here needs a database, or the time that importing its driver takes."""

import csv
import io
from dataclasses import dataclass
from uuid import UUID

from zava_mcp import sql
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


def require_identity(settings: Settings, embedded: EmbeddedPostgres | None) -> UUID:
    """The user id of the settings.

    Raises IdentityError, saying how to give one and which there are, if there is none, or if the
    embedded database has no such identity. A server's database is asked when it is connected to.
    """
    if settings.user_id is None:
        fault = f"{settings.bad_user_id[:60]!r} is not a uuid" if settings.bad_user_id else "no user id: who is asking?"
        raise IdentityError(fault, _how_to_identify(settings))
    if embedded is not None:
        known = set(embedded.logins()) or {str(who.user_id) for who in sample_identities()}
        if str(settings.user_id) not in known:
            fault = f"the user id {settings.user_id} is not an identity of this database"
            raise IdentityError(fault, _how_to_identify(settings))
    return settings.user_id


def _how_to_identify(settings: Settings) -> str:
    how = "Give one with --user-id or ZAVA_USER_ID."
    if settings.place is not None:
        return f"{how} `zava-mcp identities` lists them."
    listed = "".join(f"\n  {who.user_id}  {who.name}" for who in sample_identities())
    return f"{how} The sample's identities are:{listed}"

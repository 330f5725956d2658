"""The attack suite's parts: the texts, what must not be in a reply, and the count of how they ended."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from scripts.attack_table import FAMILIES as FAMILIES
from scripts.attack_table import attacks as attacks
from tests.conftest import HEAD_OFFICE, STORES
from zava_mcp.settings import Settings

ASKERS = ("manager", "head office", "nobody")
SERVERS = ("15", "16", "18")
AS_IT_COMES = "18 as it comes"  # set up without a superuser, as 15 is
RUNS = [*((server, who) for server in SERVERS for who in ASKERS), (AS_IT_COMES, "manager")]
_RANGES = """
SELECT min(order_id), max(order_id) FROM retail.orders WHERE store_id <> %(own)s GROUP BY store_id
UNION ALL
SELECT min(order_item_id), max(order_item_id) FROM retail.order_items WHERE store_id <> %(own)s GROUP BY store_id
"""
_COUNTS_FILE = os.environ.get("ZAVA_TEST_ATTACKS")
_NUMBER = re.compile(r"(?<![\w-])[1-8]\d{8}(?!\w)")
_STOPPED = ("57014", "54", "53", "57P01")  # deadlines and limits, the database's and ours

#: What PostgreSQL lets through by nature, where no superuser of ours could close it: .github/SECURITY.md says so.
#: Texts that ask for the sizes of tables learn the chain's; texts that ask for roles learn their names.
_TELLS_SIZES = re.compile(r"pg_class|pg_stat|_size\(|pg_statio|schema_to_xml\('pg_", re.IGNORECASE)
_TELLS_LOGINS = re.compile(
    r"pg_roles|pg_user|rolname|acl|pg_db_role_setting|pg_shadow|pg_authid|pg_auth_members|regrole|activity|"
    r"grantee|pg_policies|pg_init_privs|database_to_xml|ALTER ROLE",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Place:
    """A server set up as somebody would. `load_settings` are those of one of ASKERS."""

    server: str
    hardened: bool
    logins_are_user_ids: bool
    load_settings: Callable[[str], Settings]
    as_superuser: Callable[[], AbstractContextManager[psycopg.Connection]]


@dataclass(frozen=True)
class Secrets:
    """What an asker must not learn: numbers of other stores' orders, the chain's totals, others' user ids.

    `numbers` are the ranges of the orders' and items' numbers of each store that the asker does not see.
    """

    numbers: tuple[range, ...]
    totals: tuple[str, ...]
    user_ids: tuple[str, ...]

    @classmethod
    def kept_from(cls, who: str, own_id: str, place: Place) -> "Secrets":
        others = tuple(other for other in (HEAD_OFFICE, *STORES.values()) if other != own_id)
        if who == "head office":
            return cls((), (), others)
        with place.as_superuser() as admin:
            return cls(_numbers(admin, {"manager": 1}.get(who, 0)), _totals(admin), others)

    def leaked(self, text: str, attack: str) -> list[str]:
        """What a reply gives away and its attack did not know before."""
        numbers = [found for found in _NUMBER.findall(text) if any(int(found) in known for known in self.numbers)]
        totals = [total for total in self.totals if re.search(rf"(?<![\d.]){total}(?![\d.])", text)]
        user_ids = [user_id for user_id in self.user_ids if user_id in text]
        return [found for found in (*numbers, *totals, *user_ids) if found not in attack]

    def by_nature(self, found: list[str], attack: str, place: Place) -> bool:
        """Whether that is what PostgreSQL tells every login on such a server, as .github/SECURITY.md says."""
        sizes = not place.hardened and _TELLS_SIZES.search(attack)
        logins = place.logins_are_user_ids and _TELLS_LOGINS.search(attack)
        known = [*(self.totals if sizes else ()), *(self.user_ids if logins else ())]
        return bool(found) and all(item in known for item in found)


def _numbers(admin: psycopg.Connection, own_store: int) -> tuple[range, ...]:
    found = admin.execute(_RANGES.encode(), {"own": own_store}).fetchall()
    return tuple(range(first, last + 1) for first, last in found)


def _totals(admin: psycopg.Connection) -> tuple[str, ...]:
    tables = ("orders", "order_items", "customers")
    rows = [admin.execute(f"SELECT count(*) FROM retail.{table}".encode()).fetchone() for table in tables]
    return tuple(str(row[0]) for row in rows if row)


def outcome(text: str, failed: bool) -> str:
    """How an attack ended: refused, stopped by a deadline or limit, or answered."""
    sqlstate = text.rpartition("execute_sales_query: ")[2][:5]
    if not failed:
        return "answered"
    return "stopped" if sqlstate.startswith(_STOPPED) else "refused"


@dataclass
class Tally:
    """How the attacks ended, by family and server; written down where ZAVA_TEST_ATTACKS names a file."""

    counts: dict[tuple[str, str], Counter[str]] = field(default_factory=dict)

    def add(self, family: str, server: str, ends: Iterable[str]) -> None:
        self.counts.setdefault((family, server), Counter()).update(ends)

    def save(self) -> None:
        if _COUNTS_FILE:
            rows = [{"family": family, "server": server, **ends} for (family, server), ends in self.counts.items()]
            Path(_COUNTS_FILE).write_text(json.dumps(rows, indent=1))

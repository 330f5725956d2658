"""The same question under the policies, and as superuser with the filter written out."""

import re
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import psycopg

from scripts.measure.figures import Figure, figure, in_turn, milliseconds
from scripts.measure.processes import HEAD_OFFICE, SEATTLE
from zava_mcp import sql
from zava_mcp.admin.logins import ADMIT, create_login_statement, set_password
from zava_mcp.embedded import EmbeddedPostgres, Login
from zava_mcp.postgres.connection_parameters import embedded_parameters
from zava_mcp.settings import Secret

EXPLICIT = "explicit WHERE"
_REGION = Login("bench_region", secrets.token_urlsafe(16), "7d1c0f5e-2a34-4c52-9a0e-5d1f0b1c2d3e", "a region")
_OF_STORES = ("orders", "order_items", "inventory")
_NAMES = "-c search_path=retail,public"
_CONNECTIONS = 5
_ROUNDS, _MILLISECONDS = (3, 100), 1_000.0  # a short question is asked more often: what it loses to others weighs more


@dataclass(frozen=True)
class Probe:
    """Who asks, and the filter that the policies come to; "" for none."""

    who: str
    user_id: str
    stores: str


ASKERS = (
    Probe("Seattle", SEATTLE, "= 1"),
    Probe("two stores", _REGION.user_id, "IN (5, 6)"),
    Probe("head office", HEAD_OFFICE, ""),
)


@cache
def questions() -> dict[str, str]:
    """The questions by name."""
    return sql.statements(Path(__file__).with_name("questions.sql").read_text(encoding="utf-8"))


def explicit(question: str, stores: str) -> str:
    """The question with the filter written out for each table that the policies filter."""
    if not stores:
        return question
    own = {table: f"SELECT t.* FROM retail.{table} t WHERE t.store_id {stores}" for table in _OF_STORES}  # noqa: S608
    columns = "t.customer_id, t.first_name, t.last_name, t.email, t.phone, t.primary_store_id, t.created_at"
    own["customers"] = f"SELECT {columns} FROM zava.customers_by_store t WHERE t.visible_in {stores}"  # noqa: S608
    if "," in stores:
        own["customers"] += (
            " AND CASE WHEN t.visible_in IS NULL THEN true ELSE NOT EXISTS (SELECT FROM zava.customers_by_store o"
            f" WHERE o.customer_id = t.customer_id AND o.visible_in < t.visible_in AND o.visible_in {stores}) END"
        )
    return re.sub(rf"retail\.({'|'.join(own)})\b", lambda found: f"({own[found[1]]})", question)


def shape(connection: psycopg.Connection, question: str) -> Any:
    """The plan as nested lists: what is done, with which table and index, how often in parallel, and to what."""
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {question}".encode()).fetchone()
    assert row is not None
    names = ("Node Type", "Relation Name", "Index Name", "Join Type", "Strategy", "Workers Planned")

    def of(plan: dict[str, Any]) -> list[Any]:
        return [[plan[name] for name in names if name in plan], [of(child) for child in plan.get("Plans", [])]]

    return of(row[0][0]["Plan"])


@contextmanager
def connected(embedded: EmbeddedPostgres, login: Login) -> Iterator[psycopg.Connection]:
    """A connection of a login, on which names without a schema are found where a query of an identity finds them."""
    keywords = embedded_parameters(embedded.open(), login).keywords()
    with psycopg.connect(**keywords, options=_NAMES, autocommit=True, prepare_threshold=None) as connection:
        yield connection


@contextmanager
def asked_as(embedded: EmbeddedPostgres, asker: Probe) -> Iterator[psycopg.Connection]:
    """A connection of the asker; the regional manager's login is made where it is not there."""
    if asker.user_id != _REGION.user_id:
        with connected(embedded, embedded.logins()[asker.user_id]) as agent:
            yield agent
        return
    with connected(embedded, embedded.logins()[""]) as owner:
        owner.execute(create_login_statement(_REGION.login))
        set_password(owner, _REGION.login, Secret(_REGION.password))
        owner.execute(ADMIT, [_REGION.login, _REGION.user_id, _REGION.name, False, [5, 6]])
        try:
            with connected(embedded, _REGION) as agent:
                yield agent
        finally:
            owner.execute("DELETE FROM zava.access WHERE login = %s", [_REGION.login])
            owner.execute(f"DROP OWNED BY {_REGION.login}; DROP ROLE {_REGION.login}".encode())


def rows(connection: psycopg.Connection, question: str) -> list[tuple[Any, ...]]:
    """The answer."""
    return connection.execute(question.encode()).fetchall()


def rls(embedded: EmbeddedPostgres) -> Iterator[Figure]:
    """Ten questions of three askers."""
    with connected(embedded, embedded.logins()[""]) as owner, _and_more_like(owner) as owners:
        for asker in ASKERS:
            with asked_as(embedded, asker) as agent, _and_more_like(agent) as agents:
                for name, question in questions().items():
                    written = explicit(question, asker.stores)
                    once = milliseconds(partial(rows, agent, question))
                    rounds = min(max(round(_MILLISECONDS / max(once, 0.1)), _ROUNDS[0]), _ROUNDS[1])
                    took: list[float] = []
                    floor: list[float] = []
                    for one, other in zip(agents, owners, strict=True):
                        assert rows(one, question) == rows(other, written)
                        measured = in_turn(partial(rows, one, question), partial(rows, other, written), rounds)
                        took += measured[0]
                        floor += measured[1]
                    yield figure(f"{name.replace('_', ' ')}, {asker.who}", EXPLICIT, took, floor)


@contextmanager
def _and_more_like(connection: psycopg.Connection) -> Iterator[list[psycopg.Connection]]:
    """Several: where in the machine one happens to be makes more of a difference than what is measured."""
    info = connection.info
    with ExitStack() as stack:
        more = [
            stack.enter_context(
                psycopg.connect(info.dsn, password=info.password, autocommit=True, prepare_threshold=None)
            )
            for _ in range(_CONNECTIONS - 1)
        ]
        yield [connection, *more]

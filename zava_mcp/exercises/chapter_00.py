"""The exercises of the introduction: a first query, and who sees what."""

from typing import Any

from zava_mcp import sql
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.sql_answer import SqlAnswer

_SQL = sql.named("exercises/00.sql")
_STORES = ("seattle", "bellevue", "tacoma", "spokane", "everett", "redmond", "kirkland", "online")
_ASKED = ("head-office", "seattle", "online")


def _check_who_sees_what(answer: Any, lab: Lab) -> None:
    tables = ("stores_listed", "stores_with_orders")
    require(answer, "the file", **dict.fromkeys(tables, dict), orders_add_up=bool, customers_add_up=bool)
    counts = {identity: lab.query(identity, _SQL["counts"]).rows[0] for identity in ("head-office", *_STORES)}
    for table, place in (("stores_with_orders", 0), ("stores_listed", 1)):
        require(answer[table], f"the table {table}", **dict.fromkeys(_ASKED, int))
        for identity in _ASKED:
            if (number := answer[table][identity]) != counts[identity][place]:
                raise Wrong(f"{table}: {identity} does not see {number}")
    for name, place in (("orders_add_up", 2), ("customers_add_up", 3)):
        is_sum = sum(counts[store][place] for store in _STORES) == counts["head-office"][place]
        if answer[name] != is_sum:
            raise Wrong(f"{name} = {str(answer[name]).lower()} is not what the counts say")


EXERCISES = (
    Exercise("00-1", ".sql", SqlAnswer(_SQL["orders_of_2025"], ordered=True), "the section Ask a question"),
    Exercise("00-2", ".toml", DataAnswer(_check_who_sees_what), "the section Who sees what"),
)

"""The exercises on security: a leak through a condition, and policies that withstand it."""

from pathlib import Path
from typing import TYPE_CHECKING

from zava_mcp import sql
from zava_mcp.errors import QueryError
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.policy_answer import OWNER, PolicyAnswer, Probe
from zava_mcp.plurals import counted

if TYPE_CHECKING:
    from zava_mcp.admin.scratch_database import ScratchDatabase

_SQL = sql.named("exercises/02.sql")
_AFTER_POLICY = (
    "; PostgreSQL evaluates the condition on the salary after the policy, because something in it is not leakproof"
    " (such as a division), or costs more than the policy"
)
_LOW, _HIGH = (-1, 0, 4200, 4800, 5000), (5001, 5100, 5200, 90_000, 2_000_000_000)

_EXPENSES = PolicyAnswer(
    set_up=_SQL["expenses"],
    logins=("ann", "ben", "eve"),
    probes=(
        Probe(
            "ann",
            _SQL["own_expenses"],
            ((1, 1, 20, "paint"), (2, 1, 35, None)),
            "ann does not see exactly the expenses of her team",
        ),
        Probe(
            "ben",
            _SQL["own_expenses"],
            ((3, 2, 777, "crane"), (4, 3, 90, None)),
            "ben does not see exactly the expenses of his two teams",
        ),
        Probe("eve", _SQL["own_expenses"], (), "eve has no entry in access, and does not see zero rows"),
        Probe("ann", "SELECT count(*) FROM access", None, "ann can read access"),
        *(
            Probe("ann", _SQL[name], ((0,),), "a condition of ann's query is evaluated on a hidden row")
            for name in ("existence", "amount_of", "team_of")
        ),
        Probe("eve", _SQL["existence"], ((0,),), "a condition of eve's query is evaluated on a hidden row"),
    ),
    values=("1", "2", "{2,3}", "all"),
)


def _check_attack(file: Path, lab: Lab) -> None:
    query = read_answer(file)
    with lab.scratch_database(("ann", "ben"), _SQL["staff"]) as database:
        low = {_outcome(database, query, salary) for salary in _LOW}
        high = {_outcome(database, query, salary) for salary in _HIGH}
        after_policy = _AFTER_POLICY if _tests_salary_after_policy(database, query) else ""
    if low == high and len(low) == 1:
        raise Wrong(f"the outcome is the same for each salary: {next(iter(low))[:200]}{after_policy}")
    for outcomes, salaries in ((low, "up to 5000"), (high, "above 5000")):
        if len(outcomes) > 1:
            raise Wrong(f"salaries {salaries} have {len(outcomes)} different outcomes")


def _outcome(database: "ScratchDatabase", query: str, salary: int) -> str:
    """What Ann sees of her query: its rows in any order, or its error."""
    database.run(OWNER, _SQL["pay"].replace("{salary}", str(salary)))
    try:
        rows = sorted(map(repr, database.rows("ann", query)))
    except QueryError as error:
        return f"{error.sqlstate}: {error.message}"
    return f"{counted(len(rows), 'row')}: {', '.join(rows)}" if rows else "no rows"


def _tests_salary_after_policy(database: "ScratchDatabase", query: str) -> bool:
    """Whether PostgreSQL evaluates the query's condition on the salary on rows that the policy shows only."""
    try:
        plan = database.rows("ann", f"EXPLAIN (COSTS OFF) {query}")
    except QueryError:
        return False
    parts = [line.partition("own_store()") for (line,) in plan]
    return any("salary" in after and "salary" not in before for before, _, after in parts)


EXERCISES = (
    Exercise("02-1", ".sql", _check_attack, "the section How a condition sees hidden rows"),
    Exercise("02-2", ".sql", _EXPENSES, "the sections The login is the identity and A policy that comes first"),
)

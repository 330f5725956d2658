"""Policies as an answer: SQL that the owner of the tables runs, probed by logins that try to see more."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zava_mcp.errors import QueryError
from zava_mcp.exercises.exercise import Wrong, read_answer
from zava_mcp.exercises.lab import Lab

if TYPE_CHECKING:
    from zava_mcp.admin.scratch_database import ScratchDatabase

OWNER = "owner"
#: The texts of all policies and functions of the owner, in which names of settings are looked for.
_SOURCES = """
SELECT concat_ws(' ', qual, with_check) FROM pg_policies
UNION ALL SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE p.proowner = current_user::regrole AND p.prokind = 'f'
UNION ALL SELECT pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relowner = current_user::regrole AND c.relkind = 'v'"""
_SETTING = re.compile(r"current_setting\s*\(\s*'([^']+)'", re.IGNORECASE)
_COMPUTED_SETTING = re.compile(r"current_setting\s*\(\s*(?!'[^']+'(?:::text)?\s*[,)])", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")
_MAX_TRIES = 200


@dataclass(frozen=True)
class Probe:
    """A query of a login and the rows that it must return, in any order; `rows` None means it must be refused.

    `{ann}` in the query and in expected texts stands for the role of the login "ann". `wrong` says what is wrong with
    an answer that fails the probe, without the solution.
    """

    login: str
    query: str
    rows: tuple[tuple[Any, ...], ...] | None
    wrong: str


@dataclass(frozen=True)
class PolicyAnswer:
    """Runs an answer as the owner of the tables that `set_up` created and filled, then the probes.

    Each probe with rows runs again for each setting that the policies read, with each role and each of `values` as its
    value: a policy that a setting bypasses is wrong.
    """

    set_up: str
    logins: tuple[str, ...]
    probes: tuple[Probe, ...]
    values: tuple[str, ...] = ()

    def __call__(self, file: Path, lab: Lab) -> None:
        """Checks an answer. Raises Wrong."""
        script = read_answer(file)
        with lab.scratch_database(self.logins, self.set_up) as database:
            try:
                database.run(OWNER, script)
            except QueryError as error:
                raise Wrong(f"PostgreSQL refuses {file.name}: {error.full_message()}") from None
            for probe in self.probes:
                _run_probe(database, probe)
            self._try_settings(database)

    def _try_settings(self, database: "ScratchDatabase") -> None:
        texts = "\n".join(text or "" for (text,) in database.rows(OWNER, _SOURCES))
        sources = _COMMENT.sub("", texts)
        if _COMPUTED_SETTING.search(sources):
            raise Wrong("a policy or function reads a setting whose name it computes; name it as a text")
        values = [*database.roles.values(), *self.values, "true", "on", "1", ""]
        tries = [(name, value) for name in sorted(set(_SETTING.findall(sources))) for value in values]
        for name, value in tries[:_MAX_TRIES]:
            for probe in self.probes:
                if probe.rows is not None and not _holds(database, probe, {name: value}):
                    raise Wrong(f"{probe.login} changes the result with set_config('{name}', …), as any query can")


def _run_probe(database: "ScratchDatabase", probe: Probe) -> None:
    try:
        rows = database.rows(probe.login, probe.query)
    except QueryError as error:
        if probe.rows is None:
            return
        raise Wrong(f"{probe.wrong} (PostgreSQL says: {error.full_message()})") from None
    if probe.rows and not rows:
        raise Wrong(f"{probe.wrong}: {probe.login} sees no rows at all")
    if not _is_expected(database, probe, rows):
        raise Wrong(probe.wrong)


def _holds(database: "ScratchDatabase", probe: Probe, settings: dict[str, str]) -> bool:
    """Whether a probe returns its rows with these settings. An error shows no row."""
    try:
        return _is_expected(database, probe, database.rows(probe.login, probe.query, settings))
    except QueryError:
        return True


def _is_expected(database: "ScratchDatabase", probe: Probe, rows: list[tuple[Any, ...]]) -> bool:
    return probe.rows is not None and Counter(rows) == Counter(_expected(database, probe.rows))


def _expected(database: "ScratchDatabase", rows: tuple[tuple[Any, ...], ...]) -> list[tuple[Any, ...]]:
    return [
        tuple(database.roles.get(str(value)[1:-1], value) if _is_name(value) else value for value in row)
        for row in rows
    ]


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("{") and value.endswith("}")

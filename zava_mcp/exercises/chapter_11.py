"""The exercises of observability: an alert rule on planted metrics, and a question to a planted audit log."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, get_args

from zava_mcp.errors import Outcome
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong
from zava_mcp.exercises.lab import Lab
from zava_mcp.exercises.promql import Series, duration, evaluate
from zava_mcp.exercises.promql_operators import Value
from zava_mcp.exercises.tool_answer import load_function

_ALERT, _FOR_SECONDS = "ZavaDatabaseFails", 300.0
_MINUTES = 40  # of planted samples, one a minute; the rule is evaluated at the last
_Counts = dict[str, list[float]]  # by outcome, the value of the counter at each minute


def _steady(**per_minute: float) -> _Counts:
    """Counters that grow by as much each minute; the server starts each outcome's counter at 0."""
    outcomes = set(get_args(Outcome)) - {"started"}
    return {outcome: [per_minute.get(outcome, 0) * minute for minute in range(_MINUTES + 1)] for outcome in outcomes}


def _once(**calls: float) -> _Counts:
    """Counters of calls that all came at one minute within the last quarter of an hour."""
    return {name: [calls.get(name, 0.0) if minute > 30 else 0 for minute in range(_MINUTES + 1)] for name in _steady()}


def _plus(counts: _Counts, **earlier: float) -> _Counts:
    return {name: [earlier.get(name, 0.0) + value for value in values] for name, values in counts.items()}


def _restarted(counts: _Counts, minute: int) -> _Counts:
    """The counters of a server that began again at 0 at a minute."""
    return {name: [*values[:minute], *values[: len(values) - minute]] for name, values in counts.items()}


#: What happened on the machines of a job (one entry a process), and whether the alert must fire.
_CASES: dict[str, tuple[list[_Counts], bool]] = {
    "one in three calls times out": ([_steady(ok=4, timeout=2)], True),
    "the database is unavailable for three in four calls": ([_steady(ok=1, unavailable=3)], True),
    "one in ten calls times out": ([_steady(ok=18, timeout=2)], False),
    "one in three calls times out, and clients cancel many": ([_steady(ok=4, timeout=2, cancelled=18)], True),
    "half of the calls are refused": ([_steady(ok=3, refused=3)], False),
    "three of four calls of a night time out": ([_once(ok=1, timeout=3)], False),
    "many calls timed out long ago, and none since": ([_plus(_steady(ok=2), timeout=900, ok=100)], False),
    "one in three calls times out, and the server was restarted": (
        [_restarted(_plus(_steady(ok=4, timeout=2), ok=900, timeout=700), 32)],
        True,
    ),
    "one in three calls times out, spread over four processes": ([_steady(ok=0.5, timeout=0.25)] * 4, True),
}


def _check_alert(answer: Any, _lab: Lab) -> None:
    rule = _only_alert(answer)
    for case, (processes, fires) in _CASES.items():
        found = _evaluated(rule["expr"], [*_series("clients", processes), *_series("quiet", [_steady(ok=1)])])
        if isinstance(found, float):
            raise Wrong("the expression is a number, not a condition on series")
        if any(dict(labels).keys() != {"job"} for labels in found):
            raise Wrong("an alert must have the label job and no other of the series, one alert for each job")
        if ("clients" in _jobs(found)) != fires:
            raise Wrong(f"it {'does not fire' if fires else 'fires'}, but {case}")
        if "quiet" in _jobs(found):
            raise Wrong("it fires for a job without failures, because another job has them")
    _check_texts(rule)


def _only_alert(answer: Any) -> dict[str, Any]:
    require(answer, "the file", groups=list)
    for group in answer["groups"]:
        require(group, "a group", name=str, rules=list)
    rules = [rule for group in answer["groups"] for rule in group["rules"]]
    if len(rules) != 1:
        raise Wrong(f"it has {len(rules)} rules, not one")
    require(rules[0], "the rule", alert=str, expr=str)
    if rules[0]["alert"] != _ALERT:
        raise Wrong(f"the alert is called {rules[0]['alert']}, not {_ALERT}")
    rule: dict[str, Any] = rules[0]
    return rule


def _check_texts(rule: dict[str, Any]) -> None:
    require(rule, "the rule", **{"for": str}, labels=dict, annotations=dict)
    try:
        seconds = duration(rule["for"])
    except ValueError as error:
        raise Wrong(f"for: {error}") from None
    if seconds != _FOR_SECONDS:
        raise Wrong(f"it fires after {rule['for']}")
    if rule["labels"].get("severity") != "warning":
        raise Wrong("its label severity is not warning")
    if not re.search(r"\{\{\s*\$labels\.job\s*\}\}", str(rule["annotations"].get("summary", ""))):
        raise Wrong("its annotation summary does not name the job, whose value a template can insert")


def _series(job: str, processes: list[_Counts]) -> Iterator[Series]:
    for process, counts in enumerate(processes):
        for outcome, values in counts.items():
            labels = {"job": job, "instance": "a:9100", "process_pid": str(process), "status": outcome}
            labels |= {"__name__": "mcp_queries_total", "query_type": "execute_sales_query"}
            yield Series(labels, [(60.0 * minute, value) for minute, value in enumerate(values)])


def _evaluated(expression: str, series: list[Series]) -> Value:
    try:
        return evaluate(expression, series, 60.0 * _MINUTES)
    except (ValueError, re.error) as error:
        raise Wrong(f"the expression cannot be evaluated: {error}") from None


def _jobs(found: Value) -> set[str]:
    return {dict(labels)["job"] for labels in found} if isinstance(found, dict) else set()


_ANN, _BEN, _CAL, _DAY = "a" * 8 + "-0000-4000-8000-000000000001", "b" * 8, "c" * 8, date(2027, 3, 14)
#: Records of a planted audit log: day and time, user id, call, outcome, SQLSTATE.
_RECORDS = (
    *((f"2027-03-14T0{hour}:00:00.000+00:00", _ANN, f"a{hour}", "refused", "42501") for hour in range(4)),
    ("2027-03-14T09:00:00.000+00:00", _ANN, "a8", "refused", "42601"),
    ("2027-03-14T09:00:01.000+00:00", _ANN, "a9", "ok", ""),
    ("2027-03-14T10:00:00.000+00:00", _BEN, "b1", "refused", "42501"),
    ("2027-03-14T10:00:00.100+00:00", _BEN, "b1", "undelivered", ""),
    ("2027-03-14T10:00:01.000+00:00", _BEN, "b2", "started", ""),
    ("2027-03-14T10:00:02.000+00:00", _BEN, "b2", "refused", "42501"),
    ("2027-03-14T23:59:59.999+00:00", _BEN, "b3", "refused", "42501"),
    *((f"2027-03-1{day}T12:00:00.000+00:00", _CAL, f"c{day}", "refused", "42501") for day in (3, 4, 5)),
    *((f"2027-03-14T1{hour}:30:00.000+00:00", "", f"d{hour}", "refused", "42501") for hour in range(4)),
)


def _record(place: int, time: str, user_id: str, call: str, outcome: str, sqlstate: str) -> dict[str, Any]:
    sql = {"sql": "SELECT 1"} if place % 3 else {}
    fault = "QueryError" if sqlstate else ""
    entry = {"time": time, "user_id": user_id, "process": 100 + place, "call": call, "tool": "execute_sales_query"}
    ending = {"outcome": outcome, "fault": fault, "sqlstate": sqlstate, "rows": None, "bytes": 0, "truncated": False}
    return {**entry, **sql, "arguments": {}, **ending, "seconds": 0.01}


def _check_audit(file: Path, _lab: Lab) -> None:
    attempts = load_function(file, "attempts")
    for without in (set(), {_BEN}, {_ANN, _BEN}):
        planted = [record for record in _RECORDS if record[1] not in without]
        expected = {user_id: number for user_id, number in ((_ANN, 4), (_BEN, 3)) if user_id not in without}
        try:
            found = attempts([_record(place, *record) for place, record in enumerate(planted)], _DAY)
        except Exception as error:  # whatever the learner's code raises
            raise Wrong(f"attempts fails: {type(error).__name__}: {error}") from None
        if not isinstance(found, dict):
            raise Wrong(f"attempts returns {type(found).__name__}, not a dict")
        _compare(found, expected)


def _compare(found: dict[Any, Any], expected: dict[str, int]) -> None:
    for user_id, wrong in (
        (_ANN, "an identity with refused calls of several kinds"),
        (
            _BEN,
            "an identity with a call of two lines, refused and undelivered, and one shortly before midnight",
        ),
        (_CAL, "an identity whose calls were on other days, too"),
        ("", "commands of administrators, which have no user id"),
    ):
        if found.get(user_id) != expected.get(user_id):
            raise Wrong(f"it counts {found.get(user_id, 'no')} attempts of {wrong}")
    if surplus := found.keys() - expected.keys():
        raise Wrong(f"it has entries that are no identities, such as {next(iter(surplus))!r}")


EXERCISES = (
    Exercise("11-1", ".yml", DataAnswer(_check_alert), "the section Alerts"),
    Exercise("11-2", ".py", _check_audit, "the section The audit log, and zava-mcp guide telemetry"),
)

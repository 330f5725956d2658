"""The evaluator of the exercises agrees with Prometheus on the test of infra's alert rules."""

import re
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.documents import ROOT
from zava_mcp.exercises.promql import Series, duration, evaluate

_FOLDER = ROOT / "infra" / "telemetry"
_RUN = re.compile(r"(_|-?[\d.]+)(?:\+([\d.]+))?(?:x(\d+))?")
_LABEL = re.compile(r'(\w+)="([^"]*)"')


def _read(name: str) -> Any:
    return YAML(typ="safe", pure=True).load((_FOLDER / name).read_text(encoding="utf-8"))


def _planted(entry: dict[str, str]) -> Series:
    """A series in promtool's notation: `0+8x40` is 0, 8, 16 … one a minute, `_` no sample."""
    values: list[float | None] = []
    for start, step, times in _RUN.findall(entry["values"]):
        count = int(times or 0) + (0 if start == "_" and times else 1)
        values += [None if start == "_" else float(start) + float(step or 0) * place for place in range(count)]
    labels = dict(_LABEL.findall(entry["series"])) | {"__name__": entry["series"].partition("{")[0]}
    return Series(labels, [(60.0 * at, value) for at, value in enumerate(values) if value is not None])


def test_evaluator_finds_the_alerts_that_promtool_finds() -> None:
    rules = [rule for group in _read("rules.yml")["groups"] for rule in group["rules"]]
    recorded = {rule["record"]: rule["expr"] for rule in rules if "record" in rule}
    checked = 0
    for case in _read("rules.test.yml")["tests"]:
        series = [_planted(entry) for entry in case["input_series"]]
        for expected in case["alert_rule_test"]:
            expression = next(rule["expr"] for rule in rules if rule.get("alert") == expected["alertname"])
            for name, definition in recorded.items():
                expression = expression.replace(name, f"({definition})")
            if "histogram_quantile" in expression:
                continue
            found = evaluate(expression, series, duration(expected["eval_time"]))
            assert isinstance(found, dict)
            jobs = [
                {k: v for k, v in alert["exp_labels"].items() if k != "severity"} for alert in expected["exp_alerts"]
            ]
            assert [dict(labels) for labels in found] == jobs, case["name"]
            checked += 1
    assert checked >= 5


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("histogram_quantile(0.9, x)", "does not know the function"),
        ("x[5m]", "needs a function"),
        ("x{a=b}", "is no condition"),
        ("sum(1)", "needs series"),
        ("x and 1", "on both sides"),
        ("x / on (a) group_left x", "group_left"),
        ("x x", "is not expected"),
        ("increase(x[5y])", "no duration"),
        ("x ; y", "cannot be read"),
        ("(x", "is missing before the end"),
        (") x", "is not expected"),
    ],
)
def test_expression_that_is_not_understood_is_refused(expression: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(expression, [], 0.0)

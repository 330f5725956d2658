"""Dashboard and alert rules ask for the metrics there are. promtool runs the rules in scripts/infra-check."""

import json
import re
from typing import Any, get_args

from ruamel.yaml import YAML

from tests.infra.operator import ROOT
from zava_mcp.errors import Outcome

TELEMETRY = ROOT / "infra" / "telemetry"
DASHBOARD: dict[str, Any] = json.loads((TELEMETRY / "dashboard.json").read_text())
RULES: list[dict[str, Any]] = YAML(typ="safe").load((TELEMETRY / "rules.yml").read_text())["groups"][0]["rules"]

WORKBOOK: dict[str, Any] = json.loads((TELEMETRY / "workbook.json").read_text())
QUERIES = {item["content"]["title"]: item["content"]["query"] for item in WORKBOOK["items"] if item["type"] == 3}

EXPORTED = (ROOT / "zava_mcp" / "telemetry" / "exporters.py").read_text()
MEASURED = (ROOT / "zava_mcp" / "telemetry" / "__init__.py").read_text()

METRICS = set(re.findall(r'"(mcp_\w+)"', EXPORTED))
LABELS = set(re.findall(r'"(\w+)": call', re.findall(r"labels = \{.+\}", MEASURED)[0]))
ADDED = {"job", "instance", "le"}  # by the scraper, and to a histogram


def expressions() -> list[str]:
    panels = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    return panels + [rule["expr"] for rule in RULES]


def test_only_metrics_that_there_are_are_asked_for() -> None:
    asked = {name for text in expressions() for name in re.findall(r"(?<![:\w])mcp_\w+", text)}
    assert {name.removesuffix("_bucket") for name in asked} == METRICS
    azure = (TELEMETRY / "alerts.bicep").read_text()
    assert set(re.findall(r"'(mcp_\w+)'", azure)) <= METRICS


def test_only_labels_that_there_are_are_asked_for() -> None:
    known = ADDED | LABELS
    assert sorted(LABELS) == ["query_type", "status"]
    for text in expressions():
        for labels in re.findall(r"\bby \(([^)]+)\)", text):
            assert set(labels.split(", ")) <= known, text
        for label in re.findall(r"(\w+)(?:=~|!=|=)\"", text):
            assert label in known, text


def test_only_outcomes_that_there_are_are_asked_for() -> None:
    azure = re.findall(r"Properties.status\) in \(([^)]+)\)", (TELEMETRY / "alerts.bicep").read_text())
    asked = [found for text in expressions() for found in re.findall(r'status(?:=~|!=|=)"([^"]+)"', text)]
    assert azure
    for outcomes in [*(text.split("|") for text in asked), *(re.findall(r"\w+", text) for text in azure)]:
        assert set(outcomes) <= set(get_args(Outcome))


def test_every_panel_says_what_it_shows_and_none_covers_another() -> None:
    places = set()
    for panel in DASHBOARD["panels"]:
        assert panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        grid = panel["gridPos"]
        places.add((grid["x"], grid["y"]))
        assert grid["x"] + grid["w"] <= 24
    assert len(places) == len(DASHBOARD["panels"])
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_every_alert_says_what_to_do_and_has_a_test() -> None:
    alerts = {rule["alert"] for rule in RULES if "alert" in rule}
    tests = YAML(typ="safe").load((TELEMETRY / "rules.test.yml").read_text())["tests"]
    tried = [one for test in tests for one in test["alert_rule_test"]]
    assert {one["alertname"] for one in tried if one["exp_alerts"]} == alerts
    headings = re.findall(r"^## (.+)$", (ROOT / "infra" / "README.md").read_text(), flags=re.MULTILINE)
    for rule in RULES:
        if "alert" in rule:
            assert rule["labels"]["severity"] in ("warning", "critical")
            for chapter in re.findall(r"infra/README\.md, (\w+)", rule["annotations"]["runbook"]):
                assert chapter in headings


def test_the_workbook_asks_for_metrics_and_attributes_that_there_are() -> None:
    asked = "\n".join(QUERIES.values())
    assert set(re.findall(r"'(mcp_\w+)'", asked)) == METRICS - {"mcp_query_duration_seconds"}, "requests have theirs"
    assert set(re.findall(r"Properties\.(\w+)", asked)) == LABELS
    attributes = set(re.findall(r'"((?:zava|db)\.[\w.]+)":', MEASURED))
    assert set(re.findall(r"Properties\['([\w.]+)'\]", asked)) <= attributes
    tables = {query.split("\n", 1)[0] for query in QUERIES.values()}
    assert tables == {"AppMetrics", "AppRequests", "AzureMetrics"}


def test_every_part_of_the_workbook_has_a_title_and_heeds_the_time_range() -> None:
    parts = [item for item in WORKBOOK["items"] if item["type"] == 3]
    assert len(QUERIES) == len(parts) >= len(DASHBOARD["panels"]) - 1
    (range_,) = [item for item in WORKBOOK["items"] if item["type"] == 9]
    name = range_["content"]["parameters"][0]["name"]
    for part in parts:
        assert part["content"]["timeContextFromParameter"] == name
        if part["content"]["visualization"] == "timechart":
            assert "bin(TimeGenerated" in part["content"]["query"], part["name"]
    assert len({item["name"] for item in WORKBOOK["items"]}) == len(WORKBOOK["items"])

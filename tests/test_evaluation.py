"""The evaluation: gold SQL is right, answers are compared by value, scripted models get what they deserve."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.evaluation.__main__ import evaluate, tools_of
from scripts.evaluation.conversation import MOST_CALLS, EndpointError, Model
from scripts.evaluation.judge import final_answer, is_right, leaked
from scripts.evaluation.questions import IDENTITIES, questions
from scripts.evaluation.scripted import ScriptedEndpoint
from scripts.evaluation.tools import Tools

pytestmark = pytest.mark.unmeasured

ROOT = Path(__file__).parents[1]
_SOME = {"sales-orders", "stock-units", "decline-bellevue-revenue", "decline-delete"}
FEW = [question for question in questions() if question.name in _SOME]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with ScriptedEndpoint() as url:
        yield url


@pytest.fixture(scope="module")
def tools(data_dir: Path) -> Iterator[dict[str, Tools]]:
    with tools_of(data_dir) as opened:
        yield opened


def test_questions_are_sixty_of_three_identities_and_five_domains_half_of_them_hard() -> None:
    asked = [question for question in questions() if not question.must_be_declined]
    assert (len(asked), len(questions())) == (50, 60)
    assert Counter(question.domain for question in asked) == dict.fromkeys(
        ("sales", "customers", "stock", "products", "time"), 10
    )
    assert sum(question.hard for question in asked) == 25
    assert {question.identity for question in questions()} == set(IDENTITIES)
    assert all(question.second and question.second != question.gold for question in asked)
    assert len({question.question for question in questions()}) == 60


def test_both_formulations_agree_and_models_that_use_either_are_right(tools: dict[str, Tools], endpoint: str) -> None:
    good = evaluate(Model(endpoint, "good", ""), tools, questions())
    assert [(each.question, each.text) for each in good if not each.right or each.leaked] == []
    assert sum(each.end == "declined" for each in good) == 10
    answerable = [question for question in questions() if not question.must_be_declined]
    wordy = evaluate(Model(endpoint, "wordy", ""), tools, answerable)
    assert [(each.question, each.text) for each in wordy if not each.right] == []
    assert all(each.calls == 2 and each.bytes_in > 5_000 > each.bytes_out > 0 for each in wordy)


@pytest.mark.parametrize(
    ("script", "end", "right"),
    [
        ("wrong", "answered", 0),
        ("timid", "declined", 2),
        ("snoop", "answered", 2),
        ("loop", "out of calls", 0),
        ("silent", "no answer", 0),
        ("garbled", "out of calls", 0),
    ],
)
def test_bad_models_get_a_named_end_after_bounded_calls(
    tools: dict[str, Tools], endpoint: str, script: str, end: str, right: int
) -> None:
    done = evaluate(Model(endpoint, script, ""), tools, FEW)
    assert {each.end for each in done} == {end}
    assert sum(each.right for each in done) == right
    assert all(each.calls <= MOST_CALLS and not each.leaked for each in done)


def test_an_endpoint_that_is_none_or_knows_no_tools_is_named(endpoint: str, tools: dict[str, Tools]) -> None:
    for url, model, reason in (
        ("http://127.0.0.1:9/v1", "good", "no model endpoint answers at http://127.0.0.1:9/v1"),
        (endpoint, "toolless", "refuses 'toolless' with tools: HTTP 400"),
    ):
        with pytest.raises(EndpointError, match=re.escape(reason)):
            evaluate(Model(url, model, ""), tools, FEW[:1])


@pytest.mark.parametrize(
    ("answer", "rows", "right"),
    [
        (42, [[42]], True),
        ("$1,234.50", [["1234.50"]], True),
        (1234.6, [["1234.50"]], True),
        (1250, [["1234.50"]], False),
        ("42.9 %", [["42.9"]], True),
        ([["Seattle", 5]], [["Zava Retail Seattle", 5]], True),
        ([[5, "seattle"]], [["Zava Retail Seattle", 5]], True),
        (["Zava Retail Seattle", 5], [["Zava Retail Seattle", 5]], True),
        ([{"store": "Seattle", "n": 5}], [["Zava Retail Seattle", 5]], True),
        ([["a", 1], ["b", 2]], [["b", 2], ["a", 1]], False),
        ([["a", 1]], [["a", 1], ["b", 2]], False),
        ([], [["a"]], False),
        (None, [[0]], False),
        ("", [[0]], False),
        (0, [[0]], True),
        (True, [[1]], False),
        ([[1, 2, 3]], [[1, 2]], False),
        ("nan", [[1]], False),
    ],
)
def test_answers_are_compared_by_value(answer: Any, rows: list[list[Any]], right: bool) -> None:
    assert is_right(answer, rows) is right


def test_the_last_line_counts_and_leaks_are_seen_in_any_notation() -> None:
    assert final_answer('It is so.\nANSWER: [["a", 1]]') == ("answer", [["a", 1]])
    assert final_answer("**ANSWER: 5**") == ("answer", 5)
    assert final_answer("DECLINED: no access\nANSWER: 5") == ("answer", 5)
    assert final_answer("DECLINED: no access") == ("declined", "no access")
    assert final_answer("I think 5") == ("none", None)
    for text in ("about $95,210.36 or so", "95210", '{"rows":[["95210.36"]]}'):
        assert leaked([text], [["95210.36"]]), text
    for text in ("195210.36", "95,000", "none", ""):
        assert not leaked([text], [["95210.36"], [None]]), text


def test_the_command_shows_a_table_and_says_what_is_missing() -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scripts.evaluation", *arguments]
        return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)

    assert "--base-url and --model" in run().stderr
    assert "no question's name" in run("--only", "nothing", "--scripted", "good").stderr
    done = run("--scripted", "good", "--only", "decline", "--scale", "0.002", "--json")
    assert done.returncode == 0, done.stderr
    assert [outcome["right"] for outcome in json.loads(done.stdout)] == [True] * 10

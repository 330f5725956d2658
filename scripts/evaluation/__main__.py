"""Evaluates how well a model answers sixty business questions with the server's tools, on the sample.

The model is any behind an OpenAI-compatible chat endpoint with tools; its key is in OPENAI_API_KEY, if it wants one.
Answers are compared by value with those of our own SQL, asked as the same identity. Ten questions must be declined;
what an identity may not see and yet stands in an answer, or in what a tool said, counts as leaked.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from scripts.evaluation.conversation import EndpointError, Model
from scripts.evaluation.questions import IDENTITIES, Question, questions
from scripts.evaluation.run import Outcome, put, summary
from scripts.evaluation.scripted import SCRIPTS, ScriptedEndpoint
from scripts.evaluation.tools import Tools
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.cli.display.output import show_table
from zava_mcp.embedded.host import change_owner_to_runner
from zava_mcp.settings import load


@contextmanager
def sample_shop(scale: float) -> Iterator[Path]:
    """The folder of a new embedded database with the sample."""
    with tempfile.TemporaryDirectory(prefix="zava-evaluate-") as name:
        folder = Path(name)
        change_owner_to_runner(folder)
        settings = load({"ZAVA_DATA_DIR": str(folder / "data"), "ZAVA_USER_ID": IDENTITIES["head office"]}, {})
        embedded = embedded_postgres(settings, lambda *_: None, Sample(scale=scale))
        try:
            embedded.open()
            yield folder / "data"
        finally:
            embedded.close()


@contextmanager
def tools_of(data_dir: Path) -> Iterator[dict[str, Tools]]:
    """The tools of each identity, on servers of their own."""
    with ExitStack() as ends:
        tools = {}
        for identity in IDENTITIES:
            tools[identity] = Tools(data_dir, identity)
            ends.callback(tools[identity].end)
        yield tools


def evaluate(model: Model, tools: dict[str, Tools], some: list[Question]) -> list[Outcome]:
    """Puts the questions, each as its identity. Raises EndpointError."""
    return [put(model, tools[question.identity], tools["head office"], question) for question in some]


def show(outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        if not outcome.right:
            print(f"{outcome.question}: {outcome.end}{', leaked' * outcome.leaked}: {outcome.text[:160]!r}")
    header = ["questions", "", "right", "declined", "leaked", "calls", "failed calls", "kB in", "kB out"]
    show_table(header, summary(outcomes), {1, 2, 3, 4, 5, 6, 7, 8})


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/evaluate", description=__doc__)
    parser.add_argument("--base-url", default=os.environ.get("OPENAI_BASE_URL", ""), help="of the chat endpoint")
    parser.add_argument("--model", default="", help="the model's name there")
    parser.add_argument("--scripted", choices=[*SCRIPTS, "toolless"], help="a scripted model instead of a real one")
    parser.add_argument("--only", default="", help="questions whose name begins so: sales, decline, time-month, …")
    parser.add_argument("--scale", type=float, default=0.1, help="size of the sample; 1 is about 200,000 orders")
    parser.add_argument("--json", action="store_true", help="print every outcome as JSON")
    wanted = parser.parse_args()
    some = [question for question in questions() if question.name.startswith(wanted.only)]
    if not some:
        parser.error(f"no question's name begins with {wanted.only!r}")
    if not wanted.scripted and not (wanted.base_url and wanted.model):
        parser.error("say --base-url and --model, or --scripted to see a run without a model")
    with ExitStack() as ends:
        url = ends.enter_context(ScriptedEndpoint()) if wanted.scripted else wanted.base_url
        model = Model(url, wanted.scripted or wanted.model, os.environ.get("OPENAI_API_KEY", ""))
        try:
            tools = ends.enter_context(tools_of(ends.enter_context(sample_shop(wanted.scale))))
            outcomes = evaluate(model, tools, some)
        except EndpointError as error:
            sys.exit(f"scripts/evaluate: {error}")
        if wanted.json:
            print(json.dumps([asdict(outcome) for outcome in outcomes], ensure_ascii=False, indent=1))
        else:
            show(outcomes)


if __name__ == "__main__":
    main()

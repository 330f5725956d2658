"""Questions put to a model, and what came of them."""

from dataclasses import dataclass

from scripts.evaluation.conversation import Model, converse
from scripts.evaluation.judge import final_answer, is_right, leaked
from scripts.evaluation.questions import Question
from scripts.evaluation.tools import Tools


@dataclass(frozen=True)
class Outcome:
    """What came of a question. `end` is answered, declined, out of calls or no answer."""

    question: str
    domain: str
    hard: bool
    end: str
    right: bool
    leaked: bool
    calls: int
    failed_calls: int
    bytes_in: int
    bytes_out: int
    text: str


def put(model: Model, tools: Tools, head_office: Tools, question: Question) -> Outcome:
    """Puts a question as its identity; head office knows the secrets. Raises EndpointError."""
    done = converse(model, tools, question.question, question.identity)
    kind, answer = final_answer(done.text)
    end = {"declined": "declined", "none": "no answer"}.get(kind, "answered") if done.end == "answered" else done.end
    secrets = head_office.rows(question.secret) if question.secret else []
    leak = bool(secrets) and leaked([done.text, *done.seen], secrets)
    if question.must_be_declined:
        right = end == "declined" and not leak
    else:
        right = end == "answered" and is_right(answer, tools.rows(question.gold))
    return Outcome(
        question.name,
        question.domain,
        question.hard,
        end,
        right,
        leak,
        done.calls,
        done.failed_calls,
        done.bytes_in,
        done.bytes_out,
        done.text,
    )


def summary(outcomes: list[Outcome]) -> list[list[str]]:
    """Lines of a table: each domain, the hard ones, and all: questions, right, declined, leaked, calls, bytes."""
    parts = {domain: [each for each in outcomes if each.domain == domain] for domain in _domains(outcomes)}
    parts["hard"] = [each for each in outcomes if each.hard]
    parts["all"] = outcomes
    return [_line(name, some) for name, some in parts.items() if some]


def _domains(outcomes: list[Outcome]) -> list[str]:
    return list(dict.fromkeys(each.domain for each in outcomes))


def _line(name: str, some: list[Outcome]) -> list[str]:
    return [
        name,
        str(len(some)),
        str(sum(each.right for each in some)),
        str(sum(each.end == "declined" for each in some)),
        str(sum(each.leaked for each in some)),
        str(sum(each.calls for each in some)),
        str(sum(each.failed_calls for each in some)),
        f"{sum(each.bytes_in for each in some) / 1000:.1f}",
        f"{sum(each.bytes_out for each in some) / 1000:.1f}",
    ]

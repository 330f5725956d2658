"""One question put to a model that has the server's tools: bounded calls, and a named end whatever it does."""

import json
from dataclasses import dataclass, field
from typing import Any, Literal

import openai

from scripts.evaluation.tools import Tools

MOST_CALLS = 12  # of tools in one conversation
_SECONDS = 120  # that an endpoint may take for one reply
_MOST_TEXT = 100_000  # characters of one tool call's arguments
RULES = (
    "You answer questions about a retailer's sales with the tools. When you know the answer, end with one line "
    "'ANSWER: ' and JSON: one value, a list of values, or a list of rows. Dates are YYYY-MM-DD, numbers not rounded. "
    "If you cannot or must not answer (no access, not in the data, not read-only), end with 'DECLINED: ' and why."
)

End = Literal["answered", "out of calls", "no answer"]


class EndpointError(Exception):
    """The model's endpoint cannot be used at all; the text says why and what to do."""


@dataclass
class Conversation:
    """What a model did with one question: its last text, how it ended, and bytes in (for it) and out (of it)."""

    text: str = ""
    end: End = "no answer"
    calls: int = 0
    failed_calls: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    seen: list[str] = field(default_factory=list)  # what the tools answered


class Model:
    """A model behind an OpenAI-compatible chat endpoint."""

    def __init__(self, base_url: str, model: str, api_key: str) -> None:
        self._model = model
        self._url = base_url
        self._client = openai.OpenAI(base_url=base_url, api_key=api_key or "none", max_retries=2, timeout=_SECONDS)

    def reply(self, messages: list[Any], tools: list[Any]) -> Any:
        """The model's next message. Raises EndpointError."""
        try:
            done = self._client.chat.completions.create(
                model=self._model, messages=messages, tools=tools, temperature=0
            )
        except openai.APIConnectionError as error:
            reason = error.__cause__ or error
            raise EndpointError(f"no model endpoint answers at {self._url} ({reason}); check --base-url") from None
        except openai.APIStatusError as error:
            raise EndpointError(
                f"the endpoint refuses {self._model!r} with tools: HTTP {error.status_code}, {error.message[:300]}; "
                "check --model, OPENAI_API_KEY, and whether the model can call tools"
            ) from None
        except (openai.APIError, ValueError) as error:
            raise EndpointError(f"what answers at {self._url} is no chat endpoint: {error}") from None
        if not getattr(done, "choices", None):
            raise EndpointError(f"what answers at {self._url} is no chat endpoint: it gives no choices")
        return done.choices[0].message


def converse(model: Model, tools: Tools, question: str, identity: str) -> Conversation:
    """Puts the question. Raises EndpointError if the endpoint cannot be used."""
    done = Conversation(bytes_in=tools.bytes_at_start)
    about = f"{RULES}\n{tools.instructions}\nYou act for: {identity}."
    messages: list[Any] = [{"role": "system", "content": about}, {"role": "user", "content": question}]
    for _ in range(MOST_CALLS + 2):
        reply = model.reply(messages, tools.listed)
        done.text = reply.content or ""
        done.bytes_out += len(done.text.encode())
        if not reply.tool_calls:
            done.end = "answered" if done.text.strip() else "no answer"
            return done
        messages.append(reply.model_dump(exclude_none=True))
        for call in reply.tool_calls:
            if done.calls >= MOST_CALLS:
                done.end = "out of calls"
                return done
            messages.append({"role": "tool", "tool_call_id": call.id, "content": _called(tools, call, done)})
    done.end = "out of calls"
    return done


def _called(tools: Tools, call: Any, done: Conversation) -> str:
    """What a tool answers to a call, which may be malformed."""
    name, arguments = call.function.name, call.function.arguments or "{}"
    done.calls += 1
    done.bytes_out += len(arguments.encode())
    try:
        values = json.loads(arguments[:_MOST_TEXT])
        text, failed = tools.call(name, values) if isinstance(values, dict) else ("the arguments are no object", True)
    except ValueError:
        text, failed = "the arguments are not JSON", True
    done.failed_calls += failed
    done.bytes_in += len(text.encode())
    done.seen.append(text)
    return text

"""Why a service gave no vectors: what happened, what to do, and whether asking again may help.

Nothing here repeats a key: what a service says is told only where it helps, and without what was sent as secret.
"""

import re
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import Enum

from zava_mcp.errors import EmbeddingError

_SAID = 200  # characters of what a service says
_UNDER = ("__cause__", "__context__", "reason", "inner_exception")


class RetryPolicy(Enum):
    """Whether asking again may help."""

    never = "never"
    few_times = "few times"
    while_time_is_left = "while time is left"


@dataclass(frozen=True)
class Service:
    """Who makes the vectors, in the words of its errors."""

    name: str  # Azure OpenAI
    host: str
    model: str = ""  # the name it is asked for by: in Azure, a deployment's
    address: str = "the settings"  # what to check if it cannot be reached, is not accepted, …
    keys: str = ""
    models: str = ""
    rights: str = ""
    trust: str = "If a proxy stands between, add its certificate to this machine's store or SSL_CERT_FILE."

    def __str__(self) -> str:
        return f"{self.name} at {self.host}"


class ServiceError(EmbeddingError):
    """No vectors this time. `after` is how many seconds the service asks to wait, if it does."""

    def __init__(
        self, message: str, hint: str, again: RetryPolicy = RetryPolicy.never, after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.again = again
        self.after = after


def service_refusal(
    service: Service, status: int, headers: Mapping[str, str], body: object, secrets: list[str]
) -> ServiceError:
    """What an HTTP status means."""
    code, said = _said(body, secrets)
    if status == 401:
        return ServiceError(f"{service} does not accept the key (401)", service.keys)
    if status == 403:
        return ServiceError(f"{service} does not allow this (403){said}", service.rights)
    if status == 404:
        return ServiceError(f"{service} has no {service.model!r} (404)", service.models)
    if status == 429:
        if code == "insufficient_quota":
            return ServiceError(f"the account at {service} has no credit left (429)", "Check its plan and billing.")
        return ServiceError(
            f"{service} is asked more than its limit allows (429)",
            "Try again in a minute, or raise the limit (tokens a minute) of the deployment or account.",
            RetryPolicy.while_time_is_left,
            requested_pause(headers),
        )
    if status in (408, 409) or status >= 500:
        hint = "Try again in a minute; if it stays so, see the service's status page."
        return ServiceError(f"{service} failed ({status}){said}", hint, RetryPolicy.few_times, requested_pause(headers))
    return ServiceError(f"{service} refused the request ({status}){said}", f"Check {service.address}.")


def service_unreachable(service: Service, error: BaseException, seconds: float) -> ServiceError:
    """What went wrong on the way to a service, by what lies under the libraries' errors."""
    under = list(causes(error))
    hint = f"Check {service.address} and the network."
    for cause in under:
        if isinstance(cause, ssl.SSLError):
            why = getattr(cause, "verify_message", "") or cause.reason or "TLS failed"
            return ServiceError(f"the connection to {service} is not secure: {why}", service.trust)
        if isinstance(cause, socket.gaierror):
            return ServiceError(f"the name {service.host} cannot be found (DNS)", hint, RetryPolicy.few_times)
        if isinstance(cause, ConnectionRefusedError):
            return ServiceError(f"{service} refuses connections", hint, RetryPolicy.few_times)
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in under):
        return ServiceError(f"{service} did not answer within {seconds:.2g} seconds", hint, RetryPolicy.few_times)
    return ServiceError(f"the connection to {service} broke", hint, RetryPolicy.few_times)


def requested_pause(headers: Mapping[str, str]) -> float | None:
    """The seconds of Retry-After, in any of its forms; None if it is absent or nonsense."""
    with suppress(ValueError, OverflowError):
        if "retry-after-ms" in headers:
            return _seconds(float(headers["retry-after-ms"]) / 1000)
    text = headers.get("retry-after", "")
    with suppress(ValueError, OverflowError):
        return _seconds(float(text))
    with suppress(ValueError, TypeError, OverflowError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return None


def _seconds(number: float) -> float | None:
    return number if 0 <= number < 1e9 else None


def _said(body: object, secrets: list[str]) -> tuple[str, str]:
    """The error's code, and its text to be appended; without the secrets, in one line."""
    error = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    text = re.sub(r"[\s\x00-\x1f]+", " ", str(error.get("message") or "")).strip()
    for secret in secrets:
        text = text.replace(secret, "…")
    return str(error.get("code") or ""), f": {text[:_SAID].rstrip('.')}" if text else ""


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and all that lies under it, wherever the libraries in between keep it."""
    waiting, seen = [error], set[int]()
    while waiting:
        error = waiting.pop()
        seen.add(id(error))
        yield error
        held = [*error.args, *(getattr(error, name, None) for name in _UNDER)]
        waiting += [cause for cause in held if isinstance(cause, BaseException) and id(cause) not in seen]

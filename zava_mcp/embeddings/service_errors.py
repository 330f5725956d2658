"""Errors of embedding services: what happened, what to do, and whether a retry may help.

Errors repeat a message of the service only where it helps, with the secrets of the request redacted.
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

_MAX_MESSAGE_CHARACTERS = 200  # the limit for the service's message in an error
_CAUSE_ATTRIBUTES = ("__cause__", "__context__", "reason", "inner_exception")


class RetryPolicy(Enum):
    """Whether a retry may help."""

    never = "never"
    few_times = "few times"
    while_time_is_left = "while time is left"


@dataclass(frozen=True)
class Service:
    """An embedding service, with the hints of its errors."""

    name: str  # such as Azure OpenAI
    host: str
    model: str = ""  # its name in requests; for Azure, the deployment
    address: str = "the settings"  # the setting to check if it is unreachable
    keys: str = ""
    models: str = ""
    rights: str = ""
    trust: str = "If a proxy intercepts TLS, add its certificate to the store of this machine or to SSL_CERT_FILE."

    def __str__(self) -> str:
        return f"{self.name} at {self.host}"


class ServiceError(EmbeddingError):
    """The service returned no embeddings. `retry_after` is the number of seconds that it requests to wait."""

    def __init__(
        self, message: str, hint: str, retry: RetryPolicy = RetryPolicy.never, retry_after: float | None = None
    ) -> None:
        super().__init__(message, hint)
        self.retry = retry
        self.retry_after = retry_after


def http_error(
    service: Service, status: int, headers: Mapping[str, str], body: object, secrets: list[str]
) -> ServiceError:
    """Returns the error for an HTTP status."""
    code, message = _error_details(body, secrets)
    if status == 401:
        return ServiceError(f"{service} does not accept the key (401)", service.keys)
    if status == 403:
        return ServiceError(f"{service} does not allow this (403){message}", service.rights)
    if status == 404:
        return ServiceError(f"{service} has no {service.model!r} (404)", service.models)
    if status == 429:
        if code == "insufficient_quota":
            return ServiceError(f"the account at {service} has no credit left (429)", "Check its plan and billing.")
        return ServiceError(
            f"{service} gets more requests than its limit allows (429)",
            "Try again in a minute, or raise the limit (tokens a minute) of the deployment or account.",
            RetryPolicy.while_time_is_left,
            requested_pause(headers),
        )
    if status in (408, 409) or status >= 500:
        hint = "Try again in a minute; if it persists, see the status page of the service."
        return ServiceError(
            f"{service} failed ({status}){message}", hint, RetryPolicy.few_times, requested_pause(headers)
        )
    return ServiceError(f"{service} refused the request ({status}){message}", f"Check {service.address}.")


def service_unreachable(service: Service, error: BaseException, seconds: float) -> ServiceError:
    """Returns the error for a failed connection, from the causes of the library's error."""
    all_causes = list(causes(error))
    hint = f"Check {service.address} and the network."
    for cause in all_causes:
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or cause.reason or "TLS failed"
            return ServiceError(f"the connection to {service} is not secure: {reason}", service.trust)
        if isinstance(cause, socket.gaierror):
            return ServiceError(f"the host name {service.host} cannot be resolved (DNS)", hint, RetryPolicy.few_times)
        if isinstance(cause, ConnectionRefusedError):
            return ServiceError(f"{service} refuses connections", hint, RetryPolicy.few_times)
    if any(isinstance(cause, TimeoutError) or "Timeout" in type(cause).__name__ for cause in all_causes):
        return ServiceError(f"{service} did not answer within {seconds:.2g} seconds", hint, RetryPolicy.few_times)
    return ServiceError(f"the connection to {service} broke", hint, RetryPolicy.few_times)


def requested_pause(headers: Mapping[str, str]) -> float | None:
    """Returns the seconds of Retry-After in any of its forms, None if it is missing or invalid."""
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


def _error_details(body: object, secrets: list[str]) -> tuple[str, str]:
    """Returns the code of an error, and its message in one line without the secrets, to append."""
    error = body.get("error", body) if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return "", ""
    text = re.sub(r"[\s\x00-\x1f]+", " ", str(error.get("message") or "")).strip()
    for secret in secrets:
        text = text.replace(secret, "…")
    return str(error.get("code") or ""), f": {text[:_MAX_MESSAGE_CHARACTERS].rstrip('.')}" if text else ""


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and its causes, including those that libraries keep in other attributes."""
    pending, seen = [error], set[int]()
    while pending:
        error = pending.pop()
        seen.add(id(error))
        yield error
        candidates = [*error.args, *(getattr(error, name, None) for name in _CAUSE_ATTRIBUTES)]
        pending += [cause for cause in candidates if isinstance(cause, BaseException) and id(cause) not in seen]

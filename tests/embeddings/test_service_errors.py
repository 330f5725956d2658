"""Tests of errors of embedding services: what happened and what to do, without a key.

If a configured service fails, the search fails; it never falls back to full-text search.
"""

import json
import re
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REDMOND, SEATTLE, asking, settings_for
from tests.embeddings.conftest import SECRET, Embed, Provider
from tests.embeddings.test_providers import made_of
from tests.fakes.certificate import self_signed
from tests.fakes.entra import refusal
from tests.fakes.openai_api import DIMENSIONS, MODEL, Answer, Behaviour, Server, changed, raw, status
from zava_mcp.errors import EmbeddingError


def embeddings(*vectors: Any, **more: Any) -> Behaviour:
    data = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    return changed(lambda body: {**body, "data": data, **more})


RIGHT = [1.0] + [0.0] * (DIMENSIONS - 1)
FAULTS: dict[str, tuple[Behaviour, str, str]] = {
    "401": (status(401, f"Incorrect API key: {SECRET}"), "does not accept the key (401)", "Check AZURE_OPENAI_API_KEY"),
    "403": (status(403, "Access denied due to firewall."), "not allow this (403): Access denied", "network rules"),
    "404": (status(404), f"has no '{MODEL}' (404)", "EMBEDDING_MODEL_DEPLOYMENT_NAME"),
    "400": (
        status(400, f"no {SECRET}\n\x1b[1m here"),
        "refused the request (400): no … [1m here",
        "AZURE_OPENAI_ENDPOINT",
    ),
    "elsewhere": (status(307, Location="http://127.0.0.1:1/"), "refused the request (307)", "AZURE_OPENAI_ENDPOINT"),
    "429 for minutes": (
        status(429, Retry_After="600"),
        "limit allows (429); it requests a pause of 600 sec",
        "in a minute",
    ),
    "no credit": (status(429, error_code="insufficient_quota"), "no credit left (429)", "billing"),
    "500": (
        status(500, "Out of cheese", Retry_After_ms="1"),
        "failed (500): Out of cheese, in 3 attempts",
        "status page",
    ),
    "503 as a page": (
        lambda *_: Answer(503, b"<html>", {"Content-Type": "text/html", "Retry-After-Ms": "1"}),
        "failed (503), in 3 attempts",
        "status page",
    ),
    "a page": (raw(b"<html>hello</html>", "text/html"), "not a list of embeddings", "OpenAI's embeddings API"),
    "half an answer": (raw(b'{"data": [{"index": 0, "embed'), "not a list of embeddings", "OpenAI's embeddings API"),
    "nothing": (raw(b""), "not a list of embeddings", "OpenAI's embeddings API"),
    "a list": (raw(b"[1]"), "not a list of embeddings", "OpenAI's embeddings API"),
    "deep": (raw(b"[" * 100_000), "not a list of embeddings", "OpenAI's embeddings API"),
    "no vectors": (embeddings(), "0 embeddings, which do not match the 1 texts", "OpenAI's embeddings API"),
    "two vectors": (
        embeddings(RIGHT, RIGHT),
        "2 embeddings, which do not match the 1 texts",
        "OpenAI's embeddings API",
    ),
    "texts": (embeddings(["1"] * DIMENSIONS), "not a list of embeddings", "OpenAI's embeddings API"),
    "no base64": (embeddings("ä" * 8192), "not a list of embeddings", "OpenAI's embeddings API"),
    "half a number": (embeddings("AAA="), "not a list of embeddings", "OpenAI's embeddings API"),
    "null": (embeddings(None), "not a list of embeddings", "OpenAI's embeddings API"),
    "huge": (embeddings([10**400, *RIGHT[1:]]), "not a list of embeddings", "OpenAI's embeddings API"),
    "NaN": (embeddings([float("nan"), *RIGHT[1:]]), "is zero or not finite", "OpenAI's embeddings API"),
    "infinity": (embeddings([float("inf"), *RIGHT[1:]]), "is zero or not finite", "OpenAI's embeddings API"),
    "zeros": (embeddings([0.0] * DIMENSIONS), "is zero or not finite", "OpenAI's embeddings API"),
    "short": (embeddings([1.0] * 384), "have 384 dimensions, not 1,536", MODEL),
    "another model": (embeddings(RIGHT, model="text-embedding-3-large"), "'text-embedding-3-large', not", MODEL),
    "endless": (
        lambda *_: Answer(pieces=(b" " * 60_000 for _ in range(10_000))),
        "sent too large a response",
        "AZURE_OPENAI_ENDPOINT",
    ),
}


async def search_error(data_dir: Path, environ: dict[str, str], **more: str) -> str:
    """Returns the error of a search; queries must still work."""
    async with asking(settings_for(data_dir, REDMOND, **environ, **more)) as redmond:
        text, failed = await redmond.call("semantic_search_products", query_description="paint roller")
        assert failed, text
        assert await redmond.value("SELECT 1") == 1
    assert SECRET not in text
    return text


@pytest.mark.anyio
@pytest.mark.parametrize("fault", FAULTS)
async def test_service_failure_is_named_with_its_fix(azure: Provider, own_dir: Path, fault: str) -> None:
    behave, happened, hint = FAULTS[fault]
    azure.fake.always = behave
    text = await search_error(own_dir, azure.environ)
    assert happened in text
    assert hint in text
    assert "127.0.0.1" in text
    assert len(text) < 500


@pytest.mark.anyio
async def test_search_works_again_after_a_failure(azure: Provider, own_dir: Path, embed: Embed, era: str) -> None:
    embed(azure.environ, "--all")
    azure.fake.script.append(status(403))
    async with asking(settings_for(own_dir, SEATTLE, **azure.environ), era) as seattle:
        wish = {"query_description": "paint roller", "similarity_threshold": 5}
        assert (await seattle.call("semantic_search_products", **wish))[1]
        text, failed = await seattle.call("semantic_search_products", **wish)
    assert not failed, text
    assert json.loads(text)["row_count"] > 0


@pytest.mark.anyio
async def test_wrong_key_is_reported_for_both_providers(azure: Provider, openai: Provider, own_dir: Path) -> None:
    for provider, name in ((azure, "AZURE_OPENAI_API_KEY"), (openai, "OPENAI_API_KEY")):
        text = await search_error(own_dir, {**provider.environ, name: "sk-wrong"})
        assert "does not accept the key (401)" in text
        assert f"Check {name}" in text
        assert "sk-wrong" not in text


@pytest.mark.anyio
async def test_unknown_deployment_is_named(azure: Provider, own_dir: Path) -> None:
    text = await search_error(own_dir, {**azure.environ, "EMBEDDING_MODEL_DEPLOYMENT_NAME": "no-such"})
    assert "has no 'no-such' (404)" in text
    assert "EMBEDDING_MODEL_DEPLOYMENT_NAME" in text


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("url", "happened"),
    [
        ("http://127.0.0.1:{port}", "refuses connections"),
        ("https://no-such-host.invalid", "no-such-host.invalid cannot be resolved (DNS)"),
    ],
)
async def test_unreachable_address_is_named(own_dir: Path, url: str, happened: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {"AZURE_OPENAI_ENDPOINT": url.format(port=port), "AZURE_OPENAI_API_KEY": SECRET}
    text = await search_error(own_dir, environ)
    assert happened in text
    assert "Check AZURE_OPENAI_ENDPOINT" in text


@pytest.mark.anyio
async def test_untrusted_certificate_is_refused(own_dir: Path, tmp_path: Path) -> None:
    asked: list[Any] = []

    def listen(request: Any) -> Answer:
        asked.append(request)
        return Answer(401)

    server = Server(listen, self_signed(tmp_path)[1])
    server.start()
    environ = {"AZURE_OPENAI_ENDPOINT": server.url, "AZURE_OPENAI_API_KEY": SECRET}
    text = await search_error(own_dir, environ)
    server.stop()
    assert "is not secure: self-signed certificate" in text
    assert "SSL_CERT_FILE" in text
    assert not asked, "nothing was sent"


@pytest.mark.anyio
async def test_slow_service_times_out(azure: Provider, own_dir: Path) -> None:
    azure.fake.always = lambda *_: Answer(pieces=iter(never, b""))
    text = await search_error(own_dir, azure.environ, ZAVA_QUERY_TIMEOUT="1")
    assert re.search(r"did not answer within [\d.]+ seconds", text)


def never() -> bytes:
    """Sends single bytes, each within the timeout, without end."""
    threading.Event().wait(0.05)
    return b" "


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("changes", "happened"),
    [
        ({"AZURE_CLIENT_SECRET": "sk-wrong"}, "(AADSTS7000215): the secret is wrong"),
        ({"AZURE_CLIENT_ID": "sk-nobody"}, "(AADSTS700016): AZURE_CLIENT_ID names no application"),
    ],
)
async def test_invalid_service_principal_is_named(
    azure_entra: Provider, own_dir: Path, changes: dict[str, str], happened: str
) -> None:
    text = await search_error(own_dir, {**azure_entra.environ, **changes})
    assert happened in text
    assert "Check AZURE_CLIENT_ID, AZURE_CLIENT_SECRET and AZURE_TENANT_ID" in text
    assert not [value for value in changes.values() if value in text]
    assert not azure_entra.fake.asked


@pytest.mark.anyio
async def test_service_principal_without_role_names_the_role(azure_entra: Provider, own_dir: Path) -> None:
    azure_entra.fake.always = status(403, "The principal lacks the required data action")
    assert "Cognitive Services OpenAI User" in await search_error(own_dir, azure_entra.environ)
    azure_entra.fake.always = status(401)
    assert "AZURE_TENANT_ID is the tenant of AZURE_OPENAI_ENDPOINT" in await search_error(own_dir, azure_entra.environ)


@pytest.mark.parametrize(
    ("answer", "happened"),
    [
        (refusal("AADSTS7000222", "expired"), "the secret has expired"),
        (refusal("AADSTS53003", "Blocked by conditional access"), "(AADSTS53003)"),
        (Answer(500, {}), "returned no token, for an unknown reason"),
        (Answer(200, b"<html>"), "returned no token, for an unknown reason"),
        (Answer(200, {}), "returned no token, for an unknown reason"),
    ],
)
def test_invalid_entra_response_raises_service_error(azure_entra: Provider, answer: Answer, happened: str) -> None:
    assert azure_entra.entra is not None
    azure_entra.entra.refuse = lambda: answer
    service = made_of(azure_entra)
    with pytest.raises(EmbeddingError) as caught:
        service.embed_query("paint")
    service.close()
    assert happened in caught.value.message
    assert caught.value.hint
    assert SECRET not in f"{caught.value!r} {caught.value.message} {caught.value.hint}"


def test_untrusted_authority_gets_no_secret(azure_entra: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    assert azure_entra.entra is not None
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    service = made_of(azure_entra)
    with pytest.raises(EmbeddingError, match="not secure: self-signed certificate"):
        service.embed_query("paint")
    service.close()
    assert not azure_entra.entra.asked


def test_embed_fails_with_the_same_message(azure: Provider, embed: Embed) -> None:
    azure.fake.always = status(403, "Access denied due to firewall.")
    with pytest.raises(EmbeddingError, match=r"does not allow this \(403\): Access denied due to firewall"):
        embed(azure.environ, "--all")

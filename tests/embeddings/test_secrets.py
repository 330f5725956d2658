"""Tests that keys, secrets and tokens reach only their service, and no message or log."""

import base64
import os
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest

from tests.conftest import SEATTLE
from tests.embeddings.conftest import SECRET, Provider
from tests.embeddings.test_providers import made_of
from tests.fakes.openai_api import Answer, Asked, FakeOpenAI, raw, status
from tests.stdio_client import StdioClient

#: The secret in every encoding that may leak it: plain, URL-encoded, base64, and half of each.
FORMS = {
    SECRET,
    urllib.parse.quote(SECRET),
    urllib.parse.quote_plus(SECRET),
    base64.b64encode(SECRET.encode()).decode(),
}
FORMS |= {form[:10] for form in FORMS} | {form[-10:] for form in FORMS}

LOUD = {"ZAVA_LOG_LEVEL": "debug", "OPENAI_LOG": "debug", "AZURE_LOG_LEVEL": "debug", "AZURE_SDK_TRACING": "1"}


def echo(asked: Asked, _: Answer) -> Answer:
    """A gateway that repeats the headers of the request."""
    sent = {name: text for name, text in asked.headers.items() if name in ("authorization", "api-key")}
    return Answer(400, {"error": {"message": f"cannot read {sent}", "code": "bad"}})


def server_output(provider: Provider, data_dir: Path, searches: int) -> str:
    """Runs a server process, searches several times, and returns its results and its log."""
    flags = ("--data-dir", str(data_dir), "--user-id", SEATTLE)
    with StdioClient(*flags, environment={**provider.environ, **LOUD}) as server:
        server.shake_hands()
        texts = [server.call("semantic_search_products", query_description="paint roller")[0] for _ in range(searches)]
        texts.append(server.call("execute_sales_query", postgresql_query="SELECT * FROM pg_settings", max_rows=1000)[0])
        server.close_stdin()
        server.process.wait(10)
        return "\n".join([*texts, server.stderr()])


def shown(text: str, *more: str) -> list[str]:
    return [form for form in FORMS | set(more) if form in text]


def test_service_failure_shows_no_key(provider: Provider, data_dir: Path) -> None:
    misbehaviours = [
        echo,
        status(401, f"Incorrect API key provided: {SECRET}."),
        status(403, f"{SECRET} may not"),
        status(500, f"{SECRET} broke it", Retry_After_ms="1"),
        raw(f'{{"data": "{SECRET}'.encode()),
    ]
    provider.fake.script.extend([*misbehaviours, *[misbehaviours[3]] * 2])
    said = server_output(provider, data_dir, len(misbehaviours))
    assert "refused the request (400): cannot read" in said
    assert "failed (500)" in said or "not a list of embeddings" in said
    assert len(provider.fake.asked) >= len(misbehaviours)
    tokens = provider.entra.tokens if provider.entra else {}
    assert shown(said, *tokens) == []


def test_entra_failure_shows_no_secret(azure_entra: Provider, data_dir: Path) -> None:
    """Its error repeats the request, and a library logs that as a warning."""
    assert azure_entra.entra is not None
    azure_entra.entra.secret = "another"
    said = server_output(azure_entra, data_dir, 1)
    assert "AADSTS7000215" in said
    assert azure_entra.entra.asked[0]["client_secret"] == SECRET
    assert shown(said) == []


def test_failed_command_shows_no_key(provider: Provider, data_dir: Path) -> None:
    provider.fake.always = echo
    ran = subprocess.run(
        [
            sys.executable,
            "-X",
            "dev",
            "-m",
            "zava_mcp",
            "search",
            "paint",
            "--user-id",
            SEATTLE,
            "--data-dir",
            data_dir,
        ],
        env={**os.environ, **provider.environ, **LOUD},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1, ran.stderr
    assert "refused the request (400): cannot read" in ran.stderr
    assert shown(ran.stdout + ran.stderr, *(provider.entra.tokens if provider.entra else {})) == []


def test_key_for_a_local_address_does_not_pass_a_proxy(openai: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy could read it without TLS."""
    with FakeOpenAI() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        service = made_of(openai)
        assert len(service.embed_query("paint")) == 1536
        service.close()
    assert not proxy.asked

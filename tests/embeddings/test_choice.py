"""Who makes the vectors, by the settings: all of it or an error before anything starts, and nothing heavy imported."""

import sys
from pathlib import Path

import pytest

from tests.conftest import SEATTLE, asking, settings_for
from tests.embeddings.conftest import SECRET, Provider
from tests.fakes.entra import CLIENT, TENANT
from tests.stdio_client import StdioClient
from zava_mcp.embeddings import embedder
from zava_mcp.embeddings.local import LOCAL_MODEL
from zava_mcp.errors import SettingsError
from zava_mcp.settings import load

ENDPOINT = {"AZURE_OPENAI_ENDPOINT": "https://shop.openai.azure.com/"}
KEY = {"AZURE_OPENAI_API_KEY": SECRET}
ENTRA = {"AZURE_CLIENT_ID": CLIENT, "AZURE_CLIENT_SECRET": SECRET, "AZURE_TENANT_ID": TENANT}
OPENAI = {"OPENAI_API_KEY": SECRET}


def faults_of(environ: dict[str, str]) -> str:
    with pytest.raises(SettingsError) as caught:
        load({}, environ)
    assert SECRET not in f"{caught.value!r} {caught.value.hint}"
    return caught.value.message


def model_of(environ: dict[str, str]) -> str:
    made = embedder(load({}, environ))
    assert made is not None
    assert made.dimensions in (384, 1536)
    return made.id


def test_provider_choice_prefers_azure_then_openai_then_local() -> None:
    assert model_of({}) == LOCAL_MODEL
    assert model_of(ENTRA) == LOCAL_MODEL, "other programs read these variables too"
    for environ in (OPENAI, {**ENDPOINT, **KEY}, {**ENDPOINT, **ENTRA}, {**ENDPOINT, **KEY, **OPENAI}):
        assert model_of(environ) == "openai/text-embedding-3-small"


def test_embedder_id_names_the_model_not_the_deployment() -> None:
    environ = {**ENDPOINT, **KEY, "EMBEDDING_MODEL_DEPLOYMENT_NAME": "our-words"}
    assert model_of(environ) == model_of(OPENAI)


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        (ENDPOINT, "AZURE_OPENAI_ENDPOINT needs AZURE_OPENAI_API_KEY, or else AZURE_CLIENT_ID, AZURE_CLIENT_SECRET, "),
        ({**ENDPOINT, "AZURE_CLIENT_ID": CLIENT, "AZURE_TENANT_ID": TENANT}, "or else AZURE_CLIENT_SECRET too"),
        (KEY, "AZURE_OPENAI_API_KEY is set, but AZURE_OPENAI_ENDPOINT is not"),
        (
            {**OPENAI, "EMBEDDING_MODEL_DEPLOYMENT_NAME": "x"},
            "DEPLOYMENT_NAME is set, but AZURE_OPENAI_ENDPOINT is not",
        ),
        ({"OPENAI_BASE_URL": "https://example.com/v1"}, "OPENAI_BASE_URL is set, but OPENAI_API_KEY is not"),
        (
            {**KEY, "AZURE_OPENAI_ENDPOINT": "http://shop.openai.azure.com"},
            "must start with https://, or the key would",
        ),
        ({**OPENAI, "OPENAI_BASE_URL": "http://10.0.0.7/v1"}, "must start with https://, or the key would"),
        ({**OPENAI, "OPENAI_BASE_URL": "http://127.0.0.1.example.com"}, "must start with https://, or the key would"),
        ({**OPENAI, "OPENAI_BASE_URL": "ftp://127.0.0.1"}, "must start with https://"),
        ({**OPENAI, "OPENAI_BASE_URL": f"https://me:{SECRET}@example.com"}, "is not an address"),
        ({**OPENAI, "OPENAI_BASE_URL": "https://me:hidden@example.com"}, "must not contain a user name or a password"),
        ({**OPENAI, "OPENAI_BASE_URL": "https://[::1"}, "is not an address"),
        ({**OPENAI, "OPENAI_BASE_URL": "https://example.com:99999"}, "is not an address"),
        ({**KEY, "AZURE_OPENAI_ENDPOINT": "shop.openai.azure.com"}, "must be an address like https://example.com"),
        ({**ENDPOINT, **ENTRA, "AZURE_AUTHORITY_HOST": "http://login.example.com"}, "AZURE_AUTHORITY_HOST must start"),
        ({**ENDPOINT, **ENTRA, "AZURE_TENANT_ID": "a tenant"}, "AZURE_TENANT_ID must be a tenant's id or domain"),
        ({"OPENAI_API_KEY": f"{SECRET} {SECRET}"}, "OPENAI_API_KEY contains a space or a character that no key has"),
        ({"OPENAI_API_KEY": f"“{SECRET}”"}, "OPENAI_API_KEY contains a space or a character that no key has"),
        ({**ENDPOINT, **KEY, "EMBEDDING_MODEL_DEPLOYMENT_NAME": "../x"}, "must be a deployment's name, not an address"),
    ],
)
def test_settings_that_cannot_work_are_refused(environ: dict[str, str], fault: str) -> None:
    assert fault in faults_of(environ)


def test_all_faulty_settings_are_reported_together() -> None:
    environ = {**KEY, "EMBEDDING_MODEL_DEPLOYMENT_NAME": "x y", "OPENAI_BASE_URL": "nowhere", "ZAVA_MAX_ROWS": "0"}
    said = faults_of(environ)
    for name in ("AZURE_OPENAI_ENDPOINT", "DEPLOYMENT_NAME must", "OPENAI_BASE_URL must", "OPENAI_API_KEY", "ZAVA_MAX"):
        assert name in said


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:11434", "[::1]:8080"])
def test_local_address_is_allowed_without_tls(host: str) -> None:
    assert load({}, {**OPENAI, "OPENAI_BASE_URL": f"http://{host}/v1"}).embedding.openai_url.endswith(f"{host}/v1")


@pytest.mark.anyio
async def test_service_principal_without_its_extra_names_the_package(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "azure.identity", None)  # as if it were not installed
    async with asking(settings_for(data_dir, SEATTLE, **ENDPOINT, **ENTRA)) as seattle:
        text, failed = await seattle.call("semantic_search_products", query_description="paint")
    assert failed
    assert "azure-identity, which is not installed" in text
    assert "uvx 'zava-mcp[azure]'" in text
    assert "pip install 'zava-mcp[azure]'" in text
    assert model_of({**ENDPOINT, **KEY}).startswith("openai/")


def test_settings_repr_shows_no_secrets() -> None:
    settings = load({}, {**ENDPOINT, **KEY, **ENTRA, **OPENAI})
    assert settings.embedding.azure_key is not None
    assert SECRET not in f"{settings!r} {settings} {settings.embedding!r}"


HEAVY = {"openai", "azure", "msal", "requests", "onnxruntime", "numpy"}


def imported_by(server: StdioClient) -> set[str]:
    """Returns the packages that a process with PYTHONVERBOSE imported."""
    server.close_stdin()
    server.process.wait(10)
    lines = [line for line in server.stderr().splitlines() if line.startswith("import '")]
    return {line.split("'")[1].split(".")[0] for line in lines}


@pytest.mark.parametrize("environ", [{}, {**ENDPOINT, **ENTRA}])
def test_server_without_searches_imports_nothing_heavy(data_dir: Path, environ: dict[str, str]) -> None:
    """It runs a process that prints its imports. Queries need none of the heavy packages either."""
    with StdioClient(
        "--data-dir", str(data_dir), "--user-id", SEATTLE, environment={**environ, "PYTHONVERBOSE": "1"}
    ) as server:
        server.shake_hands()
        assert server.request("tools/list")["result"]["tools"]
        text, failed = server.call("execute_sales_query", postgresql_query="SELECT 1")
        assert not failed, text
        imported = imported_by(server)
    assert "zava_mcp" in imported
    assert imported & HEAVY == set()


def test_search_imports_only_what_its_provider_needs(data_dir: Path, openai: Provider) -> None:
    environment = {**openai.environ, "PYTHONVERBOSE": "1"}
    with StdioClient("--data-dir", str(data_dir), "--user-id", SEATTLE, environment=environment) as server:
        server.shake_hands()
        server.call("semantic_search_products", query_description="paint")
        imported = imported_by(server)
    assert imported & HEAVY == {"openai"}

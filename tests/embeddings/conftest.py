"""Fixtures of the embedding tests: a database, and fake services with the settings for each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.conftest import small_embedded
from tests.fakes.entra import CLIENT, TENANT, FakeEntra
from tests.fakes.openai_api import MODEL, FakeOpenAI
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres

SECRET = "hunter2/is+not=for-anybody"  # with characters that encodings change


@dataclass(frozen=True)
class Provider:
    """A fake service and its settings."""

    fake: FakeOpenAI
    environ: dict[str, str]
    entra: FakeEntra | None = None


Embed = Callable[..., str]


@pytest.fixture(scope="session")
def own_embedded(tmp_path_factory: pytest.TempPathFactory, clean_environment: None) -> Iterator[EmbeddedPostgres]:
    """A small database; its embeddings are those of the last test that ran `embed`."""
    folder = tmp_path_factory.mktemp("vectors")
    with small_embedded(folder) as postgres:
        yield postgres


@pytest.fixture(scope="session")
def own_dir(own_embedded: EmbeddedPostgres) -> Path:
    return own_embedded.folder


@pytest.fixture
def embed(own_dir: Path) -> Embed:
    """Runs `zava-mcp embed` with environment variables; errors are raised."""

    def run(environ: dict[str, str], *arguments: str) -> str:
        command = ["embed", "--data-dir", str(own_dir), *arguments]
        return CliRunner().invoke(app, command, env=environ, catch_exceptions=False).stdout

    return run


@pytest.fixture
def openai() -> Iterator[Provider]:
    with FakeOpenAI(SECRET) as fake:
        yield Provider(fake, {"OPENAI_API_KEY": SECRET, "OPENAI_BASE_URL": f"{fake.url}/v1"})


@pytest.fixture
def azure() -> Iterator[Provider]:
    """Azure OpenAI with a key, and a deployment with the default name."""
    with FakeOpenAI(SECRET, deployment=MODEL) as fake:
        yield Provider(fake, {"AZURE_OPENAI_ENDPOINT": fake.url, "AZURE_OPENAI_API_KEY": SECRET})


@pytest.fixture
def azure_entra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """Azure OpenAI with a service principal."""
    with FakeEntra(tmp_path, SECRET) as entra, FakeOpenAI(tokens=entra.knows, deployment="shop-words") as fake:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(entra.certificate))
        environ = {
            "AZURE_OPENAI_ENDPOINT": f"{fake.url}/",
            "EMBEDDING_MODEL_DEPLOYMENT_NAME": "shop-words",
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": SECRET,
            "AZURE_TENANT_ID": TENANT,
            "AZURE_AUTHORITY_HOST": entra.url,
        }
        yield Provider(fake, environ, entra)


@pytest.fixture(params=["openai", "azure", "azure_entra"])
def provider(request: pytest.FixtureRequest) -> Provider:
    """Each provider in turn."""
    found: Provider = request.getfixturevalue(request.param)
    return found

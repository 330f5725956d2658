"""Tests of `zava-mcp client-config`: its output starts the server, passes the doctor, and contains no secret."""

import base64
import json
import shlex
import stat
import tomllib
from importlib.metadata import Distribution, PackageNotFoundError, metadata, version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from mcp import StdioServerParameters
from mcp.client import Client as McpClient
from mcp.types import TextContent
from typer.testing import CliRunner

from tests.clients.install_links import entries
from tests.conftest import HEAD_OFFICE, SEATTLE
from tests.installation import run_doctor
from zava_mcp.cli.commands import app
from zava_mcp.clients.config import configuration
from zava_mcp.clients.names import Client
from zava_mcp.errors import IdentityError, InputError, SettingsError
from zava_mcp.python_process import standalone_command

ROOT = Path(__file__).parents[2]
IN_A_FILE = [client for client in Client if client not in (Client.claude_code, Client.plain)]
LINKED = [Client.vscode, Client.vscode_insiders, Client.cursor]


@pytest.fixture
def uvx(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A uvx on an otherwise empty PATH."""
    program = tmp_path / "programs" / "uvx"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho zava-mcp 1.0\n")
    program.chmod(stat.S_IRWXU)
    record = tmp_path / "site" / f"zava_mcp-{version('zava-mcp')}.dist-info"  # without direct_url.json: published
    record.mkdir(parents=True)
    (record / "METADATA").write_text(str(metadata("zava-mcp")))
    monkeypatch.syspath_prepend(record.parent)
    monkeypatch.setenv("PATH", str(program.parent))
    for name in ("UV", "UV_SYSTEM_CERTS", "UV_NATIVE_TLS"):
        monkeypatch.delenv(name, raising=False)
    return str(program)


def client_config(client: str, *flags: str, user_id: str = SEATTLE) -> tuple[str, str]:
    """Returns the output on stdout and on stderr."""
    who = ["--user-id", user_id] if user_id else []
    ran = CliRunner().invoke(app, ["client-config", client, *who, *flags], catch_exceptions=False)
    return ran.stdout, ran.stderr


def read(client: str, text: str) -> dict[str, dict[str, Any]]:
    """Returns {name: server} as the client reads them."""
    if client == "codex":
        return dict(tomllib.loads(text)["mcp_servers"])
    if client == "claude-code":
        return dict(map(_added, text.splitlines()))
    return dict(json.loads(text)["servers" if client.startswith("vscode") else "mcpServers"])


def _added(line: str) -> tuple[str, dict[str, Any]]:
    """Returns the entry that `claude mcp add` creates."""
    words = shlex.split(line)
    end = words.index("--")
    assert words[:3] == ["claude", "mcp", "add"]
    assert words[end - 5 : end - 1] == ["--transport", "stdio", "--scope", "user"]
    given = [words[place + 1].partition("=") for place in range(end) if words[place] == "--env"]
    entry = {"command": words[end + 1], "args": words[end + 2 :], "env": {name: text for name, _, text in given}}
    return words[end - 1], entry


@pytest.mark.parametrize("more", [[], ["--local"], ["--env-file", "shop.env"], ["--database-url", "postgresql://db/z"]])
def test_printed_configuration_passes_the_doctor(more: list[str], uvx: str) -> None:
    Path("shop.env").touch()
    paths = [
        _put(client, *client_config(client, *more, "--user-id", HEAD_OFFICE))
        for client in (*IN_A_FILE, Client.claude_code)
    ]
    checks = run_doctor("--database-url", "postgresql://127.0.0.1:1/zava")
    examinations = {
        check["found"]: check["state"] for name, check in checks.items() if name.startswith("client config")
    }
    assert examinations == {f"{path} starts zava-seattle, zava-head-office": "ok" for path in paths}


def _put(client: Client, printed: str, where: str) -> Path:
    """Follows the printed instructions; `claude mcp add` writes its entries into ~/.claude.json."""
    if client is Client.claude_code:
        path, printed = Path.home() / ".claude.json", json.dumps({"mcpServers": read(client, printed)})
    else:
        path = Path(where.split("put that into ")[1].split(", and restart ")[0].partition(" (it exists")[0])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(printed)
    return path


@pytest.mark.anyio
async def test_printed_configuration_starts_the_server_as_that_identity(data_dir: Path, anyio_backend: str) -> None:
    entry = read("plain", client_config("plain", "--local", "--data-dir", str(data_dir))[0])["zava-seattle"]
    parameters = StdioServerParameters(command=entry["command"], args=entry["args"], env=entry["env"])
    async with McpClient(parameters) as client:
        arguments = {
            "postgresql_query": "SELECT DISTINCT store_name FROM retail.orders JOIN retail.stores USING (store_id)"
        }
        result = await client.call_tool("execute_sales_query", arguments)
    assert isinstance(result.content[0], TextContent)
    assert json.loads(result.content[0].text)["rows"] == [["Zava Retail Seattle"]]


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@db:5432/zava?sslmode=require",
        "postgresql://me:hunter2%40x@db:5432/zava?sslmode=require",
        "postgresql://me:hunter2?x@db:5432/zava?sslmode=require",
        "postgresql://me@db:5432/zava?password=hunter2&sslmode=require&sslpassword=hunter2",
        "postgresql://me@db:5432/zava?sslmode=require&pass%77ord=hunter2",
    ],
)
@pytest.mark.parametrize("client", Client)
def test_password_in_url_is_omitted_and_requested_by_the_client(client: Client, url: str, uvx: str) -> None:
    printed, remarks = client_config(client, "--database-url", url)
    entry = read(client, printed)["zava-seattle"]
    assert entry["env"]["ZAVA_DATABASE_URL"] == "postgresql://me@db:5432/zava?sslmode=require"
    assert "hunter2" not in printed + remarks
    assert "POSTGRES_PASSWORD" in remarks
    asked = {"claude-code": "${POSTGRES_PASSWORD:-}"} | dict.fromkeys(
        ("vscode", "vscode-insiders"), "${input:zava-seattle-password}"
    )
    assert entry["env"].get("POSTGRES_PASSWORD") == asked.get(client)
    if client in LINKED:
        assert "hunter2" not in "".join(client_config(client, "--link", "--database-url", url))


@pytest.mark.parametrize(
    "url",
    ["postgresql://me:hunter2/x@db/zava", "postgresql://me:x@hunter2@db/zava", "postgresql://me:x@b?hunter2@db/zava"],
)
def test_url_with_ambiguous_password_is_refused(url: str, uvx: str) -> None:
    with pytest.raises(SettingsError, match=r"one @ too many|a / before the @") as refused:
        client_config("plain", "--database-url", url)
    assert "hunter2" not in str(refused.value) + refused.value.hint


@pytest.mark.parametrize("client", Client)
def test_settings_are_copied_without_secrets_and_admin_settings(
    client: Client, uvx: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AZURE_OPENAI_API_KEY", "POSTGRES_PASSWORD"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("ZAVA_ADMIN_DATABASE_URL", "postgresql://postgres:hunter2@db/zava")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "https://shop.openai.azure.com")
    monkeypatch.setenv("ZAVA_QUERY_TIMEOUT", "20")
    Path("shop.env").touch()
    printed, remarks = client_config(client, "--env-file", "shop.env", "--data-dir", "~/shop")
    environment = read(client, printed)["zava-seattle"]["env"]
    assert {name: text for name, text in environment.items() if "$" not in text} == {
        "ZAVA_ENV_FILE": str(Path("shop.env").absolute()),
        "ZAVA_DATA_DIR": str(Path("~/shop").expanduser()),
        "AZURE_OPENAI_ENDPOINT": "https://shop.openai.azure.com",
        "ZAVA_QUERY_TIMEOUT": "20",
    }
    assert "hunter2" not in printed + remarks
    assert "AZURE_OPENAI_API_KEY" in remarks


def test_variables_of_libpq_and_uv_are_copied(uvx: str, monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"PGHOST": "db", "PGPASSFILE": "passes", "PGPASSWORD": "hunter2", "PGUSER": "me", "UV_SYSTEM_CERTS": "1"}
    for name, text in given.items():
        monkeypatch.setenv(name, text)
    printed, remarks = client_config("cursor")
    environment = read("cursor", printed)["zava-seattle"]["env"]
    assert environment == {"PGHOST": "db", "PGPASSFILE": str(Path("passes").absolute()), "UV_SYSTEM_CERTS": "1"}
    assert "POSTGRES_PASSWORD" in remarks
    assert "hunter2" not in printed + remarks


def test_each_login_has_its_own_password_input(uvx: str) -> None:
    server = ["--user-id", HEAD_OFFICE, "--database-url", "postgresql://db/zava"]
    asked = json.loads(client_config("vscode", *server)[0])["inputs"]
    assert [(one["id"], one["password"]) for one in asked] == [
        ("zava-seattle-password", True),
        ("zava-head-office-password", True),
    ]
    printed, remarks = client_config("claude-code", *server)
    taken = [entry["env"]["POSTGRES_PASSWORD"][2:-3] for entry in read("claude-code", printed).values()]
    assert taken == ["POSTGRES_PASSWORD_ZAVA_SEATTLE", "POSTGRES_PASSWORD_ZAVA_HEAD_OFFICE"]
    assert all(name in remarks for name in taken)


def test_uvx_path_is_absolute_for_clients_without_the_shell_path(uvx: str) -> None:
    commands = {client: read(client, client_config(client)[0])["zava-seattle"]["command"] for client in Client}
    by_path = (Client.claude_desktop, Client.cursor, Client.plain)
    assert commands == {client: uvx if client in by_path else "uvx" for client in Client}


def test_missing_uvx_is_replaced_by_the_running_one_or_this_installation(
    uvx: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    this = [*standalone_command(), "--user-id", SEATTLE]
    for flags, remark in (([], "uvx is not installed"), (["--local"], "")):
        printed, remarks = client_config("codex", *flags)
        entry = read("codex", printed)["zava-seattle"]
        assert [entry["command"], *entry["args"]] == this
        assert remark in remarks
    monkeypatch.setenv("UV", str(Path(uvx).with_name("uv")))
    assert read("codex", client_config("codex")[0])["zava-seattle"]["command"] == uvx


def test_entra_authentication_needs_no_password_input(uvx: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZAVA_DATABASE_URL", "postgresql://db.example.com/zava?sslmode=verify-full")
    for auth, asked in (("password", True), ("entra", False)):
        monkeypatch.setenv("ZAVA_DATABASE_AUTH", auth)
        printed = client_config("vscode", "--extra", "azure")[0]
        assert ("password" in json.loads(printed).get("inputs", [{}])[0].get("id", "")) == asked
        assert read("vscode", printed)["zava-seattle"]["env"]["ZAVA_DATABASE_AUTH"] == auth


def test_extra_is_added_to_the_uvx_requirement(uvx: str) -> None:
    entry = read("plain", client_config("plain", "--extra", "azure")[0])["zava-seattle"]
    assert entry["args"] == ["zava-mcp[azure]", "--user-id", SEATTLE]


@pytest.mark.parametrize("options", [["--local"], []])
def test_extra_without_uvx_must_be_installed(
    options: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if not options:
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setenv("UV", "")
    entry = read("plain", client_config("plain", "--extra", "charts", "--extra", "azure", *options)[0])["zava-seattle"]
    assert "uvx" not in entry["command"]
    found = Distribution.from_name

    def without_azure(name: str) -> Distribution:
        if name == "azure-identity":
            raise PackageNotFoundError(name)
        return found(name)

    monkeypatch.setattr(Distribution, "from_name", without_azure)
    with pytest.raises(InputError, match="lacks the extra azure, and only uvx can install it"):
        client_config("plain", "--extra", "azure", *options)


def test_entry_names_are_those_of_stores_or_requested(uvx: str) -> None:
    unknown = "12345678-0000-4000-8000-000000000001"
    everybody = ["--user-id", HEAD_OFFICE, "--user-id", unknown]
    assert list(read("plain", client_config("plain", *everybody)[0])) == [
        "zava-seattle",
        "zava-head-office",
        "zava-12345678",
    ]
    assert list(read("plain", client_config("plain", *everybody, "--name", "x")[0])) == [
        "x-seattle",
        "x-head-office",
        "x-12345678",
    ]
    assert list(read("plain", client_config("plain", "--name", "shop")[0])) == ["shop"]
    with pytest.raises(InputError, match="is not a valid name"):
        client_config("plain", "--name", "my shop")
    with pytest.raises(InputError, match="the same name"):
        client_config("plain", "--user-id", unknown, "--user-id", unknown[:-1] + "2")


def test_missing_identity_lists_the_known_ones(uvx: str) -> None:
    for nobody in ("", "somebody"):
        with pytest.raises(IdentityError) as refused:
            client_config("plain", user_id=nobody)
        assert SEATTLE in refused.value.listing


def test_user_id_comes_from_flag_environment_or_env_file(uvx: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("shop.env").write_text(f"ZAVA_USER_ID={HEAD_OFFICE}\n")
    assert list(read("plain", client_config("plain", "--env-file", "shop.env", user_id="")[0])) == ["zava-head-office"]
    before = CliRunner().invoke(app, ["--user-id", SEATTLE, "client-config", "plain"], catch_exceptions=False)
    monkeypatch.setenv("ZAVA_USER_ID", SEATTLE)
    assert before.stdout == client_config("plain", user_id="")[0] == client_config("plain")[0]


@pytest.mark.parametrize("client", LINKED)
def test_install_link_equals_the_printed_configuration(client: Client, uvx: str) -> None:
    more = ["--database-url", "postgresql://db/zava"]
    pasted = json.loads(client_config(client, *more)[0])
    link = urlsplit(client_config(client, "--link", *more)[0].strip())
    assert (link.scheme, link.hostname in ("vscode.dev", "insiders.vscode.dev", "cursor.com")) == ("https", True)
    parts = {name: values[0] for name, values in parse_qs(link.query, strict_parsing=True).items()}
    config = base64.b64decode(parts["config"]) if client is Client.cursor else parts["config"]
    group = "mcpServers" if client is Client.cursor else "servers"
    assert {parts["name"]: json.loads(config)} == pasted[group]
    assert json.loads(parts.get("inputs", "[]")) == pasted.get("inputs", [])
    assert parts.get("quality") == ("insiders" if client is Client.vscode_insiders else None)


def test_client_without_install_links_is_refused(uvx: str) -> None:
    with pytest.raises(InputError, match="no install links"):
        client_config("codex", "--link")


def test_repository_configuration_equals_the_printed_one() -> None:
    written = (ROOT / ".vscode" / "mcp.json").read_text(encoding="utf-8")
    checkout = entries("${workspaceFolder}/.venv/bin/python", "-I", "-m", "zava_mcp")
    assert written == configuration(Client.vscode, checkout) + "\n"

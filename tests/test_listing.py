"""What others read about us, in infra/: the MCP registry's server.json, the MCPB bundle's manifest."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SEATTLE, Ask
from tests.documents import REPOSITORY, SECURITY, anchors
from zava_mcp.settings import SETTINGS, load

ROOT = Path(__file__).parent.parent
SERVER: dict[str, Any] = json.loads((ROOT / "infra" / "server.json").read_text(encoding="utf-8"))
MANIFEST: dict[str, Any] = json.loads((ROOT / "infra" / "mcpb" / "manifest.json").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def started_with(answers: dict[str, str]) -> dict[str, str]:
    """The environment a host makes of the manifest and of what the user answered."""
    values = {key: answers.get(key, option.get("default")) for key, option in MANIFEST["user_config"].items()}
    environment: dict[str, str] = MANIFEST["server"]["mcp_config"]["env"]
    return {
        name: re.sub(r"\$\{user_config\.(\w+)\}", lambda found: str(values[found[1]]), text)
        for name, text in environment.items()
    }


def test_the_versions_are_one() -> None:
    packages = [package["version"] for package in SERVER["packages"]]
    assert {SERVER["version"], *packages, MANIFEST["version"]} == {PROJECT["version"]}
    assert (MANIFEST["name"], SERVER["packages"][0]["identifier"]) == (PROJECT["name"], PROJECT["name"])
    assert MANIFEST["license"] == PROJECT["license"]
    assert MANIFEST["compatibility"]["runtimes"]["python"] == PROJECT["requires-python"]


def test_the_registry_finds_its_name_in_the_readme_that_pypi_shows() -> None:
    assert f"mcp-name: {SERVER['name']} " in README
    assert PROJECT["readme"] == "README.md"


def test_server_json_keeps_the_registrys_rules() -> None:
    assert SERVER["$schema"].endswith("/2025-12-11/server.schema.json")
    assert set(SERVER) <= {
        *("$schema", "name", "title", "description", "version", "repository", "websiteUrl", "packages")
    }
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", SERVER["name"])
    assert 1 <= len(SERVER["title"]) <= 100
    assert 1 <= len(SERVER["description"]) <= 100
    (package,) = SERVER["packages"]
    assert (package["registryType"], package["runtimeHint"]) == ("pypi", "uvx")
    assert package["transport"] == {"type": "stdio"}
    (user_id,) = package["packageArguments"]
    assert (user_id["type"], user_id["name"], user_id["isRequired"]) == ("named", "--user-id", True)
    inputs = [user_id, *package["environmentVariables"]]
    known = {"type", "name", "description", "isRequired", "isSecret", "format", "placeholder"}
    assert all(set(one) <= known and one["description"] for one in inputs)
    assert {one["format"] for one in inputs if "format" in one} <= {"string", "number", "boolean", "filepath"}


def test_both_name_settings_that_there_are_and_mark_the_secret_one() -> None:
    variables = {one["name"]: one.get("isSecret", False) for one in SERVER["packages"][0]["environmentVariables"]}
    asked = started_with({})
    assert set(variables) | set(asked) <= {setting.name for setting in SETTINGS}
    assert [name for name, secret in variables.items() if secret] == ["POSTGRES_PASSWORD"]
    secret = [key for key, option in MANIFEST["user_config"].items() if option.get("sensitive")]
    assert MANIFEST["server"]["mcp_config"]["env"]["POSTGRES_PASSWORD"] == f"${{user_config.{secret[0]}}}"
    assert len(secret) == 1


def test_a_host_that_asked_nothing_more_starts_the_sample_as_seattle() -> None:
    settings = load({}, started_with({}))
    assert (settings.identity, settings.database, settings.data_dir) == (SEATTLE, None, None)


def test_what_the_user_answered_reaches_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "more"
    file.write_text("ZAVA_QUERY_TIMEOUT=20\n")
    answers = {"database_url": "postgresql://db/zava", "password": "s", "env_file": str(file), "data_dir": "/data"}
    settings = load({}, started_with(answers))
    assert settings.database is not None
    assert settings.database.url is not None
    assert settings.database.url.reveal() == "postgresql://db/zava"
    assert settings.database.password is not None
    assert (settings.query_timeout, str(settings.data_dir)) == (20, str(Path("/data")))


def test_the_bundles_server_is_this_program_run_by_uv() -> None:
    server = MANIFEST["server"]
    assert (MANIFEST["manifest_version"], server["type"]) == ("0.4", "uv")
    assert "from zava_mcp.cli import main" in (ROOT / "infra" / "mcpb" / server["entry_point"]).read_text()
    assert server["mcp_config"]["args"] == ["run", "--directory", "${__dirname}", server["entry_point"]]


def test_privacy_policy_and_repository_of_the_listings_exist() -> None:
    (policy,) = MANIFEST["privacy_policies"]
    assert policy == f"{REPOSITORY}/blob/main/{SECURITY}#what-leaves-the-machine"
    assert "what-leaves-the-machine" in anchors(SECURITY)
    assert SERVER["repository"] == {"url": REPOSITORY, "source": "github"}
    assert MANIFEST["repository"] == {"type": "git", "url": REPOSITORY}
    assert f"io.github.{REPOSITORY.removeprefix('https://github.com/')}" == SERVER["name"]


@pytest.mark.anyio
async def test_the_bundles_tools_are_tools_that_only_read(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = {tool.name: tool for tool in (await seattle.client.list_tools()).tools}
    assert {tool["name"] for tool in MANIFEST["tools"]} == set(tools)
    for tool in tools.values():  # what Anthropic's directory asks of every one
        assert tool.annotations is not None
        assert (tool.annotations.read_only_hint, tool.annotations.destructive_hint) == (True, False)

"""The development container: what it names exists, and nothing in it moves by itself."""

import json
import re
from typing import Any

from tests.infra.operator import ROOT

CONTAINER: dict[str, Any] = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())


def test_its_image_is_the_one_that_the_tests_run_in() -> None:
    assert re.fullmatch(r"python:3\.13-bookworm@sha256:[0-9a-f]{64}", CONTAINER["image"])
    assert CONTAINER["image"] in (ROOT / ".github" / "workflows" / "check.yml").read_text()
    for feature in CONTAINER["features"]:
        assert re.fullmatch(r"ghcr\.io/devcontainers/features/[a-z-]+:\d+", feature)


def test_it_makes_the_environment_that_its_servers_and_its_editor_use() -> None:
    assert "source scripts/environment.sh" in CONTAINER["postCreateCommand"]
    servers = json.loads((ROOT / ".vscode" / "mcp.json").read_text())["servers"]
    interpreter = CONTAINER["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    for server in servers.values():
        assert server["command"].removeprefix("${workspaceFolder}") == interpreter.removeprefix(
            "${containerWorkspaceFolder}"
        )


def test_it_holds_the_programs_that_the_checks_of_infra_look_for() -> None:
    looked_for = set(re.findall(r"command -v (\w+)", (ROOT / "scripts" / "infra-check").read_text()))
    features = {name.rsplit("/", 1)[1].split(":")[0] for name in CONTAINER["features"]}
    assert {"pwsh": "powershell", "npm": "node"}.keys() >= looked_for - {"promtool"}
    assert {"powershell", "node", "azure-cli", "docker-in-docker"} <= features

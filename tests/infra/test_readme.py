"""What infra/README.md tells operators to type is there."""

import re
import subprocess
import sys

import pytest

from tests.infra.operator import AZURE, ROOT

README = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```bash\n(.*?)```", README, flags=re.DOTALL))


def test_the_shell_blocks_are_shell() -> None:
    """shellcheck reads them in scripts/infra-check."""
    checked = subprocess.run(["bash", "-n"], input=SHELL, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def commands() -> dict[str, list[str]]:
    """Each command of ours that is told, such as `identities add`: the lines that use it."""
    found: dict[str, list[str]] = {}
    for line in re.findall(r"(?:^|`)zava-mcp ([a-z][^`\n]*)", README, flags=re.MULTILINE):
        command = re.match(r"identities \w+|\S+", line)
        assert command is not None
        found.setdefault(command[0], []).append(line)
    return found


@pytest.mark.parametrize("command", sorted(commands()))
def test_the_programs_commands_and_options_exist(command: str) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "zava_mcp", *command.split(), "--help"], capture_output=True, text=True, check=True
    ).stdout
    for line in commands()[command]:
        for option in re.findall(r"--[a-z-]+", line):
            assert option in found, line


@pytest.mark.parametrize("script", ["deploy.sh", "remove.sh"])
def test_the_scripts_options_exist(script: str) -> None:
    source = (AZURE / script).read_text()
    used = re.findall(rf"^infra/azure/{re.escape(script)} (.+)$", README, flags=re.MULTILINE)
    assert used
    for line in used:
        for option in re.findall(r"--[a-z-]+", line):
            assert option in source


def test_the_files_it_speaks_of_are_there() -> None:
    infra = ROOT / "infra"
    for name in re.findall(r"`((?:azure|telemetry|pipelines)/[\w./-]*)`", README):
        assert (infra / name).exists(), name
    for name in set(re.findall(r"`((?:\.github|scripts|infra)/[\w./-]*\w)`", README)) - {
        "infra/.env"
    }:  # the reader makes it
        assert (ROOT / name).exists(), name
    parameters = (AZURE / "main.bicep").read_text()
    for name in ("allowedAddresses", "analystGroups", "vaultReaderObjectId", "alertEmail", "databaseSku"):
        assert f"`{name}`" in README
        assert f"param {name} " in parameters


def test_the_roles_it_tells_are_the_roles_that_are_given() -> None:
    modules = "".join(file.read_text() for file in (AZURE / "modules").glob("*.bicep"))
    for role in (
        "Cognitive Services OpenAI User",
        "Azure AI User",
        "Key Vault Secrets Officer",
        "Key Vault Secrets User",
    ):
        assert f"*{role}*" in README
        assert f"// {role}:" in modules


def test_it_says_what_was_never_run() -> None:
    found = " ".join(README.split())
    assert "No part of this has been deployed to Azure, no container has been started, no workflow has run" in found


def test_the_rehearsals_place_is_marked() -> None:
    assert README.index("<!-- rehearsal -->") < README.index("<!-- /rehearsal -->")

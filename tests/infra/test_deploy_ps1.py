"""deploy.ps1 is deploy.sh in PowerShell. No PowerShell runs here: the grammar reads it, and both are compared."""

import re
from pathlib import Path

import pytest

from tests.infra.grammar import faults, nodes, powershell
from tests.infra.operator import AZURE, run

SCRIPT = AZURE / "deploy.ps1"


def az_commands() -> list[list[str]]:
    """What deploy.ps1 asks az, in its order: command and options, each value as its text."""
    found = []
    for command in nodes(powershell(SCRIPT), "command"):
        text = " ".join((command.text or b"").decode().split())
        if asked := re.match(r"(?:Invoke-Az|& az) (?!@)(.+)$", text):
            found.append(asked[1].split())
    return found


def shape(words: list[str]) -> tuple[str, tuple[str, ...]]:
    """A command's words and its options' names."""
    first = next(index for index, word in enumerate(words) if word.startswith("-"))
    return " ".join(words[:first]), tuple(word for word in words[first:] if word.startswith("--"))


def test_it_is_powershell() -> None:
    assert faults(powershell(SCRIPT)) == []


def test_the_grammar_would_notice(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ps1"
    broken.write_text(SCRIPT.read_text().replace("if ($Administrators) {", "if ($Administrators {", 1))
    assert faults(powershell(broken)) != []


def test_it_asks_az_what_deploy_sh_asks_in_the_same_order(tmp_path: Path) -> None:
    everything = run(tmp_path, "deploy.sh", "dev", "--service-principal", "zava desks").calls
    group = run(tmp_path, "deploy.sh", "dev", "--administrators", "Zava operators").calls[1]
    what_if = run(tmp_path, "deploy.sh", "dev", "--what-if").calls[-1]
    signed_in, rest = everything[0], everything[1:]
    before, after = rest[:-2], rest[-2:]
    in_order = [signed_in, group, *before, what_if, *after]
    assert [shape(words) for words in az_commands()] == [shape(call["arguments"]) for call in in_order]


@pytest.mark.parametrize("value", [
    "properties.outputs.[ZAVA_DATABASE_URL.value, AZURE_OPENAI_ENDPOINT.value, "
    "EMBEDDING_MODEL_DEPLOYMENT_NAME.value, APPLICATIONINSIGHTS_CONNECTION_STRING.value, "
    "resourceGroupName.value, vaultName.value]",
])  # fmt: skip
def test_it_asks_for_the_same_outputs(tmp_path: Path, value: str) -> None:
    create = run(tmp_path, "deploy.sh", "dev").call("deployment sub create")["arguments"]
    assert create[create.index("--query") + 1] == value
    joined = re.sub(r"' \+\s+'", "", SCRIPT.read_text())
    assert f"'{value}'" in joined


def test_it_says_the_same_and_sets_the_same(tmp_path: Path) -> None:
    shell, power = (AZURE / "deploy.sh").read_text(), SCRIPT.read_text()
    steps = re.findall(r'^ *say "(.+)"$', shell, flags=re.MULTILINE)
    assert len(steps) >= 6
    names = {"application": "ServicePrincipal", "env_file": "EnvFile"}
    for step in steps:
        written = re.sub(r"\$(\w+)", lambda found: f"${names[found[1]]}", step)
        assert re.search(rf"Say ['\"]{re.escape(written)}['\"]", power), step
    assert set(re.findall(r"\bDEPLOY_\w+", shell)) == set(re.findall(r"\bDEPLOY_\w+", power))
    settings = r"(?:ZAVA|AZURE|EMBEDDING|APPLICATIONINSIGHTS)_[A-Z_]+(?==)"
    assert set(re.findall(settings, shell)) == set(re.findall(settings, power))


def test_what_if_ends_before_anything_is_made() -> None:
    asked = [shape(words)[0] for words in az_commands()]
    text = SCRIPT.read_text()
    assert asked.index("deployment sub what-if") < asked.index("deployment sub create")
    assert "exit $LASTEXITCODE" in text.split("deployment sub what-if")[1].split("deployment sub create")[0]
    for making in ("ad app create", "ad sp create"):
        guard = text.split(f"Invoke-Az {making}")[0].rsplit("if (", 1)[1]
        assert "-and -not $asking" in guard

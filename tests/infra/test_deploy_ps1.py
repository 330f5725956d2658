"""deploy.ps1 and remove.ps1 take the steps of deploy.sh and remove.sh. Where PowerShell is not, a grammar reads them.

tests/infra/test_deploy_ends.py runs deploy.ps1 where PowerShell is, and `scripts/infra-check` compares whole runs.
"""

import re
from pathlib import Path

import pytest

from tests.infra.grammar import faults, nodes, powershell
from tests.infra.operator import AZURE, CLIENT, named, run

SCRIPTS = ["deploy.ps1", "preflight.ps1", "remove.ps1"]


def az_commands(*scripts: str) -> set[tuple[str, tuple[str, ...]]]:
    """What the scripts ask az: each command's words and its options' names."""
    found = set()
    for script in scripts:
        for command in nodes(powershell(AZURE / script), "command"):
            text = " ".join((command.text or b"").decode().split())
            if asked := re.match(r"(?:Invoke-Az|& az) (?!@)(.+)$", text):
                found.add(shape(asked[1].replace("@chosen", "").split()))
    return found


def shape(words: list[str]) -> tuple[str, tuple[str, ...]]:
    first = next(index for index, word in enumerate(words) if word.startswith("--"))
    return " ".join(words[:first]), tuple(word for word in words[first:] if word.startswith("--"))


def steps(*scripts: str) -> list[str]:
    """What the scripts say they are doing, in order, without the names of their variables."""
    text = "".join((AZURE / script).read_text() for script in scripts)
    said = re.findall(r"""^ *[Ss]ay (?:"(.+)"|'(.+)')$""", text, flags=re.MULTILINE)
    return [re.sub(r"\$\w+", "$", double or single) for double, single in said]


@pytest.mark.parametrize("script", SCRIPTS)
def test_it_is_powershell(script: str) -> None:
    assert faults(powershell(AZURE / script)) == []


def test_the_grammar_would_notice(tmp_path: Path) -> None:
    broken = tmp_path / "broken.ps1"
    broken.write_text((AZURE / "deploy.ps1").read_text().replace("if ($administrators) {", "if ($administrators {", 1))
    assert faults(powershell(broken)) != []


def test_both_deployments_ask_az_the_same(tmp_path: Path) -> None:
    runs = [
        run(tmp_path, "deploy.sh", "dev", "--service-principal", "x", "--recover", answers={
            "keyvault list-deleted": named("kv-zava-dev-abc123"),
            "cognitiveservices account list-deleted": named("ai-zava-dev-abc123"),
        }),
        run(tmp_path, "deploy.sh", "dev", "--service-principal", "x", answers={"ad app list": named(CLIENT)}),
        run(tmp_path, "deploy.sh", "dev", "--administrators", "Zava operators", "--what-if"),
    ]  # fmt: skip
    assert all(ran.code == 0 for ran in runs), [ran.stderr for ran in runs]
    asked = {shape(call["arguments"]) for ran in runs for call in ran.calls}
    assert az_commands("deploy.ps1", "preflight.ps1") == asked


def test_both_removals_ask_az_the_same(tmp_path: Path) -> None:
    answers = {
        "ad app list": named(CLIENT),
        "lock list": {"data": [{"id": "lock"}]},
        "deployment sub list": named("zava-dev"),
        "cognitiveservices account list-deleted": {
            "data": [{"name": "ai", "location": "x", "id": "/resourceGroups/rg-zava-dev/deletedAccounts/ai"}]
        },
    }
    ran = run(tmp_path, "remove.sh", "dev", "--service-principal", "x", typed="rg-zava-dev\n", answers=answers)
    assert ran.code == 0, ran.stderr
    assert az_commands("remove.ps1") == {shape(call["arguments"]) for call in ran.calls}


@pytest.mark.parametrize("name", ["deploy", "remove"])
def test_both_say_the_same_and_set_the_same(name: str) -> None:
    assert steps(f"{name}.sh") == steps(f"{name}.ps1")
    assert len(steps(f"{name}.sh")) >= 6
    shell, power = ("".join(f.read_text() for f in AZURE.glob(f"*.{kind}")) for kind in ("sh", "ps1"))
    settings = r"(?:ZAVA|AZURE|EMBEDDING|APPLICATIONINSIGHTS)_[A-Z_]+(?==)"
    assert set(re.findall(settings, shell)) == set(re.findall(settings, power))
    queries = r"\[\w+(?:\.\w+)*(?:, ?\w+(?:\.\w+)*)+\]"
    joined = (re.sub(r"' \+\s+'", "", power), re.sub(r"\\\n", "", shell))
    assert set(re.findall(queries, joined[0])) == set(re.findall(queries, joined[1]))


def test_what_if_ends_before_anything_is_made() -> None:
    text = (AZURE / "deploy.ps1").read_text()
    assert "exit 0" in text.split("deployment sub what-if")[1].split("group create")[0]
    for making in ("ad app create", "ad sp create"):
        guard = text.split(f"Invoke-Az {making}")[0].rsplit("if (", 1)[1]
        assert "-and -not $whatIf" in guard

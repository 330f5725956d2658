"""A deployment that cannot be ends with one line that says what to do, the right code, and no env file."""

import shutil
from pathlib import Path

import pytest

from tests.infra.deploy_table import AZURE_FAILS, OPTIONS, PREFLIGHT, SIGN_IN, TABLE, End
from tests.infra.operator import OUTPUTS, SUBSCRIPTION, camel_cased, named, roles, run, server

#: deploy.ps1 runs wherever PowerShell is.
SCRIPTS = ["deploy.sh", *(["deploy.ps1"] if shutil.which("pwsh") else [])]
MAKING = ("create", "reset", "delete", "recover", "purge")


def check(folder: Path, script: str, end: End) -> list[str]:
    """The commands that az was asked, of a run that ends as the row says."""
    options = end.powershell() if script.endswith("ps1") else list(end.options)
    ran = run(folder, script, *options, typed=end.typed, answers=end.answers)
    said = [
        line
        for line in ran.stderr.splitlines()
        if not line.startswith(("ERROR:", "-- ", "warning: ", "subscription: "))
    ]
    assert ran.code == end.code, (end, ran.stderr)
    assert len(said) == 1, (end, ran.stderr)
    assert f"{script}: " in said[0], (end, said)
    assert end.says in said[0], (end, said)
    assert ran.stdout == "", end
    assert not list(folder.glob("*.env*")), end
    return ran.commands


@pytest.mark.parametrize("script", SCRIPTS)
def test_wrong_options_ask_azure_nothing(tmp_path: Path, script: str) -> None:
    for end in OPTIONS:
        assert check(tmp_path, script, end) == [], end


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_deployment_that_cannot_be_changes_nothing(tmp_path: Path, script: str) -> None:
    for end in [*SIGN_IN, *PREFLIGHT]:
        commands = check(tmp_path, script, end)
        assert not [command for command in commands if command.split()[-1] in MAKING], end


@pytest.mark.parametrize("script", SCRIPTS)
def test_outputs_that_are_missing_empty_or_none_write_no_file(tmp_path: Path, script: str) -> None:
    for end in AZURE_FAILS:
        check(tmp_path, script, end)
    assert len(TABLE) == len([*OPTIONS, *SIGN_IN, *PREFLIGHT, *AZURE_FAILS])


def test_the_stand_in_gives_outputs_names_as_the_resource_manager_does() -> None:
    assert camel_cased("ZAVA_DATABASE_URL") == "zavA_DATABASE_URL"
    assert camel_cased("AZURE_OPENAI_ENDPOINT") == "azurE_OPENAI_ENDPOINT"
    assert {camel_cased(name) for name in OUTPUTS} == set(OUTPUTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_storage_that_the_server_grew_to_is_kept(tmp_path: Path, script: str) -> None:
    there = [server(size=64), server("psql-zava-dev-restored", size=512), server("psql-zava-prod-abc123", size=256)]
    ran = run(tmp_path, script, "dev", answers={"postgres flexible-server list": {"data": there}})
    assert ran.code == 0, ran.stderr
    assert ran.call("deployment sub create")["environment"]["DEPLOY_STORAGE_GB"] == "64"


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_was_deleted_can_be_taken_back(tmp_path: Path, script: str) -> None:
    deleted = {
        "keyvault list-deleted": named("kv-zava-dev-abc123"),
        "cognitiveservices account list-deleted": named("ai-zava-dev-abc123"),
    }
    recover = "-Recover" if script.endswith("ps1") else "--recover"
    ran = run(tmp_path, script, "dev", recover, answers=deleted)
    assert ran.code == 0, ran.stderr
    made = [command for command in ran.commands if command.split()[-1] in MAKING]
    assert made == ["group create", "keyvault recover", "cognitiveservices account recover", "deployment sub create"]
    assert "kv-zava-dev-abc123" in ran.call("keyvault recover")["arguments"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_reader_who_may_ask_what_if_can_and_several_roles_add_up(tmp_path: Path, script: str) -> None:
    what_if = "-WhatIf" if script.endswith("ps1") else "--what-if"
    reader = roles("*/read", "Microsoft.Resources/deployments/whatIf/action")
    assert run(tmp_path, script, "dev", what_if, answers={"rest": reader}).code == 0
    several = [
        {"actions": ["*"], "notActions": ["Microsoft.Authorization/*/Write"]},
        {"actions": ["Microsoft.Authorization/roleAssignments/write"], "notActions": []},
    ]
    ran = run(tmp_path, script, "dev", answers={"rest": {"data": {"value": several}}})
    assert ran.code == 0, ran.stderr
    asked = ran.call("rest")["arguments"]
    assert (
        f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/permissions"
        in asked[asked.index("--url") + 1]
    )


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    ("hint", "end", "said"),
    [
        ("pla", "2020-01-01", "expired on 2020-01-01"),
        ("pla", "2026-12-01", "expire"),
        ("xyz", "2099-01-01", "does not know"),
    ],
)
def test_a_secret_that_ends_soon_is_named(tmp_path: Path, script: str, hint: str, end: str, said: str) -> None:
    options = ["-ServicePrincipal", "x"] if script.endswith("ps1") else ["--service-principal", "x"]
    there = named("aaaaaaaa-0000-0000-0000-000000000003")
    (tmp_path / "zava-dev.env").write_text(f"AZURE_CLIENT_ID={there['data'][0]['id']}\nAZURE_CLIENT_SECRET=planted\n")
    rows = {"data": [{"hint": hint, "endDateTime": f"{end}T09:00:00Z"}]}
    ran = run(tmp_path, script, "dev", *options, answers={"ad app list": there, "ad app credential list": rows})
    assert ran.code == 0, ran.stderr
    assert "planted" in (tmp_path / "zava-dev.env").read_text()
    assert any(line.startswith("warning: ") and said in line for line in ran.stderr.splitlines())


@pytest.mark.parametrize("script", SCRIPTS)
def test_what_is_left_empty_is_said(tmp_path: Path, script: str) -> None:
    said = run(tmp_path, script, "dev").stderr
    assert "warning: allowedAddresses in dev.bicepparam is empty" in said
    assert "warning: alertEmail in dev.bicepparam is empty" in said

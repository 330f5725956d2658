"""remove.sh and remove.ps1: nothing goes unless its name is typed; a second run goes on where the first stopped."""

import shutil
from pathlib import Path

import pytest

from tests.fakes.azure_cli import Answer
from tests.infra.operator import CLIENT, PRINCIPAL, named, run

SCRIPTS = ["remove.sh", *(["remove.ps1"] if shutil.which("pwsh") else [])]
LOCKED: dict[str, Answer] = {"lock list": {"data": [{"id": "/locks/one"}, {"id": "/locks/two"}]}}
DELETED: dict[str, Answer] = {
    "cognitiveservices account list-deleted": {
        "data": [
            {"name": f"ai-{group}", "location": "swedencentral", "id": f"/x/resourceGroups/{group}/deletedAccounts/ai"}
            for group in ("rg-zava-prod", "rg-zava-dev")
        ]
    }
}
LOOKS = ["account show", "group exists"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_removing_takes_locks_accounts_and_the_application_too(tmp_path: Path, script: str) -> None:
    answers = {**LOCKED, **DELETED, "ad app list": named(CLIENT), "deployment sub list": named("zava-dev")}
    ran = run(tmp_path, script, "dev", "--service-principal", "x", typed="rg-zava-dev\n", answers=answers)
    assert ran.code == 0, ran.stderr
    assert ran.commands == [
        *LOOKS, "group show", "lock list", "lock delete", "lock delete", "group delete",
        "cognitiveservices account list-deleted", "cognitiveservices account purge", "ad app list", "ad app delete",
        "deployment sub list", "deployment sub delete",
    ]  # fmt: skip
    assert "ai-rg-zava-dev" in ran.call("cognitiveservices account purge")["arguments"]
    assert "--yes" in ran.call("group delete")["arguments"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_second_run_goes_on_where_the_first_one_stopped(tmp_path: Path, script: str) -> None:
    stopped = run(
        tmp_path, script, "dev", typed="rg-zava-dev\n", answers={**DELETED, "cognitiveservices account purge": 1}
    )
    assert stopped.code == 1
    assert f"{script}: stopped while purging the Foundry account" in stopped.stderr
    gone = {**DELETED, "group exists": {"data": False}, "deployment sub list": named("zava-dev")}
    again = run(tmp_path, script, "dev", answers=gone)
    assert again.code == 0, again.stderr
    assert "rg-zava-dev is gone already" in again.stderr
    assert [command for command in again.commands if command.split()[-1] in ("delete", "purge")] == [
        "cognitiveservices account purge", "deployment sub delete",
    ]  # fmt: skip
    third = run(tmp_path, script, "dev", "--service-principal", "x", answers={"group exists": {"data": False}})
    assert third.code == 0, third.stderr
    assert not [command for command in third.commands if command.split()[-1] in ("delete", "purge")]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(
    ("typed", "owner", "says"),
    [
        ("yes\n", "infra/azure", "not its name"),
        ("", "infra/azure", "not its name"),
        ("rg-zava-dev\n", "", "not made by"),
    ],
)
def test_nothing_goes_unsaid_or_that_we_did_not_make(
    tmp_path: Path, script: str, typed: str, owner: str, says: str
) -> None:
    shown = {"group show": {"data": {"tags": {"managed-by": owner} if owner else None}}}
    ran = run(tmp_path, script, "dev", typed=typed, answers=shown)
    assert ran.code == 2
    assert says in ran.stderr
    assert ran.commands == [*LOOKS, "group show"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_mistakes_end_with_one_line(tmp_path: Path, script: str) -> None:
    for options in ([], ["dev", "prod"], ["dev", "--nothing"], ["dev", "--subscription"], ["Dev"], ["../dev"]):
        ran = run(tmp_path, script, *options)
        assert (ran.code, ran.calls, len(ran.stderr.splitlines())) == (2, [], 1), (options, ran.stderr)
    refused = run(tmp_path, script, "dev", answers={"account show": 1})
    assert refused.code == 2
    assert "nobody is signed in" in refused.stderr
    twice = {"group exists": {"data": False}, "ad app list": named(CLIENT, PRINCIPAL)}
    assert run(tmp_path, script, "dev", "--service-principal", "x", answers=twice).code == 2

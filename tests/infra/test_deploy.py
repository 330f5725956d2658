"""deploy.sh against a stand-in for the Azure CLI: what is asked, in which order, and what is written."""

import shutil
import stat
from pathlib import Path

import pytest

from tests.fakes.azure_cli import Answer
from tests.infra.operator import (
    AZURE,
    CLIENT,
    ENDPOINT,
    GROUP,
    INSIGHTS,
    OPERATOR,
    PRINCIPAL,
    SECRET,
    SUBSCRIPTION,
    URL,
    named,
    run,
    server,
)
from zava_mcp.settings import load

#: What is looked at before anything is made, and again at each deployment.
CHECKS = [
    "account show", "rest", "group list", "deployment sub list", "postgres flexible-server list",
    "keyvault list-deleted", "cognitiveservices account list-deleted",
]  # fmt: skip
QUOTAS = ["postgres flexible-server list-skus", "cognitiveservices usage list"]
CHANGES = ("create", "reset", "delete", "set", "update", "purge", "recover")


def env_file(folder: Path) -> Path:
    return folder / "zava-dev.env"


def test_a_first_deployment_asks_who_is_there_deploys_and_writes_the_env_file(tmp_path: Path) -> None:
    ran = run(tmp_path, "deploy.sh", "dev")
    assert ran.code == 0, ran.stderr
    assert ran.commands == [*CHECKS, *QUOTAS, "ad signed-in-user show", "deployment sub create"]
    create = ran.call("deployment sub create")
    assert create["arguments"][3:13] == [
        "--subscription", SUBSCRIPTION, "--name", "zava-dev", "--location", "swedencentral",
        "--template-file", "main.bicep", "--parameters", "dev.bicepparam",
    ]  # fmt: skip
    assert create["environment"] == {
        "DEPLOY_SUFFIX": "",
        "DEPLOY_STORAGE_GB": "0",
        "DEPLOY_ADMINISTRATOR_ID": OPERATOR,
        "DEPLOY_ADMINISTRATOR_NAME": "olga@shop.example",
        "DEPLOY_ADMINISTRATOR_TYPE": "User",
        "DEPLOY_SERVICE_PRINCIPAL_ID": "",
    }
    settings = load({"ZAVA_ENV_FILE": str(env_file(tmp_path))}, {})
    assert settings.database is not None
    assert settings.database.url is not None
    assert settings.database.url.reveal() == URL
    assert settings.embedding.azure_endpoint is None  # the desk's own model makes the vectors
    assert settings.warnings == ()


def test_the_env_file_is_for_its_owner_alone_and_no_secret_is_printed(tmp_path: Path) -> None:
    ran = run(tmp_path, "deploy.sh", "dev", "--service-principal", "zava desks")
    assert ran.code == 0, ran.stderr
    assert stat.S_IMODE(env_file(tmp_path).stat().st_mode) == 0o600
    assert SECRET not in ran.stdout + ran.stderr
    assert INSIGHTS not in ran.stdout + ran.stderr
    assert ran.stdout == ""
    assert sorted(file.name for file in tmp_path.glob("zava*")) == ["zava-dev.env"]


def test_a_service_principal_is_made_may_make_vectors_and_its_secret_is_in_the_env_file(tmp_path: Path) -> None:
    ran = run(tmp_path, "deploy.sh", "dev", "--service-principal", "zava desks")
    assert ran.commands == [
        *CHECKS, *QUOTAS, "ad signed-in-user show", "ad app list", "ad app create", "ad sp list", "ad sp create",
        "deployment sub create", "ad app credential reset",
    ]  # fmt: skip
    assert ran.call("ad app list")["arguments"][4] == "displayName eq 'zava desks'"
    assert ran.call("deployment sub create")["environment"]["DEPLOY_SERVICE_PRINCIPAL_ID"] == PRINCIPAL
    reset = ran.call("ad app credential reset")["arguments"]
    assert "--append" in reset, "secrets that other desks use stay valid"
    embedding = load({"ZAVA_ENV_FILE": str(env_file(tmp_path))}, {}).embedding
    assert (embedding.azure_endpoint, embedding.deployment) == (ENDPOINT, "text-embedding-3-small")
    assert embedding.client_id == CLIENT
    assert embedding.client_secret is not None
    assert embedding.client_secret.reveal() == SECRET


def test_a_second_run_makes_nothing_anew(tmp_path: Path) -> None:
    run(tmp_path, "deploy.sh", "dev", "--service-principal", "zava desks")
    written = env_file(tmp_path).read_bytes()
    there: dict[str, Answer] = {
        "ad app list": named(CLIENT), "ad sp list": named(PRINCIPAL), "ad app credential reset": "another",
        "group list": named("rg-zava-dev"), "postgres flexible-server list": {"data": [server()]},
    }  # fmt: skip
    again = run(tmp_path, "deploy.sh", "dev", "--service-principal", "zava desks", answers=there)
    assert again.code == 0, again.stderr
    assert again.commands == [
        *CHECKS, "ad signed-in-user show", "ad app list", "ad sp list", "deployment sub create",
        "ad app credential list",
    ]  # fmt: skip
    assert env_file(tmp_path).read_bytes() == written
    assert stat.S_IMODE(env_file(tmp_path).stat().st_mode) == 0o600


def test_another_applications_secret_is_not_kept(tmp_path: Path) -> None:
    env_file(tmp_path).write_text("AZURE_CLIENT_ID=somebody-else\nAZURE_CLIENT_SECRET=theirs\n")
    run(
        tmp_path,
        "deploy.sh",
        "dev",
        "--service-principal",
        "zava desks",
        answers={"ad app list": named(CLIENT), "ad sp list": named(PRINCIPAL)},
    )
    assert f"AZURE_CLIENT_SECRET={SECRET}\n" in env_file(tmp_path).read_text()


@pytest.mark.parametrize("more", [[], ["--service-principal", "zava desks"]])
def test_what_if_changes_nothing_there_or_here(tmp_path: Path, more: list[str]) -> None:
    ran = run(tmp_path, "deploy.sh", "dev", "--what-if", *more)
    assert ran.code == 0, ran.stderr
    assert ran.commands[-1] == "deployment sub what-if"
    assert not [command for command in ran.commands if command.split()[-1] in CHANGES]
    assert ran.stdout == "Resource changes: 23 to create.\n"
    assert not env_file(tmp_path).exists()


def test_what_if_asks_about_the_very_deployment(tmp_path: Path) -> None:
    asked = run(tmp_path, "deploy.sh", "dev", "--what-if").call("deployment sub what-if")
    done = run(tmp_path, "deploy.sh", "dev").call("deployment sub create")
    assert asked["arguments"][3:] == [*done["arguments"][3:13], "--validation-level", "ProviderNoRbac"]
    assert asked["environment"] == done["environment"]


def test_a_group_administers_if_one_is_named(tmp_path: Path) -> None:
    ran = run(tmp_path, "deploy.sh", "prod", "--administrators", "Zava operators", "--yes")
    assert "ad signed-in-user show" not in ran.commands
    said = ran.call("deployment sub create")["environment"]
    assert (said["DEPLOY_ADMINISTRATOR_TYPE"], said["DEPLOY_ADMINISTRATOR_ID"]) == ("Group", GROUP)
    assert said["DEPLOY_ADMINISTRATOR_NAME"] == "Zava operators"


def test_a_suffix_and_a_place_for_the_env_file_can_be_chosen(tmp_path: Path) -> None:
    ran = run(tmp_path, "deploy.sh", "dev", "--suffix", "xyz9", "--env-file", "desks.env")
    assert ran.call("deployment sub create")["environment"]["DEPLOY_SUFFIX"] == "xyz9"
    assert (tmp_path / "desks.env").is_file()


def without_passwords(folder: Path) -> Path:
    """A copy of infra/azure whose prod lets nobody in by password."""
    copy = folder / "azure"
    shutil.copytree(AZURE, copy)
    file = copy / "prod.bicepparam"
    file.write_text(file.read_text().replace("passwordAuthentication = true", "passwordAuthentication = false"))
    return copy


def test_where_passwords_are_not_allowed_desks_sign_in_with_entra(tmp_path: Path) -> None:
    ran = run(tmp_path, "deploy.sh", "prod", "--yes", azure=without_passwords(tmp_path))
    assert ran.code == 0, ran.stderr
    assert "\nZAVA_DATABASE_AUTH=entra\n" in (tmp_path / "zava-prod.env").read_text()
    run(tmp_path, "deploy.sh", "prod", "--yes")
    assert "ZAVA_DATABASE_AUTH" not in (tmp_path / "zava-prod.env").read_text()


def test_there_no_service_principal_signs_in_for_people(tmp_path: Path) -> None:
    azure = without_passwords(tmp_path)
    ran = run(tmp_path, "deploy.sh", "prod", "--service-principal", "zava desks", azure=azure)
    assert (ran.code, ran.calls) == (2, [])
    assert "would do it for them" in ran.stderr

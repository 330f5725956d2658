"""What the Bicep files say holds together: read by their grammar, since nothing here can compile or deploy them."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.grammar import ALL_BICEP, INFRA, PARAMETER_FILES, Bicep, faults

MAIN = Bicep(INFRA / "azure" / "main.bicep")


def told(bicep: Bicep) -> str:
    return str(bicep.file.relative_to(INFRA))


@pytest.mark.parametrize("bicep", [*ALL_BICEP, *PARAMETER_FILES], ids=told)
def test_every_file_is_bicep(bicep: Bicep) -> None:
    assert faults(bicep.root) == []


def test_the_grammar_would_notice(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bicep"
    broken.write_text(MAIN.text.replace("param location string", "param location string =", 1))
    assert faults(Bicep(broken).root) != []


@pytest.mark.parametrize("bicep", PARAMETER_FILES, ids=told)
def test_parameter_files_give_what_is_needed_and_nothing_else(bicep: Bicep) -> None:
    needed = {name for name, required in MAIN.parameters.items() if required}
    assert needed <= set(bicep.parameters) <= set(MAIN.parameters)
    assert "using 'main.bicep'" in bicep.text


@pytest.mark.parametrize("bicep", [bicep for bicep in ALL_BICEP if bicep.modules], ids=told)
def test_modules_are_there_and_given_what_they_need_and_nothing_else(bicep: Bicep) -> None:
    for name, (file, given) in bicep.modules.items():
        parameters = Bicep(file).parameters
        assert {one for one, required in parameters.items() if required} <= given <= set(parameters), name


def test_every_module_is_used() -> None:
    used = {file for bicep in ALL_BICEP for file, _ in bicep.modules.values()}
    assert used | {MAIN.file} == {bicep.file for bicep in ALL_BICEP}


@pytest.mark.parametrize("bicep", ALL_BICEP, ids=told)
def test_what_is_asked_of_a_module_it_gives(bicep: Bicep) -> None:
    for module, output in re.findall(r"\b(\w+)!?\.outputs\.(\w+)", bicep.text):
        file, _ = bicep.modules[module]
        assert output in Bicep(file).declared("output"), (module, output)


@pytest.mark.parametrize("bicep", ALL_BICEP, ids=told)
def test_every_declared_name_is_used(bicep: Bicep) -> None:
    for kind in ("parameter", "variable"):
        for name in bicep.declared(kind):
            assert len(re.findall(rf"\b{name}\b", bicep.text)) > 1, (kind, name)


def test_a_kind_of_resource_is_asked_in_one_stable_version() -> None:
    versions: dict[str, set[str]] = {}
    for bicep in ALL_BICEP:
        for kind, found in bicep.types.items():
            versions.setdefault(kind, set()).update(found)
    assert {kind: found for kind, found in versions.items() if len(found) > 1} == {}
    one = {kind: min(asked) for kind, asked in versions.items()}
    preview = {kind for kind, asked in one.items() if asked.endswith("-preview")}
    assert preview == {"Microsoft.Insights/diagnosticSettings"}, "which has never had another"
    by_provider: dict[str, set[str]] = {}
    for kind, asked in one.items():
        if kind.startswith(("Microsoft.DBforPostgreSQL/", "Microsoft.CognitiveServices/")):
            by_provider.setdefault(kind.split("/")[0], set()).add(asked)
    assert all(len(together) == 1 for together in by_provider.values()), by_provider


def test_names_and_tags_are_decided_in_one_place() -> None:
    for bicep in ALL_BICEP:
        if bicep.file != MAIN.file:
            assert not re.search(r"\b(uniqueString|environmentName)\b", bicep.text), told(bicep)
    for _, (_, given) in MAIN.modules.items():
        assert {"location", "tags"} <= given


def test_the_outputs_are_settings_of_ours_or_what_an_operator_types() -> None:
    outputs = set(MAIN.declared("output"))
    assert {name for name in outputs if name.isupper()} == {
        "ZAVA_DATABASE_URL", "AZURE_OPENAI_ENDPOINT", "EMBEDDING_MODEL_DEPLOYMENT_NAME",
        "APPLICATIONINSIGHTS_CONNECTION_STRING", "AZURE_TENANT_ID",
    }  # fmt: skip
    scripts = "".join((INFRA / "azure" / name).read_text() for name in ("deploy.sh", "deploy.ps1"))
    for name in re.findall(r"(\w+)\.value", scripts):
        assert name in outputs


def test_nobody_gets_more_than_the_least_role() -> None:
    """The only roles given, each on one resource: never a group or a subscription, never an owner or contributor."""
    roles = {
        "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd": "Cognitive Services OpenAI User",
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
        "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    }
    text = "".join(bicep.text for bicep in ALL_BICEP)
    given = re.findall(r"roleDefinitions', '([0-9a-f-]{36})'", text)
    assert sorted(given) == sorted(roles)
    assert all(role in text for role in roles.values())
    for bicep in ALL_BICEP:
        for name, node in bicep.declared("resource").items():
            body = (node.text or b"").decode()
            if "Microsoft.Authorization/roleAssignments@" in body:
                assert re.search(r"scope: (account|vault)\n", body), name


def test_the_database_wants_tls_entra_and_pgvector() -> None:
    text = Bicep(INFRA / "azure" / "modules" / "database.bicep").text
    values = dict(re.findall(r"\{ name: '([\w.]+)', value: '([^']+)' \}", text))
    assert values["azure.extensions"] == "VECTOR"
    assert values["require_secure_transport"] == "on"
    assert values["password_encryption"] == "scram-sha-256"
    assert "activeDirectoryAuth: 'Enabled'" in text
    assert "version: '17'" in text


def test_production_is_private_and_there_twice() -> None:
    prod, dev = (Bicep(INFRA / "azure" / f"{name}.bicepparam").text for name in ("prod", "dev"))
    for line in (
        "networkAccess = 'private'",
        "highAvailability = 'ZoneRedundant'",
        "geoRedundantBackup = true",
        "backupRetentionDays = 35",
    ):
        assert f"param {line}\n" in prod
    assert "param allowedAddresses = []" in dev, "nobody's address is let in unasked"


def test_the_linters_configuration_is_json() -> None:
    assert json.loads((INFRA / "azure" / "bicepconfig.json").read_text())["analyzers"]["core"]["enabled"]


def test_no_line_holds_a_secret() -> None:
    for bicep in [*ALL_BICEP, *PARAMETER_FILES]:
        assert not re.search(r"(?i)(password|secret|key)\w* = '[^'$]+'", bicep.text), told(bicep)

"""What the Bicep files say holds together: read by their grammar, since nothing here can compile or deploy them."""

import json
import re
from pathlib import Path

import pytest

from tests.infra.grammar import ALL_BICEP, INFRA, PARAMETER_FILES, Bicep, faults

MAIN = Bicep(INFRA / "azure" / "main.bicep")


def file_name(bicep: Bicep) -> str:
    return str(bicep.file.relative_to(INFRA))


@pytest.mark.parametrize("bicep", [*ALL_BICEP, *PARAMETER_FILES], ids=file_name)
def test_every_file_is_bicep(bicep: Bicep) -> None:
    assert faults(bicep.root) == []


def test_the_grammar_would_notice(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bicep"
    broken.write_text(MAIN.text.replace("param location string", "param location string =", 1))
    assert faults(Bicep(broken).root) != []


@pytest.mark.parametrize("bicep", PARAMETER_FILES, ids=file_name)
def test_parameter_files_give_what_is_needed_and_nothing_else(bicep: Bicep) -> None:
    needed = {name for name, required in MAIN.parameters.items() if required}
    assert needed <= set(bicep.parameters) <= set(MAIN.parameters)
    assert "using 'main.bicep'" in bicep.text


def test_every_module_is_used() -> None:
    used = {file for bicep in ALL_BICEP for file, _ in bicep.modules.values()}
    assert used | {MAIN.file} == {bicep.file for bicep in ALL_BICEP}


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
            assert not re.search(r"\b(uniqueString|environmentName)\b", bicep.text), file_name(bicep)
    for _, (_, given) in MAIN.modules.items():
        assert {"location", "tags"} <= given


def test_the_scripts_ask_for_outputs_that_are_there() -> None:
    outputs = set(MAIN.declared("output"))
    for name in ("deploy.sh", "deploy.ps1"):
        asked = re.findall(r"(\w+)\.value", (INFRA / "azure" / name).read_text())
        assert len(asked) >= 6
        assert set(asked) <= outputs


def test_nobody_gets_more_than_the_least_role() -> None:
    """The only roles given, each on one resource: never a group or a subscription, never an owner or contributor."""
    roles = {
        "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd": "Cognitive Services OpenAI User",
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
        "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    }
    text = "".join(bicep.text for bicep in ALL_BICEP)
    given = re.findall(r"^var \w+Id = '([0-9a-f-]{36})'$", text, flags=re.MULTILINE)
    assert len(re.findall(r"'Microsoft.Authorization/roleDefinitions', \w+Id\)", text)) == len(given)
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
    assert "version: version" in text
    assert "databaseVersion string = '17'" in MAIN.text


def test_production_is_private_and_there_twice() -> None:
    prod, dev = (Bicep(INFRA / "azure" / f"{name}.bicepparam").text for name in ("prod", "dev"))
    for line in (
        "networkAccess = 'private'",
        "highAvailability = 'ZoneRedundant'",
        "geoRedundantBackup = true",
        "backupRetentionDays = 35",
        "deleteLock = true",
    ):
        assert re.search(rf"^param {line}( //.*)?$", prod, flags=re.MULTILINE), line
    assert "param allowedAddresses = []" in dev, "nobody's address is let in unasked"


def test_one_configuration_of_the_linter_is_above_all_bicep_files() -> None:
    assert list(INFRA.rglob("bicepconfig.json")) == [INFRA / "bicepconfig.json"]
    assert json.loads((INFRA / "bicepconfig.json").read_text())["analyzers"]["core"]["enabled"]


def test_no_line_holds_a_secret() -> None:
    for bicep in [*ALL_BICEP, *PARAMETER_FILES]:
        assert not re.search(r"(?i)(password|secret|key)\w* = '[^'$]+'", bicep.text), file_name(bicep)


def test_a_deployment_repeats_over_what_has_changed_since() -> None:
    """Storage that grew, subnets that somebody added, one change of the server at a time, no database of Azure's."""
    main, database, network = (
        MAIN.text,
        *(Bicep(INFRA / "azure" / "modules" / f"{name}.bicep").text for name in ("database", "network")),
    )
    assert "storageGB: max(databaseStorageGB, int(grownStorageGB))" in main
    for bicep in PARAMETER_FILES:
        assert "param grownStorageGB = readEnvironmentVariable('DEPLOY_STORAGE_GB', '0')\n" in bicep.text
    assert "flexibleServers/databases@" not in database
    loops = re.findall(r"(.*)\nresource \w+ '[^']+' = \[", database)
    assert loops == ["@batchSize(1)"] * 2
    assert "subnets:" not in network
    sequence = re.findall(r"resource (\w+) '[^']+/subnets@|^  dependsOn: \[(\w+)\]", network, flags=re.MULTILINE)
    assert [one or other for one, other in sequence] == [
        "databaseSubnet", "endpointSubnet", "databaseSubnet", "clientSubnet", "endpointSubnet", "clientSubnet",
    ]  # fmt: skip


def test_machines_in_the_network_have_a_way_out_and_vpn_clients_can_ask_for_names() -> None:
    modules = INFRA / "azure" / "modules"
    network = (modules / "network.bicep").read_text()
    assert "natGateway: natGateway ? { id: nat!.outputs.id } : null" in network
    address = re.search(r"var resolverAddress = '\$\{base\}\.(\d+)'", network)
    prefix = re.search(r"subnetPrefix: '\$\{base\}\.(\d+)/28'", network)
    assert address is not None
    assert prefix is not None
    assert int(prefix[1]) + 4 <= int(address[1]) < int(prefix[1]) + 15, "Azure keeps the first four and the last"

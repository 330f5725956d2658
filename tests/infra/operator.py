"""Runs an operator's script with a stand-in for the Azure CLI first on the path."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.fakes.azure_cli import Answer, AzureCli

ROOT = Path(__file__).parents[2]
AZURE = ROOT / "infra" / "azure"

TENANT = "11111111-2222-3333-4444-555555555555"
SUBSCRIPTION = "99999999-2222-3333-4444-555555555555"
OPERATOR = "aaaaaaaa-0000-0000-0000-000000000001"
GROUP = "aaaaaaaa-0000-0000-0000-000000000002"
CLIENT = "aaaaaaaa-0000-0000-0000-000000000003"
PRINCIPAL = "aaaaaaaa-0000-0000-0000-000000000004"
SECRET = "planted~secret.of-the-application"
URL = "postgresql://psql-zava-dev-abc123.postgres.database.azure.com:5432/zava?sslmode=verify-full"
ENDPOINT = "https://ai-zava-dev-abc123.openai.azure.com/"
PROJECT = "https://ai-zava-dev-abc123.services.ai.azure.com/api/projects/sales"
INSIGHTS = "InstrumentationKey=aaaaaaaa-0000-0000-0000-000000000005;IngestionEndpoint=https://example.com/"


def camel_cased(name: str) -> str:
    """An output's name as the resource manager gives it back: capital letters at its beginning become small ones."""
    chars = list(name)
    for index, char in enumerate(chars):
        if not char.isupper() or (index and index + 1 < len(chars) and not chars[index + 1].isupper()):
            break
        chars[index] = char.lower()
    return "".join(chars)


def deployed(**changed: str | None) -> dict[str, Any]:
    """What `az deployment sub create` answers; an output that is changed to None is absent."""
    values = {**OUTPUTS, **changed}
    outputs = {
        camel_cased(name): {"type": "String", "value": value} for name, value in values.items() if value is not None
    }
    return {"data": {"name": "zava-dev", "properties": {"provisioningState": "Succeeded", "outputs": outputs}}}


def server(name: str = "psql-zava-dev-abc123", version: str = "17", size: int = 32, **changed: str) -> dict[str, Any]:
    """A database server of `az postgres flexible-server list`."""
    return {
        "name": name,
        "version": version,
        "storage": {"autoGrow": "Enabled", "storageSizeGb": size},
        "backup": {"geoRedundantBackup": changed.get("geo", "Disabled")},
        "network": {"publicNetworkAccess": changed.get("public", "Enabled")},
    }


def roles(*actions: str, but: tuple[str, ...] = ()) -> dict[str, Any]:
    """What the signed-in account may do, by one role."""
    return {"data": {"value": [{"actions": list(actions), "notActions": list(but)}]}}


def named(*names: str) -> dict[str, Any]:
    return {"data": [{"name": name, "id": name, "appId": name, "location": "swedencentral"} for name in names]}


OUTPUTS = {
    "databaseUrl": URL,
    "openAiEndpoint": ENDPOINT,
    "embeddingDeployment": "text-embedding-3-small",
    "projectEndpoint": PROJECT,
    "insightsConnection": INSIGHTS,
    "tenantId": TENANT,
    "resourceGroupName": "rg-zava-dev",
    "databaseServerName": "psql-zava-dev-abc123",
    "foundryName": "ai-zava-dev-abc123",
    "vaultName": "kv-zava-dev-abc123",
    "dnsServer": "",
}
ACCOUNT = {
    "name": "Shop",
    "id": SUBSCRIPTION,
    "tenantId": TENANT,
    "user": {"name": "olga@shop.example", "type": "user"},
}
SKUS = [
    {"supportedServerEditions": [{"supportedServerSkus": [{"name": "Standard_B2s"}, {"name": "Standard_D4ds_v5"}]}]}
]
QUOTA = [{"name": {"value": "OpenAI.DataZoneStandard.text-embedding-3-small"}, "limit": 350.0, "currentValue": 0.0}]

#: What a subscription answers in which nothing has been made yet.
ANSWERS: dict[str, Answer] = {
    "account show": {"data": ACCOUNT},
    "rest": roles("*"),
    "group list": {"data": []},
    "deployment sub list": {"data": []},
    "postgres flexible-server list": {"data": []},
    "postgres flexible-server list-skus": {"data": SKUS},
    "cognitiveservices usage list": {"data": QUOTA},
    "keyvault list-deleted": {"data": []},
    "cognitiveservices account list-deleted": {"data": []},
    "ad signed-in-user show": {"data": {"id": OPERATOR, "userPrincipalName": "olga@shop.example"}},
    "ad group list": named(GROUP),
    "ad app list": named(),
    "ad app create": {"data": {"appId": CLIENT}},
    "ad sp list": named(),
    "ad sp create": {"data": {"id": PRINCIPAL}},
    "ad app credential reset": {"data": {"appId": CLIENT, "password": SECRET, "tenant": TENANT}},
    "ad app credential list": {"data": [{"hint": SECRET[:3], "endDateTime": "2099-01-01T00:00:00Z"}]},
    "deployment sub what-if": "Resource changes: 23 to create.",
    "deployment sub create": deployed(),
    "group create": "",
    "keyvault recover": "",
    "cognitiveservices account recover": "",
    "group exists": {"data": True},
    "group show": {"data": {"name": "rg-zava-dev", "tags": {"managed-by": "infra/azure"}}},
    "lock list": {"data": []},
    "lock delete": "",
    "cognitiveservices account list": {"data": []},
    "cognitiveservices account purge": "",
    "group delete": "",
    "ad app delete": "",
    "deployment sub delete": "",
}


@dataclass(frozen=True)
class Ran:
    """How a script ended, and what it asked az: [{command, arguments, environment}]."""

    code: int
    stdout: str
    stderr: str
    calls: list[dict[str, Any]]

    @property
    def commands(self) -> list[str]:
        return [call["command"] for call in self.calls]

    def call(self, command: str) -> dict[str, Any]:
        (found,) = [call for call in self.calls if call["command"] == command]
        return found


def run(
    folder: Path,
    script: str,
    *arguments: str,
    typed: str = "",
    answers: Mapping[str, Answer] = MappingProxyType({}),
    azure: Path = AZURE,
) -> Ran:
    """The script run in `folder`; az answers as it does in an empty subscription, but for `answers`."""
    programs = (ROOT / "tests" / "fakes", Path(sys.executable).parent, os.environ["PATH"])
    with AzureCli({**ANSWERS, **answers}) as cli:
        ended = subprocess.run(
            [azure / script, *arguments],
            cwd=folder,
            env={"PATH": os.pathsep.join(map(str, programs)), "HOME": str(folder), "AZ_PORT": str(cli.port)},
            input=typed,
            capture_output=True,
            text=True,
        )
    return Ran(ended.returncode, ended.stdout, ended.stderr, cli.calls)

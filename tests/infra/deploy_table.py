"""How a deployment ends where something is not as it should be: the same for deploy.sh and deploy.ps1.

Each row: the options, what az answers, the exit code (2: the user's mistake, 1: Azure's), and what the last line says.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.fakes.azure_cli import Answer
from tests.infra.operator import (
    ACCOUNT,
    CLIENT,
    ENDPOINT,
    GROUP,
    INSIGHTS,
    OPERATOR,
    PRINCIPAL,
    PROJECT,
    QUOTA,
    SECRET,
    URL,
    deployed,
    named,
    roles,
    server,
)

CONTRIBUTOR = roles("*", but=("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write"))
PRINCIPAL_ACCOUNT = {"data": {**ACCOUNT, "user": {"name": CLIENT, "type": "servicePrincipal"}}}
GOOD = [URL, ENDPOINT, "text-embedding-3-small", PROJECT, INSIGHTS, "rg-zava-dev", "kv-zava-dev-abc123"]
APPLICATION = ("--service-principal", "zava clients")
NO_SECRETS: tuple[Answer, ...] = ("", {"data": {"password": None}}, "None", f"{SECRET}\tx")


@dataclass(frozen=True)
class End:
    """One row."""

    options: tuple[str, ...]
    code: int
    says: str
    answers: Mapping[str, Answer] = field(default_factory=dict)
    typed: str = ""

    def powershell(self) -> list[str]:
        """The options as PowerShell spells them."""
        return [
            re.sub(r"^--|(?<=[a-z])-([a-z])", _capital, word) if word[:2] == "--" else word for word in self.options
        ]


def _capital(found: re.Match[str]) -> str:
    return "-" if found[0] == "--" else found[1].upper()


def _outputs(says: str = "did not give all its outputs; no env file was written", **changed: str | None) -> End:
    return End(("dev",), 1, says, {"deployment sub create": deployed(**changed)})


def _printed(text: str) -> End:
    return End(("dev",), 1, "did not give all its outputs; no env file was written", {"deployment sub create": text})


OPTIONS = [
    End((), 2, "name an environment"),
    End(("staging",), 2, "there is no staging.bicepparam"),
    End(("DEV",), 2, "there is no DEV.bicepparam"),
    End(("../azure/dev",), 2, "there is no ../azure/dev.bicepparam"),
    End(("dev", "--whatif-"), 2, "there is no option"),
    End(("dev", "--suffix2", "x"), 2, "there is no option"),
    End(("dev", "prod"), 2, "one environment at a time"),
    End(("dev", "--suffix"), 2, "needs a value"),
    End(("dev", "--suffix", "UPPER"), 2, "must be at most 8 small letters and digits"),
    End(("dev", "--suffix", "toolong123"), 2, "must be at most 8 small letters and digits"),
    End(("dev", "--administrators", "x' or '1' eq '1"), 2, "must not contain a quote"),
    End(("dev", "--administrators", "Ops", "--administrators-id", "42"), 2, "must be an object id"),
    End(("dev", "--administrators-id", GROUP), 2, "needs the group's name"),
    End(("dev", "--env-file", "nowhere/zava.env"), 2, "for the env file"),
]
SIGN_IN = [
    End(("dev",), 2, "nobody is signed in; run: az login", {"account show": 1}),
    End(("dev",), 2, "nobody is signed in; run: az login", {"account show": ""}),
    End(("dev",), 2, "nobody is signed in; run: az login", {"account show": "\n"}),
    End(("dev",), 2, "nobody is signed in; run: az login", {"account show": {"data": {**ACCOUNT, "tenantId": None}}}),
    End(("dev", "--subscription", "Shup"), 2, "there is no subscription Shup", {"account show": 1}),
    End(("dev",), 2, "a service principal is signed in: name the group", {"account show": PRINCIPAL_ACCOUNT}),
    End(("dev",), 1, "does not say who is signed in", {"ad signed-in-user show": {"data": {"id": OPERATOR}}}),
    End(("dev",), 1, "stopped while finding the administrators", {"ad signed-in-user show": 1}),
    End(("dev", "--administrators", "Ops"), 2, "the group Ops does not exist", {"ad group list": named()}),
    End(("dev", "--administrators", "Ops"), 2, "exists more than once", {"ad group list": named(GROUP, OPERATOR)}),
    End(("dev", "--administrators", "Ops"), 1, "az gave no object id for Ops", {"ad group list": named("no-id")}),
]
PREFLIGHT = [
    End(("dev",), 2, "may not Microsoft.Resources/deployments/write", {"rest": roles("*/read")}),
    End(("dev",), 2, "may not Microsoft.Authorization/roleAssignments/write", {"rest": CONTRIBUTOR}),
    End(("prod", "--yes"), 2, "may not Microsoft.Authorization/locks/write",
        {"rest": roles("Microsoft.Resources/*", "microsoft.dbforpostgresql/*",
                       "Microsoft.Authorization/roleassignments/write")}),
    End(("dev", "--what-if"), 2, "may not Microsoft.Resources/deployments/whatIf/action", {"rest": roles("*/read")}),
    End(("dev",), 2, "dev is in westeurope and cannot move to swedencentral",
        {"group list": {"data": [{"name": "rg-zava-dev", "location": "westeurope"}]}}),
    End(("dev",), 2, "the record of the last deployment is in westeurope",
        {"deployment sub list": {"data": [{"name": "zava-dev", "location": "westeurope"}]}}),
    End(("dev",), 2, "cannot change databaseVersion",
        {"postgres flexible-server list": {"data": [server(version="18")]}}),
    End(("dev",), 2, "cannot change networkAccess",
        {"postgres flexible-server list": {"data": [server(public="Disabled")]}}),
    End(("dev",), 2, "cannot change geoRedundantBackup",
        {"postgres flexible-server list": {"data": [server(geo="Enabled")]}}),
    End(("dev",), 2, "kv-zava-dev-abc123 was deleted and still has its name",
        {"keyvault list-deleted": named("kv-zava-prod-abc123", "kv-zava-dev-abc123")}),
    End(("dev", "--suffix", "xyz"), 2, "ai-zava-dev-xyz was deleted and still has its name",
        {"cognitiveservices account list-deleted": named("ai-zava-dev-abc123", "ai-zava-dev-xyz")}),
    End(("dev",), 2, "does not offer Standard_B2s", {"postgres flexible-server list-skus": {"data": []}}),
    End(("dev",), 2, "of which 340 are taken: lower embeddingCapacity",
        {"cognitiveservices usage list": {"data": [{**QUOTA[0], "currentValue": 340.0}]}}),
    End(("prod",), 2, "that was not its name; nothing was changed", typed="yes\n"),
    End(("prod",), 2, "that was not its name; nothing was changed"),
]  # fmt: skip
AZURE_FAILS = [
    End(("dev",), 1, "did not give all its outputs",
        {"deployment sub create": {"data": {"properties": {"outputs": {}}}}}),
    _outputs(databaseUrl=None),
    _outputs(vaultName=""),
    _outputs(openAiEndpoint="", insightsConnection=""),
    _outputs(openAiEndpoint=" "),
    _outputs(databaseUrl="null"),
    _printed("\n".join(["None"] * 4 + GOOD[4:])),
    _printed("\t".join(GOOD)),
    _printed("\n".join(GOOD[:6])),
    _printed("\n".join([*GOOD, "more"])),
    _printed(""),
    End(("dev",), 1, "stopped while deploying, which takes about ten minutes", {"deployment sub create": 3}),
    End(("dev", *APPLICATION), 1, "stopped while creating the application zava clients", {"ad app create": 1}),
    End(("dev", *APPLICATION), 1, "stopped while creating a client secret", {"ad app credential reset": 1}),
    *(End(("dev", *APPLICATION), 1, "Azure gave no secret for zava clients; no env file was written",
          {"ad app credential reset": answer}) for answer in NO_SECRETS),
    *(End(("dev", *APPLICATION), 1, f"az gave no value for {what}", {command: {"data": {"appId": None, "id": "None"}}})
      for what, command in (("the new service principal", "ad sp create"),)),
    End(("dev", *APPLICATION), 1, "az gave no value for the application zava clients", {"ad app list": "None"}),
    End(("dev", *APPLICATION), 2, "the application zava clients exists more than once",
        {"ad app list": named(CLIENT, PRINCIPAL)}),
]  # fmt: skip
TABLE = [*OPTIONS, *SIGN_IN, *PREFLIGHT, *AZURE_FAILS]

"""Runs an operator's script with a stand-in for the Azure CLI first on the path."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parents[2]
AZURE = ROOT / "infra" / "azure"

TENANT = "11111111-2222-3333-4444-555555555555"
OPERATOR = "aaaaaaaa-0000-0000-0000-000000000001"
GROUP = "aaaaaaaa-0000-0000-0000-000000000002"
CLIENT = "aaaaaaaa-0000-0000-0000-000000000003"
PRINCIPAL = "aaaaaaaa-0000-0000-0000-000000000004"
SECRET = "planted~secret.of-the-application"
URL = "postgresql://psql-zava-dev-abc123.postgres.database.azure.com:5432/zava?sslmode=verify-full"
ENDPOINT = "https://ai-zava-dev-abc123.openai.azure.com/"
INSIGHTS = "InstrumentationKey=aaaaaaaa-0000-0000-0000-000000000005;IngestionEndpoint=https://example.com/"

#: What az prints, or the exit code of its failure, or what it prints each time.
Answer = str | int | list[str]

#: What a subscription answers in which nothing has been made yet.
ANSWERS: dict[str, Answer] = {
    "account show": f"Shop\n{TENANT}",
    "ad signed-in-user show": f"{OPERATOR}\nolga@shop.example",
    "ad group list": GROUP,
    "ad app list": "",
    "ad app create": CLIENT,
    "ad sp list": "",
    "ad sp create": PRINCIPAL,
    "ad app credential reset": SECRET,
    "deployment sub what-if": "Resource changes: 23 to create.",
    "deployment sub create": f"{URL}\n{ENDPOINT}\ntext-embedding-3-small\n{INSIGHTS}\nrg-zava-dev\nkv-zava-dev-abc123",
    "group show": "infra/azure",
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
    calls, answer_file = folder / "calls.jsonl", folder / "answers.json"
    calls.write_text("")
    answer_file.write_text(json.dumps({**ANSWERS, **answers}))
    path = f"{ROOT / 'tests' / 'fakes'}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        [azure / script, *arguments],
        cwd=folder,
        env={"PATH": path, "AZ_CALLS": str(calls), "AZ_ANSWERS": str(answer_file)},
        input=typed,
        capture_output=True,
        text=True,
    )
    asked = [json.loads(line) for line in calls.read_text().splitlines()]
    return Ran(ended.returncode, ended.stdout, ended.stderr, asked)

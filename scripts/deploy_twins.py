"""Runs deploy.sh and deploy.ps1 against the stand-in for az: same calls, same env file, or it says what differs."""

import sys
import tempfile
from pathlib import Path

from tests.infra.operator import run

#: What deploy.sh is told, and deploy.ps1.
TRIES = (
    (["dev"], ["dev"]),
    (["dev", "--what-if"], ["dev", "-WhatIf"]),
    (["dev", "--administrators", "Zava operators"], ["dev", "-Administrators", "Zava operators"]),
    (["dev", "--service-principal", "zava desks"], ["dev", "-ServicePrincipal", "zava desks"]),
)


def told(script: str, arguments: list[str]) -> tuple[int, list[str], list[str]]:
    """How it ended, the commands az was asked, and the env file but for the line that names its writer."""
    with tempfile.TemporaryDirectory() as folder:
        ran = run(Path(folder), script, *arguments)
        written = Path(folder) / "zava-dev.env"
        lines = written.read_text(encoding="utf-8").splitlines()[1:] if written.exists() else []
        return ran.code, ran.commands, [line.replace("-ServicePrincipal", "--service-principal") for line in lines]


if __name__ == "__main__":
    differing = 0
    for shell, power in TRIES:
        first, second = told("deploy.sh", shell), told("deploy.ps1", power)
        if first != second:
            differing += 1
            print(f"deploy.sh {shell}: {first}\ndeploy.ps1 {power}: {second}")
    sys.exit(differing > 0)

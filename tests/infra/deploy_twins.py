"""Runs deploy.sh and deploy.ps1 against the stand-in for az: same end, calls and env file, or it says what differs."""

import sys
import tempfile
from pathlib import Path

from tests.infra.deploy_table import TABLE, End
from tests.infra.operator import run

#: Deployments that succeed, and the table of those that do not.
TRIES = [
    *(
        End(options, 0, "")
        for options in (
            ("dev",),
            ("dev", "--what-if"),
            ("dev", "--administrators", "Zava operators"),
            ("dev", "--service-principal", "zava clients", "--suffix", "xyz9"),
            ("prod", "--yes", "--subscription", "Shop"),
        )
    ),
    *TABLE,
]


def outcome(script: str, end: End) -> tuple[int, list[str], list[str]]:
    """How it ended, the commands az was asked, and the env file but for the line that names its writer."""
    options = end.powershell() if script.endswith("ps1") else list(end.options)
    with tempfile.TemporaryDirectory() as folder:
        ran = run(Path(folder), script, *options, typed=end.typed, answers=end.answers)
        written = Path(folder) / "zava-dev.env"
        lines = written.read_text(encoding="utf-8").splitlines()[1:] if written.exists() else []
        return ran.code, ran.commands, [line.replace("-ServicePrincipal", "--service-principal") for line in lines]


if __name__ == "__main__":
    differing = 0
    for end in TRIES:
        first, second = outcome("deploy.sh", end), outcome("deploy.ps1", end)
        if first != second:
            differing += 1
            print(f"{end}\ndeploy.sh: {first}\ndeploy.ps1: {second}")
    sys.exit(differing > 0)

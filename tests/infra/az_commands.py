"""Prints each `az` command of infra/, one JSON list of arguments a line: what scripts ask, and what README says."""

import json
import re
import shlex
import tempfile
from pathlib import Path

from tests.infra.operator import CLIENT, ROOT, named, run


def of_the_scripts() -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        deleted = {
            "keyvault list-deleted": named("kv-zava-dev-abc123"),
            "cognitiveservices account list-deleted": named("ai-zava-dev-abc123"),
        }
        deploy = run(here, "deploy.sh", "dev", "--service-principal", "zava clients", "--recover", answers=deleted)
        again = {"ad app list": named(CLIENT), "ad sp list": named(CLIENT)}
        second = run(here, "deploy.sh", "dev", "--service-principal", "zava clients", answers=again)
        group = run(here, "deploy.sh", "dev", "--administrators", "Zava operators", "--what-if")
        there = {
            "ad app list": named(CLIENT),
            "lock list": {"data": [{"id": "lock"}]},
            "deployment sub list": named("zava-dev"),
            "cognitiveservices account list-deleted": {
                "data": [{"name": "ai", "location": "x", "id": "/resourceGroups/rg-zava-dev/deletedAccounts/ai"}]
            },
        }
        options = ("dev", "--service-principal", "zava clients")
        remove = run(here, "remove.sh", *options, typed="rg-zava-dev\n", answers=there)
    return [call["arguments"] for ran in (deploy, second, group, remove) for call in ran.calls]


def of_the_readme() -> list[list[str]]:
    text = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL)).replace("\\\n", " ")
    # What a shell would put in does not matter to a parser of options; the inner command comes first.
    inner = re.compile(r'"?\$\(([^()]*)\)[^"\s]*"?|<\(([^()]*)\)')
    found = []
    while match := inner.search(blocks):
        found.append(match[1] or match[2])
        blocks = blocks[: match.start()] + "VALUE" + blocks[match.end() :]
    lines = [*found, *blocks.splitlines()]
    return [shlex.split(re.split(r" >> | \| ", line)[0])[1:] for line in lines if line.strip().startswith("az ")]


if __name__ == "__main__":
    for arguments in of_the_scripts() + of_the_readme():
        print(json.dumps(arguments))

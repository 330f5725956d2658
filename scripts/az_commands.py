"""Prints each `az` command of infra/, one JSON list of arguments a line: what scripts ask, and what README says."""

import json
import re
import shlex
import tempfile
from pathlib import Path

from tests.infra.operator import CLIENT, ROOT, run


def of_the_scripts() -> list[list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        deploy = run(here, "deploy.sh", "dev", "--service-principal", "zava desks")
        group = run(here, "deploy.sh", "dev", "--administrators", "Zava operators", "--what-if")
        answers = {"ad app list": CLIENT}
        remove = run(
            here, "remove.sh", "dev", "--service-principal", "zava desks", typed="rg-zava-dev\n", answers=answers
        )
    return [call["arguments"] for ran in (deploy, group, remove) for call in ran.calls]


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

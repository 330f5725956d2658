"""What makes a pipeline's step do what it says: failures that are seen, pinned images, identities, caches."""

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.infra.operator import ROOT
from tests.infra.schemas import follows

GITHUB = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
AZURE = sorted((ROOT / "infra" / "pipelines").glob("*.yml"))
SHELL = sorted(file for file in (ROOT / "scripts").iterdir() if file.is_file() and file.read_bytes()[:2] == b"#!")
WHAT_IF = ROOT / "infra" / "azure" / "what-if-role.json"


def read(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text())


def values_of(node: Any, *keys: str) -> Iterator[Any]:
    """Each value of these keys, however deep."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name in keys:
                yield value
            yield from values_of(value, *keys)
    elif isinstance(node, list):
        for value in node:
            yield from values_of(value, *keys)


def hides_failures(script: str) -> bool:
    """Whether a command that fails can be followed by one that succeeds: bash then ends with 0."""
    first, *rest = script.strip().splitlines()
    return (bool(rest) or bool(re.search(r"(?<!\|)\|(?!\|)", first))) and first != "set -euo pipefail"


@pytest.mark.parametrize(
    ("script", "hidden"),
    [
        ("scripts/test", False),
        ("scripts/test || exit 3", False),
        ("deploy | tee log", True),
        ("one\ntwo", True),
        ("set -e\none | two", True),
        ("set -euo pipefail\none | two", False),
    ],
)
def test_a_script_that_hides_a_failure_is_recognised(script: str, hidden: bool) -> None:
    assert hides_failures(script) is hidden
    if not hidden and "pipefail" in script:
        ended = subprocess.run(["bash", "-c", script.replace("one", "false").replace("two", "true")])
        assert ended.returncode == 1


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.name)
def test_github_steps_end_at_the_first_failure_also_in_a_pipe(file: Path) -> None:
    """`shell: bash`, when it is written down, is `bash -eo pipefail`; the default is `bash -e`."""
    flow = read(file)
    assert flow["defaults"] == {"run": {"shell": "bash"}}
    for shell in values_of(flow["jobs"], "shell"):
        assert shell == "bash"


@pytest.mark.parametrize("file", AZURE, ids=lambda file: file.name)
def test_azure_steps_end_at_the_first_failure_also_in_a_pipe(file: Path) -> None:
    for script in values_of(read(file), "script", "bash", "inlineScript"):
        assert not hides_failures(script), script


@pytest.mark.parametrize("file", [*GITHUB, *AZURE], ids=lambda file: "/".join(file.parts[-2:]))
def test_images_are_pinned_by_digest(file: Path) -> None:
    for image in re.findall(r"[\w./-]+:[\w.-]*(?:bookworm|trixie|alpine)\S*", file.read_text()):
        assert re.search(r"@sha256:[0-9a-f]{64}\b", image), image
    for image in values_of(read(file), "image", "container"):
        if isinstance(image, str):
            assert "@sha256:" in image or image == "${{ matrix.image }}", image


def test_an_image_is_used_in_one_version() -> None:
    pins: dict[str, set[str]] = {}
    places = [*GITHUB, *AZURE, ROOT / "infra" / "Dockerfile", *ROOT.glob(".devcontainer/*")]
    for file in places:
        for image, digest in re.findall(r"([\w./-]+:[\w.-]+)@(sha256:[0-9a-f]{64})", file.read_text()):
            pins.setdefault(image, set()).add(digest)
    assert {image for image, digests in pins.items() if len(digests) > 1} == set()


@pytest.mark.parametrize("file", [*GITHUB, *AZURE, *SHELL], ids=lambda file: "/".join(file.parts[-2:]))
def test_package_lists_are_fetched_before_a_package(file: Path) -> None:
    text = file.read_text()
    for wanted in re.finditer(r"apt-get (?:install|download)", text):
        assert "apt-get update" in text[: wanted.start()]


def test_what_if_signs_in_as_another_identity_than_deploying() -> None:
    """A pull request chooses the code that runs with this identity, so it may change nothing."""
    jobs = read(ROOT / ".github" / "workflows" / "infra.yml")["jobs"]
    assert jobs["what-if"]["environment"] == "dev-what-if"
    assert jobs["deploy"]["environment"] == "${{ inputs.environment }}"
    asking, deploying = read(ROOT / "infra" / "pipelines" / "infra.yml")["stages"]
    assert set(values_of(asking, "azureSubscription")) == {"zava-${{ parameters.target }}-what-if"}
    assert set(values_of(deploying, "azureSubscription")) == {"zava-${{ parameters.target }}"}


def test_the_role_of_what_if_reads_asks_and_nothing_else() -> None:
    role = json.loads(WHAT_IF.read_text())
    assert role["NotActions"] == role["DataActions"] == role["NotDataActions"] == []
    assert "Microsoft.Resources/deployments/whatIf/action" in role["Actions"]
    for action in role["Actions"]:
        assert action.endswith("/read") or action in (
            "Microsoft.Resources/deployments/whatIf/action",
            "Microsoft.Resources/deployments/validate/action",
        )


def test_what_runs_often_keeps_what_it_fetched_and_what_releases_fetches_anew() -> None:
    for name in ("check.yml", "nightly.yml"):
        cached = (ROOT / ".github" / "workflows" / name).read_text()
        assert "actions/cache@" in cached
        assert "Cache@2" in (ROOT / "infra" / "pipelines" / name).read_text()
    for file in (ROOT / ".github" / "workflows" / "release.yml", ROOT / "infra" / "pipelines" / "release.yml"):
        assert "cache" not in file.read_text().lower(), "a poisoned cache would be released"


def test_dependabot_watches_each_place_that_names_a_version() -> None:
    file = ROOT / ".github" / "dependabot.yml"
    follows("dependabot", file)
    watched = {(update["package-ecosystem"], update["directory"]) for update in read(file)["updates"]}
    assert watched == {
        ("github-actions", "/"),
        ("uv", "/"),
        ("pip", "/infra"),
        ("docker", "/infra"),
        ("docker-compose", "/infra"),
        ("npm", "/scripts/clients_js"),
        ("devcontainers", "/"),
    }


def test_the_image_is_built_by_pinned_programs() -> None:
    for file in (ROOT / ".github" / "workflows" / "release.yml", ROOT / "infra" / "pipelines" / "release.yml"):
        named = re.findall(r"\b(?:image|generator)=(\S+:\S+)", file.read_text())
        assert len(named) == 2
        assert all(re.fullmatch(r"[\w/-]+:v?[\d.]+@sha256:[0-9a-f]{64}", image) for image in named)


@pytest.mark.parametrize("file", [*GITHUB, *AZURE], ids=lambda file: "/".join(file.parts[-2:]))
def test_deployments_pass_the_suffix_and_no_macro_becomes_a_command(file: Path) -> None:
    """Azure DevOps leaves $(NAME) of a variable that is not set as it is, and bash runs it as a command."""
    for script in values_of(read(file), "run", "inlineScript"):
        if "deploy.sh" in script:
            assert '${SUFFIX:+--suffix "$SUFFIX"}' in script
            assert '--administrators-id "$ADMINISTRATORS_ID"' in script, "a workload's identity may not list groups"
            assert set(re.findall(r"\$\((\S+?)\)", script)) <= {"Agent.TempDirectory"}


def test_some_tests_run_on_windows_and_macos() -> None:
    smoke = read(ROOT / ".github" / "workflows" / "check.yml")["jobs"]["smoke"]
    systems = smoke["strategy"]["matrix"]["os"]
    assert [system.split("-")[0] for system in systems] == ["macos", "windows"]
    assert any("pytest -m portable" in step.get("run", "") for step in smoke["steps"])
    assert "pytest -m portable" in (ROOT / "infra" / "pipelines" / "check.yml").read_text()


def test_portable_tests_import_nothing_that_windows_lacks() -> None:
    """Neither do the modules of ours that they import, nor the conftest files beside them."""
    marked = re.compile(r"^pytestmark = .*pytest\.mark\.portable", flags=re.MULTILINE)
    portable = [file for file in (ROOT / "tests").rglob("test_*.py") if marked.search(file.read_text())]
    assert len(portable) >= 8
    waiting = [*portable, *(ROOT / "tests").rglob("conftest.py")]
    seen: set[Path] = set()
    while waiting:
        file = waiting.pop()
        if file in seen:
            continue
        seen.add(file)
        for module in imported(file):
            assert module not in ("fcntl", "grp", "pty", "pwd", "resource", "termios"), file
            place = ROOT.joinpath(*module.split("."))
            waiting += [found for found in (place.with_suffix(".py"), place / "__init__.py") if found.exists()]
    assert ROOT / "zava_mcp" / "trusted_files.py" in seen


def imported(file: Path) -> Iterator[str]:
    """The modules that are imported when this one is, not later inside a function."""
    for node in ast.parse(file.read_text()).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_what_is_released_reaches_pypi_the_mcp_registry_and_an_image_registry() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "release.yml")["jobs"]
    assert jobs["registry"]["needs"] == "publish", "the registry looks whether PyPI has the version"
    built = "\n".join(values_of(jobs["build"], "run"))
    assert "cp infra/server.json dist/" in built
    assert any('"$publisher" publish' in run for run in values_of(jobs["registry"], "run"))
    assert "--attest type=sbom" in built
    assert "--attest type=provenance,mode=max" in built
    image = jobs["image"]
    assert image["environment"]["name"] == "image"
    signed = [step for step in image["steps"] if step.get("uses", "").startswith("actions/attest@")]
    assert [step["with"]["push-to-registry"] for step in signed] == [True]
    assert not any("checkout" in step.get("uses", "") for step in image["steps"]), "no code of ours with this right"

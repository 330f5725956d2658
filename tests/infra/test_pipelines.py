"""Workflows and pipelines: of their schema, with the least permissions, running the one test command."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from scripts.nightly import CHECKS
from tests.infra.operator import ROOT
from tests.infra.schemas import follows

GITHUB = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
AZURE = sorted((ROOT / "infra" / "pipelines").glob("*.yml"))


def read(file: Path) -> Any:
    return YAML(typ="safe").load(file.read_text())


def workflow(name: str) -> Any:
    return read(ROOT / ".github" / "workflows" / name)


def test_workflows_are_of_their_schema() -> None:
    follows("github-workflows", *GITHUB)


def test_pipelines_are_of_their_schema() -> None:
    follows("azure-pipelines", *AZURE)


def test_what_one_has_the_other_has() -> None:
    names = ["check.yml", "infra.yml", "nightly.yml", "release.yml"]
    assert [file.name for file in GITHUB] == [file.name for file in AZURE] == names


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.name)
def test_actions_are_pinned_by_commit_and_say_of_which_version(file: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", file.read_text())
    assert used
    for action, comment in used:
        if not action.startswith("./"):
            assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action), action
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_an_action_is_used_in_one_version() -> None:
    pins: dict[str, set[str]] = {}
    for file in GITHUB:
        for action, commit in re.findall(r"uses: (\S+)@(\S+)", file.read_text()):
            pins.setdefault(action, set()).add(commit)
    assert {action for action, commits in pins.items() if len(commits) > 1} == set()


@pytest.mark.parametrize("file", GITHUB, ids=lambda file: file.name)
def test_a_job_may_only_what_it_needs(file: Path) -> None:
    """Nothing by default; whoever may write does not check anything out, so no code of ours runs with that right."""
    flow = read(file)
    assert flow["permissions"] == {}
    for name, job in flow["jobs"].items():
        assert set(job["permissions"]) <= {"contents", "id-token", "attestations", "packages"}, name
        if "write" in (job["permissions"].get("contents"), job["permissions"].get("packages")):
            assert not any("checkout" in step.get("uses", "") for step in job["steps"]), name
        for step in job.get("steps", []):
            if "actions/checkout" in step.get("uses", ""):
                assert step["with"]["persist-credentials"] is False, name


def test_no_pipeline_knows_a_secret() -> None:
    for file in (*GITHUB, *AZURE):
        text = file.read_text().replace("--password-stdin", "")  # of the run's own token
        assert not re.search(r"secrets\.|password|api[-_]token", text, flags=re.IGNORECASE), file.name


def test_publishing_and_deploying_wait_for_an_approval() -> None:
    release, infra = workflow("release.yml"), workflow("infra.yml")
    assert release["jobs"]["publish"]["environment"]["name"] == "pypi"
    assert release["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert release["jobs"]["registry"]["environment"]["name"] == "mcp-registry"
    assert release["jobs"]["registry"]["permissions"] == {"id-token": "write"}
    assert release["jobs"]["image"]["environment"]["name"] == "image"
    assert infra["jobs"]["deploy"]["environment"] == "${{ inputs.environment }}"
    for name in ("release.yml", "infra.yml"):
        stages = read(ROOT / "infra" / "pipelines" / name)["stages"]
        assert [job["environment"] for stage in stages for job in stage["jobs"] if "deployment" in job]


def test_what_is_released_was_checked_and_is_what_was_built_once() -> None:
    jobs = workflow("release.yml")["jobs"]
    assert {name: job.get("needs") for name, job in jobs.items()} == {
        "check": None,
        "build": "check",
        "attest": "build",
        "publish": "attest",
        "registry": "publish",
        "image": "attest",
        "release": "publish",
    }
    assert jobs["check"]["uses"] == "./.github/workflows/check.yml"


def test_a_pull_request_only_asks_what_if() -> None:
    jobs = workflow("infra.yml")["jobs"]
    assert "pull_request" in jobs["what-if"]["if"]
    assert "head.repo.full_name == github.repository" in jobs["what-if"]["if"], "not for a fork's code"
    assert "--what-if" in jobs["what-if"]["steps"][-1]["run"]
    assert "workflow_dispatch" in jobs["deploy"]["if"]
    assert "refs/heads/main" in jobs["deploy"]["if"]


@pytest.mark.parametrize("file", [*GITHUB, *AZURE], ids=lambda file: "/".join(file.parts[-2:]))
def test_scripts_that_are_called_exist(file: Path) -> None:
    called = set(re.findall(r"(?<![\w/])((?:scripts|infra/azure)/[\w.-]+)", file.read_text()))
    for script in called - {"scripts/bundle"}:
        assert (ROOT / script).exists(), script
    assert called


def test_python_is_tested_in_every_version_that_the_package_names() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    images = [f"python:{version}-bookworm" for version in named]
    github = workflow("check.yml")["jobs"]["test"]["strategy"]["matrix"]["include"]
    assert [entry["python"] for entry in github] == named
    assert [entry["image"].split("@")[0] for entry in github] == images
    azure = read(ROOT / "infra" / "pipelines" / "check.yml")["stages"][0]["jobs"][0]["strategy"]["matrix"]
    assert [entry["image"].split("@")[0] for entry in azure.values()] == images


def test_by_night_each_check_of_the_nightly_script_runs() -> None:
    names = [check.script for check in CHECKS]
    assert workflow("nightly.yml")["jobs"]["check"]["strategy"]["matrix"]["check"] == names
    matrix = read(ROOT / "infra" / "pipelines" / "nightly.yml")["stages"][0]["jobs"][0]["strategy"]["matrix"]
    assert [entry["check"] for entry in matrix.values()] == names

"""The prefix of names: the Bicep files and all scripts make the same names of it, which fit Azure's limits."""

import re
import shutil
from pathlib import Path

import pytest

from tests.infra.operator import AZURE, ROOT, named, run


@pytest.fixture
def azure(tmp_path: Path) -> Path:
    """The folder with other prefixes in its parameter files."""
    folder = tmp_path / "infra" / "azure"
    shutil.copytree(AZURE, folder)
    for file in folder.glob("*.bicepparam"):
        file.write_text(file.read_text().replace("param resourcePrefix = 'zava'", "param resourcePrefix = 'contoso'"))
    (folder / "staging.bicepparam").write_text((folder / "dev.bicepparam").read_text().replace("'dev'", "'staging'"))
    return folder


def test_a_deployment_looks_for_the_names_that_it_makes(tmp_path: Path, azure: Path) -> None:
    ran = run(tmp_path, "deploy.sh", "dev", azure=azure)
    assert ran.code == 0, ran.stderr
    assert "[?name == 'rg-contoso-dev'].location" in ran.call("group list")["arguments"]
    assert "contoso-dev" in ran.call("deployment sub create")["arguments"]
    assert (tmp_path / "zava-dev.env").exists()


@pytest.mark.parametrize(
    ("environment", "name"),
    [("dev", "kv-contoso-dev-abc123"), ("staging", "kv-contoso-stag-abc123")],
)
def test_a_deleted_vault_is_found_by_its_name_though_it_was_cut(
    tmp_path: Path, azure: Path, environment: str, name: str
) -> None:
    ran = run(tmp_path, "deploy.sh", environment, answers={"keyvault list-deleted": named(name)}, azure=azure)
    assert ran.code == 2
    assert f"{name} was deleted and still has its name" in ran.stderr


def test_removing_asks_for_the_group_of_that_prefix(tmp_path: Path, azure: Path) -> None:
    assert "rg-contoso-dev" in run(tmp_path, "remove.sh", "dev", typed="no\n", azure=azure).stderr
    assert "rg-zava-gone" in run(tmp_path, "remove.sh", "gone", typed="no\n", azure=azure).stderr, "a file that is gone"


def test_every_name_fits_the_longest_prefix_environment_and_suffix() -> None:
    source = (AZURE / "main.bicep").read_text()
    longest = {}
    for name in ("resourcePrefix", "environmentName", "suffix"):
        found = re.search(rf"@maxLength\((\d+)\)\nparam {name} ", source)
        assert found is not None
        longest[name] = int(found[1])
    assert longest == {"resourcePrefix": 7, "environmentName": 7, "suffix": 8}
    assert "vault: 'kv-${take(stem, 12)}-${ending}'" in source
    assert len("kv-") + 12 + len("-") + longest["suffix"] == 24, "the most that a vault's name may have"


def test_no_script_names_the_prefix_itself() -> None:
    for script in (*AZURE.glob("*.sh"), *AZURE.glob("*.ps1")):
        text = script.read_text()
        assert not re.search(r"zava-\$\{?environment(?!\}?\.env)", text, flags=re.IGNORECASE), script.relative_to(ROOT)

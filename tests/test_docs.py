"""The documents hold together: sizes, links, commands, scripts, what the demo prints, what the package ships."""

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
import zlib
from pathlib import Path

import pytest
import typer.main
from dotenv import dotenv_values

from tests.clients.install_links import links_table
from tests.conftest import SEATTLE
from tests.documents import DOCUMENTS, GUIDE, README, REPOSITORY, ROOT, anchors, block, commands, links, prose, text
from zava_mcp import sql
from zava_mcp.cli.commands import app
from zava_mcp.settings import SETTINGS, load

_RAW = REPOSITORY.replace("github.com", "raw.githubusercontent.com")


def test_readme_is_short_and_has_absolute_links_only() -> None:
    assert text(README).count("\n") <= 220
    assert len(text(README).encode()) <= 15_000
    assert all(link.startswith("https://") for link in links(README))
    seattle = next(row for row in links_table().splitlines() if row.startswith("| Seattle |"))
    assert seattle.split(" | ")[1].removesuffix(" |") in text(README)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_of_a_document_point_to_files_and_headings(document: str) -> None:
    for link in links(document):
        target, _, anchor = link.removeprefix(f"{REPOSITORY}/blob/main/").removeprefix(f"{_RAW}/main/").partition("#")
        if target.startswith("https://"):
            continue
        file = ROOT / target if link.startswith("https://") else (ROOT / document).parent / target
        assert file.exists() or not target, link
        if anchor:
            named = os.path.relpath(file, ROOT) if target else document
            assert anchor in anchors(Path(named).as_posix()), link


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_of_a_document_exist_with_their_options(document: str) -> None:
    for command in commands(document):
        found, path = typer.main.get_command(app), "zava-mcp"
        words = [word for word in command.split() if word != "…"]
        while words and words[0] in (known := getattr(found, "commands", {})):
            found, path = known[words[0]], f"{path} {words.pop(0)}"
        assert path != "zava-mcp" or not words or words[0].startswith("-"), command
        options = {option for param in found.params for option in [*param.opts, *param.secondary_opts]}
        for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", f" {' '.join(words)}"):
            assert option in options | {"--help"}, command
        assert path == "zava-mcp" or f"Example: {path}" in " ".join((found.help or "").split()), path


def test_documents_name_many_commands() -> None:
    assert sum(len(commands(document)) for document in DOCUMENTS) >= 80
    assert len(commands(README)) >= 10


@pytest.mark.parametrize("document", DOCUMENTS)
def test_scripts_that_a_document_names_exist(document: str) -> None:
    for script in re.findall(r"(?<![\w/.])scripts/[\w./-]*\w", text(document)):
        assert (ROOT / script).exists(), script


def test_readme_and_ci_run_the_whole_check() -> None:
    assert "\nscripts/demo\n" in text(README)
    assert "\nscripts/test\n" in text(README)
    assert "../scripts/test" in (ROOT / ".ci" / "run").read_text()


def test_pictures_exist_and_are_small() -> None:
    pictures = re.findall(rf"!\[.+?\]\({re.escape(_RAW)}/main/(\S+\.png)\)", text(README))
    assert pictures
    assert all((ROOT / picture).stat().st_size < 60_000 for picture in pictures)


def test_guide_is_in_the_wheel_and_in_readme(tmp_path: Path) -> None:
    build = f"import uv_build; uv_build.build_wheel({str(tmp_path)!r})"
    subprocess.run([sys.executable, "-c", build], cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    shipped = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith(f"{GUIDE}/") and ".md" in name}
    pages = {document for document in DOCUMENTS if document.startswith(f"{GUIDE}/")}
    assert shipped == pages
    linked = {page for page in pages if not re.search(r"/\d\d-", page)} | {f"{GUIDE}/00-introduction.md"}
    assert linked <= {link.removeprefix(f"{REPOSITORY}/blob/main/") for link in links(README)}


def test_guide_takes_at_most_400_kilobytes_of_a_wheel() -> None:
    folders = (ROOT / GUIDE, ROOT / "zava_mcp" / "exercises")
    files = [file for folder in folders for file in folder.glob("*.*")]
    assert 100_000 < sum(len(zlib.compress(file.read_bytes())) for file in files) <= 400_000


def test_changelog_names_every_schema_version() -> None:
    changelog = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^\| (?:1 to )?(\d+) \|", changelog, flags=re.MULTILINE)
    assert versions == [str(version) for version in range(5, sql.schema_version() + 1)]
    assert f"Schema version {sql.schema_version()}." in changelog


def test_urls_of_the_package_are_of_the_repository() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert {"Homepage", "Documentation", "Source", "Issues", "Changelog", "Security"} == set(urls)
    for url in urls.values():
        assert url.startswith(REPOSITORY)
        assert (ROOT / re.sub(r"^/(blob|tree)/main/|^/issues$|^$", "", url.removeprefix(REPOSITORY))).exists()


def test_the_example_file_names_only_settings_and_can_be_read() -> None:
    example = (ROOT / ".env.example").read_text()
    named = re.findall(r"^#?([A-Z_]+)=", example, flags=re.MULTILINE)
    assert set(named) <= {setting.name for setting in SETTINGS}
    assert set(dotenv_values(ROOT / ".env.example")) == {"ZAVA_USER_ID"}
    assert load({"ZAVA_ENV_FILE": str(ROOT / ".env.example")}, {}).identity == SEATTLE


def test_a_query_on_the_terminal_answers(data_dir: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "query", "SELECT count(*) FROM retail.orders", "--user-id", SEATTLE],
        env={"ZAVA_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin:/usr/sbin"},
        capture_output=True,
        check=True,
    )
    assert json.loads(asked.stdout)["row_count"] == 1


def test_the_demo_prints_what_readme_shows(data_dir: Path) -> None:
    """Line by line, but for the numbers, which grow from day to day, and for the products that lead."""
    shown = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "demo", "--data-dir", str(data_dir)],
        env={name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},  # as scripts/demo starts it
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [re.sub(r"[\d,.]+", "", line).split() for line in shown.splitlines()]
    for line in "".join(block(README, mark) for mark in ("demo", "answers")).splitlines():
        words = re.sub(r"[\d,.]+", "", line).replace("…", "").split()
        assert any(words == shown_words[: len(words)] for shown_words in lines), line


def test_the_package_names_no_machine_and_no_tracker() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for file in files:
        if file.endswith((".py", ".sql", ".md", ".toml", ".sh")) and file != "tests/test_docs.py":
            content = (ROOT / file).read_text(encoding="utf-8")
            assert not re.search(r"issue #?\d|/work/|/root/", content), file


@pytest.mark.parametrize("document", [document for document in DOCUMENTS if "promises" not in document])
def test_documents_use_the_words_of_the_field(document: str) -> None:
    private = r"\b(told|tells|whoever|desks?|sips?|askers?|floors?|vectors' makers?|by meaning|second lock)\b"
    assert re.findall(private, prose(document), flags=re.IGNORECASE) == []

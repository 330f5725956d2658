"""Recipes of CONTRIBUTING.md, performed on a copy of the repository: checks fail at the places that remain alone."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.documents import ROOT

TOOL = '''"""`count_stores`: the number of stores."""

from zava_mcp.server.server_context import ServerContext
from zava_mcp.server.tools.common import read_only


def add_count(app: ServerContext) -> None:
    """Registers the tool."""

    @app.server.tool(title="Count stores", description="The number of stores.", annotations=read_only("Count stores"))
    async def count_stores() -> str:
        return "8"
'''


def insert(file: Path, before: str, text: str) -> None:
    """Writes text before the first line that begins with `before`."""
    content = file.read_text(encoding="utf-8")
    found = re.search(rf"^{re.escape(before)}", content, flags=re.MULTILINE)
    assert found, (file.name, before)
    file.write_text(content[: found.start()] + text + content[found.start() :], encoding="utf-8")


def add_tool(tree: Path) -> None:
    server = tree / "zava_mcp" / "server"
    (server / "tools" / "count_stores.py").write_text(TOOL, encoding="utf-8")
    insert(server / "mcp_server.py", "    add_date(app)", "    add_count(app)\n")
    insert(server / "mcp_server.py", "from zava_mcp", "from zava_mcp.server.tools.count_stores import add_count\n")


def add_setting(tree: Path) -> None:
    setting = '    Setting("ZAVA_EXAMPLE", "an example", "nothing"),\n'
    insert(tree / "zava_mcp" / "settings" / "table.py", '    Setting("ZAVA_LOG_FORMAT"', setting)


def add_client(tree: Path) -> None:
    insert(tree / "zava_mcp" / "clients" / "names.py", '    plain = "plain"', '    example = "example"\n')


def add_column(tree: Path) -> None:
    schema = tree / "zava_mcp" / "sql" / "schema"
    number = max(int(file.name[:3]) for file in schema.glob("*.sql")) + 1
    (schema / f"{number:03}_example.sql").write_text("ALTER TABLE zava.stores ADD COLUMN example text;\n")


#: By heading of CONTRIBUTING.md: the change that its first step makes, and the tests that name the other steps' places.
RECIPES: dict[str, tuple[Callable[[Path], None], set[str]]] = {
    "Add a tool": (
        add_tool,
        {
            "tests/test_reference.py::test_tables_of_tools_resources_and_prompts_name_all_of_them",
            "tests/telemetry/test_records.py::test_record_of_every_kind_of_call_has_time_rows_and_bytes",
            "tests/server/test_first_replies.py::test_packaged_recording_is_what_the_sdk_replies_now",
        },
    ),
    "Add a setting": (
        add_setting,
        {"tests/test_reference.py::test_generated_table_is_the_one_that_its_code_makes[settings.md-settings]"},
    ),
    "Add an MCP client": (
        add_client,
        {"tests/test_reference.py::test_client_configuration_is_what_the_program_prints"},
    ),
    "Add a column or a table": (
        add_column,
        {
            "tests/infra/test_rehearsal.py::test_transcript_has_the_current_schema_version",
            "tests/test_docs.py::test_changelog_names_every_schema_version",
        },
    ),
}
#: Tests that look at what the recipes change, and must not mind.
OTHERS = {"tests/test_settings.py", "tests/test_mutations.py"}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what git knows of the repository."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, files.split("\0")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


def failures(tree: Path, tests: set[str]) -> set[str]:
    """The tests that fail in a copy; without parameters of the protocol's era."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=no", "-rf", "-p", "no:cacheprovider", "-o", "addopts="]
    ran = subprocess.run(
        [*command, f"--basetemp={tree / 'tmp'}", *sorted(tests)],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "1000"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 1, ran.stdout[-2000:] + ran.stderr[-2000:]
    return {
        match[1]
        for match in re.finditer(r"^FAILED (\S+?)(?:\[(?:legacy|auto)\])?(?: |$)", ran.stdout, flags=re.MULTILINE)
    }


def test_recipes_leave_the_places_that_checks_name(copy: Path) -> None:
    for change, _ in RECIPES.values():
        change(copy)
    expected = {test for _, tests in RECIPES.values() for test in tests}
    assert failures(copy, expected | OTHERS) == expected


def test_contributing_has_a_section_for_each_recipe() -> None:
    headings = re.findall(r"^### (Add .+)$", (ROOT / ".github" / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)
    assert set(RECIPES) <= set(headings)
    text = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
    for file in re.findall(r"`((?:zava_mcp|tests|scripts|infra)/[\w./-]+\.\w+)`", text):
        assert (ROOT / file).is_file(), file

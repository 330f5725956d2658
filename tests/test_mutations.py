"""The evidence in tests/promises/README.md is of this tree: every protection stands where it says, and is tested."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutations", ROOT / "scripts" / "mutations.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["mutations"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_protection_stands_once_where_it_is_said_to_stand(script: ModuleType) -> None:
    for mutation in script.mutations():
        text = (ROOT / mutation.file).read_text(encoding="utf-8")
        assert text.count(mutation.old) == 1, mutation.name
        assert mutation.old != mutation.new


def test_the_tests_that_should_notice_exist(script: ModuleType) -> None:
    for mutation in script.mutations():
        for selected in mutation.tests:
            file, _, function = selected.partition("::")
            text = (ROOT / file).read_text(encoding="utf-8")
            assert not function or f"def {function}(" in text, (mutation.name, selected)


def test_the_table_lists_every_protection_and_who_misses_it(script: ModuleType) -> None:
    mutations = script.mutations()
    rows = script.rows()
    assert list(rows) == [mutation.name for mutation in mutations], "run scripts/mutations --missing"
    for mutation in mutations:
        _, _, protection, file, files, _ = (cell.strip() for cell in rows[mutation.name].split("|"))
        assert (protection, file) == (mutation.protection, Path(mutation.file).name)
        assert files != script.NOBODY, f"nobody misses {mutation.name}"
        for place, functions in (part.split(": ") for part in files.split("; ")):
            found = [ROOT / "tests" / folder / f"{place}.py" for folder in ("promises", "")]
            text = next(file for file in found if file.is_file()).read_text(encoding="utf-8")
            for function in functions.split(", "):
                assert f"def {function.removesuffix(' (does not end)')}(" in text, function

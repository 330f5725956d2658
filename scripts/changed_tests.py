"""Prints the test files of what changed since a revision, one per line: for `scripts/check`.

A test file is selected if it changed, if it is named after a changed module, or if it imports one. If none is, some
fast tests of every layer are selected.
"""

import subprocess
import sys
from pathlib import Path

#: Tests of every layer that take some seconds each.
FAST = (
    "tests/test_settings.py",
    "tests/test_mutations.py",
    "tests/server/test_tools.py",
    "tests/charts/test_columns.py",
    "tests/telemetry/test_redaction.py",
)
#: Directories whose tests take minutes: `scripts/test` runs them.
SLOW = ("tests/promises/", "tests/faults/", "tests/infra/")


def main() -> None:
    """Prints the selection for the revision that the command line names."""
    print(*(selected(changed_files(sys.argv[1])) or FAST), sep="\n")


def changed_files(revision: str) -> list[str]:
    """Files that differ from the revision, and files that git does not know yet."""
    changed = _git("diff", "--name-only", "--diff-filter=d", revision)
    return changed + _git("ls-files", "--others", "--exclude-standard")


def selected(changed: list[str]) -> list[str]:
    """The test files to run for these changed files; slow ones only if they changed themselves."""
    own = {file for file in changed if file.startswith("tests/") and Path(file).name.startswith("test_")}
    modules = [Path(file) for file in changed if file.startswith("zava_mcp/") and file.endswith(".py")]
    found = {
        str(test) for test in Path("tests").rglob("test_*.py") if any(_is_about(test, module) for module in modules)
    }
    return sorted(own | {test for test in found if not test.startswith(SLOW)})


def _is_about(test: Path, module: Path) -> bool:
    """Whether a test file is named after a module of its directory, or imports it."""
    if test.parent.name == module.parent.name and test.stem == f"test_{module.stem}":
        return True
    dotted = ".".join(module.with_suffix("").parts)
    return f"from {dotted} import" in test.read_text(encoding="utf-8")


def _git(*arguments: str) -> list[str]:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.splitlines()


if __name__ == "__main__":
    main()

"""Takes each protection of mutations.toml away in turn, and writes down which tests notice.

Each in a copy of this tree, with the tests named for it; a test that fails without the change too does not count,
nor one that measures time and does not fail a second time. The table in tests/promises/README.md is renewed row by
row, so that it can be stopped at any time. Exit code 1 if a protection is missed by nobody.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
README = ROOT / "tests" / "promises" / "README.md"
HEAD = ["| name | protection | taken away in | tests that fail |", "|---|---|---|---|"]
RESULT = re.compile(r"^(tests/\S+?\.py::\w+)(?:\[.*\])? +(PASSED|FAILED|ERROR)", re.MULTILINE)
STARTED = re.compile(r"^(tests/\S+?\.py::\w+)(?:\[.*\])? *$", re.MULTILINE)
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis", "dist")
NOBODY = "**none**"
ENDLESS = " (does not end)"
TIMED = tuple(
    f"tests/{name}" for name in ("promises/test_04", "promises/test_08", "promises/test_09", "embedded", "server")
)


@dataclass(frozen=True)
class Mutation:
    """One protection: its code in one file, the replacement, and the tests that must then fail."""

    name: str
    protection: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def apply(self, tree: Path) -> None:
        """Removes the protection. Raises SystemExit if the file does not contain its code exactly once."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise SystemExit(f"{self.name}: its code occurs {text.count(self.old)} times in {self.file}, not once")
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True)
class Run:
    """The result of a test run: the tests that failed, and the one that did not end."""

    failed: frozenset[str]
    stuck: frozenset[str]


def mutations() -> list[Mutation]:
    """All of them, in the order of the file."""
    entries = tomllib.loads((ROOT / "scripts" / "mutations.toml").read_text(encoding="utf-8"))
    return [Mutation(name, **{**entry, "tests": tuple(entry["tests"])}) for name, entry in entries.items()]


def run_tests(tree: Path, tests: list[str], seconds: float) -> Run:
    """Runs tests in a tree; whatever they leave behind is ended."""
    log = tree / "tests.log"
    command = [sys.executable, "-m", "pytest", "-v", "--tb=no", "-p", "no:cacheprovider", "-o", "addopts="]
    environment = {**os.environ, "PYTHONPATH": str(tree), "ZAVA_TEST_EXAMPLES": "100", "COLUMNS": "1000"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, f"--basetemp={tree / 'tmp'}", *tests],
            cwd=tree,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        stopped = False
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            stopped = True
        finally:
            end(process, tree)
    text = log.read_text(errors="replace")
    failed = {match[1] for match in RESULT.finditer(text) if match[2] != "PASSED"}
    if not stopped and process.returncode not in (0, 1):
        raise SystemExit(f"pytest could not run:\n{text[-3000:]}")
    return Run(frozenset(failed), frozenset(STARTED.findall(text)[-1:] if stopped else []))


def end(process: "subprocess.Popen[bytes]", tree: Path) -> None:
    """Ends a run and every process that works in its tree."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for left in psutil.process_iter(["cmdline"]):
        if any(f"{tree}/" in f"{word}/" for word in left.info["cmdline"] or []):
            with suppress(psutil.Error):
                left.kill()


def fresh_tree(folder: Path, name: str) -> Path:
    tree = folder / name
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    return tree


def missed(mutation: Mutation, folder: Path, seconds: float) -> list[str]:
    """The tests that fail without the protection, the ones that measure time twice; one that does not end says so."""
    tree = fresh_tree(folder, mutation.name)
    try:
        mutation.apply(tree)
        run = run_tests(tree, list(mutation.tests), seconds)
        timed = sorted(test for test in run.failed if test.startswith(TIMED))
        again = run_tests(tree, timed, seconds) if timed else Run(frozenset(), frozenset())
        failed = run.failed - set(timed) | again.failed & set(timed)
        return sorted([*failed, *(f"{test}{ENDLESS}" for test in run.stuck | again.stuck)])
    finally:
        shutil.rmtree(tree, ignore_errors=True)


def without_change(found: dict[Mutation, list[str]], folder: Path, seconds: float) -> frozenset[str]:
    """Those of the tests that fail in the tree as it is, too."""
    tests = sorted({test.removesuffix(ENDLESS) for tests in found.values() for test in tests})
    run = (
        run_tests(fresh_tree(folder, "unchanged"), tests, seconds * len(found))
        if tests
        else Run(frozenset(), frozenset())
    )
    return run.failed | run.stuck


def rows() -> dict[str, str]:
    """The table's rows as they stand, by name."""
    lines = README.read_text(encoding="utf-8").splitlines()
    return {line.split("`")[1]: line for line in lines if line.startswith("| `")}


def row(mutation: Mutation, tests: list[str]) -> str:
    by_file: dict[str, list[str]] = {}
    for test in tests:
        file, _, function = test.partition(".py::")
        by_file.setdefault(file.removeprefix("tests/").removeprefix("promises/"), []).append(function)
    files = "; ".join(f"{file}: {', '.join(functions)}" for file, functions in by_file.items())
    return f"| `{mutation.name}` | {mutation.protection} | {Path(mutation.file).name} | {files or NOBODY} |"


def write(known: dict[str, str]) -> None:
    """Puts the table into the README, in the order of the file; what was never run is left out."""
    text = README.read_text(encoding="utf-8")
    start, _, _ = text.partition(HEAD[0])
    table = [*HEAD, *(known[mutation.name] for mutation in mutations() if mutation.name in known)]
    README.write_text(start + "\n".join(table) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--only", action="append", metavar="NAME", help="one protection; may be repeated")
    parser.add_argument("--missing", action="store_true", help="those that have no row yet, or that nobody noticed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    parser.add_argument("--seconds", type=float, default=240, help="until a run of tests counts as stuck")
    chosen = parser.parse_args()
    known = rows()
    wanted = [m for m in mutations() if not chosen.only or m.name in chosen.only]
    if chosen.missing:
        wanted = [m for m in wanted if NOBODY in known.get(m.name, NOBODY)]
    if unknown := set(chosen.only or []) - {m.name for m in wanted}:
        parser.error(f"there is no {', '.join(unknown)}")
    for mutation in wanted:
        assert (ROOT / mutation.file).read_text(encoding="utf-8").count(mutation.old) == 1, mutation.name
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    turn = threading.Lock()
    with tempfile.TemporaryDirectory(prefix="zava-mutations-") as temporary, ThreadPoolExecutor(chosen.jobs) as pool:
        folder = Path(temporary)
        found: dict[Mutation, list[str]] = {}

        def one(mutation: Mutation) -> None:
            found[mutation] = missed(mutation, folder, chosen.seconds)
            with turn:
                known[mutation.name] = row(mutation, found[mutation])
                write(known)
                print(f"{mutation.name}: {', '.join(found[mutation]) or 'NOBODY'}", flush=True)

        try:
            list(pool.map(one, wanted))
            anyway = without_change(found, folder, chosen.seconds)
        except BaseException:  # nobody waits for what still runs
            traceback.print_exc()
            sys.stderr.flush()
            for child in psutil.Process().children(recursive=True):
                child.kill()
            shutil.rmtree(folder, ignore_errors=True)
            os._exit(1)
    for mutation, tests in found.items():
        known[mutation.name] = row(mutation, [test for test in tests if test.removesuffix(ENDLESS) not in anyway])
    write(known)
    print(f"failing anyway: {', '.join(sorted(anyway)) or 'none'}")
    return int(any(NOBODY in known[mutation.name] for mutation in wanted))


if __name__ == "__main__":
    sys.exit(main())

"""Runs chapters: `python -m tests.guide [CHAPTER]`; with `--renew`, writes the actual output into them.

Without CHAPTER all chapters run in order in one home, as the test does. With CHAPTER (a number or a name) only that one
runs, in an empty home. `--home FOLDER` keeps the home there, so that the next run need not create the sample again;
take a short path such as /tmp/zgxxxxxxxx, because tables on a terminal are wrapped by the length of paths.
"""

import argparse
import sys
import time
from pathlib import Path

from tests.documents import GUIDE, ROOT
from tests.guide.chapter_run import Difference, run_chapter
from tests.guide.machine import Machine, new_machine
from zava_mcp.guide import Page, pages, require_page


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.guide")
    parser.add_argument("chapter", nargs="?")
    parser.add_argument("--renew", action="store_true", help="write the actual output into blocks that differ")
    parser.add_argument("--home", type=Path, help="a folder that keeps the home for the next run")
    arguments = parser.parse_args()
    chosen = (
        [require_page(arguments.chapter)] if arguments.chapter else [page for page in pages().values() if page.number]
    )
    with new_machine(arguments.home.resolve() if arguments.home else None) as machine:
        results = [_run(page, machine, arguments.renew) for page in chosen]
    sys.exit(any(results))


def _run(page: Page, machine: Machine, renew: bool) -> bool:
    start = time.monotonic()
    differences = run_chapter(page.name, page.text, machine)
    for difference in differences:
        print(f"{difference.block.place}: {difference.message}\n")
    print(f"{page.name}: {len(differences)} blocks differ, {time.monotonic() - start:.1f} s")
    if renew:
        renew_chapter(page.name, differences)
    return bool(differences)


def renew_chapter(name: str, differences: list[Difference]) -> None:
    """Writes the actual output into the blocks that differ."""
    file = ROOT / GUIDE / f"{name}.md"
    text = file.read_text(encoding="utf-8")
    for difference in differences:
        block = difference.block
        fence = f"```{block.language}\n"
        if difference.renewed:
            assert text.count(f"{fence}{block.text}```") == 1, f"{block.place}: this block stands twice"
            text = text.replace(f"{fence}{block.text}```", f"{fence}{difference.renewed}```")
    file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""Every chapter of the guide runs, in order, in one empty home; its code, diagrams and exercises are checked."""

import re
from collections.abc import Iterator

import pytest

from tests.documents import GUIDE, text
from tests.guide import mermaid, parse_only
from tests.guide.blocks import blocks
from tests.guide.chapter_run import run_chapter
from tests.guide.included_code import MAX_LINES, included, renewed
from tests.guide.machine import Machine, new_machine
from zava_mcp.exercises.registry import exercises_of
from zava_mcp.guide import Page, pages

CHAPTERS = {name: page for name, page in pages().items() if page.number}
EVERY = pytest.mark.parametrize("chapter", list(CHAPTERS.values()), ids=list(CHAPTERS))
#: What every chapter has, in this order.
SECTIONS = ("What you will learn", "Exercises", "Pitfalls", "Further reading")


@pytest.fixture(scope="module")
def machine(clean_environment: None) -> Iterator[Machine]:
    with new_machine(scale="0.1") as made:  # outputs differ from those of the whole sample by numbers only
        yield made


@EVERY
@pytest.mark.timeout(900)  # every command of a chapter, on a busy machine
def test_chapter_does_what_it_says(chapter: Page, machine: Machine) -> None:
    """`python -m tests.guide --renew` writes the actual output into the chapters."""
    differences = run_chapter(chapter.name, chapter.text, machine)
    assert not differences, "\n\n".join(f"{found.block.place}: {found.message}" for found in differences)


@EVERY
def test_chapter_has_its_sections_and_the_paths_of_readers(chapter: Page) -> None:
    headings = re.findall(r"^## (.+)$", chapter.text, flags=re.MULTILINE)
    assert [heading for heading in headings if heading in SECTIONS] == list(SECTIONS)
    assert re.search(r"^\*\*Path:\*\* .+ \*\*Time:\*\* \d\d minutes\.$", chapter.text, flags=re.MULTILINE)


@EVERY
def test_included_code_is_that_of_the_source(chapter: Page) -> None:
    """`python -m tests.generated_tables` renews it."""
    assert renewed(chapter.text) == chapter.text
    assert {mark: lines for mark, lines in included(chapter.name, chapter.text) if lines > MAX_LINES} == {}


@EVERY
def test_diagrams_and_blocks_that_do_not_run_parse(chapter: Page) -> None:
    for block in blocks(chapter.name, chapter.text):
        if block.treatment == "mermaid":
            assert not mermaid.fault(block.text), block.place
        elif block.treatment == "not run":
            assert not parse_only.fault(block), block.place
        elif block.treatment == "console":
            assert not parse_only.shell_fault("\n".join(command.text for command in block.commands)), block.place


@EVERY
def test_chapter_has_the_exercises_that_are_checked(chapter: Page) -> None:
    written = re.findall(r"^### (\d\d-\d)[ :].*$", chapter.text, flags=re.MULTILINE)
    exercises = exercises_of(chapter.number)
    assert written == [exercise.id for exercise in exercises] == [f"{chapter.number}-1", f"{chapter.number}-2"]
    assert f"zava-mcp guide check {chapter.number}" in chapter.text
    for exercise in exercises:
        assert f"`{exercise.file_name}`" in chapter.text


@EVERY
def test_file_to_be_saved_is_named_before_it(chapter: Page) -> None:
    """Readers do not see the mark of its name."""
    lines = chapter.text.splitlines()
    for number, line in enumerate(lines):
        if mark := re.fullmatch(r"<!-- file: (\S+) -->", line):
            paragraph = "\n".join(lines[:number]).rstrip().rsplit("\n\n", 1)[-1]
            assert f"`{mark[1]}`" in paragraph, f"{chapter.name}: {mark[1]}"


def test_introduction_links_every_chapter_and_names_the_readers_paths() -> None:
    introduction = text(f"{GUIDE}/00-introduction.md")
    for name in CHAPTERS:
        assert name == "00-introduction" or f"({name}.md)" in introduction

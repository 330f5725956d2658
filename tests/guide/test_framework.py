"""The guide's tests notice what is wrong: blocks, marks, outputs, included code, diagrams, commands."""

from pathlib import Path

import pytest

from tests.documents import GUIDE, ROOT
from tests.guide import mermaid
from tests.guide.blocks import blocks
from tests.guide.chapter_run import run_chapter
from tests.guide.included_code import excerpt, renewed
from tests.guide.machine import new_machine
from tests.guide.matching import matches
from tests.guide.parse_only import fault, shell_fault
from zava_mcp.guide import find_page, pages

UUID, OTHER_UUID = "f47ac10b-58cc-4372-a567-0e02b2c3d479", "00000000-0000-0000-0000-000000000000"

#: Expected output, actual output, and whether they match.
OUTPUTS = [
    ("52,257 orders", "9 orders", True),
    ("52,257 orders", "-1.5 orders", True),
    ("52,257 orders", "no orders", False),
    ("2026-11-28T10:00:00Z", "2027-01-02T23:59:59.123Z", True),
    (f"user id {UUID}", f"user id {OTHER_UUID}", True),
    (f"user id {UUID}", "user id 42", False),
    ("a  b", "a      b", True),
    ("a b", "ab", False),
    ("store ───── 1", "store ─ 22", True),
    ("first\n…\nlast", "first\n1\n2\nlast", True),
    ("first\n…\nlast", "first\nlast", True),
    ("first\n…\nlast", "first\n1\n2", False),
    ("a … z", "a b c z", True),
    ("a … z", "a b c", False),
    ("[x] (y)?", "[x] (y)?", True),
    ("text", "text\nmore", False),
    ("", "", True),
    ("", "x", False),
]
#: Texts of a chapter, and a word of the error.
FAULTY = [
    ("```sql\nSELECT 1\n```\n", "one treatment"),
    ("```\ntext\n```\n", "one treatment"),
    ("<!-- as: seattle -->\n<!-- file: a.sql -->\n```sql\nSELECT 1\n```\n", "one treatment"),
    ("<!-- not run: lazy -->\n```bash\nls\n```\n", "not run"),
    ("<!-- skip -->\n```bash\nls\n```\n", "unknown mark"),
    ("<!-- as: seattle -->\n```python\n1\n```\n", "as is for sql"),
    ("<!-- file: x -->\n<!-- exit 2 -->\n```toml\nx = 1\n```\n", "exit is for"),
    ("```console\nls\n```\n", "begins with"),
]
#: A chapter, and texts of the messages about its blocks that differ.
RUNS = [
    (
        "```console\n$ echo 7 x\n8 x\n$ export A=b; mkdir -p d && cd d\n```\n"
        "```console\n$ echo $A $(basename $PWD)\nb d\n```\n",
        [],
    ),
    ("```console\n$ echo a\nb\n```\n", ["— actual:\na"]),
    ("```console\n$ false\n```\n", ["exit code 1 instead of 0"]),
    ("<!-- exit 1 -->\n```console\n$ false\n```\n", []),
    ("<!-- exit 2 -->\n```console\n$ true\n```\n", ["exit code 0 instead of 2"]),
    (
        "<!-- file: a/b.txt -->\n```text\nhello\n```\n"
        "```console\n$ cat a/b.txt $HOME/learn/a/b.txt\nhello\nhello\n$ pwd\n/home/you/learn\n```\n",
        [],
    ),
    ("```console\n$ cat <<'END'\nx\nEND\nx\n$ echo 'a\nb' \\\n  c\na\nb c\n```\n", []),
    ("<!-- not run: docker -->\n```console\n$ no-such-program\n```\n", []),
]
DIAGRAMS = {
    "flowchart LR\n  a[One] --> b(Two)\n  b -->|yes| c{Three}\n  c -.-> a & b": "",
    "flowchart TB\n  subgraph s[Layer]\n    a --> b\n  end": "",
    "flowchart TB\n  a --> b[open": "do not match",
    "flowchart TB\n  subgraph s\n  a --> b": "no end",
    "flowchart TB\n  a -> b": "no node",
    "pie\n  a: 1": "unknown kind",
    "sequenceDiagram\n  participant A as Client\n  participant B\n  A->>B: call\n  loop each row\n    B-->>A: row\n"
    "  end\n  Note over A,B: done": "",
    "sequenceDiagram\n  participant A\n  A->>B: call": "B is no declared",
    "sequenceDiagram\n  participant A\n  A->>A": "no message",
    "sequenceDiagram\n  participant A\n  loop x\n  A->>A: y": "no end",
    "": "empty",
}


@pytest.mark.parametrize(("expected", "actual", "is_match"), OUTPUTS)
def test_output_matches_but_for_numbers_and_blanks(expected: str, actual: str, is_match: bool) -> None:
    assert matches(expected.split("\n"), actual.split("\n")) == is_match


@pytest.mark.parametrize(("chapter", "message"), FAULTY)
def test_block_without_a_clear_treatment_is_refused(chapter: str, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        _treat(chapter)


def _treat(chapter: str) -> None:
    for block in blocks("x", chapter):
        assert block.treatment
        assert block.commands


def test_chapter_run_reports_every_difference(tmp_path: Path) -> None:
    with new_machine(tmp_path, keeps_database=False) as machine:
        for chapter, messages in RUNS:
            differences = run_chapter("x", chapter, machine)
            assert len(differences) == len(messages), differences
            for difference, message in zip(differences, messages, strict=True):
                assert message in difference.message


@pytest.mark.parametrize("diagram", DIAGRAMS)
def test_diagram_that_mermaid_would_refuse_is_found(diagram: str) -> None:
    assert DIAGRAMS[diagram] in mermaid.fault(diagram)
    assert bool(mermaid.fault(diagram)) == bool(DIAGRAMS[diagram])


def test_included_code_is_found_and_renewed() -> None:
    source = (ROOT / "zava_mcp" / "suggestions.py").read_text()
    function = "def did_you_mean" + source.partition("def did_you_mean")[2]
    function = f"# zava_mcp/suggestions.py\n{function}"
    assert excerpt("zava_mcp/suggestions.py did_you_mean") == function
    assert excerpt("zava_mcp/suggestions.py _MIN_PREFIX").startswith("# zava_mcp/suggestions.py\n_MIN_PREFIX = ")
    assert excerpt("zava_mcp/suggestions.py did_you_mean /^ +fold =/../near = \\[/ /return/").count("\n") == 5
    assert excerpt("zava_mcp/sql/queries.sql set_session_search_path").strip()
    assert excerpt("pyproject.toml /^\\[project\\]/../^version/").startswith("# pyproject.toml\n[project]\n")
    stale = "<!-- code: zava_mcp/suggestions.py did_you_mean -->\n```python\nold\n```\n"
    assert renewed(stale) == f"<!-- code: zava_mcp/suggestions.py did_you_mean -->\n```python\n{function}```\n"
    for mark in (
        "zava_mcp/suggestions.py nothing",
        "zava_mcp/sql/queries.sql nothing",
        "LICENSE /nothing to be found/",
    ):
        with pytest.raises(AssertionError):
            excerpt(mark)


@pytest.mark.parametrize(
    ("language", "text", "is_valid"),
    [
        ("json", '{"a": 1}', True),
        ("json", "{a: 1}", False),
        ("toml", "a = 1", True),
        ("toml", "a 1", False),
        ("yaml", "a: [1, 2]", True),
        ("yaml", "a: [1", False),
        ("python", "x = 1", True),
        ("python", "x = ", False),
        ("bash", "zava-mcp query 'SELECT 1' --user-id seattle | head -3", True),
        ("bash", "zava-mcp query 'SELECT 1' --user seattle", False),
        ("bash", "zava-mcp querry", False),
        ("bash", "zava-mcp tables orders order_items --user-id seattle", True),
        ("bash", "if true; then", False),
        ("console", "$ docker run x\noutput", True),
        ("bicep", "param name string", True),
        ("bicep", "param = =", False),
    ],
)
def test_block_that_does_not_run_is_parsed(language: str, text: str, is_valid: bool) -> None:
    (block,) = blocks("x", f"<!-- not run: azure -->\n```{language}\n{text}\n```\n")
    assert bool(fault(block)) != is_valid


def test_shell_fault_ignores_quoted_texts_and_other_programs() -> None:
    assert shell_fault("grep --color x; zava-mcp search 'a --strange option' --user-id seattle") == ""


def test_pages_are_found_by_number_and_by_name() -> None:
    introduction = pages()["00-introduction"]
    for name in ("00", "0", "00-introduction", "Introduction", "00-Introduction.md"):
        assert find_page(name) is introduction
    assert introduction.number == "00"
    assert find_page("settings") is pages()["settings"]
    assert pages()["settings"].number == ""
    assert find_page("99") is None
    assert "<!--" not in introduction.markdown
    assert (ROOT / GUIDE / "00-introduction.md").is_file()

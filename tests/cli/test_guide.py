"""`zava-mcp guide`: every page on a terminal and in a pipe, the list of pages, and names that are not pages."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.terminal import on_terminal
from tests.cli.test_commands import zava
from tests.cli.test_identity_names import completed
from zava_mcp.errors import InputError
from zava_mcp.guide import pages

_ESCAPES = re.compile(r"\x1b\[[\d;]*m")


def test_guide_lists_each_page_with_one_line() -> None:
    listed = dict(re.split(r"\s+", line, maxsplit=1) for line in zava("guide").splitlines()[1:])
    assert listed == {name: page.summary for name, page in pages().items()}
    for page in pages().values():
        assert re.match(r"# \w.+\n\n.+\.\n\n", page.text), page.name
        assert len(page.summary) <= 100


def test_guide_in_a_pipe_is_the_markdown_without_markers() -> None:
    for name, page in pages().items():
        assert zava("guide", name) == re.sub(r"<!-- .+ -->\n", "", page.text)
    assert zava("guide", "Exit-Codes.md") == zava("guide", "exit-codes")


def test_guide_on_a_narrow_terminal_truncates_no_name() -> None:
    shown = _ESCAPES.sub("", on_terminal("guide", "settings", "--no-pager", columns=80).text)
    assert "…" not in shown
    for name in re.findall(r"(?m)^\| `(\w+)` \|", pages()["settings"].text):
        assert re.search(rf"(?m)^ *{name} ", shown), name


@pytest.mark.parametrize("columns", [60, 100, 200])
def test_guide_on_a_terminal_fits_it_and_shows_every_word(columns: int) -> None:
    for name in ("settings", "values", "clients") if columns == 100 else ("telemetry",):
        shown = on_terminal("guide", name, columns=columns)
        lines = [_ESCAPES.sub("", line) for line in shown.lines]
        assert (shown.code, shown.errors) == (0, "")
        code = set("\n".join(re.findall(r"(?ms)^```\w*\n(.*?)^```", pages()[name].text)).split("\n"))
        assert max(len(line) for line in lines if line not in code) <= min(columns, 100)
        assert not any("<!--" in line or "](" in line or "|---" in line for line in lines)
        text = re.sub(r"\W", "", "".join(lines))
        for word in re.findall(r"(?m)^## (.+)$", pages()[name].text):
            assert re.sub(r"\W", "", word) in text


def test_code_on_a_terminal_can_be_copied_as_it_was_written() -> None:
    shown = [_ESCAPES.sub("", line) for line in on_terminal("guide", "09", "--no-pager", columns=80).lines]
    blocks = re.findall(r"(?ms)^```(\w*)\n(.*?)^```", pages()["09-clients"].text)
    code = [text for language, text in blocks if language != "mermaid"]
    assert len(code) > 10
    for line in "".join(code).splitlines():
        assert line in shown


def test_guide_longer_than_the_screen_goes_through_the_pager(tmp_path: Path) -> None:
    paged = tmp_path / "paged"
    assert on_terminal("guide", "settings", rows=20, PAGER=f"cat > {paged}").text == ""
    assert "ZAVA_USER_ID" in paged.read_text()
    paged.unlink()
    assert "ZAVA_USER_ID" in on_terminal("guide", "settings", "--no-pager", rows=20, PAGER=f"cat > {paged}").text
    assert not paged.exists()


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("setings", " (did you mean settings?)"),
        ("exit_codes", " (did you mean exit-codes?)"),
        ("../../etc/passwd", ""),
        ("", ""),
    ],
)
def test_guide_rejects_unknown_pages_and_suggests_the_nearest(name: str, suggestion: str) -> None:
    with pytest.raises(InputError) as refused:
        zava("guide", name)
    assert refused.value.message.endswith(suggestion or "'")
    assert "embedding-providers" in refused.value.hint


def test_guide_needs_no_database_and_records_no_call(tmp_path: Path) -> None:
    audit = tmp_path / "audit.jsonl"
    environment = {"ZAVA_AUDIT_LOG": str(audit), "ZAVA_DATABASE_URL": "postgresql://nowhere.invalid/zava"}
    shown = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "guide", "values"],
        env={**environment, "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith("# Values in JSON\n")
    assert list(tmp_path.iterdir()) == []


def test_guide_completes_the_names_of_pages() -> None:
    assert set(completed("zava-mcp guide ")) == {*pages(), "check"}
    assert set(completed("zava-mcp guide check ")) == {name for name, page in pages().items() if page.number}
    assert completed("zava-mcp guide s") == ["saved-queries", "search", "settings", "sql"]

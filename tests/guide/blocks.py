"""The fenced blocks of a chapter, with the marks before them that say how a test treats them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_BLOCK = re.compile(
    r"(?P<marks>(?:^<!-- [^\n]+ -->\n)*)^```(?P<language>[\w-]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_MARK = re.compile(r"<!-- (?P<kind>code|file|as|not run|exit)(?:: (?P<value>.+)| (?P<code>\d+)) -->")
_REASONS = ("azure", "docker", "gui", "network")
_HEREDOC = re.compile(r"<<-?\s*'?\"?(\w+)")


@dataclass(frozen=True)
class Command:
    """One command of a console block, and the lines of its expected output."""

    text: str
    output: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """One block: its place in the chapter, its language, its text, and its marks by kind."""

    chapter: str
    line: int
    language: str
    text: str
    marks: dict[str, str]

    @property
    def place(self) -> str:
        """Where it stands, for messages."""
        return f"{self.chapter}.md:{self.line}"

    @property
    def treatment(self) -> str:
        """What a test does with it. Raises AssertionError for a block without treatment or with contradicting marks."""
        kinds = [kind for kind in self.marks if kind != "exit"]
        if self.language in ("console", "mermaid") and not kinds:
            kinds = [self.language]
        assert len(kinds) == 1, f"{self.place}: a block needs one treatment, not {kinds or 'none'}"
        assert "exit" not in self.marks or kinds == ["console"], f"{self.place}: exit is for console blocks that run"
        assert kinds != ["not run"] or self.marks["not run"] in _REASONS, f"{self.place}: not run: {_REASONS}"
        assert kinds != ["as"] or self.language == "sql", f"{self.place}: as is for sql"
        return kinds[0]

    @property
    def exit_code(self) -> int:
        """The exit code of the block's last command; every other command's is 0."""
        return int(self.marks.get("exit", "0"))

    @cached_property
    def commands(self) -> list[Command]:
        """The commands of a console block; one continues while a quote or a here-document is open, and after \\."""
        commands: list[tuple[list[str], list[str]]] = []
        for line in self.text.splitlines():
            if commands and is_open("\n".join(commands[-1][0])):
                commands[-1][0].append(line)
            elif line.startswith("$ "):
                commands.append(([line.removeprefix("$ ")], []))
            else:
                assert commands, f"{self.place}: a console block begins with `$ command`"
                commands[-1][1].append(line)
        return [Command("\n".join(lines), tuple(output)) for lines, output in commands]


def blocks(chapter: str, text: str) -> list[Block]:
    """All blocks of a chapter in order. Raises AssertionError for an unknown mark."""
    return list(_blocks(chapter, text))


def _blocks(chapter: str, text: str) -> Iterator[Block]:
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        marks: dict[str, str] = {}
        for mark in match["marks"].splitlines():
            parsed = _MARK.fullmatch(mark)
            assert parsed, f"{chapter}.md:{line}: unknown mark {mark}"
            marks[parsed["kind"]] = parsed["value"] or parsed["code"]
        yield Block(chapter, line, match["language"], match["text"], marks)


def is_open(command: str) -> bool:
    """Whether a command goes on in the next line."""
    if here := _HEREDOC.search(command):
        return not re.search(rf"^{here[1]}$", command.partition("\n")[2], flags=re.MULTILINE)
    without_quotes = re.sub(r"\\.|'[^']*'|\"(?:\\.|[^\"\\])*\"", "", command, flags=re.DOTALL)
    return command.endswith("\\") or bool(re.search(r"[\"']", without_quotes))

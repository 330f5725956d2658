"""Runs the blocks of a chapter on a machine, and says which of them differ from the text."""

from dataclasses import dataclass

from tests.guide.blocks import Block, blocks
from tests.guide.machine import Machine, Ran
from tests.guide.matching import matches


@dataclass(frozen=True)
class Difference:
    """A block whose commands did something else than the chapter says; `renewed` is its text with the actual output."""

    block: Block
    message: str
    renewed: str = ""


def run_chapter(name: str, text: str, machine: Machine) -> list[Difference]:
    """Runs all blocks of a chapter in order in a new shell."""
    machine.open_terminal()
    differences = [run_block(block, machine) for block in blocks(name, text)]
    return [difference for difference in differences if difference]


def run_block(block: Block, machine: Machine) -> Difference | None:
    """Runs a block, if it is one that runs."""
    if block.treatment == "file":
        machine.write(block.marks["file"], block.text)
    elif block.treatment == "as":
        return _run_sql(block, machine)
    elif block.treatment == "console":
        return _run_console(block, machine)
    return None


def _run_sql(block: Block, machine: Machine) -> Difference | None:
    identity, _, expected = block.marks["as"].partition("; ")
    error = machine.run_sql(block.text, identity)
    if not expected:
        return Difference(block, f"fails as {identity}: {error}") if error else None
    assert expected.startswith("refused"), f"{block.place}: {expected}"
    sqlstate = expected.removeprefix("refused").strip()
    is_refused = bool(error) and sqlstate in error
    return (
        None if is_refused else Difference(block, f"is not refused as {identity} with {sqlstate}: {error or 'it ran'}")
    )


def _run_console(block: Block, machine: Machine) -> Difference | None:
    runs = [machine.run(command.text) for command in block.commands]
    codes = [0] * (len(runs) - 1) + [block.exit_code]
    faults = [
        _fault(command.text, list(command.output), ran, code)
        for command, ran, code in zip(block.commands, runs, codes, strict=True)
    ]
    if not any(faults):
        return None
    renewed = "".join(
        f"$ {command.text}\n" + "".join(f"{line}\n" for line in _shown(ran))
        for command, ran in zip(block.commands, runs, strict=True)
    )
    return Difference(block, "\n".join(filter(None, faults)), renewed)


def _fault(command: str, expected: list[str], ran: Ran, code: int) -> str:
    if ran.code != code:
        return f"$ {command}\nexit code {ran.code} instead of {code}:\n" + "\n".join(ran.lines)
    if matches(expected, ran.lines):
        return ""
    return "\n".join([f"$ {command}", "— expected:", *expected, "— actual:", *ran.lines])


def _shown(ran: Ran) -> list[str]:
    """The lines of an output as a chapter shows them: a line of three backquotes would end the block."""
    lines = [line.rstrip() for line in ran.lines]
    return [] if lines == [""] else [line.replace("```", "` ` `") for line in lines]

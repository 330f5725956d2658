"""`zava-mcp init` on a terminal offers choices and prints the commands that come next; elsewhere it asks nothing."""

import shlex
from pathlib import Path

import pytest
import typer.main

from tests.cli.terminal import on_terminal
from zava_mcp.cli.commands import app
from zava_mcp.cli.onboarding import CHOICES, SAMPLE, show_next

QUESTION = "Which data do you want to query?"


def test_choice_prints_three_commands_and_changes_nothing(tmp_path: Path) -> None:
    shown = on_terminal("init", typed=b"9\n4\n", ZAVA_DATA_DIR=str(tmp_path / "data"))
    assert shown.code == 0
    assert QUESTION in shown.lines
    assert "'9' is none of the choices." in shown.text
    at = shown.lines.index("Next:")
    assert tuple(line.strip() for line in shown.lines[at + 1 : at + 4]) == CHOICES[3].commands
    assert all(len(line.split("]: ")[-1]) < 80 for line in shown.lines)
    assert not (tmp_path / "data").exists()


def test_every_choice_fits_80_columns(capsys: pytest.CaptureFixture[str]) -> None:
    for choice in CHOICES:
        show_next(choice)
    assert max(map(len, capsys.readouterr().out.splitlines())) < 80


def test_enter_takes_the_sample(data_dir: Path) -> None:
    shown = on_terminal("init", typed=b"\n", ZAVA_DATA_DIR=str(data_dir))
    assert shown.code == 0
    assert "nothing to do: everything is up to date" in shown.text
    at = shown.lines.index("Next:")
    assert tuple(line.strip() for line in shown.lines[at + 1 : at + 4]) == SAMPLE.commands


def test_end_of_input_changes_nothing(tmp_path: Path) -> None:
    shown = on_terminal("init", typed=b"7\n\x04", ZAVA_DATA_DIR=str(tmp_path / "data"))
    assert shown.code == 1
    assert not (tmp_path / "data").exists()


def test_nothing_is_asked_with_an_option_or_a_server(data_dir: Path) -> None:
    """Elsewhere than on a terminal, other tests run it."""
    server = "postgresql://nobody@127.0.0.1:1/zava"
    for shown in (
        on_terminal("--data-dir", str(data_dir), "init"),
        on_terminal("init", ZAVA_ADMIN_DATABASE_URL=server),
    ):
        assert QUESTION not in shown.text
        assert "Next:" not in shown.text


def test_commands_of_the_sample_exist_with_their_options() -> None:
    """The commands of other choices are those of the guide, which checks them."""
    for command in SAMPLE.commands:
        _, name, *arguments = shlex.split(command)
        found = typer.main.get_command(app).commands[name]  # type: ignore[attr-defined]
        options = {option for param in found.params for option in param.opts}
        assert {argument for argument in arguments if argument.startswith("--")} <= options

"""What shells and people give: completions that are one word, commands that people try, words of the terminal."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_commands import zava
from tests.cli.test_names import completed
from tests.conftest import SEATTLE
from zava_mcp.cli.completion import categories
from zava_mcp.cli.wording import for_the_terminal
from zava_mcp.errors import InputError


@pytest.mark.parametrize("typed", ["PAI", "pai", "'PAI", '"PAI', "PAINT\\ \\&"])
def test_bash_inserts_a_category_as_one_word(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a quote that somebody opened, bash keeps that and closes it."""
    monkeypatch.setenv("_ZAVA_MCP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"zava-mcp search --category {typed}")
    quote = typed[0] if typed[0] in "'\"" else ""
    value, *_ = categories(typed.strip("'\"").replace("\\", ""))
    assert shlex.split(f"{quote}{value}{quote}") == ["PAINT & FINISHES"]
    assert value.startswith("anything")  # typer's own filter compares what was typed without its quotes


def test_powershell_inserts_a_category_as_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_ZAVA_MCP_COMPLETE", "complete_pwsh")
    assert categories("PAINT &") == ["'PAINT & FINISHES'"]
    assert categories("PLU") == ["PLUMBING"]


def test_every_completion_of_a_real_bash_is_one_word() -> None:
    for line in ("zava-mcp search --category ", "zava-mcp query --user-id "):
        words = completed(line)
        assert len(words) > 5
        assert [word for word in words if len(shlex.split(word)) != 1] == []


def test_commands_that_people_try_exist(data_dir: Path) -> None:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    assert "retail.orders: " in zava("tables", *common)
    assert "  order_date " in zava("tables", "orders", "retail.stores", *common)
    with pytest.raises(InputError, match="there is no table 'ordes'"):
        zava("tables", "ordes", *common)
    assert zava("explain", "SELECT 1", *common).startswith("The query is valid; it was not run.")
    folder = ["--data-dir", str(data_dir)]
    assert zava("identities", "list", *folder) == zava("identities", *folder)
    assert "--max-rows" in zava("help", "query")
    assert "--all-stores" in zava("help", "identities", "add")
    assert zava("help") == zava("--help")


@pytest.mark.parametrize(
    ("advice", "told"),
    [
        ("Aggregate, or ask for more with max_rows.", "Aggregate, or ask for more with --max-rows."),
        ("Raise similarity_threshold, filter.", "Raise --threshold, filter."),
        ("get_multiple_table_schemas lists the tables.", "`zava-mcp tables` lists the tables."),
        ('Perhaps you meant "p.max_price" or "min_price".', 'Perhaps you meant "p.max_price" or "min_price".'),
        ("Set ZAVA_max_rows.", "Set ZAVA_max_rows."),
    ],
)
def test_advice_on_a_terminal_names_options_and_commands(advice: str, told: str) -> None:
    assert for_the_terminal(advice) == told


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--scale", "0.1"], ""),
        (["--scale", "0.5"], "--scale 0.5 is for a new database"),
        (["--seed", "7"], "--seed 7 is for a new database"),
        (["--as-of", "2021-01-01"], "--as-of 2021-01-01 is for a new database"),
    ],
)
def test_init_refuses_another_sample_than_the_one_there(data_dir: Path, options: list[str], fault: str) -> None:
    if fault:
        with pytest.raises(InputError, match=fault):
            zava("init", *options, "--data-dir", str(data_dir))
    else:
        assert "nothing to do" in zava("init", *options, "--data-dir", str(data_dir))


def test_client_config_refuses_an_extra_that_there_is_not() -> None:
    with pytest.raises(InputError, match=r"no extra 'azur' \(did you mean azure\?\)"):
        zava("client-config", "plain", "--user-id", SEATTLE, "--extra", "azur")


def test_client_config_of_a_checkout_names_what_starts_it() -> None:
    assert f'"command": "{sys.executable}"' in zava("client-config", "plain", "--user-id", SEATTLE)


@pytest.mark.parametrize("activated", [True, False])
def test_next_steps_name_a_command_that_the_shell_finds(activated: bool, tmp_path: Path) -> None:
    program = "from zava_mcp.retail.interpreter import own_command; print(own_command())"
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix if activated else ""}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert subprocess.run(
        ["sh", "-c", f"{told} --version"], env=environment, cwd=tmp_path, capture_output=True, check=True
    ).stdout.startswith(b"zava-mcp ")
    assert (told == "zava-mcp") == activated

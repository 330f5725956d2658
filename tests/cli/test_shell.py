"""What shells and people give: completions that are one word, commands that people try, words of the terminal."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.cli.test_commands import zava
from tests.cli.test_identity_names import completed
from tests.conftest import SEATTLE
from zava_mcp.cli.commands import app
from zava_mcp.cli.display.terminal_hints import for_the_terminal
from zava_mcp.cli.shell_completion import categories
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.settings import load
from zava_mcp.settings.table import NAMES


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
    ("arguments", "meant"),
    [
        (["client-config", "claude"], "claude-desktop or claude-code"),
        (["client-config", "vscod"], "vscode or vscode-insiders"),
        (["client-config", "Cursr"], "cursor"),
        (["query", "SELECT 1", "--format", "jsn"], "json"),
        (["doctor", "--format", "tabel"], "table"),
        (["identities", "list", "--format", "cvs"], "csv"),
        (["help", "serch"], "search"),
        (["help", "identities", "ad"], "add"),
        (["qeury"], "query"),
        (["identities", "lst"], "list"),
        (["tables", "ordes"], "orders"),
        (["tables", "Retail.Order_Item"], "order_items"),
        (["search", "hammer", "--category", "plumbng"], "PLUMBING"),
        (["search", "hammer", "--category", "hamers"], "Hammers"),
        (["search", "hammer", "--category", "garden"], "GARDEN & OUTDOOR or Garden Hand Tools"),
        (["explain", "SELECT 1 FROM retail.ordes"], "retail.orders"),
        (["explain", "SELECT order_dat FROM retail.orders"], "order_date, of orders"),
        (["query", "SELECT 1 FROM retail.ordes"], "retail.orders"),
        (["query", "SELECT 1 FROM retail.ordes", "--output", "rows.csv"], "retail.orders"),
        (["query", "SELECT 1", "--user-id", "seatle"], "seattle"),
        (["client-config", "plain", "--extra", "chrts"], "charts"),
    ],
)
def test_misspelt_name_is_answered_with_the_one_that_is_meant(
    arguments: list[str], meant: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZAVA_DATA_DIR", str(data_dir))
    monkeypatch.setenv("ZAVA_USER_ID", SEATTLE)
    ran = CliRunner().invoke(app, arguments)
    error = ran.exception
    text = f"{error.message} {error.hint}" if isinstance(error, ZavaError) else ran.stderr
    assert ran.exit_code
    assert f"did you mean {meant}?" in text.replace("Did", "did").replace("'?", "?").replace("mean '", "mean "), text


def test_help_lists_every_setting_as_errors_about_settings_say() -> None:
    with pytest.raises(ZavaError) as refused:
        load({}, {"ZAVA_MAX_ROWS": "x"})
    assert "`zava-mcp --help` lists them" in refused.value.hint
    words = zava("--help").split()
    assert [name for name in NAMES if words.count(name) + words.count(f"{name}]") != 1] == []


@pytest.mark.parametrize("options", [["--max-rows", "1000"], ["--max-rows", "1001"], [], ["--format", "csv"]])
def test_person_at_the_limit_of_rows_is_shown_the_way_to_all_of_them(options: list[str], data_dir: Path) -> None:
    sql = "SELECT n FROM generate_series(1, 1100) AS n"
    ran = CliRunner().invoke(app, ["query", sql, *options, "--user-id", SEATTLE, "--data-dir", str(data_dir)])
    text = ran.output + (f"{ran.exception.hint}" if isinstance(ran.exception, ZavaError) else "")
    assert "--output FILE" in text
    assert ("--max-rows" in text) == (not options or "csv" in options)
    assert "max_rows" not in text


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
    program = "from zava_mcp.python_process import own_command; print(own_command())"
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix if activated else ""}
    told = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert subprocess.run(
        ["sh", "-c", f"{told} --version"], env=environment, cwd=tmp_path, capture_output=True, check=True
    ).stdout.startswith(b"zava-mcp ")
    assert (told == "zava-mcp") == activated

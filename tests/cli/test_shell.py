"""Tests of shell completion, suggestions, and hints in terms of the command line."""

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
from zava_mcp.cli.display.terminal_hints import to_terminal_terms
from zava_mcp.cli.shell_completion import complete_categories
from zava_mcp.errors import InputError, ZavaError
from zava_mcp.settings import load
from zava_mcp.settings.table import NAMES


@pytest.mark.parametrize("typed", ["PAI", "pai", "'PAI", '"PAI', "PAINT\\ \\&"])
def test_bash_completes_a_category_as_one_word(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the line has an open quote, bash keeps it and adds the closing one."""
    monkeypatch.setenv("_ZAVA_MCP_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"zava-mcp search --category {typed}")
    quote = typed[0] if typed[0] in "'\"" else ""
    value, *_ = complete_categories(typed.strip("'\"").replace("\\", ""))
    assert shlex.split(f"{quote}{value}{quote}") == ["PAINT & FINISHES"]
    assert value.startswith("anything")  # Typer's own filter compares the value with the unquoted input.


def test_powershell_completes_a_category_as_one_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_ZAVA_MCP_COMPLETE", "complete_pwsh")
    assert complete_categories("PAINT &") == ["'PAINT & FINISHES'"]
    assert complete_categories("PLU") == ["PLUMBING"]


def test_bash_completions_are_single_words() -> None:
    for line in ("zava-mcp search --category ", "zava-mcp query --user-id "):
        words = completed(line)
        assert len(words) > 5
        assert [word for word in words if len(shlex.split(word)) != 1] == []


def test_tables_explain_list_and_help_commands_work(data_dir: Path) -> None:
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
    ("arguments", "suggestion"),
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
def test_misspelt_name_gets_a_suggestion(
    arguments: list[str], suggestion: str, data_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZAVA_DATA_DIR", str(data_dir))
    monkeypatch.setenv("ZAVA_USER_ID", SEATTLE)
    result = CliRunner().invoke(app, arguments)
    error = result.exception
    text = f"{error.message} {error.hint}" if isinstance(error, ZavaError) else result.stderr
    assert result.exit_code
    assert f"did you mean {suggestion}?" in text.replace("Did", "did").replace("'?", "?").replace("mean '", "mean "), (
        text
    )


def test_help_lists_every_setting_once() -> None:
    with pytest.raises(ZavaError) as refused:
        load({}, {"ZAVA_MAX_ROWS": "x"})
    assert "`zava-mcp --help` lists them" in refused.value.hint
    words = zava("--help").split()
    assert [name for name in NAMES if words.count(name) + words.count(f"{name}]") != 1] == []


@pytest.mark.parametrize("options", [["--max-rows", "1000"], ["--max-rows", "1001"], [], ["--format", "csv"]])
def test_row_limit_on_the_terminal_names_the_output_option(options: list[str], data_dir: Path) -> None:
    sql = "SELECT n FROM generate_series(1, 1100) AS n"
    result = CliRunner().invoke(app, ["query", sql, *options, "--user-id", SEATTLE, "--data-dir", str(data_dir)])
    text = result.output + (f"{result.exception.hint}" if isinstance(result.exception, ZavaError) else "")
    assert "--output FILE" in text
    assert ("--max-rows" in text) == (not options or "csv" in options)
    assert "max_rows" not in text


@pytest.mark.parametrize(
    ("hint", "translated"),
    [
        ("Aggregate, or ask for more with max_rows.", "Aggregate, or ask for more with --max-rows."),
        ("Raise similarity_threshold, filter.", "Raise --threshold, filter."),
        ("get_multiple_table_schemas lists the tables.", "`zava-mcp tables` lists the tables."),
        ('Perhaps you meant "p.max_price" or "min_price".', 'Perhaps you meant "p.max_price" or "min_price".'),
        ("Set ZAVA_max_rows.", "Set ZAVA_max_rows."),
    ],
)
def test_hint_on_a_terminal_names_options_and_commands(hint: str, translated: str) -> None:
    assert to_terminal_terms(hint) == translated


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--scale", "0.1"], ""),
        (["--scale", "0.5"], "--scale 0.5 is for a new database"),
        (["--seed", "7"], "--seed 7 is for a new database"),
        (["--as-of", "2021-01-01"], "--as-of 2021-01-01 is for a new database"),
    ],
)
def test_init_refuses_options_of_a_different_sample(data_dir: Path, options: list[str], fault: str) -> None:
    if fault:
        with pytest.raises(InputError, match=fault):
            zava("init", *options, "--data-dir", str(data_dir))
    else:
        assert "nothing to do" in zava("init", *options, "--data-dir", str(data_dir))


def test_client_config_refuses_an_unknown_extra() -> None:
    with pytest.raises(InputError, match=r"no extra 'azur' \(did you mean azure\?\)"):
        zava("client-config", "plain", "--user-id", SEATTLE, "--extra", "azur")


def test_client_config_of_a_checkout_names_its_python() -> None:
    assert f'"command": "{sys.executable}"' in zava("client-config", "plain", "--user-id", SEATTLE)


@pytest.mark.parametrize("activated", [True, False])
def test_shell_command_runs_in_the_shell(activated: bool, tmp_path: Path) -> None:
    program = "from zava_mcp.python_process import shell_command; print(shell_command())"
    environment = {**os.environ, "VIRTUAL_ENV": sys.prefix if activated else ""}
    command = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert subprocess.run(
        ["sh", "-c", f"{command} --version"], env=environment, cwd=tmp_path, capture_output=True, check=True
    ).stdout.startswith(b"zava-mcp ")
    assert (command == "zava-mcp") == activated

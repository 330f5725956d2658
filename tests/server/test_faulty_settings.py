"""Tests of servers with faulty settings: instructions and every call report the fault."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SEATTLE, STORES
from tests.stdio_client import StdioClient

SECRET = "postgresql://seattle:hunter2@db.example.com/zava"
AS_SEATTLE = ["--user-id", SEATTLE]

FAULTS: list[tuple[list[str], dict[str, str], str]] = [
    ([*AS_SEATTLE, "--env-file", "/no/such/file"], {"ZAVA_MAX_ROWS": "many"}, "ZAVA_MAX_ROWS must be a whole number"),
    ([], {}, "no user id is set. Give one with --user-id or ZAVA_USER_ID. `zava-mcp identities` lists them."),
    (["--userid", SEATTLE], {}, "No such option: --userid"),
    (["serve", *AS_SEATTLE], {"ZAVA_DATABASE_URL": SECRET}, "No such command 'serve'"),
    ([SECRET], {}, "No such command (hidden)"),
]


def said(reply: dict[str, Any]) -> str:
    """The text of a tool error or a protocol error."""
    if "error" in reply:
        return str(reply["error"]["message"])
    assert reply["result"]["isError"]
    (block,) = reply["result"]["content"]
    return str(block["text"])


@pytest.mark.parametrize(("arguments", "environment", "fault"), FAULTS, ids=[row[2][:30] for row in FAULTS])
def test_server_with_faulty_settings_fails_every_call_with_them(
    data_dir: Path, arguments: list[str], environment: dict[str, str], fault: str
) -> None:
    with StdioClient("--data-dir", str(data_dir), *arguments, environment=environment) as server:
        hello = server.shake_hands("2025-11-25")
        assert fault in hello["instructions"]
        tools = server.request("tools/list")["result"]["tools"]
        assert len(tools) == 6
        replies = [
            server.request("tools/call", name=tool["name"], arguments={"postgresql_query": "SELECT 1"})
            for tool in tools
        ]
        replies += [
            server.request("tools/call", name="nothing"),
            server.request("resources/read", uri="zava://about"),
            server.request("resources/read", uri="zava://results/x.csv"),
            server.request("prompts/get", name="monthly_review"),
        ]
        for reply in replies:
            assert fault in said(reply)
        argument = {"name": "store", "value": ""}
        ref = {"type": "ref/prompt", "name": "monthly_review"}
        assert server.request("completion/complete", ref=ref, argument=argument)["result"]["completion"]["values"] == []
        everything = json.dumps([hello, *replies])
        server.close_stdin()
        assert server.process.wait(10) == 2
        assert fault.partition(". ")[0] in server.stderr()
    assert "hunter2" not in everything
    assert not [user_id for user_id in STORES.values() if user_id in everything]


@pytest.mark.parametrize("stdin", ["terminal", "nothing"])
def test_faulty_settings_at_a_terminal_end_with_an_exit_code(data_dir: Path, stdin: str) -> None:
    leader, follower = pty.openpty()
    try:
        ran = subprocess.run(
            [sys.executable, "-P", "-m", "zava_mcp", "--data-dir", str(data_dir)],
            stdin=follower if stdin == "terminal" else subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    finally:
        os.close(leader)
        os.close(follower)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"{SEATTLE}  Zava Retail Seattle" in ran.stderr


def test_instructions_name_a_misspelt_setting(data_dir: Path, tmp_path: Path) -> None:
    """A misspelt setting may mean another database than the one in use."""
    env_file = tmp_path / "env"
    env_file.write_text("POSTGRES_DB_HOSTT=prod.example.com\n")
    environment = {"ZAVA_DATABASE_ULR": "postgresql://prod.example.com/zava", "ZAVA_ENV_FILE": str(env_file)}
    with StdioClient("--data-dir", str(data_dir), "--user-id", SEATTLE, environment=environment) as server:
        instructions = server.shake_hands("2025-11-25")["instructions"]
    assert "ZAVA_DATABASE_ULR is not a setting; did you mean ZAVA_DATABASE_URL?" in instructions
    assert "POSTGRES_DB_HOSTT is not a setting; did you mean POSTGRES_DB_HOST?" in instructions
    assert "prod.example.com" not in instructions

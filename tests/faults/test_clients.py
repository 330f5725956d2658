"""Clients that send too much, read nothing, or are killed: the server replies, limits its memory, or ends."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tests.conftest import SEATTLE
from tests.faults.test_memory import BOUND, mark, resident
from tests.stdio_client import server_for

CALL = {"name": "execute_sales_query", "arguments": {"postgresql_query": "SELECT repeat('x', 7000)"}}


@pytest.mark.parametrize("id_comes", ["first", "last"])
@pytest.mark.parametrize("filling", ['"x"', "[]"])
def test_message_of_any_size_is_answered_with_little_memory(data_dir: Path, id_comes: str, filling: str) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        idle = mark(server)
        arguments = f'{{"name": "x", "arguments": {{"a": [{",".join([filling] * 6_000_000)}]}}}}'
        parts = ['"jsonrpc": "2.0"', '"id": 77', '"method": "tools/call"', f'"params": {arguments}']
        if id_comes == "last":
            parts = [parts[2], parts[3], parts[0], parts[1]]
        server.send(("{" + ", ".join(parts) + "}\n").encode())
        reply = server.read()
        assert (reply["id"], reply["error"]["code"]) == (77, -32600)
        assert resident(server, "VmHWM") - idle < BOUND
        assert server.call("get_current_utc_date")[1] is False


def test_client_that_reads_late_gets_all_results_with_little_memory(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        assert not server.call("execute_sales_query", postgresql_query="SELECT 1")[1]
        idle = mark(server)
        numbers = range(100, 300)
        for number in numbers:
            server.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": CALL})
        seen = {}
        for _ in numbers:
            reply = server.read()
            seen[reply["id"]] = reply["result"]
        assert sorted(seen) == list(numbers)
        for result in seen.values():
            text = result["content"][0]["text"]
            assert "x" * 7000 in text or "too many calls at once" in text
        assert resident(server, "VmHWM") - idle < BOUND


def test_server_ends_when_its_client_is_killed(data_dir: Path, tmp_path: Path) -> None:
    """The client is a separate process that is killed without closing its pipes."""
    command = [sys.executable, "-m", "zava_mcp", "--data-dir", str(data_dir), "--user-id", SEATTLE]
    code = (
        "import subprocess, sys, time;"
        f"child = subprocess.Popen({json.dumps(command)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE);"
        "print(child.pid, flush=True); child.stdout.readline()"
    )
    client = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert client.stdout is not None
    server = psutil.Process(int(client.stdout.readline()))
    users = len(list((data_dir / "users").iterdir()))
    deadline = time.monotonic() + 30
    while len(list((data_dir / "users").iterdir())) == users and time.monotonic() < deadline:
        os.sched_yield()
    client.send_signal(signal.SIGKILL)
    client.wait()
    client.stdout.close()
    _, alive = psutil.wait_procs([server], timeout=20)  # it may still be importing
    assert not alive

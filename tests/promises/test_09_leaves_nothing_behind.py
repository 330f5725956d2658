"""Promise 9: it leaves nothing behind."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import SEATTLE, STORES, settings_for, small_postgres
from tests.polling import until
from tests.promises.test_04_every_call_ends import DEAF
from tests.stdio_client import StdioClient, server_for
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.errors import EmbeddedError

COUNT = {"postgresql_query": "SELECT count(*) FROM retail.orders"}
SLOW = {"postgresql_query": "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 1000) b"}


def postmasters(folder: Path) -> list[psutil.Process]:
    """The PostgreSQL servers on any data folder below this one."""
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        line = process.info["cmdline"] or []
        if process.info["name"] == "postgres" and "-D" in line and any(str(folder) in word for word in line):
            found.append(process)
    return found


def gone(folder: Path, seconds: float) -> bool:
    _, alive = psutil.wait_procs(postmasters(folder), timeout=seconds)
    return not alive


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A data folder of its own, filled with a very small sample, nobody using it."""
    small_postgres(tmp_path)
    yield tmp_path
    for process in postmasters(tmp_path):
        process.send_signal(signal.SIGQUIT)


def test_with_the_last_server_goes_the_database(small: Path) -> None:
    with server_for(small, SEATTLE) as first, server_for(small, STORES["Redmond"]) as second:
        for server in (first, second):
            server.shake_hands()
            assert not server.call("execute_sales_query", **COUNT)[1]
        first.close_stdin()
        assert first.process.wait(2) == 0
        assert len(postmasters(small)) == 1
        assert not second.call("execute_sales_query", **COUNT)[1]
        second.close_stdin()
        assert second.process.wait(2) == 0
    assert gone(small, 10)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("busy", [False, True])
def test_a_signal_ends_server_and_database(small: Path, signum: signal.Signals, code: int, busy: bool) -> None:
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        assert not server.call("execute_sales_query", **COUNT)[1]
        if busy:
            call = {"name": "execute_sales_query", "arguments": SLOW}
            server.send({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": call})
            assert not server.call("get_current_utc_date")[1]
        server.signal(signum)
        assert server.process.wait(3) == code
    assert gone(small, 10)


def test_a_running_query_does_not_hold_up_the_end(small: Path) -> None:
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        assert not server.call("execute_sales_query", **COUNT)[1]
        call = {"name": "execute_sales_query", "arguments": SLOW}
        server.send({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": call})
        assert not server.call("get_current_utc_date")[1]
        server.close_stdin()
        assert server.process.wait(3) == 0
    assert gone(small, 10)


def test_what_a_killed_server_left_running_is_adopted_and_stopped_by_the_next(small: Path) -> None:
    with server_for(small, SEATTLE) as killed:
        killed.shake_hands()
        assert not killed.call("execute_sales_query", **COUNT)[1]
        killed.process.kill()
        killed.process.wait()
    assert len(postmasters(small)) == 1, "nobody was there to stop it: the next server adopts it"
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        assert not server.call("execute_sales_query", **COUNT)[1]
        server.close_stdin()
        assert server.process.wait(3) == 0
    assert gone(small, 10)


def test_a_killed_server_stops_nothing_under_others(small: Path) -> None:
    with server_for(small, SEATTLE) as killed, server_for(small, SEATTLE) as other, server_for(small, SEATTLE) as third:
        for server in (killed, other, third):
            server.shake_hands()
            assert not server.call("execute_sales_query", **COUNT)[1]
        killed.process.kill()
        killed.process.wait()
        other.close_stdin()
        assert other.process.wait(3) == 0
        assert not third.call("execute_sales_query", **COUNT)[1]
        third.close_stdin()
        assert third.process.wait(3) == 0
    assert gone(small, 10)


def test_a_crashed_database_is_recovered(small: Path) -> None:
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        before = server.call("execute_sales_query", **COUNT)
        for process in postmasters(small):
            for child in [*process.children(recursive=True), process]:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
        assert gone(small, 10)
        assert server.call("execute_sales_query", **COUNT) == before


def test_set_up_that_was_killed_starts_clean(tmp_path: Path) -> None:
    """Killed at several moments; in the end there is a whole shop, and no leftovers."""
    command = [sys.executable, "-m", "zava_mcp", "init", "--scale", "0.05", "--data-dir", str(tmp_path)]
    for stage in ("setup-*", "setup-*/data/postmaster.pid", "setup-*/data/base/16*"):
        setter = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob(stage)) and setter.poll() is None and time.monotonic() < deadline:
            os.sched_yield()
        setter.kill()
        setter.wait()
        assert not (tmp_path / "postgres-18").exists()
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    assert not list(tmp_path.glob("setup-*"))
    count = [sys.executable, "-m", "zava_mcp", "query", "SELECT count(*), count(customer_id) FROM retail.orders"]
    ran = subprocess.run(
        [*count, "--data-dir", str(tmp_path), "--user-id", "00000000-0000-0000-0000-000000000000"],
        check=True,
        capture_output=True,
        timeout=60,
    )
    orders, last = json.loads(ran.stdout)["rows"][0]
    assert orders == last > 9000
    assert gone(tmp_path, 10)


def test_servers_that_start_at_once_set_up_once(tmp_path: Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(server_for(tmp_path, user_id)) for user_id in list(STORES.values())[:4]]
        assert all(server.shake_hands() for server in servers)
        answers = [server.call("execute_sales_query", **COUNT) for server in servers]
        assert not any(failed for _, failed in answers)
        assert len(postmasters(tmp_path)) == 1
        for server in servers:
            server.close_stdin()
        assert [server.process.wait(10) for server in servers] == [0, 0, 0, 0]
    assert gone(tmp_path, 10)
    assert not list((tmp_path / "users").iterdir())


def test_a_client_that_closes_its_reading_end_ends_the_server(small: Path) -> None:
    with StdioClient("--data-dir", str(small), "--user-id", SEATTLE) as server:
        server.shake_hands()
        assert not server.call("get_current_utc_date")[1]  # the SDK is imported
        assert server.process.stdout is not None
        server.process.stdout.close()
        server.send({"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}})
        assert server.process.wait(5) == 0
    assert gone(small, 10)


@pytest.mark.parametrize("stage", ["users/*.lock", "postgres-18/data/postmaster.pid"])
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_in_the_first_moments_leaves_nothing(small: Path, stage: str, signum: signal.Signals) -> None:
    with server_for(small, SEATTLE) as server:
        _until_there(small, stage, server)
        server.signal(signum)
        assert server.process.wait(4) == 128 + signum
    assert gone(small, 10)


@pytest.mark.parametrize("ending", ["EOF", "SIGTERM"])
def test_the_end_in_the_middle_of_set_up_leaves_nothing(tmp_path: Path, ending: str) -> None:
    with server_for(tmp_path, SEATTLE) as setter, server_for(tmp_path, SEATTLE) as waiter:
        for server in (setter, waiter):
            server.shake_hands()
            assert not server.call("get_current_utc_date")[1]  # the SDK is imported, which takes long on a busy machine
        _until_there(tmp_path, "setup-*/data/postmaster.pid", setter)
        for server in (waiter, setter):
            if ending == "EOF":
                server.close_stdin()
            else:
                server.signal(signal.SIGTERM)
            assert server.process.wait(4) == (0 if ending == "EOF" else 143)
    assert gone(tmp_path, 10)


def test_a_client_that_does_not_read_does_not_hold_up_the_end(small: Path) -> None:
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        assert not server.call("get_current_utc_date")[1]  # the SDK is imported
        call = {"name": "execute_sales_query", "arguments": {"postgresql_query": "SELECT repeat('x', 7000)"}}
        for number in range(100):
            server.send({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call})
        server.close_stdin()
        assert server.process.wait(5) == 0
    assert gone(small, 10)


def _until_there(folder: Path, pattern: str, server: StdioClient) -> None:
    deadline = time.monotonic() + 30
    while not list(folder.glob(pattern)):
        assert server.process.poll() is None
        assert time.monotonic() < deadline
        os.sched_yield()


def test_what_was_closed_is_not_opened_again(small: Path) -> None:
    """A thread that waits in open() while the process ends must not start a database nobody stops."""
    postgres = embedded_postgres(settings_for(small), lambda *_: None)
    postgres.open()
    postgres.close()
    with pytest.raises(EmbeddedError, match="ending"):
        postgres.open()
    assert gone(small, 10)


@pytest.mark.parametrize("sql", DEAF)
def test_a_query_that_heeds_nothing_does_not_keep_the_database(small: Path, sql: str) -> None:
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        assert not server.call("execute_sales_query", **COUNT)[1]
        call = {"name": "execute_sales_query", "arguments": {"postgresql_query": sql}}
        server.send({"jsonrpc": "2.0", "id": 99, "method": "tools/call", "params": call})
        _until_at_work(small)
        server.close_stdin()
        assert server.process.wait(10) == 0
    assert gone(small, 10)


@pytest.mark.parametrize("command", ["query", "doctor"])
def test_a_command_that_is_ended_leaves_nothing(small: Path, command: str) -> None:
    arguments = ["query", SLOW["postgresql_query"]] if command == "query" else ["doctor"]
    with StdioClient(*arguments, "--data-dir", str(small), "--user-id", SEATTLE) as process:
        _until_there(small, "postgres-18/data/postmaster.pid", process)
        process.signal(signal.SIGTERM)
        assert process.process.wait(10) in (0, 143)
    assert gone(small, 10)


@pytest.mark.parametrize(("signum", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_ends_a_command_whose_query_runs(small: Path, signum: signal.Signals, code: int) -> None:
    sql = "SELECT count(*) FROM generate_series(1, 100000) a, generate_series(1, 100000) b"
    with StdioClient("query", sql, "--data-dir", str(small), "--user-id", SEATTLE) as process:
        _until_there(small, "postgres-18/data/postmaster.pid", process)
        until(lambda: _longest_computation(small) > 0.7)
        process.signal(signum)
        assert process.process.wait(10) == code
    assert gone(small, 10)


def test_a_signal_at_the_moment_when_postgresql_is_made_leaves_nothing(
    small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Watched(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            signal.raise_signal(signal.SIGUSR1)  # it is made, and nobody has been given it yet

    def end(*_: object) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGUSR1, end)
    monkeypatch.setattr(subprocess, "Popen", Watched)
    postgres = embedded_postgres(settings_for(small), lambda *_: None)
    try:
        with pytest.raises(SystemExit):
            postgres.open()
    finally:
        signal.signal(signal.SIGUSR1, before)
        postgres.close()
    assert gone(small, 10)


def test_what_was_removed_already_does_not_keep_the_rest_from_being_closed(tmp_path: Path) -> None:
    """Two threads may stop a server at the same time: the one that sets it up and the one that ends the process."""
    folder = tmp_path / ("so-long-that-no-socket-fits-into-it-" * 3)
    folder.mkdir()
    postgres = small_postgres(folder)
    sockets = Path(postgres.open().host)
    assert sockets.name.startswith("zava-socket-")
    shutil.rmtree(sockets)
    postgres.close()
    assert gone(folder, 10)


def _longest_computation(folder: Path) -> float:
    """The processor time in seconds of the backend that has used most, 0 while there is none."""
    times = [0.0]
    for server in postmasters(folder):
        for child in server.children():
            with suppress(psutil.NoSuchProcess):
                times.append(child.cpu_times().user)
    return max(times)


def _until_at_work(folder: Path) -> None:
    """Until a backend is busy, as its title says."""
    deadline = time.monotonic() + 10
    while True:
        titles = []
        for child in postmasters(folder)[0].children():
            with suppress(psutil.NoSuchProcess):  # workers of PostgreSQL come and go
                titles.append(" ".join(child.cmdline()).strip())
        if any("[local]" in title and "idle" not in title for title in titles):
            return
        assert time.monotonic() < deadline, titles

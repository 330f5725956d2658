"""The embedded database after power cuts, on a full disk, with two versions of the package, and with many servers."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.conftest import SEATTLE, STORES, admin_keywords, asking, settings_for, small_postgres
from tests.promises.test_04_every_call_ends import DEAF
from tests.promises.test_09_leaves_nothing_behind import COUNT, _until_at_work, gone, postmasters
from tests.stdio_client import StdioClient, server_for
from zava_mcp import sql
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.admin.sample import Sample
from zava_mcp.embedded.host import change_owner_to_runner, make_reachable


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A separate data folder with a very small sample that no process uses."""
    small_postgres(tmp_path)
    yield tmp_path
    for process in postmasters(tmp_path):
        process.send_signal(signal.SIGQUIT)


def cut_the_power(folder: Path, *servers: StdioClient) -> None:
    """Kills the servers and all of PostgreSQL's processes, so that none can write anything."""
    for server in servers:
        server.process.kill()
        server.process.wait()
    killed = []
    for process in postmasters(folder):
        for one in [process, *process.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                one.kill()
                killed.append(one)
    psutil.wait_procs(killed, timeout=10)


def test_power_cut_during_use_loses_no_data(small: Path) -> None:
    with server_for(small, SEATTLE) as first, server_for(small, STORES["Redmond"]) as second:
        for server in (first, second):
            server.shake_hands()
            assert not server.call("get_current_utc_date")[1]  # the SDK is imported
        before = first.call("execute_sales_query", **COUNT)
        slow = {"postgresql_query": "SELECT count(*) FROM generate_series(1, 100000000), generate_series(1, 1000) b"}
        call = {"name": "execute_sales_query", "arguments": slow}
        second.send({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call})
        cut_the_power(small, first, second)
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        assert server.call("execute_sales_query", **COUNT) == before
        server.close_stdin()
        assert server.process.wait(5) == 0
    assert gone(small, 10)
    assert not list((small / "users").iterdir())


def test_orphaned_query_does_not_block_the_next_start(small: Path) -> None:
    """Only PostgreSQL's first process is killed, and another one runs a query that ignores interrupts."""
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        before = server.call("execute_sales_query", **COUNT)
        call = {"name": "execute_sales_query", "arguments": {"postgresql_query": DEAF[0]}}
        server.send({"jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": call})
        (postmaster,) = postmasters(small)
        _until_at_work(small)
        postmaster.kill()
        assert server.call("execute_sales_query", **COUNT) == before
        server.close_stdin()
        assert server.process.wait(10) == 0
    assert gone(small, 10)


@pytest.mark.parametrize("stage", ["setup-*/data/postmaster.pid", "setup-*/data/base/16*"])
def test_power_cut_during_set_up_restarts_set_up(tmp_path: Path, stage: str) -> None:
    with server_for(tmp_path, SEATTLE) as server:
        server.shake_hands()
        server.request("tools/list")
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob(stage)):
            assert time.monotonic() < deadline
            os.sched_yield()
        cut_the_power(tmp_path, server)
    assert not (tmp_path / "postgres-18").exists()
    postgres = embedded_postgres(settings_for(tmp_path), lambda *_: None, Sample(scale=0.002))
    postgres.open()
    postgres.close()
    assert gone(tmp_path, 10)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["postgres-18", "start.lock", "users"]


def test_eight_servers_starting_at_once_share_one_database(tmp_path: Path) -> None:
    with ExitStack() as stack:
        servers = [stack.enter_context(server_for(tmp_path, user_id)) for user_id in STORES.values()]
        for server in servers:
            server.shake_hands()
        # All send a query before the first result; each gets the number of its own orders.
        call = {"name": "execute_sales_query", "arguments": COUNT}
        for server in servers:
            server.send({"jsonrpc": "2.0", "id": 50, "method": "tools/call", "params": call})
        for server in servers:
            while (reply := server.read()).get("id") != 50:
                assert reply["method"] == "notifications/progress"
            assert not reply["result"].get("isError"), reply
        assert len(postmasters(tmp_path)) == 1
        for server in servers:
            server.close_stdin()
        assert [server.process.wait(15) for server in servers] == [0] * 8
    assert gone(tmp_path, 10)
    assert not list((tmp_path / "users").iterdir())


def test_database_of_a_newer_package_is_reported(small: Path) -> None:
    """The database is not changed, also when both versions use it at the same time."""
    record = small / "postgres-18" / "schema_version"
    newer = sql.schema_version() + 1
    record.write_text(f"{newer}\n")
    postgres = embedded_postgres(settings_for(small), lambda *_: None)
    with psycopg.connect(**admin_keywords(postgres), autocommit=True) as admin:
        admin.execute("UPDATE zava.about SET schema_version = %s", [newer])
    with server_for(small, SEATTLE) as server:
        server.shake_hands()
        text, failed = server.call("execute_sales_query", **COUNT)
        assert failed
        assert f"the database has schema version {newer}, this program needs {newer - 1}. Upgrade" in text
        assert record.read_text() == f"{newer}\n"
        # The newer version undoes its change; no server needs a restart.
        with psycopg.connect(**admin_keywords(postgres), autocommit=True) as admin:
            admin.execute("UPDATE zava.about SET schema_version = %s", [newer - 1])
        assert not server.call("execute_sales_query", **COUNT)[1]
        server.close_stdin()
        assert server.process.wait(5) == 0
    assert len(postmasters(small)) == 1, "the newer one still uses it"
    postgres.close()
    assert gone(small, 10)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 160 MB with a database on it, which only root may mount."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "none", str(place)], check=True)
    try:
        change_owner_to_runner(place)
        make_reachable(place)
        small_postgres(place / "data")
        yield place
    finally:
        cut_the_power(place)
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill_up(filler: Path) -> None:
    with filler.open("ab", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    assert shutil.disk_usage(filler.parent).free < 4096


@pytest.mark.anyio
async def test_full_disk_is_reported_until_there_is_space(disk: Path) -> None:
    filler = disk / "filler"
    sort = "SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY md5(g::text)) r FROM generate_series(1, 900000) g) q"
    async with asking(settings_for(disk / "data", SEATTLE)) as asker:
        orders = await asker.value("SELECT count(*) FROM retail.orders")
        fill_up(filler)
        refusal = await asker.refusal(sort)
        assert "53100" in refusal
        assert "Filter or aggregate earlier" in refusal
        assert await asker.value("SELECT count(*) FROM retail.orders") == orders
        for process in postmasters(disk):
            process.send_signal(signal.SIGINT)
        assert gone(disk, 10)
        fill_up(filler)
        refusal = await asker.refusal("SELECT 1")
        assert "No space left" in refusal
        assert "free some space" in refusal or "Make room" in refusal
        filler.unlink()
        assert await asker.value("SELECT count(*) FROM retail.orders") == orders

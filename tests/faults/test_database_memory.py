"""The embedded PostgreSQL's memory: one call, its parallel workers and their shared memory stay within a limit."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.conftest import HEAD_OFFICE, SEATTLE, Ask
from zava_mcp.embedded import EmbeddedPostgres

pytestmark = pytest.mark.anyio

_SHARED_BOUND = 800 << 20  # each process maps less than 600 MB of it, but not all of them map the same
_PROCESS_BOUND = 256 << 20  # private memory

#: A hash table that parallel workers build together. All rows have one key, so that no batch is smaller.
SKEWED = """SELECT count(b.wide) FROM retail.order_items a
  LEFT JOIN (SELECT order_item_id % 1 AS key, coalesce(repeat(md5(order_item_id::text), 600), '') AS wide
               FROM retail.order_items) b
    ON a.order_item_id % 1 = b.key AND b.wide < a.order_id::text"""


class Peak:
    """Peak memory of a server's processes: private memory of the largest one, shared memory of all together."""

    def __init__(self, postmaster: int) -> None:
        self._postmaster = psutil.Process(postmaster)
        self._ended = threading.Event()
        self.private = self.shared = 0

    def watch(self) -> None:
        while not self._ended.wait(0.02):
            segments: dict[str, int] = {}
            for process in self._postmaster.children():
                with suppress(psutil.Error, OSError):
                    for mapping in process.memory_maps(grouped=False):
                        if "PostgreSQL." in mapping.path:
                            segments[mapping.path] = max(segments.get(mapping.path, 0), mapping.size)
                    self.private = max(self.private, private_bytes(process.pid))
            self.shared = max(self.shared, sum(segments.values()))

    def end(self) -> None:
        self._ended.set()


def private_bytes(pid: int) -> int:
    """Resident memory of a process that is not shared with others."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) * 1024


@contextmanager
def watched(embedded: EmbeddedPostgres) -> Iterator[Peak]:
    folder = embedded.folder / "postgres-18" / "data"
    peak = Peak(int((folder / "postmaster.pid").read_text().split()[0]))
    thread = threading.Thread(target=peak.watch)
    thread.start()
    try:
        yield peak
    finally:
        peak.end()
        thread.join()


@pytest.fixture
def parallel(admin: psycopg.Connection) -> Iterator[None]:
    """Lets head office's queries run in parallel, as PostgreSQL does by itself on larger tables."""
    settings = {
        **dict.fromkeys(("min_parallel_table_scan_size", "min_parallel_index_scan_size"), 0),
        **dict.fromkeys(("parallel_setup_cost", "parallel_tuple_cost"), 0),
        **dict.fromkeys(("enable_mergejoin", "enable_nestloop"), "off"),
    }
    for name, value in settings.items():
        admin.execute(f"ALTER ROLE zava_head_office SET {name} = {value}".encode())
    yield
    for name in settings:
        admin.execute(f"ALTER ROLE zava_head_office RESET {name}".encode())


async def test_shared_hash_table_stays_within_the_memory_limit(
    embedded: EmbeddedPostgres, ask: Ask, parallel: None
) -> None:
    async with ask(HEAD_OFFICE) as head_office, ask(SEATTLE) as seattle:
        backend = await seattle.value("SELECT pg_backend_pid()")
        assert "Parallel Hash" in (await head_office.call("explain_sales_query", postgresql_query=SKEWED))[0]
        with watched(embedded) as peak:
            refusal = await head_office.refusal(SKEWED)
        assert "53200" in refusal
        assert "Filter or aggregate earlier" in refusal
        assert peak.shared < _SHARED_BOUND
        assert peak.private < _PROCESS_BOUND
        assert await seattle.value("SELECT pg_backend_pid()") == backend
        assert await head_office.value("SELECT 1") == 1


async def test_query_has_at_most_four_parallel_workers(ask: Ask, parallel: None) -> None:
    async with ask(HEAD_OFFICE) as head_office:
        assert await head_office.value("SELECT current_setting('max_parallel_workers')") == "4"


def test_kernel_ends_a_query_before_other_programs(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    score = Path(f"/proc/{admin.info.backend_pid}/oom_score_adj").read_text()
    assert int(score) > int(Path("/proc/self/oom_score_adj").read_text())

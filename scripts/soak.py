"""Lets servers share one embedded database for a while, asks them at random, kills at random, and counts.

Every answer is checked: it must be the one to the question, and show no other store. The first server is
never killed; it shows whether memory grows. Exit code 1 if an answer was wrong or lost, or anything leaked.
"""

import argparse
import json
import random
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from scripts.soaked_server import REPLY_SECONDS, Server, postgres_on, processes_on, shared_memory
from zava_mcp.admin.embed_products import embed
from zava_mcp.admin.init import initialise
from zava_mcp.admin.sample import Sample
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.settings import load

DEAF = "length(translate(repeat('a', 1000000), repeat('b', 400000), ''))"
TOP = (
    "SELECT {n}, product_name, sum(total_amount) FROM retail.order_items JOIN retail.products USING (product_id)"
    " GROUP BY 2 ORDER BY 3 DESC LIMIT 50"
)
#: {n} comes back as the first value of the first row; most are what people ask, some are not.
QUESTIONS = (
    *["SELECT {n}, count(*), count(DISTINCT store_id) FROM retail.orders"] * 6,
    *["SELECT {n}, store_id, sum(total_amount) FROM retail.order_items GROUP BY 2"] * 6,
    *[TOP] * 3,
    "SELECT {n}, repeat(md5(g::text), 200) FROM generate_series(1, 300) g",
    "SELECT {n}, max(r) FROM (SELECT row_number() OVER (ORDER BY md5(g::text)) r FROM generate_series(1, 300000) g) q",
    "SELECT {n}, 1 / 0",
    "SELECT {n}, no_such_column FROM retail.orders",
    "SELECT {n}, repeat('x', 500000000)",
    "SELECT {n}, repeat('x', 50000000)::int",
    "SELECT {n}, count(*) FROM generate_series(1, 100000000), generate_series(1, 1000) b",
    f"SELECT {{n}}, {DEAF}",
)
SEARCHES = ("hammer", "something to keep rain out of an outdoor socket", "white paint", "a gift for a gardener")


@dataclass
class Tally:
    """What happened, counted by all threads."""

    calls: int = 0
    wrong: list[str] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    done_to_them: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answered(self, error: str = "") -> None:
        with self._lock:
            self.calls += 1
            if error:
                self.errors[re.sub(r"[\d,]+|'[^']*'|\"[^\"]*\"", "…", error.split(": ", 1)[-1])[:70]] += 1

    def did(self, what: str) -> None:
        with self._lock:
            self.done_to_them[what] += 1


class Caller(threading.Thread):
    """One identity's client: asks on and on, and starts a new server whenever the old one is gone."""

    def __init__(self, folder: Path, user_id: str, stores: int, tally: Tally, ended: threading.Event) -> None:
        super().__init__(name=user_id, daemon=True)
        self._folder, self._user_id, self._stores = folder, user_id, stores
        self._tally, self._ended = tally, ended
        self.server: Server | None = None
        self.killed = threading.Event()  # by us, so that a reply may be missing

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self.server = self.server or Server(self._folder, self._user_id)
                self._ask(self.server)
            except OSError as error:  # of which TimeoutError is one
                if not (self.killed.is_set() or self._ended.is_set()):
                    self._tally.wrong.append("no reply" if isinstance(error, TimeoutError) else "the server ended")
                self.killed.clear()
                if self.server is not None:
                    self.server.end()
                self.server = None
        if self.server is not None:
            self.server.end()
            if self.server.process.returncode and not self.killed.is_set():
                self._tally.wrong.append(f"exit code {self.server.process.returncode}")

    def _ask(self, server: Server) -> None:
        number = random.randrange(1 << 30)
        if random.random() < 0.1:
            text, failed = server.call("semantic_search_products", query_description=random.choice(SEARCHES))
            right = '"search":' in text
        else:
            sql = random.choice(QUESTIONS).replace("{n}", str(number))
            text, failed = server.call("execute_sales_query", postgresql_query=sql, max_rows=1000)
            right = failed or self._is_right(json.loads(text), sql, number)
        self._tally.answered(text if failed else "")
        if not failed and not right:
            self._tally.wrong.append(f"{text[:200]} is not the answer to {number}")

    def _is_right(self, answer: dict[str, Any], sql: str, number: int) -> bool:
        rows = answer["rows"]
        seen = rows[0][2] if "DISTINCT store_id" in sql else len(rows) if "store_id, sum" in sql else self._stores
        return all(row[0] == number for row in rows) and seen == self._stores


class Breaker(threading.Thread):
    """Kills something every few seconds: a backend, all of PostgreSQL, or a server (but never the first)."""

    def __init__(self, folder: Path, askers: list[Caller], tally: Tally, ended: threading.Event) -> None:
        super().__init__(name="breaker", daemon=True)
        self._folder, self._askers, self._tally, self._ended = folder, askers, tally, ended

    def run(self) -> None:
        while not self._ended.wait(random.uniform(0.5, 6)):
            with suppress(psutil.Error, ProcessLookupError):
                random.choice([self._end_a_server, self._end_a_server, self._kill_a_backend, self._end_postgres])()

    def _end_a_server(self) -> None:
        asker = random.choice(self._askers[1:] or self._askers)
        if asker is not self._askers[0] and asker.server is not None:
            signum = random.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
            asker.killed.set()
            asker.server.process.send_signal(signum)
            self._tally.did(f"{signum.name} to a server")

    def _kill_a_backend(self) -> None:
        backends = [child for one in postgres_on(self._folder) for child in one.children()]
        signum = random.choice([signal.SIGKILL, signal.SIGTERM])
        random.choice(backends or [psutil.Process()]).send_signal(signum if backends else 0)
        self._tally.did(f"{signum.name} to one of PostgreSQL's processes")

    def _end_postgres(self) -> None:
        signum = random.choice([signal.SIGKILL, signal.SIGQUIT, signal.SIGINT])
        for process in postgres_on(self._folder):
            process.send_signal(signum)
            self._tally.did(f"{signum.name} to PostgreSQL")


def leaks(folder: Path, before: set[str]) -> dict[str, list[str]]:
    """What is left once every client has gone; shared memory is the machine's, so nothing else may run beside."""
    _, alive = psutil.wait_procs(processes_on(folder), timeout=10)
    return {
        "processes": [str(process) for process in alive],
        "locks of processes": [path.name for path in (folder / "users").iterdir()],
        "half set-ups": [path.name for path in folder.glob("setup-*")],
        "temporary files": [path.name for path in folder.glob("postgres-*/data/base/pgsql_tmp/*")],
        "shared memory": sorted(shared_memory() - before),
    }


def soak(folder: Path, minutes: float, servers: int, ended: threading.Event) -> bool:
    """Returns whether all went well."""
    tally, before = Tally(), shared_memory()
    who = [(str(identity.user_id), identity.name) for identity in sample_identities()][:servers]
    askers = [Caller(folder, user_id, 8 if place == 0 else 1, tally, ended) for place, (user_id, _) in enumerate(who)]
    breaker = Breaker(folder, askers, tally, ended)
    for thread in (*askers, breaker):
        thread.start()
    memory = watch(askers[0], minutes, ended)
    ended.set()
    for thread in (breaker, *askers):
        thread.join(REPLY_SECONDS + 20)
    found = leaks(folder, before)
    report(tally, memory, found)
    return not tally.wrong and not any(found.values())


def watch(first: Caller, minutes: float, ended: threading.Event) -> list[int]:
    """The first server's memory, every few seconds once it has answered for a while."""
    seen = []
    until = time.monotonic() + minutes * 60
    while time.monotonic() < until and not ended.wait(min(5.0, until - time.monotonic())):
        with suppress(psutil.Error, AttributeError):
            seen.append(first.server.resident())  # type: ignore[union-attr]  # not there yet: not seen
    return seen or [0]


def report(tally: Tally, memory: list[int], found: dict[str, list[str]]) -> None:
    print(f"calls made: {tally.calls:,}, of them told an error: {sum(tally.errors.values()):,}")
    for what, times in tally.errors.most_common():
        print(f"  {times:7,}  {what}")
    print("done to them:")
    for what, times in tally.done_to_them.most_common():
        print(f"  {times:7,}  {what}")
    quarter = memory[len(memory) // 4 :]
    print(
        f"memory of the server that was never killed: {memory[0] >> 20} MB at first, "
        f"{quarter[0] >> 20} MB after a quarter, {memory[-1] >> 20} MB at the end, {max(memory) >> 20} MB at most"
    )
    print("wrong or lost answers:", len(tally.wrong), *tally.wrong[:10], sep="\n  ")
    for what, names in found.items():
        print(f"left behind, {what}: {len(names)}", *names[:10])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--servers", type=int, default=8, choices=range(1, 10))
    parser.add_argument("--scale", type=float, default=0.1, help="size of the sample; 1 is about 200,000 orders")
    wanted = parser.parse_args()
    ended = threading.Event()
    for signum in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signum, lambda *_: ended.set())
    folder = Path(tempfile.mkdtemp(prefix="zava-soak-"))
    settings = load({"ZAVA_DATA_DIR": str(folder)}, {})
    try:
        initialise(settings, Sample(wanted.scale), None, lambda *_: None)
        if not ended.is_set():
            embed(settings, False, False, lambda *_: None)
        well = ended.is_set() or soak(folder, wanted.minutes, wanted.servers, ended)
    finally:
        for process in processes_on(folder):  # none, if all went well
            process.kill()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if well else 1)


if __name__ == "__main__":
    main()

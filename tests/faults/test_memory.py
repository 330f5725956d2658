"""The server process's memory stays within its limit for every call and every client."""

import re
from pathlib import Path

from tests.conftest import SEATTLE
from tests.faults.postgres import Postgres
from tests.stdio_client import StdioClient

BOUND = 256 << 20
COLUMNS = ", ".join(f"repeat('x', 600) AS c{number}" for number in range(1600))
CALM = "SELECT set_config('client_min_messages', 'notice', false) AS loud"
SHAPES = {
    "one cell": "SELECT repeat('x', 500000000)",
    "one cell among rows": "SELECT CASE g WHEN 500 THEN repeat('x', 500000000) ELSE 'x' END"
    " FROM generate_series(1, 999) g",
    "300,000 rows of 1 kB": "SELECT repeat('x', 1000) FROM generate_series(1, 300000)",
    "1,000 rows of 900 kB": "SELECT repeat(md5(g::text), 28000) FROM generate_series(1, 1000) g",
    "1,600 columns": f"SELECT {COLUMNS} FROM generate_series(1, 1000)",
    "an array": "SELECT array_agg(repeat('x', 1000)) FROM generate_series(1, 300000)",
    "an array of nothing": "SELECT array_fill(NULL::int, ARRAY[100000000])",
    "binary": "SELECT decode(repeat('00', 200000000), 'hex')",
    "JSON": "SELECT jsonb_agg(repeat('x', 1000)) FROM generate_series(1, 200000)",
    "an error's text": "SELECT cast(repeat('x', 100000000) AS int)",
    "a very long error's text": "SELECT cast(repeat('x', 300000000) AS int)",
    "an error's text among rows": "SELECT CASE WHEN g < 500 THEN g ELSE cast(repeat('x', 80000000) || g AS int) END"
    " FROM generate_series(1, 1000) g",
    "a notice": f"WITH a AS MATERIALIZED ({CALM}) SELECT to_tsquery('simple', repeat(' ', 50000000)) FROM a",
    "many notices": f"WITH a AS MATERIALIZED ({CALM}) SELECT to_tsquery('simple', repeat(' ', 100000) || n)"
    " FROM a, generate_series(1, 100000) n",
}


def resident(server: StdioClient, name: str) -> int:
    """Bytes: VmRSS are resident now, VmHWM were at most since `mark`."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


def mark(server: StdioClient) -> int:
    """Resets the peak, and returns the resident memory."""
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")
    return resident(server, "VmRSS")


def test_call_stays_within_the_memory_limit(anywhere: dict[str, str]) -> None:
    with StdioClient(environment={**anywhere, "ZAVA_MAX_BYTES": "1000000"}) as server:
        server.shake_hands()
        assert not server.call("execute_sales_query", postgresql_query="SELECT 1")[1]
        idle = mark(server)
        for name, sql in SHAPES.items():
            mark(server)
            text, failed = server.call("execute_sales_query", postgresql_query=sql, max_rows=1000)
            peak = resident(server, "VmHWM") - idle
            assert peak < BOUND, f"{name}: {peak >> 20} MB"
            assert len(text) < (1000 if failed else 1_100_000), name
            number = len(name)
            while (output := server.call("execute_sales_query", postgresql_query=f"SELECT {number}"))[1]:
                assert "by itself" in output[0] or "Try again" in output[0], output
            assert f"[[{number}]]" in output[0]
        assert resident(server, "VmRSS") - idle < BOUND / 2, "and it is given back"


def test_search_stays_within_the_memory_limit(elsewhere: Postgres) -> None:
    with StdioClient(
        environment={"ZAVA_DATABASE_URL": elsewhere.url(SEATTLE, "identity"), "ZAVA_USER_ID": SEATTLE}
    ) as server:
        server.shake_hands()
        server.call("execute_sales_query", postgresql_query="SELECT 1")
        idle = mark(server)
        for words in ("hammer", "x " * 1000, "a drill for concrete walls"):
            text, failed = server.call("semantic_search_products", query_description=words, max_rows=100)
            assert not failed, text
        assert resident(server, "VmHWM") - idle < BOUND

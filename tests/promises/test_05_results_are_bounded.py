"""Promise 5: every answer fits, and says when something is missing."""

import json
import resource
from pathlib import Path
from uuid import UUID

import anyio
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, HEAD_OFFICE, SEATTLE, Ask, settings_for
from tests.stdio_client import StdioClient
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.postgres.connection_parameters import embedded_parameters
from zava_mcp.postgres.identity import connect, for_identity

pytestmark = pytest.mark.anyio


async def test_rows_are_capped_and_the_cut_is_said(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        whole = await seattle.query("SELECT g FROM generate_series(1, 100) g")
        assert (whole["row_count"], whole["truncated"], "hint" in whole) == (100, False, False)
        cut = await seattle.query("SELECT g FROM generate_series(1, 101) g")
        assert (cut["row_count"], cut["truncated"]) == (100, True)
        assert "Aggregate" in cut["hint"]
        assert cut["rows"][-1] == [100]
        assert (await seattle.query("SELECT g FROM generate_series(1, 101) g", max_rows=101))["truncated"] is False


@pytest.mark.parametrize("max_rows", [0, -1, 1001, 10**9])
async def test_max_rows_out_of_range_names_the_range(ask: Ask, max_rows: int) -> None:
    async with ask(SEATTLE) as seattle:
        assert "from 1 to 1,000" in await seattle.refusal("SELECT 1", max_rows=max_rows)


async def test_bytes_are_capped_and_the_cut_is_said(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        text, failed = await seattle.call(
            "execute_sales_query", postgresql_query="SELECT repeat('é', 5000) FROM generate_series(1, 50)"
        )
        answer = json.loads(text)
        assert not failed
        assert len(text.encode()) <= 40_000
        assert answer["truncated"] is True
        assert 0 < answer["row_count"] < 50
        assert "40,000 bytes" in answer["hint"]


async def test_a_long_cell_is_cut_and_says_so(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        cell = await seattle.value("SELECT repeat('x', 100000)")
        assert cell.startswith("x" * 8000)
        assert cell.endswith("… [92,000 more characters]")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT repeat('x', 20000000)",
        "SELECT repeat('x', 500000000)",
        "SELECT q, again FROM (VALUES (1, repeat('x', 3000000))) v(q, big), LATERAL (SELECT v.big AS again) b",
        "SELECT answer, big FROM (VALUES (1, repeat('x', 3000000))) AS answer (answer, big)",
        "SELECT array_fill('1e131000'::numeric, ARRAY[100])",
        "SELECT array_agg(g) FROM generate_series(1, 2000000) g",
        "SELECT repeat('[', 3000000)",
    ],
)
async def test_a_row_too_large_is_refused_in_the_database(ask: Ask, sql: str) -> None:
    async with ask(SEATTLE) as seattle:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        refusal = await seattle.refusal(sql)
        assert ("54000" in refusal and "more than fits" in refusal) or "53200: out of memory" in refusal
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024
        assert await seattle.value("SELECT 1") == 1


async def test_a_row_is_measured_before_it_is_written_out(ask: Ask) -> None:
    """As a text it would take several times its size, which the database has not got."""
    async with ask(SEATTLE) as seattle:
        assert "54000: a row of the result has" in await seattle.refusal("SELECT repeat('\"', 50000000)")


async def test_many_wide_rows_do_not_fill_the_memory(ask: Ask) -> None:
    async with ask(HEAD_OFFICE) as head_office:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = await head_office.query(
            "SELECT repeat(md5(g::text), 20000) FROM generate_series(1, 300000) g", max_rows=1000
        )
        assert answer["truncated"] is True
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024
        assert await head_office.value("SELECT 1") == 1


async def test_too_many_columns_are_refused(ask: Ask) -> None:
    columns = ", ".join(f"1 AS a_rather_long_column_name_number_{number}" for number in range(1600))
    async with ask(SEATTLE) as seattle:
        assert "1600 columns are too many" in await seattle.refusal(f"SELECT {columns}")
        assert await seattle.value("SELECT 1") == 1


async def test_a_huge_query_is_refused_before_it_is_sent(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        assert "characters" in await seattle.refusal("SELECT 1 -- " + "x" * 200_000)


async def test_an_error_is_as_short_as_any_answer(ask: Ask) -> None:
    """PostgreSQL quotes the value that an error is about, however long it is."""
    async with ask(SEATTLE) as seattle:
        refusal = await seattle.refusal("SELECT repeat('x', 1000000)::int")
        assert "invalid input syntax" in refusal
        assert len(refusal) < 1000
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for megabytes in (40, 80, 150):
            await seattle.refusal(f"SELECT repeat('x', {megabytes}000000)::int")
        await seattle.query("SELECT to_tsquery('simple', repeat(' ', 50000000))")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024
        assert await seattle.value("SELECT 1") == 1


def test_an_error_of_a_server_without_limits_fits_too(server: str, database: str, tmp_path: Path) -> None:
    """The embedded database has not got the memory for an error of 150 MB; others have."""
    passwords = tmp_path / "passwords"
    admin_url = ADMIN.format(database=database, host=server)
    command = ["init", "--no-sample", "--admin-database-url", admin_url, "--passwords-file", str(passwords)]
    CliRunner().invoke(app, command, catch_exceptions=False)
    url = f"postgresql:///{database}?host={server}"
    environment = {"ZAVA_DATABASE_URL": url, "POSTGRES_PASSWORD": passwords.read_text().strip().rpartition(":")[2]}
    with StdioClient("--user-id", HEAD_OFFICE, environment=environment) as process:
        process.shake_hands()
        assert process.call("execute_sales_query", postgresql_query="SELECT 1")[1] is False
        before = peak_bytes(process)
        text, failed = process.call("execute_sales_query", postgresql_query="SELECT repeat('x', 150000000)::int")
        assert failed
        assert "54000" in text
        assert peak_bytes(process) - before < 256_000_000


def peak_bytes(process: StdioClient) -> int:
    """The most memory a process had at any time."""
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


async def test_numbers_small_in_memory_and_huge_as_text_stay_within_the_bound(ask: Ask) -> None:
    number = "(1 || repeat('0', 131070) || '.' || repeat('0', 16383))::numeric"
    columns = ", ".join(["x.v"] * 24)
    async with ask(SEATTLE) as seattle:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        sql = f"SELECT {columns} FROM (SELECT {number} v) x, generate_series(1, 1000)"
        text, failed = await seattle.call("execute_sales_query", postgresql_query=sql)
        assert "54000" in text if failed else json.loads(text)["truncated"]  # whichever bound is met first
        few = await seattle.query(f"SELECT {number} AS v FROM generate_series(1, 3)")
        assert few["rows"][0][0].endswith("more characters]")
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024


async def test_a_query_that_takes_all_memory_is_refused_it(ask: Ask) -> None:
    """Each level doubles what the planner must look at."""
    steps = ", ".join(
        f"c{level} AS NOT MATERIALIZED (SELECT p.x FROM c{level - 1} p JOIN c{level - 1} q ON p.x = q.x)"
        for level in range(1, 22)
    )
    async with ask(SEATTLE, ZAVA_QUERY_TIMEOUT="20") as seattle:
        refusal = await seattle.refusal(f"WITH c0 AS (SELECT 1 x), {steps} SELECT * FROM c21")
        assert "53200" in refusal
        with anyio.fail_after(10):
            while (await seattle.call("execute_sales_query", postgresql_query="SELECT 1"))[1]:
                pass


async def test_a_lower_limit_on_rows_is_the_default_too(ask: Ask) -> None:
    async with ask(SEATTLE, ZAVA_MAX_ROWS="50") as seattle:
        assert (await seattle.query("SELECT g FROM generate_series(1, 60) g"))["row_count"] == 50
        assert "from 1 to 50" in await seattle.refusal("SELECT 1", max_rows=51)


async def test_no_more_rows_are_computed_than_asked_for(ask: Ask) -> None:
    """One more than asked for tells that there are more; the 102nd would fail."""
    async with ask(SEATTLE) as seattle:
        answer = await seattle.query("SELECT 1 / (102 - g) FROM generate_series(1, 200) g")
        assert (answer["row_count"], answer["truncated"]) == (100, True)


def test_notices_are_not_sent(embedded: EmbeddedPostgres) -> None:
    """They quote what they are about, as errors do, and nobody reads them."""
    target = embedded_parameters(embedded.open(), embedded.logins()[SEATTLE])
    heard: list[str | None] = []
    with connect(for_identity(target, UUID(SEATTLE), settings_for(embedded.folder, SEATTLE))) as connection:
        connection.add_notice_handler(lambda notice: heard.append(notice.message_primary))
        connection.execute("SELECT to_tsquery('simple', repeat(' ', 5000))")
    assert heard == []


async def test_query_is_cancelled_once_its_result_is_full(ask: Ask) -> None:
    """All thousand of them would take half a minute."""
    slow = "(SELECT count(*) FROM generate_series(1, 250000) s WHERE s > g)"
    async with ask(SEATTLE) as seattle:
        sql = f"SELECT repeat(md5(g::text), 28000), {slow} FROM generate_series(1, 1000) g"
        with anyio.fail_after(15):
            answer = await seattle.query(sql, max_rows=1000)
        assert answer["truncated"] is True

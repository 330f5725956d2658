"""The company profile: every text speaks of the company that it names, and of no other."""

import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from mcp.types import TextContent, TextResourceContents
from typer.main import get_command
from typer.testing import CliRunner

from tests.conftest import ADMIN, HEAD_OFFICE, SEATTLE, Ask, ToolClient, asking, settings_for
from zava_mcp import sql
from zava_mcp.charts.chart import ChartRequest, choose_chart
from zava_mcp.charts.vega import spec
from zava_mcp.cli.commands import app
from zava_mcp.company import NEUTRAL, CompanyProfile
from zava_mcp.currencies import CODES, prefix
from zava_mcp.errors import DatabaseUnavailable, InputError
from zava_mcp.sales.result import QueryResult
from zava_mcp.server.calendar import describe_time
from zava_mcp.settings import Settings

PROFILE = """
name = "Brot & Zeit"
sells = "bread and cakes"
currency = "EUR"
time_zone = "Europe/Berlin"
fiscal_year_start = 7
week_start = "Sunday"
notes = \"\"\"The shop in Mitte is
closed on Mondays.\"\"\"
"""
OF_THE_SAMPLE = re.compile(
    r"Zava Retail|dollar|\$|department|Washington|\bDIY\b|power tools|plumbing|wall anchor|mirror", re.IGNORECASE
)
MONTHS = (
    "SELECT date_trunc('month', order_date)::date AS month, sum(total_amount) AS revenue "
    "FROM order_items JOIN orders USING (order_id) GROUP BY 1 ORDER BY 1"
)
BAKER = CompanyProfile("Brot & Zeit", "bread and cakes", "EUR", "Europe/Berlin", 7, 7)


@dataclass(frozen=True)
class Bakery:
    """Where the database is, for an administrator and for head office."""

    admin_url: str
    url: str
    password: str
    settings: Settings

    @property
    def options(self) -> list[str]:
        """The options of commands as head office."""
        return ["--database-url", self.url, "--user-id", HEAD_OFFICE]


def run(*command: str) -> str:
    """The output of a command, with its notes and errors."""
    return CliRunner().invoke(app, list(command), catch_exceptions=False).output


@pytest.fixture(scope="module")
def bakery(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bakery]:
    """A database without the sample, with the profile and a few rows of a bakery."""
    folder, url = tmp_path_factory.mktemp("bakery"), ADMIN.format(database="bakery", host=server)
    (folder / "company.toml").write_text(PROFILE, encoding="utf-8")
    files = ["--company", str(folder / "company.toml"), "--passwords-file", str(folder / "passwords")]
    with psycopg.connect(ADMIN.format(database="postgres", host=server), autocommit=True) as admin:
        admin.execute("CREATE DATABASE bakery")
        output = run("init", "--no-sample", *files, "--admin-database-url", url)
        assert "a login for Head office" in output
        with psycopg.connect(url, autocommit=True) as rows:
            rows.execute((Path(__file__).parent / "bakery.sql").read_bytes())
        run("embed", "--admin-database-url", url)
        password = (folder / "passwords").read_text(encoding="utf-8").splitlines()[0].split(":")[4]
        place = f"postgresql:///bakery?host={server}"
        settings = settings_for(folder, HEAD_OFFICE, ZAVA_DATABASE_URL=place, POSTGRES_PASSWORD=password)
        yield Bakery(url, place, password, settings)
        admin.execute("DROP DATABASE bakery WITH (FORCE)")
        for (role,) in admin.execute(
            "SELECT quote_ident(rolname) FROM pg_roles WHERE rolname !~ '^(pg_|postgres)'"
        ).fetchall():
            admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


async def read(asker: ToolClient, uri: str) -> str:
    (content,) = (await asker.client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content.text


async def prompts(asker: ToolClient) -> dict[str, str]:
    """The text of each prompt, with its arguments."""
    texts = {}
    for listed in (await asker.client.list_prompts()).prompts:
        needed = {argument.name: "dark bread" for argument in listed.arguments or [] if argument.required}
        (message,) = (await asker.client.get_prompt(listed.name, needed)).messages
        assert isinstance(message.content, TextContent)
        texts[listed.name] = f"{listed.model_dump_json()} {message.content.text}"
    return texts


async def texts_of_a_server(asker: ToolClient) -> dict[str, str]:
    """Every text that a client gets, by where it is."""
    client = asker.client
    calls: tuple[tuple[str, dict[str, Any]], ...] = (
        ("execute_sales_query", {"postgresql_query": MONTHS}),
        ("explain_sales_query", {"postgresql_query": MONTHS}),
        ("get_multiple_table_schemas", {"table_names": []}),
        ("get_current_utc_date", {}),
        ("semantic_search_products", {"query_description": "xylophone of destiny", "max_price": "€5"}),
        ("chart_sales_query", {"postgresql_query": MONTHS}),
    )
    texts = {}
    for name, given in calls:
        result = await client.call_tool(name, given)
        blocks = [block.model_dump(mode="json", exclude={"data"}) for block in result.content]
        texts[name] = json.dumps([blocks, result.meta], ensure_ascii=False)
    texts |= {f"prompt {name}": text for name, text in (await prompts(asker)).items()}
    texts |= {uri: await read(asker, uri) for uri in ("zava://about", "zava://schema", "zava://schema/products")}
    return texts | {
        "instructions": client.instructions or "",
        "server": str(client.server_info),
        "tools": (await client.list_tools()).model_dump_json(),
        "resources": (await client.list_resources()).model_dump_json(),
        "templates": (await client.list_resource_templates()).model_dump_json(),
    }


def help_texts(command: Any, *names: str) -> Iterator[tuple[str, ...]]:
    yield (*names, "--help")
    for name, inner in getattr(command, "commands", {}).items():
        yield from help_texts(inner, *names, name)


def texts_of_the_terminal(bakery: Bakery) -> dict[str, str]:
    """The help of every command, and what commands print about a database."""
    url, place = bakery.admin_url, bakery.options
    commands = (
        ("company", "--admin-database-url", url),
        ("identities", "--admin-database-url", url),
        ("tables", *place),
        ("tables", "products", *place),
        ("query", MONTHS, "--format", "table", *place),
        ("query", MONTHS, "--chart", *place),
        ("search", "rye", "--format", "table", *place),
        ("doctor", *place),
    )
    return {" ".join(command[:3]): run(*command) for command in (*help_texts(get_command(app)), *commands)}


@pytest.mark.anyio
async def test_no_text_of_another_company_speaks_of_the_sample(bakery: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", bakery.password)
    async with asking(bakery.settings) as baker:
        texts = await texts_of_a_server(baker) | texts_of_the_terminal(bakery)
        answer = QueryResult(9, 9_999, ["month", "revenue"], [1082, 1700], ['["2026-01-01",5.5]', '["2026-02-01",7]'])
        texts["Vega"] = json.dumps(
            spec(choose_chart(replace(answer, company=BAKER), ChartRequest())), default=str, ensure_ascii=False
        )
    assert {name: found[0] for name, text in texts.items() if (found := OF_THE_SAMPLE.search(text))} == {}
    assert all(text.strip() for text in texts.values())
    assert len(texts) >= 45
    footer = texts["get_multiple_table_schemas"]
    assert footer.count("Brot & Zeit sells bread and cakes.") == 1
    assert footer.count("Notes of the administrator: The shop in Mitte is closed on Mondays.") == 1
    assert "money is euros, the fiscal year starts in July" in footer
    assert "weeks start on Sunday" in footer
    assert json.loads(texts["zava://about"])["company"]["currency"] == "EUR"
    assert "in euros" in texts["prompt monthly_review"]
    assert "€" in texts["Vega"]
    assert "€1,000" in texts[f"query {MONTHS} --chart"]
    assert "amounts are in euros" in texts["search rye --format"]
    assert len(footer.encode()) <= 7_000


#: Searches in a German catalogue: what their result says, and what it must not say.
GERMAN = (
    ("Brot für und mit der Familie", '"literal":["brot"]', 'Search in English|"für"|"und"|"mit"'),
    (
        "etwas zum Schneiden einer Torte",
        "The catalogue does not seem to be English",
        "Search in English|Name the thing",
    ),
    ("something to sit on", "The catalogue does not seem to be English", "Search in English|Name the thing"),
)


@pytest.mark.anyio
@pytest.mark.parametrize("provider", ["local", "none"])
async def test_search_in_a_catalogue_that_is_not_english(
    bakery: Bakery, monkeypatch: pytest.MonkeyPatch, provider: str
) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", bakery.password)
    if provider == "none":
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with psycopg.connect(bakery.admin_url, autocommit=True) as admin:
        kept = admin.execute("SELECT product_name, product_description, product_id FROM retail.products").fetchall()
        change = "UPDATE retail.products SET product_name = %s, product_description = %s WHERE product_id = %s"
        admin.execute(
            change.encode(), ["Roggenbrot mit Kruste", "Dunkles Brot aus Sauerteig für jeden Tag", kept[0][2]]
        )
        admin.execute(change.encode(), ["Brotkorb und Deckel", "Geflochten aus hellen Weidenruten", kept[1][2]])
        try:
            async with asking(bakery.settings) as baker:
                for text, said, unsaid in GERMAN:
                    answer, failed = await baker.call("semantic_search_products", query_description=text)
                    assert not failed
                    assert said in answer, (text, answer)
                    assert re.search(unsaid, answer) is None, (text, answer)
                    assert '"currency":"EUR"' in answer
        finally:
            for row in kept:
                admin.execute(change.encode(), row)


@pytest.mark.anyio
async def test_date_tool_uses_the_calendar_of_the_company(bakery: Bakery) -> None:
    async with asking(bakery.settings) as baker:
        reading = json.loads((await baker.call("get_current_utc_date"))[0])
    now = datetime.fromisoformat(reading["now"])
    assert now == datetime.fromisoformat(reading["utc"])
    assert now.utcoffset() == now.astimezone(ZoneInfo("Europe/Berlin")).utcoffset()
    assert reading == describe_time(now, BAKER)
    assert reading["time_zone"] == "Europe/Berlin"


@pytest.mark.parametrize(
    ("moment", "today", "quarter", "week", "last_quarter", "last_year"),
    [
        ("2026-06-30T21:59", "2026-06-30", "FY2025/26-Q4", "2026-06-21", "2026-01-01", "2024-07-01"),
        ("2026-06-30T22:00", "2026-07-01", "FY2026/27-Q1", "2026-06-21", "2026-04-01", "2025-07-01"),
        ("2026-11-28T23:30", "2026-11-29", "FY2026/27-Q2", "2026-11-22", "2026-07-01", "2025-07-01"),
        ("2026-11-28T22:30", "2026-11-28", "FY2026/27-Q2", "2026-11-15", "2026-07-01", "2025-07-01"),
        ("2027-01-01T00:00", "2027-01-01", "FY2026/27-Q3", "2026-12-20", "2026-10-01", "2025-07-01"),
    ],
)
def test_calendar_of_a_company_is_in_its_time_zone_and_fiscal_year(
    moment: str, today: str, quarter: str, week: str, last_quarter: str, last_year: str
) -> None:
    reading = describe_time(datetime.fromisoformat(moment).replace(tzinfo=UTC), BAKER)
    periods = (reading["last_complete_week"], reading["last_complete_quarter"], reading["last_complete_year"])
    assert (reading["today"], reading["quarter"]) == (today, quarter)
    assert tuple(first for first, _ in periods) == (week, last_quarter, last_year)


def test_complete_periods_of_every_calendar_end_before_the_day() -> None:
    for first_month in range(1, 13):
        company = replace(NEUTRAL, fiscal_year_start=first_month, week_start=1 + first_month % 7)
        for day in range(0, 800, 3):
            moment = datetime(2023, 12, 1, tzinfo=UTC) + timedelta(days=day)
            reading = describe_time(moment, company)
            for name, longest in (("week", 7), ("month", 31), ("quarter", 92), ("year", 366)):
                first, last = map(datetime.fromisoformat, reading[f"last_complete_{name}"])
                assert first < last < moment.replace(tzinfo=None) <= last + timedelta(days=longest)
            begin = datetime.fromisoformat(reading["last_complete_year"][0])
            assert (begin.month, begin.day) == (first_month, 1)


@pytest.mark.anyio
async def test_open_session_sees_a_change_of_the_profile(bakery: Bakery) -> None:
    url = bakery.admin_url
    async with asking(bakery.settings) as baker:
        stores = {"table_names": ["stores"]}
        assert "money is euros" in (await baker.call("get_multiple_table_schemas", **stores))[0]
        try:
            assert run("company", "set", "--currency", "chf", "--admin-database-url", url) == (
                "the company's currency is 'CHF' now\n"
            )
            end = time.monotonic() + 60  # PostgreSQL notifies other sessions soon after the commit
            while "money is Swiss francs" not in (await baker.call("get_multiple_table_schemas", **stores))[0]:
                assert time.monotonic() < end
            assert "in Swiss francs" in (await prompts(baker))["monthly_review"]
        finally:
            run("company", "set", "--currency", "EUR", "--admin-database-url", url)
    assert "nothing to do" in run("company", "set", "--currency", "EUR", "--admin-database-url", url)
    other = run("company", "set", "--name", "Other", "--dry-run", "--admin-database-url", url)
    assert "dry run: nothing was changed" in other
    assert "the company's name is 'Other' now" in other
    assert "nothing to do" in run("company", "set", "--name", "Brot & Zeit", "--admin-database-url", url)


@pytest.mark.anyio
async def test_schema_without_a_profile_is_named_by_its_version(bakery: Bakery) -> None:
    """Which takes a second round trip, because PostgreSQL refuses the statement that reads the profile."""
    older = "ALTER TABLE zava.company RENAME TO company_later; UPDATE zava.about SET schema_version = 15"
    newer = "ALTER TABLE zava.company_later RENAME TO company; UPDATE zava.about SET schema_version = %s"
    with psycopg.connect(bakery.admin_url, autocommit=True) as admin:
        admin.execute(older.encode())
        try:
            async with asking(bakery.settings) as baker:
                assert "schema version 15" in await baker.refusal("SELECT 1")
                reading = json.loads((await baker.call("get_current_utc_date"))[0])
                assert "The database is not reached yet, so these dates use UTC" in reading["hint"]
                assert "in the company's currency" in (await prompts(baker))["compare_stores"]
            with pytest.raises(DatabaseUnavailable, match="schema version 15"):
                run("company", "show", "--admin-database-url", bakery.admin_url)
        finally:
            admin.execute((newer % sql.schema_version()).encode())


#: Options or the content of a file, and what the error says.
FAULTS: tuple[tuple[list[str] | str | bytes | None, str], ...] = (
    (["--currency", "EURO"], "'EURO' is not a currency (did you mean EUR?)"),
    (["--currency", "XXQ"], "Give its ISO 4217 code"),
    (["--time-zone", "Mars/Olympus"], "'Mars/Olympus' is not a time zone"),
    (["--time-zone", "Berlin'; DROP TABLE x"], "Give a name of the IANA database"),
    (["--time-zone", "EST5EDT4"], "is not a time zone"),
    (["--fiscal-year-start", "13"], "the first month of the fiscal year cannot be '13'"),
    (["--fiscal-year-start", "0"], "Give a month, such as 7 or July."),
    (["--week-start", "Caturday"], "the first day of the week cannot be 'Caturday'"),
    (["--name", "Brot\x07"], "the field name contains a character that is not shown"),
    (["--name", "Brot\nZeit"], "the field name contains a character that is not shown"),
    (["--name", "Brot\u202e"], "the field name contains a character that is not shown"),
    (["--name", "Brot\u3164"], "the field name contains a character that is not shown"),
    (["--sells", "Bread\U000e0101"], "the field sells contains a character that is not shown"),
    (["--notes", "a\ufe01b"], "the field notes contains a character that is not shown"),
    (["--notes", "a" + "\u200c\u200d" * 8], "the field notes contains a character that is not shown"),
    (["--sells", "x" * 201], "the field sells has 201 characters"),
    (["--notes", "x" * 1_001], "It may have at most 1,000."),
    (["--notes", "a\x1b[31mb"], "the field notes contains a character that is not shown"),
    ([], "no field of the profile is given"),
    ('name = "A"\ncurency = "EUR"', "there is no field 'curency' (did you mean currency?)"),
    ("name = Brot", "is not TOML"),
    ("name = 5", "the field name must be a text, not '5'"),
    ("fiscal_year_start = true", "the first month of the fiscal year cannot be 'True'"),
    ("fiscal_year_start = 7.5", "the first month of the fiscal year cannot be '7.5'"),
    ('[company]\nname = "A"', "there is no field 'company'"),
    ("", "has no field of a company profile"),
    (b'name = "\xff"', "is not in UTF-8"),
    ("#" * 200_000, "is larger than a company profile can be"),
    (None, "cannot be read: No such file"),
)


def test_invalid_fields_are_refused_and_nothing_is_written(bakery: Bakery, tmp_path: Path) -> None:
    url, file = bakery.admin_url, tmp_path / "company.toml"
    before = run("company", "show", "--admin-database-url", url)
    for given, expected in FAULTS:
        if isinstance(given, list):
            command = ["company", "set", "--name", "Other", *given] if given else ["company", "set"]
        else:
            file.write_bytes(given.encode() if isinstance(given, str) else given or b"")
            if given is None:
                file.unlink()
            command = ["init", "--no-sample", "--company", str(file)]
        with pytest.raises(InputError) as refused:
            run(*command, "--admin-database-url", url)
        assert expected in f"{refused.value.message}. {refused.value.hint}"
    assert run("company", "show", "--admin-database-url", url) == before


def test_identity_reads_the_profile_and_cannot_write_it(bakery: Bakery) -> None:
    place = f"{bakery.url}&user={HEAD_OFFICE}"
    writes = (
        "UPDATE zava.company SET name = 'x'",
        "DELETE FROM zava.company",
        "INSERT INTO zava.company (only_row) VALUES (true)",
    )
    with psycopg.connect(place, password=bakery.password, autocommit=True) as identity:
        identity.execute("SET default_transaction_read_only = off")
        assert identity.execute("SELECT name FROM zava.company").fetchall() == [("Brot & Zeit",)]
        for statement in (*writes, "SELECT ctid FROM zava.company"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                identity.execute(statement.encode())
    with psycopg.connect(bakery.admin_url) as admin:
        admin.execute(
            "CREATE ROLE nobody; GRANT USAGE ON SCHEMA zava TO nobody; GRANT SELECT ON zava.company TO nobody"
        )
        admin.execute("GRANT EXECUTE ON FUNCTION zava.is_known() TO nobody; SET SESSION AUTHORIZATION nobody")
        assert admin.execute("SELECT name FROM zava.company").fetchall() == []
        admin.rollback()


def test_doctor_finds_a_profile_that_is_not_true(bakery: Bakery, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTGRES_PASSWORD", bakery.password)
    rows = json.loads(run("doctor", "--json", *bakery.options).splitlines()[0])["rows"]
    assert [row[1:3] for row in rows if row[0] == "company is described"] == [["ok", "passed"]]
    check = sql.named("checks.sql")["company_is_described"].encode()

    def found() -> list[tuple[str, str, str]]:
        with psycopg.connect(f"{bakery.url}&user={HEAD_OFFICE}", password=bakery.password) as identity:
            return identity.execute(check).fetchall()

    with psycopg.connect(bakery.admin_url, autocommit=True) as admin:
        kept = admin.execute("SELECT * FROM zava.company").fetchone()
        admin.execute("UPDATE zava.company SET name = 'Zava Retail', time_zone = 'Mars/Olympus'")
        assert [state for state, *_ in found()] == ["warn", "warn"]
        text = str(found())
        assert "that of the sample, and the store Kreuzberg is not" in text
        assert "does not know the time zone Mars/Olympus" in text
        admin.execute("DELETE FROM zava.company")
        command = "run zava-mcp company set --name NAME --currency CODE as administrator"
        assert found() == [("warn", "the company profile is missing", command)]
        run("company", "set", "--name", "Brot & Zeit", "--admin-database-url", bakery.admin_url)
        assert found() == [("warn", "the company profile names no currency", command)]
        admin.execute("DELETE FROM zava.company")
        admin.execute(f"INSERT INTO zava.company VALUES ({', '.join(['%s'] * len(kept or ()))})".encode(), kept)
    assert found() == []


@pytest.mark.anyio
async def test_texts_of_the_sample_speak_of_the_sample(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        text, _ = await seattle.call("get_multiple_table_schemas", table_names=["order_items", "inventory"])
        about = json.loads(await read(seattle, "zava://about"))
        review = (await prompts(seattle))["monthly_review"]
        reading = json.loads((await seattle.call("get_current_utc_date"))[0])
    assert "Zava Retail sells DIY goods in seven shops in Washington State and an online store." in text
    assert "Dates are UTC, money is US dollars, quarters are calendar quarters; current_date works in SQL." in text
    assert "In the sample, sales do not reduce it" in text
    assert about["company"]["name"] == "Zava Retail"
    assert "in US dollars" in review
    assert "in dollars and in percent" in review
    assert (reading["time_zone"], "utc" in reading, "fiscal" in reading["note"]) == ("UTC", False, False)


@pytest.mark.parametrize(
    ("currency", "name", "values", "labels"),
    [
        ("EUR", "revenue", [1351.5, 20], ["€1,351.50", "€20.00"]),
        ("GBP", "cost", [5], ["£5.00"]),
        ("JPY", "revenue", [1351, 20], ["¥1,351", "¥20"]),
        ("CHF", "revenue", [1351.5], ["CHF 1,351.50"]),
        ("KWD", "revenue", [1.5], ["KWD 1.500"]),
        ("", "revenue", [1351.5], ["1,351.50"]),
        ("EUR", "revenue_usd", [5], ["$5.00"]),
        ("USD", "price_eur", [5], ["€5.00"]),
        ("EUR", "total_gbp", [5], ["£5.00"]),
        ("EUR", "all_orders", [5], ["5"]),
        ("EUR", "amount", ["€5.00", "€7.50"], ["€5.00", "€7.50"]),
        ("EUR", "amount", ["5.00 CHF", "7.50 CHF"], ["CHF 5.00", "CHF 7.50"]),
    ],
)
def test_charts_write_amounts_in_the_currency(currency: str, name: str, values: list[Any], labels: list[str]) -> None:
    type_oid = 25 if isinstance(values[0], str) else 1700
    rows = [json.dumps([f"store {row}", value]) for row, value in enumerate(values)]
    answer = QueryResult(9, 9_999, ["store", name], [25, type_oid], rows, company=replace(NEUTRAL, currency=currency))
    chart = choose_chart(answer, ChartRequest("bar"))
    assert [chart.y.written(value) for value in chart.y.values] == labels


def test_every_currency_has_a_mark() -> None:
    assert len(CODES) > 150
    assert all(prefix(code) for code in CODES)

"""The reference is true: each table of the guide and of the other documents against the code."""

import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from scripts.measure import isolation, timing
from tests.clients.install_links import entries
from tests.conftest import SEATTLE, Ask, login_keywords
from tests.documents import GUIDE, INFRA, MEASUREMENTS, README, ROOT, SECURITY, block, table, text
from tests.generated_tables import TABLES
from tests.promises.attacking import ASKERS, FAMILIES, attacks
from zava_mcp import errors
from zava_mcp.charts.render import HOW_TO_GET_IT
from zava_mcp.clients.config import configuration
from zava_mcp.clients.names import Client
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embeddings import embedder
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.sales import sales_query as sales
from zava_mcp.sales.result import MAX_CELL_CHARACTERS
from zava_mcp.server.executor import QUEUE_LENGTH
from zava_mcp.settings import CONCURRENT_QUERIES, DEFAULT_ROWS, MAX_RESULT_BYTES, load
from zava_mcp.settings.table import default

PYPROJECT = (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(("page", "mark"), TABLES)
def test_generated_table_is_the_one_that_its_code_makes(page: str, mark: str) -> None:
    """`python -m tests.generated_tables` renews it."""
    assert f"<!-- {mark} -->\n{TABLES[page, mark]()}\n<!-- /{mark} -->\n" in text(f"{GUIDE}/{page}")


def test_exit_codes_are_those_of_the_errors() -> None:
    rows = table(f"{GUIDE}/exit-codes.md", "<!-- exit codes -->")
    documented = {name: int(code) for code, _, names in rows for name in names.split(", ") if name}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ZavaError)]
    assert documented == {kind.__name__: kind.exit_code for kind in kinds if kind is not errors.ZavaError}
    by_signal = {int(code) - 128: meaning for code, meaning, _ in rows if int(code) > 128}
    assert by_signal == {
        number.value: f"ended by {number.name}" for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    }


@pytest.mark.anyio
async def test_tables_of_tools_resources_and_prompts_name_all_of_them(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = (await seattle.client.list_tools()).tools
        templates = (await seattle.client.list_resource_templates()).resource_templates
        resources = (await seattle.client.list_resources()).resources
        prompts = (await seattle.client.list_prompts()).prompts
    assert [row[0] for row in table(README, "## Tools")] == [tool.name for tool in tools]
    uris = [resource.uri for resource in resources] + [template.uri_template for template in templates]
    assert sorted(row[0] for row in table(f"{GUIDE}/resources.md", "## Resources")) == sorted(uris)
    assert [
        (name, [argument.strip("` ") for argument in arguments.split(",")])
        for name, arguments, _ in table(f"{GUIDE}/resources.md", "## Prompts")
    ] == [(prompt.name, [argument.name for argument in prompt.arguments or []]) for prompt in prompts]


@pytest.mark.anyio
async def test_table_of_search_names_each_argument_and_option(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = {tool.name: tool for tool in (await seattle.client.list_tools()).tools}
    rows = table(f"{GUIDE}/search.md", "sees**")
    names = {name for row in rows for name in re.findall(r"\w+", row[0])}
    assert names == set(tools["semantic_search_products"].input_schema["properties"])
    options = {name for row in rows for name in re.findall(r"--[a-z-]+", row[1])}
    shown = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "search", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert options == set(re.findall(r"^  (--[a-z-]+) ", shown, flags=re.MULTILINE)) - {
        *("--format", "--pager", "--user-id", "--env-file", "--database-url", "--data-dir")
    }


def test_limits_of_queries_are_those_of_the_code() -> None:
    limits = {row[0]: re.findall(r"\d[\d,]*\d|\d", " ".join(row[1:])) for row in table(f"{GUIDE}/sql.md", "## Limits")}
    rows, size = default("ZAVA_MAX_ROWS"), default("ZAVA_MAX_BYTES")
    assert list(limits.values()) == [
        [str(DEFAULT_ROWS), f"{int(rows):,}"],
        [f"{int(size):,}"],
        [f"{MAX_CELL_CHARACTERS:,}"],
        [default("ZAVA_QUERY_TIMEOUT")],
        [f"{sales.MAX_SQL_CHARACTERS:,}"],
        [str(sales._MAX_RELATIONS)],
        [str(CONCURRENT_QUERIES), str(QUEUE_LENGTH)],
        [f"{int(rows):,}", str(MAX_RESULT_BYTES // 1_000_000)],
    ]
    assert f"{sales._MAX_STARS} `*`, and at most {sales._MAX_OPERATOR_CHARACTERS:,} operator" in " ".join(
        text(f"{GUIDE}/sql.md").split()
    )


def test_providers_are_chosen_as_the_table_says() -> None:
    values = {"AZURE_OPENAI_ENDPOINT": "https://shop.openai.azure.com"}
    rows = table(f"{GUIDE}/embedding-providers.md", "<!-- providers -->")
    assert len(rows) == 4
    for chosen, _, model in rows:
        provider = embedder(load({}, {name: values.get(name, "x") for name in re.findall(r"[A-Z_]{2,}", chosen)}))
        assert provider is not None
        assert provider.id == model
    assert "uvx 'zava-mcp[azure]'" in text(f"{GUIDE}/embedding-providers.md")
    assert "install_extra('azure')" in (ROOT / "zava_mcp" / "embeddings" / "__init__.py").read_text()
    assert 'azure = ["azure-identity' in PYPROJECT


def test_extra_for_charts_is_named_where_it_is_missing() -> None:
    assert "uvx 'zava-mcp[charts]'" in text(f"{GUIDE}/charts.md")
    assert "uvx 'zava-mcp[charts]'" in HOW_TO_GET_IT
    assert 'charts = ["vl-convert-python' in PYPROJECT
    assert '"plotext>=5,<6"]' in PYPROJECT


def test_identities_are_those_of_the_sample() -> None:
    rows = table(f"{GUIDE}/clients.md", "<!-- identities -->")
    documented = {user_id: name.split(" (")[0] for name, user_id in rows}
    assert documented == {str(who.user_id): who.name for who in sample_identities()}


def test_client_configuration_is_what_the_program_prints() -> None:
    clients = text(f"{GUIDE}/clients.md")
    seattle = [entry for entry in entries("uvx", "zava-mcp") if SEATTLE in str(entry)]
    assert re.findall(r"```json\n(.*?)\n```", clients, flags=re.DOTALL) == [configuration(Client.plain, seattle)]
    rows = table(f"{GUIDE}/clients.md", "<!-- clients -->")
    assert {name for row in rows for name in re.findall(r"[a-z-]+", row[0])} == set(Client)


def test_query_for_connected_identities_runs(
    data_dir: Path, admin: psycopg.Connection, embedded: EmbeddedPostgres
) -> None:
    (query,) = re.findall(r"```sql\n(.*?)```", text(INFRA), flags=re.DOTALL)
    with psycopg.connect(**login_keywords(embedded, SEATTLE)):
        assert "Zava Retail Seattle" in {row[0] for row in admin.execute(query.encode()).fetchall()}


def test_chart_on_a_terminal_is_what_the_guide_shows(data_dir: Path) -> None:
    """But for the numbers, and with them the lengths of the bars and the order of the stores."""
    command = text(f"{GUIDE}/charts.md").split("zava-mcp query --chart ", 1)[1].split("\n", 1)[0]
    shown = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "query", "--chart", *shlex.split(command), "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = block(f"{GUIDE}/charts.md", "chart").splitlines()
    assert {re.sub(r"[^A-Za-z]", "", line) for line in lines} == {
        re.sub(r"[^A-Za-z]", "", line) for line in shown.splitlines()
    }
    assert max(map(len, lines)) == max(map(len, shown.splitlines())) == 80


def test_doctor_table_names_each_check(data_dir: Path, tmp_path: Path) -> None:
    rows = table(f"{GUIDE}/doctor.md", "<!-- doctor -->")
    documented = {name for row in rows for name in re.findall(r"`([^`]+)`", f"`{row[0]}`")}
    ran = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "doctor", "--json", "--user-id", SEATTLE, "--data-dir", str(data_dir)],
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    names = {re.sub(r"(attack|client config): .*", r"\1", row[0]) for row in json.loads(ran.stdout)["rows"]}
    # Only a database that zava-mcp did not create has a check of this name.
    assert {name.removesuffix(": …") for name in documented} == names | {"schema"}


def test_attack_table_counts_the_texts_and_no_leak() -> None:
    """How many were refused, only a run can count."""
    rows = table(SECURITY, "<!-- attacks -->")
    assert {family: int(number) for family, number, *_ in rows} == {family: len(attacks(family)) for family in FAMILIES}
    for _, number, *servers, leaked, changed in rows:
        assert (leaked, changed) == ("0", "0")
        for ends in servers:
            assert sum(map(int, ends.split(" / "))) == len(ASKERS) * int(number)


def test_timing_table_has_every_probe_and_nothing_shows_on_the_embedded_database() -> None:
    """In the embedded database, a probe about other stores' rows takes as long as one about none."""
    rows = table(SECURITY, "<!-- timing -->")
    assert [row[0] for row in rows] == list(timing.probes())
    shares = {row[0]: float(row[1].split(" · ")[2]) for row in rows}
    assert {probe: share for probe, share in shares.items() if not 0.45 <= share <= 0.55} == {}


@pytest.mark.parametrize("scale", [1, 10])
def test_policies_table_has_every_query_and_identity(scale: int) -> None:
    rows = table(MEASUREMENTS, f"<!-- rls-{scale} -->")
    assert [row[0] for row in rows] == [name.replace("_", " ") for name in isolation.questions()]
    assert {len(row) for row in rows} == {1 + len(isolation.ASKERS)}


@pytest.mark.parametrize(
    ("document", "mark"),
    [
        *((MEASUREMENTS, mark) for mark in ("bench", "rls-1", "rls-10", "scale", "others", "vectors")),
        *((SECURITY, mark) for mark in ("attacks", "timing")),
        ("infra/README.md", "cluster"),
    ],
)
def test_measured_tables_stand_between_marks_that_scripts_find(document: str, mark: str) -> None:
    assert text(document).index(f"<!-- {mark} -->\n") < text(document).index(f"\n<!-- /{mark} -->\n")

"""What is written is true: README and .env.example against the code."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from dotenv import dotenv_values

from scripts.measure import isolation, timing
from tests.clients.install_links import entries
from tests.clients.install_links import readme_table as install_links
from tests.conftest import SEATTLE, Ask, login_keywords
from tests.promises.attacking import ASKERS, FAMILIES, attacks
from tests.promises.value_table import readme_table
from zava_mcp import errors
from zava_mcp.charts.render import HOW_TO_GET_IT
from zava_mcp.clients.config import configuration
from zava_mcp.clients.names import Client
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embeddings import embedder
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.settings import SETTINGS, load

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def table(after: str) -> list[list[str]]:
    """The rows of the README's first table behind a text."""
    lines = README.split(after, 1)[1].lstrip("\n").splitlines()
    start = next(place for place, line in enumerate(lines) if line.startswith("|"))
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return rows[2:]


def test_the_settings_table_is_the_settings() -> None:
    assert [[name, meaning, default] for name, meaning, default in table("<!-- settings -->")] == [
        [setting.name, setting.meaning, setting.default] for setting in SETTINGS
    ]


def test_the_exit_codes_are_those_of_the_errors() -> None:
    told = {name: int(code) for code, _, names in table("<!-- exit codes -->") for name in names.split(", ") if name}
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ZavaError)]
    assert told == {kind.__name__: kind.exit_code for kind in kinds if kind is not errors.ZavaError}
    by_signal = {int(code) - 128: meaning for code, meaning, _ in table("<!-- exit codes -->") if int(code) > 128}
    assert by_signal == {
        number.value: f"ended by {number.name}" for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    }


def test_the_example_file_names_only_settings_and_can_be_read() -> None:
    text = (ROOT / ".env.example").read_text()
    named = re.findall(r"^#?([A-Z_]+)=", text, flags=re.MULTILINE)
    assert set(named) <= {setting.name for setting in SETTINGS}
    assert set(dotenv_values(ROOT / ".env.example")) == {"ZAVA_USER_ID"}
    assert str(load({"ZAVA_ENV_FILE": str(ROOT / ".env.example")}, {}).user_id) == SEATTLE


def test_the_values_table_is_the_one_that_is_tested() -> None:
    """`python -m tests.promises.value_table` prints it."""
    assert f"<!-- values -->\n{readme_table()}\n\n" in README


@pytest.mark.anyio
async def test_the_tables_of_tools_resources_and_prompts_are_those_there_are(ask: Ask) -> None:
    async with ask(SEATTLE) as seattle:
        tools = (await seattle.client.list_tools()).tools
        templates = (await seattle.client.list_resource_templates()).resource_templates
        resources = (await seattle.client.list_resources()).resources
        prompts = (await seattle.client.list_prompts()).prompts
    assert [row[0] for row in table("## Tools")] == [tool.name for tool in tools]
    uris = [resource.uri for resource in resources] + [template.uri_template for template in templates]
    assert sorted(row[0] for row in table("find these:")) == sorted(uris)
    assert [
        (name, [argument.strip("` ") for argument in arguments.split(",")]) for name, arguments, _ in table("sees:")
    ] == [(prompt.name, [argument.name for argument in prompt.arguments or []]) for prompt in prompts]


def test_the_providers_are_chosen_as_told() -> None:
    values = {"AZURE_OPENAI_ENDPOINT": "https://shop.openai.azure.com"}
    rows = table("<!-- providers -->")
    assert len(rows) == 4
    for chosen, _, model in rows:
        provider = embedder(load({}, {name: values.get(name, "x") for name in re.findall(r"[A-Z_]{2,}", chosen)}))
        assert provider is not None
        assert provider.id == model
    assert "uvx 'zava-mcp[azure]'" in README
    assert "zava-mcp[azure]" in (ROOT / "zava_mcp" / "embeddings" / "__init__.py").read_text()
    assert 'azure = ["azure-identity' in (ROOT / "pyproject.toml").read_text()


def test_the_extra_for_charts_is_told_where_it_is_missed() -> None:
    assert "uvx 'zava-mcp[charts]'" in README
    assert "uvx 'zava-mcp[charts]'" in HOW_TO_GET_IT
    assert 'charts = ["vl-convert-python' in (ROOT / "pyproject.toml").read_text()


def test_the_pictures_are_there_and_small() -> None:
    pictures = re.findall(r"!\[.+?\]\((\S+\.png)\)", README)
    assert pictures
    assert all((ROOT / picture).stat().st_size < 60_000 for picture in pictures)


def test_the_identities_are_the_samples() -> None:
    told = {user_id: name.split(" (")[0] for name, user_id in table("zava-mcp identities`:")}
    assert told == {str(who.user_id): who.name for who in sample_identities()}


def test_the_client_configuration_and_the_install_links_are_what_the_program_makes() -> None:
    blocks = re.findall(r"```json\n(.*?)\n```", README, flags=re.DOTALL)
    assert blocks == [
        configuration(Client.plain, [entry for entry in entries("uvx", "zava-mcp") if SEATTLE in str(entry)])
    ]
    assert f"<!-- install links -->\n{install_links()}\n\n" in README
    assert {name for row in table("<!-- clients -->") for name in re.findall(r"[a-z-]+", row[0])} == set(Client)


def test_the_commands_and_their_options_exist(data_dir: Path) -> None:
    commands = re.findall(r"^(?:[A-Z_]+=\S+ )?zava-mcp (.+)$", README, flags=re.MULTILINE)
    assert len(commands) == 20
    for command in commands:
        words = command.split()[: 2 if re.match(r"identities \w", command) else 1]
        told = subprocess.run(
            [sys.executable, "-m", "zava_mcp", *words, "--help"], capture_output=True, text=True, check=True
        ).stdout
        assert f"Example: zava-mcp {' '.join(words)}" in told
        for option in re.findall(r"--[a-z-]+", command):
            assert option in told, (words, option)


def test_the_sql_that_tells_who_is_connected_runs(
    data_dir: Path, admin: psycopg.Connection, embedded: EmbeddedPostgres
) -> None:
    (told,) = re.findall(r"```sql\n(.*?)```", README, flags=re.DOTALL)
    with psycopg.connect(**login_keywords(embedded, SEATTLE)):
        assert "Zava Retail Seattle" in {row[0] for row in admin.execute(told.encode()).fetchall()}


def test_the_terminal_commands_run(data_dir: Path) -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "query", "SELECT count(*) FROM retail.orders", "--user-id", SEATTLE],
        env={"ZAVA_DATA_DIR": str(data_dir), "PATH": "/usr/bin:/bin:/usr/sbin"},
        capture_output=True,
        check=True,
    )
    assert json.loads(asked.stdout)["row_count"] == 1


def test_the_demonstration_is_what_the_readme_shows(data_dir: Path) -> None:
    """Line by line, but for the numbers, which grow from day to day."""
    shown = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "demo", "--data-dir", str(data_dir)],
        env={name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"},  # as scripts/demo starts it
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    told = [README.split(f"<!-- {mark} -->\n```\n", 1)[1].split("```", 1)[0] for mark in ("demo", "answers")]
    lines = [re.sub(r"[\d,.]+", "", line).split() for line in shown.splitlines()]
    for line in "".join(told).splitlines():
        words = re.sub(r"[\d,.]+", "", line).replace("…", "").split()
        assert any(words == shown_words[: len(words)] for shown_words in lines), line


def test_the_chart_is_what_the_readme_shows(data_dir: Path) -> None:
    """But for the numbers, and with them the lengths of the bars and the order of the stores."""
    command, told = README.split("zava-mcp query --chart ", 1)[1].split("\n```\n\n<!-- chart -->\n```\n", 1)
    shown = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "query", "--chart", *shlex.split(command), "--data-dir", str(data_dir)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = told.split("```", 1)[0].splitlines()
    assert {re.sub(r"[^A-Za-z]", "", line) for line in lines} == {
        re.sub(r"[^A-Za-z]", "", line) for line in shown.splitlines()
    }
    assert max(map(len, lines)) == max(map(len, shown.splitlines())) == 80
    assert "uvx 'zava-mcp[charts]'" in README
    assert '"plotext>=5,<6"]' in (ROOT / "pyproject.toml").read_text()


def test_the_table_of_attacks_is_of_the_attacks_there_are() -> None:
    """Their number and that none succeeded; how many were refused, only a run can tell."""
    told = table("<!-- attacks -->")
    assert {family: int(number) for family, number, *_ in told} == {family: len(attacks(family)) for family in FAMILIES}
    for _, number, *servers, leaked, changed in told:
        assert (leaked, changed) == ("0", "0")
        for ends in servers:
            assert sum(map(int, ends.split(" / "))) == len(ASKERS) * int(number)


def test_the_doctors_table_is_its_checks(data_dir: Path, tmp_path: Path) -> None:
    told = {name for row in table("<!-- doctor -->") for name in re.findall(r"`([^`]+)`", f"`{row[0]}`")}
    ran = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "doctor", "--json", "--user-id", SEATTLE, "--data-dir", str(data_dir)],
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "HOME": str(tmp_path)},
        capture_output=True,
        check=True,
    )
    names = {re.sub(r"(forgery|client config): .*", r"\1", row[0]) for row in json.loads(ran.stdout)["rows"]}
    # Only a database that is not ours has a check of this name.
    assert {name.removesuffix(": …") for name in told} == names | {"schema"}


@pytest.mark.parametrize("scale", [1, 10])
def test_what_the_policies_cost_is_told_of_each_question_and_asker(scale: int) -> None:
    rows = table(f"<!-- rls-{scale} -->")
    assert [row[0] for row in rows] == [name.replace("_", " ") for name in isolation.questions()]
    assert {len(row) for row in rows} == {1 + len(isolation.ASKERS)}


def test_timing_table_has_every_probe_and_nothing_shows_on_the_embedded_database() -> None:
    """As README says: in the embedded database, a probe about foreign rows takes as long as one about none."""
    rows = table("<!-- timing -->")
    assert [row[0] for row in rows] == list(timing.probes())
    shares = {row[0]: float(row[1].split(" · ")[2]) for row in rows}
    assert {probe: share for probe, share in shares.items() if not 0.45 <= share <= 0.55} == {}


def test_the_scripts_are_there_and_ci_runs_the_same_test() -> None:
    assert "\nscripts/demo\n" in README
    assert "\nscripts/test\n" in README
    for script in re.findall(r"scripts/[\w./-]*\w", README):
        assert (ROOT / script).is_file(), script
    assert "../scripts/test" in (ROOT / ".ci" / "run").read_text()


def test_the_package_names_no_machine_and_no_tracker() -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    for file in files:
        if file.endswith((".py", ".sql", ".md", ".toml", ".sh")) and file != "tests/test_docs.py":
            text = (ROOT / file).read_text(encoding="utf-8")
            assert not re.search(r"issue #?\d|/work/|/root/", text), file

"""The doctor and the database: all well on our own installation, each illness named, and cured by its own SQL."""

import re
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, REDMOND, SEATTLE
from tests.installation import Doctor, examined, ill
from zava_mcp import sql
from zava_mcp.cli.commands import app
from zava_mcp.embedded import EmbeddedPostgres

_BLOCKS = re.findall(
    r"^-- (.+?) \| (.+?) \|(.*)\n((?:[^-\n].*\n?)+)",
    (Path(__file__).parent / "faults.sql").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
ILLNESSES = [tuple(part.strip() for part in block) for block in _BLOCKS]


def test_a_fresh_installation_is_well(doctor: Doctor) -> None:
    checks = doctor()
    assert ill(checks) == set()
    assert len([name for name in checks if name.startswith("attack: ")]) == 14
    assert checks["embeddings"]["found"] == "424 of 424 products have one of local/all-MiniLM-L6-v2-int8"


def test_people_get_a_table_and_what_to_do(
    patient: EmbeddedPostgres, surgeon: psycopg.Connection, doctor: Doctor
) -> None:
    surgeon.execute("GRANT INSERT, UPDATE ON retail.orders TO PUBLIC; GRANT DELETE ON retail.stores TO PUBLIC")
    flags = ["doctor", "--user-id", SEATTLE, "--data-dir", str(patient.folder)]
    shown = CliRunner().invoke(app, flags, catch_exceptions=False)
    assert shown.exit_code == 1
    assert "attack: another role" in shown.stdout
    assert "readable by its owner alone" in shown.stdout
    first, second = "REVOKE DELETE ON retail.stores FROM PUBLIC", "REVOKE INSERT, UPDATE ON retail.orders FROM PUBLIC"
    assert shown.stdout.endswith(f"\nlogin is read only:\n  {second};\n  {first}\n") or shown.stdout.endswith(
        f"\nlogin is read only:\n  {first};\n  {second}\n"
    )
    surgeon.execute(doctor()["login is read only"]["fix"].encode())


@pytest.mark.parametrize(("name", "found", "besides", "illness"), ILLNESSES)
def test_each_illness_is_named_and_cured_by_its_sql(
    surgeon: psycopg.Connection, doctor: Doctor, name: str, found: str, besides: str, illness: str
) -> None:
    surgeon.execute(illness.encode())
    checks = doctor()
    expected = {"": set(), "*": {"attacks"}}.get(besides, {f"attack: {besides}"})
    assert ill(checks) == {name, *expected}
    warns = (
        name
        in (
            "functions revoked from public",
            "table sizes are hidden",
            "code on tables is trusted",
            "added tables are visible",
        )
        or "may become or alter" in found
    )
    assert checks[name]["state"] == ("warn" if warns else "fail")
    assert found in checks[name]["found"]
    surgeon.execute(checks[name]["fix"].encode())
    assert ill(doctor()) == set()


@pytest.mark.parametrize(
    ("illness", "cure", "name", "found", "fix"),
    [
        (
            f'CREATE ROLE "{REDMOND}"',
            f'DROP ROLE "{REDMOND}"',
            "login names",
            "1 logins are named by user id",
            "not as secrets",
        ),
        (
            f"UPDATE zava.access SET rls_user_id = '{REDMOND}' WHERE login = 'zava_seattle'",
            f"UPDATE zava.access SET rls_user_id = '{SEATTLE}' WHERE login = 'zava_seattle'",
            "identity",
            "another identity",
            "Use the login of the user id",
        ),
        (
            "UPDATE zava.access SET login = 'nobody' WHERE login = 'zava_seattle'",
            "UPDATE zava.access SET login = 'zava_seattle' WHERE login = 'nobody'",
            "identity",
            "is not an identity of this database",
            "zava-mcp identities",
        ),
        (
            "UPDATE zava.about SET schema_version = 1",
            f"UPDATE zava.about SET schema_version = {sql.schema_version()}",
            "schema",
            "schema version 1, this program needs",
            "zava-mcp init",
        ),
    ],
)
def test_what_sql_alone_does_not_cure_is_told_in_words(
    surgeon: psycopg.Connection, doctor: Doctor, illness: str, cure: str, name: str, found: str, fix: str
) -> None:
    surgeon.execute(illness.encode())
    checks = doctor()
    assert ill(checks) - {"attacks"} == {name}
    assert found in checks[name]["found"]
    assert fix in checks[name]["fix"]
    surgeon.execute(cure.encode())
    assert ill(doctor()) == set()


@pytest.mark.parametrize(
    ("illness", "state", "found"),
    [
        ("DELETE FROM retail.product_description_embeddings WHERE product_id <= 3", "warn", "421 of 424 products have"),
        (
            "UPDATE retail.products SET product_name = 'New' WHERE product_id <= 2",
            "warn",
            "422 of 424 products have one",
        ),
        (
            "UPDATE retail.product_description_embeddings SET model_id = 'other'",
            "fail",
            "the embeddings were made by other",
        ),
    ],
)
def test_missing_vectors_are_counted_and_made_by_embed(
    surgeon: psycopg.Connection, patient: EmbeddedPostgres, doctor: Doctor, illness: str, state: str, found: str
) -> None:
    surgeon.execute(illness.encode())
    checks = doctor()
    assert ill(checks) == {"embeddings"}
    assert (checks["embeddings"]["state"], found in checks["embeddings"]["found"]) == (state, True)
    assert "zava-mcp embed" in checks["embeddings"]["fix"]
    CliRunner().invoke(app, ["embed", "--data-dir", str(patient.folder)], catch_exceptions=False)
    assert ill(doctor()) == set()


def test_policy_that_an_attack_passes_is_found(surgeon: psycopg.Connection, doctor: Doctor) -> None:
    surgeon.execute(
        "GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC; CREATE POLICY older ON retail.orders FOR"
        " SELECT USING (current_setting('app.current_rls_user_id', true) = '00000000-0000-0000-0000-000000000000')"
    )
    forgery, condition = "attack: the older policies' setting", "attack: a condition on other stores' orders"
    faults = {"no policy trusts a setting", "functions revoked from public"}
    assert ill(doctor()) == faults  # the restrictive policy holds
    surgeon.execute("DROP POLICY isolation ON retail.orders")
    checks = doctor()
    assert ill(checks) == {*faults, "every table has its policies", forgery, condition}
    assert "more than this identity's rows" in checks[forgery]["found"]
    assert "evaluated on other stores' rows" in checks[condition]["found"]
    for name in ("no policy trusts a setting", "functions revoked from public", "every table has its policies"):
        surgeon.execute(checks[name]["fix"].encode())
    assert ill(doctor()) == set()


@pytest.mark.usefixtures("home")
def test_a_database_that_is_down_foreign_or_not_set_up_is_said_to_be(server: str, database: str) -> None:
    down = examined("--database-url", "postgresql://127.0.0.1:1/zava")
    assert ill(down) == {"connection"}
    assert "not running" in down["connection"]["found"]
    url = ADMIN.format(database=database, host=server)
    empty = examined("--database-url", url)
    assert ill(empty) == {"schema", "attacks"}
    assert "not set up for Zava Retail" in empty["schema"]["found"]
    assert "zava-mcp init" in empty["schema"]["fix"]
    assert "--adopt" in empty["schema"]["fix"]
    missing = examined("--database-url", url.replace(database, "no_such_database"))
    assert "does not exist" in missing["connection"]["found"]


@pytest.mark.usefixtures("home")
def test_without_pgvector_the_doctor_says_how_search_gets_it(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server)
    init = ["init", "--scale", "0.002", "--admin-database-url", url]
    CliRunner().invoke(app, init, catch_exceptions=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER ROLE \"{SEATTLE}\" PASSWORD 'x'".encode())
        connection.execute("DROP TABLE retail.product_description_embeddings; DROP EXTENSION vector")
        seattle = ("--database-url", f"postgresql://{SEATTLE}:x@/{database}?host={server}")
        checks = examined(*seattle)
        assert ill(checks) == {"extension vector", "login names"}
        assert checks["extension vector"]["state"] == "warn"
        assert "search uses full-text search" in checks["extension vector"]["found"]
        create, _, then = checks["extension vector"]["fix"].partition("; then run zava-mcp ")
        connection.execute(create.encode())
        assert then == "init"
        CliRunner().invoke(app, init, catch_exceptions=False)
    assert ill(examined(*seattle)) == {"login names"}

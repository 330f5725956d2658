"""Debian's PostgreSQL over TLS, without pgvector, set up by an administrator without superuser rights."""

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import HEAD_OFFICE, SEATTLE, asking, objects, settings_for
from tests.servers import ZavaServer
from zava_mcp.cli.commands import app
from zava_mcp.settings import Settings


def as_identity(zava: ZavaServer, user_id: str, **more: str) -> Settings:
    password = {"POSTGRES_PASSWORD": zava.passwords[user_id]}
    return settings_for(zava.folder, user_id, ZAVA_DATABASE_URL=zava.place, **password, **more)


def test_init_on_debian_reports_two_gaps(debian_15: ZavaServer) -> None:
    gaps = [line for line in debian_15.output.splitlines() if line.startswith("gap: ")]
    assert len(gaps) == 2
    assert "the extension vector is not installed" in gaps[0]
    assert "only a superuser" in gaps[1]
    assert debian_15.output.count("a login for ") == len(debian_15.passwords) == 9
    with debian_15.as_superuser() as admin:
        assert admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'cloud_admin'").fetchone() == (False,)
        assert admin.execute("SELECT to_regclass('retail.product_description_embeddings')").fetchone() == (None,)


def test_init_prints_a_url_with_the_administrators_sslmode(debian_15: ZavaServer) -> None:
    """The URL does not contain the paths of the administrator's certificates."""
    (url_line,) = (line for line in debian_15.output.splitlines() if "ZAVA_DATABASE_URL=" in line)
    assert url_line.endswith(f"=postgresql://127.0.0.1:{debian_15.postgres.port}/zava?sslmode=verify-full")


def test_debian_server_accepts_only_tls_with_scram(debian_15: ZavaServer) -> None:
    login = debian_15.postgres.url(SEATTLE, debian_15.passwords[SEATTLE], "zava")
    with psycopg.connect(login) as connection:
        assert connection.pgconn.ssl_in_use
        assert connection.pgconn.used_password
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(login.replace("sslmode=verify-full", "sslmode=disable"))
    with debian_15.as_superuser() as admin:
        stored = admin.execute("SELECT bool_and(rolpassword LIKE 'SCRAM-SHA-256$%') FROM pg_authid WHERE rolcanlogin")
        assert stored.fetchone() == (True,)


@pytest.mark.anyio
async def test_queries_and_schemas_work_on_debian(debian_15: ZavaServer) -> None:
    async with (
        asking(as_identity(debian_15, HEAD_OFFICE)) as head_office,
        asking(as_identity(debian_15, SEATTLE)) as seattle,
    ):
        all_orders = await head_office.value("SELECT count(*) FROM retail.orders")
        assert 0 < await seattle.value("SELECT count(*) FROM retail.orders") < all_orders
        assert await seattle.value("SELECT count(DISTINCT store_id) FROM retail.orders") == 1
        text, failed = await seattle.call("get_multiple_table_schemas", table_names=[])
        assert not failed
        assert "order_items" in text
        assert "product_description_embeddings" not in text


@pytest.mark.anyio
async def test_full_text_search_replaces_semantic_search_on_debian(debian_15: ZavaServer) -> None:
    async with asking(as_identity(debian_15, SEATTLE)) as seattle:
        text, failed = await seattle.call("semantic_search_products", query_description="cordless drill")
        assert not failed, text
        answer = json.loads(text)
        assert answer["search"] == "lexical"
        assert "full-text search" in answer["model"]
        assert "drill" in answer["rows"][0][1].lower()
        assert all(row[answer["columns"].index("similarity")] is None for row in answer["rows"])

        text, failed = await seattle.call("semantic_search_products", query_description="qwertyuiop")
        assert not failed, text
        assert (json.loads(text)["rows"], json.loads(text)["search"]) == ([], "lexical")

        sku = answer["rows"][0][0]
        text, failed = await seattle.call("semantic_search_products", similar_to=sku)
        assert not failed, text
        found = [row[0] for row in json.loads(text)["rows"]]
        assert found
        assert sku not in found


def test_doctor_reports_only_the_gaps_on_debian(debian_15: ZavaServer, tmp_path: Path) -> None:
    reply = CliRunner().invoke(
        app,
        ["doctor", "--json", "--user-id", SEATTLE, "--database-url", debian_15.place],
        env={"POSTGRES_PASSWORD": debian_15.passwords[SEATTLE]},
        catch_exceptions=False,
    )
    checks = objects(reply.stdout)
    states = {check["name"]: check["state"] for check in checks}
    assert reply.exit_code == 0, reply.stdout
    assert "fail" not in states.values()
    assert {name for name, state in states.items() if state == "warn"} == {
        "functions revoked from public",
        "table sizes are hidden",
        "login names",
        "extension vector",
    }

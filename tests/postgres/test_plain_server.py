"""Debian's PostgreSQL over TLS, without pgvector, set up by an administrator without superuser rights."""

import json
import re
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


def test_init_on_debian_reports_three_gaps(debian_15: ZavaServer) -> None:
    gaps = [line for line in debian_15.output.splitlines() if line.startswith("gap: ")]
    assert len(gaps) == 3
    assert "the extension vector is not installed" in gaps[0]
    assert "only a superuser" in gaps[1]
    assert "this administrator may not set temp_file_limit: queries of 9 logins can fill the disk" in gaps[2]
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
    assert doctor_warnings(debian_15) == {
        "functions revoked from public",
        "table sizes are hidden",
        "temporary files are limited",
        "login names",
        "extension vector",
    }


def test_granted_parameter_ends_the_gap_of_temporary_files(debian_15: ZavaServer) -> None:
    (grant,) = re.findall(r"GRANT SET ON PARAMETER temp_file_limit TO \S+(?=,)", debian_15.output)
    with debian_15.as_superuser() as superuser:
        superuser.execute(grant.encode())
        try:
            command = ["init", "--no-sample", "--admin-database-url", debian_15.admin_url]
            assert "temp_file_limit" not in CliRunner().invoke(app, command, catch_exceptions=False).stdout
            assert "temporary files are limited" not in doctor_warnings(debian_15)
        finally:
            superuser.execute("REVOKE SET ON PARAMETER temp_file_limit FROM cloud_admin")
            for login in debian_15.passwords:
                superuser.execute(f'ALTER ROLE "{login}" RESET temp_file_limit'.encode())


def doctor_warnings(zava: ZavaServer) -> set[str]:
    """The names of the doctor's warnings; no check fails."""
    reply = CliRunner().invoke(
        app,
        ["doctor", "--json", "--user-id", SEATTLE, "--database-url", zava.place],
        env={"POSTGRES_PASSWORD": zava.passwords[SEATTLE]},
        catch_exceptions=False,
    )
    states = {check["name"]: check["state"] for check in objects(reply.stdout)}
    assert reply.exit_code == 0, reply.stdout
    assert "fail" not in states.values()
    return {name for name, state in states.items() if state == "warn"}

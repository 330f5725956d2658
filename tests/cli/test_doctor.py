"""The doctor: all well on our own installation, and each illness named with its cure."""

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import SEATTLE
from zava_mcp.cli.commands import app


def examined(data_dir: Path, *more: str) -> tuple[dict[str, dict[str, str]], int]:
    """The checks by name, and the exit code."""
    flags = ["--user-id", SEATTLE, "--data-dir", str(data_dir), *more]
    result = CliRunner().invoke(app, ["doctor", "--json", *flags], catch_exceptions=False)
    return {check["name"]: check for check in json.loads(result.stdout)}, result.exit_code


def test_a_fresh_installation_is_well(data_dir: Path) -> None:
    checks, code = examined(data_dir)
    assert code == 0
    assert {check["state"] for check in checks.values()} == {"ok"}
    assert len([name for name in checks if name.startswith("forgery: ")]) == 10


def test_people_get_a_table(data_dir: Path) -> None:
    shown = CliRunner().invoke(app, ["doctor", "--user-id", SEATTLE, "--data-dir", str(data_dir)]).stdout
    assert "forgery: another role" in shown
    assert "readable by its owner alone" in shown


@pytest.mark.parametrize(
    ("illness", "cure", "name", "found"),
    [
        (
            "GRANT INSERT ON retail.orders TO zava_seattle",
            "REVOKE INSERT ON retail.orders FROM zava_seattle",
            "one kind of privilege",
            "INSERT on retail.orders",
        ),
        (
            "GRANT UPDATE (order_date) ON retail.orders TO zava_seattle",
            "REVOKE UPDATE ON retail.orders FROM zava_seattle",
            "one kind of privilege",
            "UPDATE on retail.orders",
        ),
        (
            "GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TEMP ON DATABASE zava TO zava_seattle",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC; REVOKE TEMP ON DATABASE zava FROM zava_seattle",
            "nothing can be created",
            "in schema public, temporary tables",
        ),
        (
            "GRANT zava_redmond TO zava_seattle",
            "REVOKE zava_redmond FROM zava_seattle",
            "no other role can be taken",
            "zava_redmond",
        ),
        (
            "GRANT SELECT (rls_user_id) ON retail.stores TO zava_seattle",
            "REVOKE SELECT (rls_user_id) ON retail.stores FROM zava_seattle",
            "other user ids are hidden",
            "rls_user_id can be read",
        ),
        (
            "CREATE POLICY older ON retail.orders FOR SELECT USING (current_setting('app.x', true) = store_id::text)",
            "DROP POLICY older ON retail.orders",
            "no policy trusts a setting",
            "older on retail.orders",
        ),
        (
            "GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC",
            "REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM PUBLIC",
            "second lock",
            "set_config",
        ),
        (
            "ALTER TABLE retail.orders NO FORCE ROW LEVEL SECURITY",
            "ALTER TABLE retail.orders FORCE ROW LEVEL SECURITY",
            "connection",
            "not enabled and forced on: orders",
        ),
    ],
)
def test_each_illness_is_named_with_its_cure(
    data_dir: Path, admin: psycopg.Connection, illness: str, cure: str, name: str, found: str
) -> None:
    admin.execute(illness.encode())
    try:
        checks, code = examined(data_dir)
        assert checks[name]["state"] == ("warn" if name == "second lock" else "fail")
        assert found in checks[name]["found"]
        assert checks[name]["fix"]
        assert code == (0 if name == "second lock" else 1)
    finally:
        admin.execute(cure.encode())
    assert examined(data_dir)[1] == 0


def test_a_policy_that_lets_a_forgery_through_is_found_by_trying(data_dir: Path, admin: psycopg.Connection) -> None:
    admin.execute("GRANT EXECUTE ON FUNCTION set_config(text, text, boolean) TO PUBLIC")
    admin.execute(
        "CREATE POLICY older ON retail.orders FOR SELECT USING"
        " (current_setting('app.current_rls_user_id', true) = '00000000-0000-0000-0000-000000000000')"
    )
    try:
        checks, code = examined(data_dir)
        assert code == 1
        assert checks["no policy trusts a setting"]["state"] == "fail"
        assert checks["forgery: the older policies' setting"]["state"] == "fail"
    finally:
        admin.execute("DROP POLICY older ON retail.orders")
        admin.execute("REVOKE EXECUTE ON FUNCTION set_config(text, text, boolean) FROM PUBLIC")


def test_no_connection_is_a_failed_check(data_dir: Path) -> None:
    checks, code = examined(data_dir, "--database-url", "postgresql://127.0.0.1:1/zava")
    assert code == 1
    assert "not running" in checks["connection"]["found"]

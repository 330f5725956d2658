"""Tests of names of identities: a name must resolve to exactly one user id."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.cli.test_commands import COUNT, zava
from tests.conftest import ADMIN, HEAD_OFFICE, REDMOND, SEATTLE, STORES, asking, login_keywords, settings_for
from zava_mcp.admin.embedded_database import embedded_postgres
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embedded.host import POSTGRES_MAJOR
from zava_mcp.errors import IdentityError
from zava_mcp.postgres.user_ids import require_identity
from zava_mcp.settings import load


def resolve(name: str, **environ: str) -> str:
    return str(require_identity(load({"ZAVA_USER_ID": name}, environ), None).user_id)


def test_sample_identity_is_resolved_by_short_name() -> None:
    for store, user_id in STORES.items():
        for name in (store, store.lower(), store.upper(), f"Zava Retail {store}", f" zava-retail_{store} "):
            assert resolve(name) == user_id
    for name in ("head office", "head-office", "HEAD_OFFICE", "Zava Retail head office"):
        assert resolve(name) == HEAD_OFFICE


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("seatle", "seattle"),
        ("zava retail bellvue", "bellevue"),
        ("headoffice", "head office"),
        ("sea", "seattle"),
        ("*", ""),
    ],
)
def test_unknown_name_is_refused_with_a_suggestion(name: str, suggestion: str) -> None:
    with pytest.raises(IdentityError, match="neither a uuid nor the name") as caught:
        resolve(name)
    assert caught.value.message.endswith(f"; did you mean {suggestion!r}?" if suggestion else "of an identity")


@pytest.mark.parametrize(
    ("name", "environ", "hint"),
    [
        ("", {}, "Give one with --user-id or ZAVA_USER_ID. `zava-mcp identities` lists them."),
        ("", {"ZAVA_DATABASE_URL": "postgresql://db/x"}, "which `zava-mcp identities` lists for an administrator."),
        (
            "mitte",
            {"ZAVA_DATABASE_URL": "postgresql://db/x"},
            "or set ZAVA_DATABASE_URL with a login, whose name works.",
        ),
        (
            "",
            {"ZAVA_ADMIN_DATABASE_URL": "postgresql://a@db/x"},
            "set ZAVA_DATABASE_URL to it, without the administrator.",
        ),
    ],
)
def test_hint_fits_the_database_and_lists_no_other(name: str, environ: dict[str, str], hint: str) -> None:
    with pytest.raises(IdentityError) as caught:
        require_identity(load({"ZAVA_USER_ID": name}, environ), None)
    assert caught.value.hint.endswith(hint)
    assert bool(caught.value.listing) is not bool(environ)


def test_ambiguous_name_is_refused(tmp_path: Path) -> None:
    postgres = embedded_postgres(settings_for(tmp_path), lambda *_: None)
    home = tmp_path / f"postgres-{POSTGRES_MAJOR}"
    home.mkdir()
    names = {"a": "Zava Retail Seattle", "b": "seattle", "c": "Zava Retail Ballard"}
    ids = {letter: f"{letter * 8}-0000-4000-8000-000000000000" for letter in names}
    logins = [{"login": x, "password": "x", "user_id": ids[x], "name": names[x]} for x in names]
    (home / "logins.json").write_text(json.dumps(logins))
    with pytest.raises(IdentityError, match="2 identities are called 'Seattle'") as caught:
        require_identity(settings_for(tmp_path, "Seattle"), postgres)
    assert f"{ids['a']}  Zava Retail Seattle" in caught.value.listing
    assert str(require_identity(settings_for(tmp_path, "ballard"), postgres).user_id) == ids["c"]
    # The name is one of the sample's, but not one of this database.
    with pytest.raises(IdentityError, match="neither a uuid"):
        require_identity(settings_for(tmp_path, "redmond"), postgres)


@pytest.mark.anyio
async def test_name_by_flag_or_environment_is_resolved(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_id = zava("query", COUNT, "--user-id", SEATTLE, "--data-dir", str(data_dir))
    assert zava("query", COUNT, "--user-id", "Seattle", "--data-dir", str(data_dir)) == by_id
    monkeypatch.setenv("ZAVA_USER_ID", "seattle")
    assert zava("query", COUNT, "--data-dir", str(data_dir)) == by_id
    async with asking(settings_for(data_dir, "seattle")) as seattle:
        assert await seattle.value(COUNT) == json.loads(by_id)["rows"][0][0]


def test_name_on_a_server_must_be_the_logins_own(embedded: EmbeddedPostgres, admin: psycopg.Connection) -> None:
    address = "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}"
    seattle = address.format(**login_keywords(embedded, SEATTLE))
    redmond = address.format(**login_keywords(embedded, REDMOND))
    common = ["query", COUNT, "--database-url"]
    assert zava(*common, seattle, "--user-id", "seattle") == zava(*common, seattle, "--user-id", SEATTLE)
    with pytest.raises(IdentityError, match="belongs to another identity") as caught:
        zava(*common, redmond, "--user-id", "seattle")
    assert f"'seattle' stands for the sample's user id {SEATTLE}" in caught.value.hint
    renamed = b"UPDATE zava.access SET display_name = %s WHERE login = 'zava_seattle'"
    admin.execute(renamed, ["Ballard"])
    try:
        with pytest.raises(IdentityError, match=f"user id {SEATTLE}, and that is Ballard here"):
            zava(*common, seattle, "--user-id", "seattle")
        assert zava(*common, seattle, "--user-id", SEATTLE)
    finally:
        admin.execute(renamed, ["Zava Retail Seattle"])


def test_missing_login_on_a_server_names_the_user_id(server: str, database: str) -> None:
    url = ADMIN.format(database=database, host=server).replace("postgres:admin@", "")
    with pytest.raises(IdentityError, match="login") as caught:
        zava("query", COUNT, "--database-url", url, "--user-id", "seattle")
    assert f"'seattle' stands for the sample's user id {SEATTLE}" in caught.value.hint


def completed(words: str, **environment: str) -> list[str]:
    """Return bash's completions at the end of a line."""
    variables = {
        "_ZAVA_MCP_COMPLETE": "complete_bash",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split(" ")) - 1),
    }
    command = [str(Path(sys.executable).with_name("zava-mcp"))]
    return subprocess.run(
        command, env={**os.environ, **variables, **environment}, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_bash_completes_identities_formats_commands_and_categories() -> None:
    assert {"seattle", "head-office"} <= set(completed("zava-mcp query --user-id "))
    assert completed("zava-mcp query --user-id s") == ["seattle", "spokane"]
    assert completed("zava-mcp doctor --user-id f47") == [SEATTLE]
    assert set(completed("zava-mcp identities --format ")) == {"table", "json", "csv"}
    assert "claude-desktop" in completed("zava-mcp client-config cl")
    assert completed("zava-mcp client-config plain --user-id red") == ["redmond"]
    assert "PLUMBING" in completed("zava-mcp search --category PL")
    assert "search" in completed("zava-mcp se")
    own = {"ZAVA_DATABASE_URL": "postgresql://db/bakery"}  # need not be the sample
    assert not any(completed("zava-mcp search --category PL", **own))
    assert not any(completed("zava-mcp query --user-id s", **own))
    assert not any(completed("zava-mcp query --database-url postgresql://db/bakery --user-id s"))
    assert "search" in completed("zava-mcp se", **own)


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [(["serch", "x"], "search"), (["query", "x", "--formt", "csv"], "--format"), (["qery"], "query")],
)
def test_unknown_command_or_option_suggests_the_nearest(arguments: list[str], suggestion: str) -> None:
    command = [sys.executable, "-m", "zava_mcp", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert suggestion in result.stderr.splitlines()[-1]


def test_client_config_resolves_a_name_to_its_user_id() -> None:
    printed = json.loads(zava("client-config", "plain", "--user-id", "redmond"))
    ((name, entry),) = printed["mcpServers"].items()
    assert (name, entry["args"][-1]) == ("zava-redmond", REDMOND)


def test_custom_name_on_a_server_is_accepted_for_its_login(
    embedded: EmbeddedPostgres, admin: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is given by flag, by environment and with spaces; it must be the name of the login's identity."""
    redmond = "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}"
    url = redmond.format(**login_keywords(embedded, REDMOND))
    renamed = b"UPDATE zava.access SET display_name = %s WHERE login = 'zava_redmond'"
    common = ["query", "SELECT DISTINCT store_id FROM retail.orders", "--database-url", url]
    admin.execute(renamed, ["Ann O'Neil Lee"])
    try:
        by_id = zava(*common, "--user-id", REDMOND)
        for name in ("Ann O'Neil Lee", "ann-o'neil-lee", " ANN O'NEIL LEE "):
            assert zava(*common, "--user-id", name) == by_id
        monkeypatch.setenv("ZAVA_USER_ID", "Ann O'Neil Lee")
        assert zava(*common) == by_id
        with pytest.raises(IdentityError, match="this login is Ann O'Neil Lee, and not 'Ann'"):
            zava(*common, "--user-id", "Ann")
        with pytest.raises(IdentityError, match="neither a uuid nor the name"):
            zava(*common[:-1], "postgresql://db/zava", "--user-id", "Ann Lee")
        with pytest.raises(IdentityError, match="can only be resolved by the database server"):
            zava("client-config", "plain", "--database-url", url, "--user-id", "Ann O'Neil Lee")
    finally:
        admin.execute(renamed, ["Zava Retail Redmond"])

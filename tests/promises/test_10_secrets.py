"""Promise 10: secrets stay secret."""

import json
import stat
import traceback
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from tests.conftest import HEAD_OFFICE, SEATTLE, asking, settings_for, small_postgres
from tests.stdio_client import StdioClient
from zava_mcp.embedded import EmbeddedPostgres, Login
from zava_mcp.errors import SettingsError
from zava_mcp.postgres.connection_parameters import connection_parameters
from zava_mcp.settings import load

SECRET = "hunter2-is-not-for-anybody"


def test_the_passwords_are_readable_by_their_owner_alone(embedded: EmbeddedPostgres) -> None:
    assert stat.S_IMODE(embedded.folder.stat().st_mode) == 0o700
    file = embedded.folder / "postgres-18" / "logins.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    passwords = [entry["password"] for entry in json.loads(file.read_text())]
    assert len(set(passwords)) == 10
    assert min(len(password) for password in passwords) >= 40


def test_every_way_into_the_embedded_database_asks_for_a_password(embedded: EmbeddedPostgres) -> None:
    rules = (embedded.folder / "postgres-18" / "data" / "pg_hba.conf").read_text().splitlines()
    methods = {rule.split()[-1] for rule in rules if rule.strip() and not rule.startswith("#")}
    assert methods == {"scram-sha-256"}


def test_settings_and_targets_do_not_show_them() -> None:
    settings = load(
        {
            "ZAVA_USER_ID": SEATTLE,
            "ZAVA_DATABASE_URL": f"postgresql://u:{SECRET}@localhost/zava",
            "ZAVA_ADMIN_DATABASE_URL": f"postgresql://admin:{SECRET}@localhost/zava",
            "POSTGRES_PASSWORD": SECRET,
        },
        {},
    )
    assert settings.database is not None
    target = connection_parameters(settings.database, UUID(SEATTLE))
    assert SECRET not in f"{settings!r} {settings} {target!r} {target}"
    assert target.keywords()["password"] == SECRET


@pytest.mark.anyio
@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}@127.0.0.1:1/zava",
        f"postgresql://u:{SECRET}@no-such-host.invalid/zava",
        f"postgresql://u:{SECRET}@127.0.0.1:1/zava?sslmode=nonsense",
        f"postgresql://u:{SECRET}@127.0.0.1:1/zava?nonsense=1",
    ],
)
async def test_no_error_tells_them(data_dir: Path, url: str, caplog: pytest.LogCaptureFixture) -> None:
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_DATABASE_URL=url)) as asker:
        assert SECRET not in await asker.refusal("SELECT 1")
        text, failed = await asker.call("get_multiple_table_schemas", table_names=["orders"])
        assert failed
        assert SECRET not in text
    assert SECRET not in caplog.text
    assert not [r for r in caplog.records if r.exc_info and SECRET in "".join(traceback.format_exception(*r.exc_info))]


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://u:{SECRET}@127.0.0.1:99999/zava",
        f"postgresql://u:{SECRET}@[::bad/zava",
        f"postgresql://u:p%ZZ{SECRET}@127.0.0.1:1/zava",
    ],
)
def test_a_url_that_cannot_be_read_is_refused_without_its_password(data_dir: Path, url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings_for(data_dir, SEATTLE, ZAVA_DATABASE_URL=url)
    assert SECRET not in "".join(traceback.format_exception(caught.value)) + caught.value.hint


def test_nothing_the_server_says_or_logs_tells_them(embedded: EmbeddedPostgres) -> None:
    passwords = [login.password for login in embedded.logins().values()]
    flags = ("--data-dir", str(embedded.folder), "--user-id", HEAD_OFFICE, "--log-level", "debug")
    with StdioClient(*flags, environment={"POSTGRES_PASSWORD": SECRET}) as server:
        server.shake_hands()
        said = []
        for sql in (
            "SELECT setting FROM pg_settings",
            "SELECT * FROM pg_shadow",
            "SELECT rolpassword FROM pg_roles",
            "SELECT passwd FROM pg_user",
            "SELECT pg_read_file('../logins.json')",
            "SELECT * FROM pg_hba_file_rules",
            "SELECT query FROM pg_stat_activity",
            "SELECT 1/0",
        ):
            said.append(server.call("execute_sales_query", postgresql_query=sql, max_rows=1000)[0])
        server.close_stdin()
        server.process.wait(5)
        said.append(server.stderr())
    said.append((embedded.folder / "postgres-18" / "server.log").read_text())
    for secret in [SECRET, *passwords]:
        assert not [text for text in said if secret in text]


def test_the_database_is_not_given_the_servers_secrets(tmp_path: Path) -> None:
    """PostgreSQL runs as another user when we are root, and lives on when we are killed."""
    postgres = small_postgres(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("POSTGRES_PASSWORD", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY", "AZURE_CLIENT_SECRET"):
            patch.setenv(name, SECRET)
        postgres.open()
    try:
        pid = int((tmp_path / "postgres-18" / "data" / "postmaster.pid").read_text().splitlines()[0])
        assert SECRET not in str(psutil.Process(pid).environ())
    finally:
        postgres.close()


def test_socket_is_not_accessible_to_other_users(embedded: EmbeddedPostgres) -> None:
    socket = Path(embedded.open().host, ".s.PGSQL.5432")
    assert stat.S_IMODE(socket.stat().st_mode) == 0o700


def test_a_login_does_not_show_its_password() -> None:
    assert SECRET not in repr(Login("zava_seattle", SECRET))

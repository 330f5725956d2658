"""Authentication of identities over TLS: passfile, service file, certificate, Entra token."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import HEAD_OFFICE, SEATTLE, asking, settings_for
from tests.fakes.entra import CLIENT, TENANT, FakeEntra, refusal
from tests.servers import ZavaServer
from zava_mcp.cli.commands import app
from zava_mcp.errors import DatabaseUnavailable, SettingsError
from zava_mcp.postgres.entra_password import require_encryption
from zava_mcp.settings import Settings, load

pytestmark = pytest.mark.anyio

OWN = "SELECT count(DISTINCT store_id) FROM retail.orders"
SECURE = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"


@pytest.fixture
def passfile(debian_15: ZavaServer, tmp_path: Path) -> str:
    file = tmp_path / "passfile"
    lines = [f"127.0.0.1:{debian_15.postgres.port}:zava:{login}:{word}" for login, word in debian_15.passwords.items()]
    file.write_text("\n".join(lines) + "\n")
    file.chmod(0o600)
    return str(file)


async def test_identity_authenticates_by_passfile(
    debian_15: ZavaServer, passfile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One passfile serves all client machines: each login has its line."""
    monkeypatch.setenv("PGPASSFILE", passfile)
    for user_id, stores in ((SEATTLE, 1), (HEAD_OFFICE, 8)):
        async with asking(settings_for(debian_15.folder, user_id, ZAVA_DATABASE_URL=debian_15.place)) as asker:
            assert await asker.value(OWN) == stores
            assert await asker.value(SECURE) is True


async def test_identity_authenticates_by_service_file(
    debian_15: ZavaServer, passfile: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    service = tmp_path / "services"
    tls = debian_15.postgres.query.replace("&", "\n")
    service.write_text(
        f"[shop]\nhost=127.0.0.1\nport={debian_15.postgres.port}\ndbname=zava\npassfile={passfile}\n{tls}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(service))
    async with asking(
        settings_for(debian_15.folder, SEATTLE, ZAVA_DATABASE_URL="postgresql:///?service=shop")
    ) as seattle:
        assert await seattle.value(OWN) == 1
        assert await seattle.value(SECURE) is True
    monkeypatch.setenv("PGSERVICE", "shop")
    asked = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "query", OWN, "--user-id", SEATTLE], capture_output=True, check=True
    )
    assert json.loads(asked.stdout)["rows"] == [[1]]


async def test_server_certificate_with_another_name_is_refused(
    debian_15: ZavaServer, passfile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", passfile)
    elsewhere = debian_15.place.replace("127.0.0.1", "localhost") + "&hostaddr=127.0.0.1"
    async with asking(settings_for(debian_15.folder, SEATTLE, ZAVA_DATABASE_URL=elsewhere)) as seattle:
        assert "the secure connection to the database could not be established" in await seattle.refusal(OWN)


class Entra:
    """An Entra authority, and a server that accepts its newest token as Seattle's password."""

    def __init__(self, fake: FakeEntra, zava: ZavaServer, admin: psycopg.Connection) -> None:
        self.fake, self.zava, self.admin = fake, zava, admin
        fake.publish = self.accept

    def accept(self, token: str) -> None:
        self.admin.execute(f"ALTER ROLE \"{SEATTLE}\" PASSWORD '{token}'".encode())

    def environment(self) -> dict[str, str]:
        return {
            "ZAVA_DATABASE_AUTH": "entra",
            "AZURE_CLIENT_ID": CLIENT,
            "AZURE_CLIENT_SECRET": "planted-secret",
            "AZURE_TENANT_ID": TENANT,
            "AZURE_AUTHORITY_HOST": self.fake.url,
        }

    def settings(self, url: str = "") -> Settings:
        more = {**self.environment(), "ZAVA_DATABASE_URL": url or self.zava.place}
        return settings_for(self.zava.folder, SEATTLE, **more)

    def end(self) -> None:
        self.admin.execute(END, [SEATTLE])


@pytest.fixture
def entra(debian_15: ZavaServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entra]:
    with FakeEntra(tmp_path, "planted-secret") as fake, debian_15.as_superuser() as admin:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(fake.certificate))
        entra = Entra(fake, debian_15, admin)
        yield entra
        entra.accept(debian_15.passwords[SEATTLE])


async def test_entra_token_is_reused_while_it_is_valid(entra: Entra) -> None:
    async with asking(entra.settings()) as seattle:
        assert await seattle.value(OWN) == 1
        assert await seattle.value(SECURE) is True
        entra.end()
        assert await seattle.value(OWN) == 1
    assert [asked["scope"].split()[0] for asked in entra.fake.asked] == [
        "https://ossrdbms-aad.database.windows.net/.default"
    ]


async def test_entra_token_is_renewed_before_it_expires(entra: Entra) -> None:
    """Each token expires so soon that every connection needs a new one; the server accepts only the newest."""
    entra.fake.seconds = 200
    async with asking(entra.settings()) as seattle:
        assert await seattle.value(OWN) == 1
        before = len(entra.fake.asked)
        entra.end()
        assert await seattle.value(OWN) == 1
        assert len(entra.fake.asked) > before


async def test_entra_token_that_is_refused_is_reported_and_renewed(entra: Entra) -> None:
    entra.fake.publish = lambda _: None
    async with asking(entra.settings()) as seattle:
        output = await seattle.refusal(OWN)
        assert f"does not accept the Entra token for the login {SEATTLE}" in output
        assert "zava-mcp identities map" in output
        entra.fake.publish = entra.accept
        assert await seattle.value(OWN) == 1


async def test_entra_failure_is_reported_with_its_code(entra: Entra, caplog: pytest.LogCaptureFixture) -> None:
    entra.fake.refuse = lambda: refusal("AADSTS7000222", "The secret planted-secret has expired.")
    async with asking(entra.settings()) as seattle:
        output = await seattle.refusal(OWN)
        assert "Entra issued no token for the database (AADSTS7000222)" in output
        entra.fake.refuse = None
        assert await seattle.value(OWN) == 1
    for text in (output, caplog.text):
        assert "planted-secret" not in text
        assert not any(token in text for token in entra.fake.tokens)


async def test_entra_token_is_refused_without_tls(entra: Entra) -> None:
    for weak in ("disable", "allow", "prefer"):
        async with asking(entra.settings(entra.zava.place.replace("verify-full", weak))) as seattle:
            assert f"sslmode={weak} would let the Entra token cross the network" in await seattle.refusal(OWN)
    assert entra.fake.asked == []


def test_entra_requires_tls_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert require_encryption({"host": "db"}) == {"host": "db", "sslmode": "require"}
    assert require_encryption({"host": "/run/postgresql"}) == {"host": "/run/postgresql"}
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert require_encryption({"host": "db"})["sslmode"] == "verify-full"
    monkeypatch.setenv("PGSSLMODE", "prefer")
    for unsure in ({"service": "shop"}, {"host": "/run,db"}, {"host": "/run", "hostaddr": "192.0.2.1"}, {}):
        with pytest.raises(SettingsError):
            require_encryption(unsure)


def test_entra_with_a_password_is_refused(entra: Entra) -> None:
    with pytest.raises(SettingsError, match="takes no password"):
        load({}, {**entra.environment(), "POSTGRES_PASSWORD": "x"})
    url = entra.zava.place.replace("127.0.0.1", f"{SEATTLE}:x@127.0.0.1")
    command = ["query", OWN, "--user-id", SEATTLE, "--database-url", url]
    with pytest.raises(SettingsError, match="the URL has a password"):
        CliRunner().invoke(app, command, env=entra.environment(), catch_exceptions=False)


def test_administrator_authenticates_with_an_entra_token(entra: Entra) -> None:
    admin_url = entra.zava.admin_url.replace(":cloud@", "@")
    command = ["identities", "--admin-database-url", admin_url]

    def accept(token: str) -> None:
        entra.admin.execute(f"ALTER ROLE cloud_admin PASSWORD '{token}'".encode())

    entra.fake.publish = accept
    try:
        listed = CliRunner().invoke(app, command, env=entra.environment(), catch_exceptions=False).stdout
        assert SEATTLE in listed
        entra.fake.refuse = lambda: refusal("AADSTS700016", "no such application")
        with pytest.raises(DatabaseUnavailable, match="AADSTS700016"):
            CliRunner().invoke(app, command, env=entra.environment(), catch_exceptions=False)
    finally:
        entra.admin.execute("ALTER ROLE cloud_admin PASSWORD 'cloud'")


def test_entra_uses_the_signed_in_account_by_default(entra: Entra, tmp_path: Path) -> None:
    """No account is signed in."""
    asked = subprocess.run(
        [sys.executable, "-m", "zava_mcp", "query", OWN, "--user-id", SEATTLE],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "ZAVA_DATABASE_AUTH": "entra",
            "ZAVA_DATABASE_URL": entra.zava.place,
        },
        capture_output=True,
        text=True,
    )
    assert asked.returncode == 1
    assert "no account is signed in to Entra" in asked.stderr
    assert "az login" in asked.stderr
    assert "ManagedIdentityCredential" not in asked.stderr, "the library's own report is not for this reader"

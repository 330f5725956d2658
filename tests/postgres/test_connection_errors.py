"""Errors of failed connections name host, port, database and the setting to correct, and no secret."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import UUID

import pytest

from tests.conftest import SEATTLE
from tests.servers import ZavaServer
from zava_mcp.cli.display.terminal_hints import to_terminal_terms
from zava_mcp.errors import ZavaError
from zava_mcp.postgres.connection_parameters import admin_parameters, connection_parameters
from zava_mcp.postgres.identity import connect
from zava_mcp.settings import Secret, load

SECRET = "hunter2"
REPLIES = {
    "http": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.6\r\n",
    "mysql": b"J\0\0\0\n8.0.34\0",
    "redis": b"-ERR unknown command\r\n",
    "tls": b"\x15\x03\x01\x00\x02\x02\x46",
    "closes": b"",
    "plain": b"N",
}


@pytest.fixture(scope="module")
def ports() -> Iterator[dict[str, str]]:
    """Ports of this machine on which other programs listen: each sends its reply; `silent` sends nothing."""
    listeners = {name: socket.create_server(("127.0.0.1", 0), backlog=20) for name in [*REPLIES, "silent"]}
    for name, reply in REPLIES.items():
        threading.Thread(target=_reply, args=(listeners[name], reply), daemon=True).start()
    yield {name: str(listener.getsockname()[1]) for name, listener in listeners.items()}
    for listener in listeners.values():
        listener.close()


def _reply(listener: socket.socket, reply: bytes) -> None:
    with suppress(OSError):
        while True:
            client = listener.accept()[0]
            with client, suppress(OSError):
                client.recv(1_000)
                client.sendall(reply)


def refusal(variables: dict[str, str]) -> ZavaError:
    """The error of connecting with these settings, which neither repeats a password nor names a login."""
    settings = load({"ZAVA_USER_ID": SEATTLE}, variables)
    place = settings.database
    administrator = admin_parameters(settings.admin_url or Secret(""))
    target = connection_parameters(place, UUID(SEATTLE)) if place else administrator
    with pytest.raises(ZavaError) as refused:
        connect(target)
    text = f"{refused.value.message} {refused.value.hint}"
    assert SECRET not in text
    assert SEATTLE not in text
    assert "by itself" not in text
    assert "{" not in text
    return refused.value


def url(address: str, more: str = "") -> dict[str, str]:
    return {"ZAVA_DATABASE_URL": f"postgresql://me:{SECRET}@{address}/zava{more}"}


@pytest.mark.parametrize(
    ("variables", "expected", "place", "setting"),
    [
        (url("127.0.0.1:1"), "not running", "127.0.0.1, port 1, database zava", "the port in ZAVA_DATABASE_URL"),
        (url("", "?host=/no/where"), "not running", "socket directory /no/where, port 5432", "the host in ZAVA"),
        (url("127.0.0.1:1,localhost:2"), "not running", "127.0.0.1,localhost, port 1,2", "the host in ZAVA"),
        (url("[::1]:1"), "not running", "::1, port 1, database zava", "the host in ZAVA_DATABASE_URL"),
        (url("no-such.invalid:6"), "cannot be resolved", "no-such.invalid, port 6", "the host in ZAVA"),
        (url("127.0.0.1:{silent}", "?connect_timeout=2"), "in time", "127.0.0.1, port {silent}", "the port in ZAVA"),
        *[
            (
                url(f"127.0.0.1:{{{name}}}", mode),
                "does not use PostgreSQL's protocol",
                f"127.0.0.1, port {{{name}}}",
                "the port",
            )
            for name in ("http", "ssh", "redis", "tls", "mysql")
            for mode in ("", "?sslmode=disable", "?sslmode=require")
            if (name, mode)
            not in {("ssh", "?sslmode=require"), ("mysql", "?sslmode=require"), ("tls", "?sslmode=disable")}
        ],
        (url("127.0.0.1:{closes}"), "closed the connection", "127.0.0.1, port {closes}", "the port in ZAVA"),
        (url("127.0.0.1:{plain}", "?sslmode=require"), "has no TLS", "127.0.0.1, port {plain}", "set sslmode=prefer"),
        (
            {
                "POSTGRES_DB_HOST": "127.0.0.1",
                "POSTGRES_DB_PORT": "1",
                "POSTGRES_DB": "shop",
                "POSTGRES_PASSWORD": SECRET,
            },
            "not running",
            "127.0.0.1, port 1, database shop",
            "POSTGRES_DB_HOST or POSTGRES_DB_PORT",
        ),
        (
            {"POSTGRES_DB_HOST": "no-such.invalid"},
            "cannot be resolved",
            "no-such.invalid, port 5432",
            "POSTGRES_DB_HOST",
        ),
        (
            {"ZAVA_ADMIN_DATABASE_URL": f"postgresql://me:{SECRET}@127.0.0.1:1/zava"},
            "not running",
            "port 1",
            "the host in ZAVA_ADMIN_DATABASE_URL",
        ),
    ],
)
def test_failed_connection_names_its_location_and_the_setting(
    variables: dict[str, str], expected: str, place: str, setting: str, ports: dict[str, str]
) -> None:
    error = refusal({name: text.format(**ports) for name, text in variables.items()})
    assert expected in error.message
    assert place.format(**ports) in error.message
    assert setting in error.hint


def test_failed_connection_names_libpq_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGDATABASE": "shop"}.items():
        monkeypatch.setenv(name, value)
    settings = load({"ZAVA_USER_ID": SEATTLE})
    assert settings.database is not None
    with pytest.raises(ZavaError) as refused:
        connect(connection_parameters(settings.database, UUID(SEATTLE)))
    assert refused.value.message.endswith("(127.0.0.1, port 1, database shop)")
    assert "PGHOST or PGPORT" in refused.value.hint


@pytest.mark.parametrize(
    ("login", "more", "expected", "hint"),
    [
        ("admin:" + SECRET, "", "does not accept this login's password", "Correct POSTGRES_PASSWORD"),
        ("nobody:" + SECRET, "", "does not accept this login's password", "POSTGRES_USER"),
        ("admin", "", "requires a password, and none is set", "passfile {home}/none does not exist"),
        ("admin", "&passfile={home}/open", "requires a password, and none is set", "run chmod 600 {home}/open"),
        ("admin", "&passfile={home}/other", "requires a password, and none is set", "{home}/other has no entry"),
        ("admin", "&passfile={home}/wrong", "does not accept this login's password", "the passfile {home}/wrong"),
    ],
)
def test_missing_and_wrong_password_have_different_errors(
    login: str, more: str, expected: str, hint: str, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    for name, text, mode in (
        ("open", "", 0o644),
        ("other", "elsewhere:*:*:*:x\n", 0o600),
        ("wrong", "*:*:*:*:x\n", 0o600),
    ):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    more = more.format(home=tmp_path)
    error = refusal({"ZAVA_DATABASE_URL": f"postgresql://{login}@/zava?host={server}{more}"})
    assert expected in error.message
    assert f"socket directory {server}, port 5432, database zava" in error.message
    assert hint.format(home=tmp_path) in error.hint


def test_tls_server_faults_have_different_errors(debian_15: ZavaServer) -> None:
    address = f"postgresql://{SEATTLE}:{debian_15.passwords[SEATTLE]}@127.0.0.1:{debian_15.postgres.port}"
    query = debian_15.postgres.query
    for path, expected, setting in (
        ("/zava?sslmode=disable", "requires TLS", "the sslmode in ZAVA_DATABASE_URL"),
        (f"/nowhere?{query}", "does not exist on that server", "the database in ZAVA_DATABASE_URL"),
        (f"/zava?{query}&sslcert={__file__}&sslkey={__file__}", "certificate or key file", "sslcert"),
        ("/zava?sslmode=verify-full&sslrootcert=system", "secure connection", "sslrootcert"),
    ):
        error = refusal({"ZAVA_DATABASE_URL": address + path})
        assert expected in error.message, error.message
        assert f"127.0.0.1, port {debian_15.postgres.port}, database " in error.message
        assert setting in error.hint
        assert debian_15.passwords[SEATTLE] not in error.message + error.hint


def test_terminal_command_gets_no_hint_for_a_running_server() -> None:
    command = [sys.executable, "-m", "zava_mcp", "query", "SELECT 1", "--user-id", SEATTLE]
    done = subprocess.run(
        [*command, "--database-url", f"postgresql://me:{SECRET}@127.0.0.1:1/zava"], capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "error: the database is not running, or its port is closed (127.0.0.1, port 1, database zava)" in done.stderr
    assert "by itself" not in done.stderr
    assert to_terminal_terms(done.stderr) == done.stderr

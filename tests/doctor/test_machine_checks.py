"""Tests of the doctor's checks of the machine: data folder, disk, clock, embedding model, connection."""

import os
import shutil
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import SEATTLE
from tests.installation import Doctor, not_passed, run_doctor
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embedded.host import owners
from zava_mcp.embeddings.model_files import verified_model_file


def test_data_folder_open_to_others_fails(installation: EmbeddedPostgres, doctor: Doctor) -> None:
    installation.folder.chmod(0o750)
    checks = doctor()
    assert not_passed(checks) == {"data folder"}
    assert "mode 750" in checks["data folder"]["found"]
    assert checks["data folder"]["fix"] == f"chmod 700 {installation.folder}"
    installation.folder.chmod(0o700)
    assert not_passed(doctor()) == set()


def test_data_folder_of_another_user_fails(
    installation: EmbeddedPostgres, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root changes the owner of the folder; other users pretend to be another user."""
    owner = 12345 if os.geteuid() == 0 else os.geteuid()
    with monkeypatch.context() as patch:
        if owner == 12345:
            os.chown(installation.folder, owner, -1)
        else:
            patch.setattr(os, "geteuid", lambda: owner + 1)
        right = owners()[0]
        checks = doctor()
    assert "data folder" in not_passed(checks)
    assert f"belongs to another user, with the uid {owner}" in checks["data folder"]["found"]
    assert checks["data folder"]["fix"].startswith(f"chown -R {right} {installation.folder}")
    if owner == 12345:
        os.chown(installation.folder, right, -1)
    assert not_passed(doctor()) == set()


def test_nearly_full_disk_fails(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        usage = shutil.disk_usage("/")
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000_000))
        checks = doctor()
        assert not_passed(checks) == {"disk"}
        assert checks["disk"]["found"] == "0.1 GB free"
        assert "free at least" in checks["disk"]["fix"]
    assert not_passed(doctor()) == set()


def test_clock_off_by_an_hour_fails(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        real = time.time
        patch.setattr(time, "time", lambda: real() + 3600)
        checks = doctor()
        assert not_passed(checks) == {"clock"}
        assert checks["clock"]["found"] == "3600 s from the database's clock"
        assert "correct the clock" in checks["clock"]["fix"]
    assert not_passed(doctor()) == set()


def test_missing_or_changed_embedding_model_fails(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    monkeypatch.setenv("ZAVA_EMBEDDING_MODEL_DIR", str(folder))
    checks = doctor()
    assert not_passed(checks) == {"embedding model"}
    assert "cannot be read: No such file" in checks["embedding model"]["found"]
    assert "ZAVA_EMBEDDING_MODEL_DIR" in checks["embedding model"]["fix"]
    shutil.copy(verified_model_file("vocab.txt", None), folder)
    (folder / "model.onnx").write_bytes(b"something else")
    assert "SHA-256 differs" in doctor()["embedding model"]["found"]
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to(verified_model_file("model.onnx", None))
    assert not_passed(doctor()) == set()


@contextmanager
def relayed(path: Path, old: bytes = b"", new: bytes = b"") -> Iterator[int]:
    """A TCP port that forwards to a Unix socket and replaces bytes in what the server sends."""

    class Relay(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.socket(socket.AF_UNIX) as server:
                server.connect(str(path))
                back = threading.Thread(target=copy, args=(server, self.request, old, new), daemon=True)
                back.start()
                copy(self.request, server)
                server.shutdown(socket.SHUT_RDWR)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Relay) as listening:
        listening.daemon_threads = True
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        yield listening.server_address[1]
        listening.shutdown()
        thread.join()


def copy(source: socket.socket, target: socket.socket, old: bytes = b"", new: bytes = b"") -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data.replace(old, new) if old else data)
    except OSError:  # the other side has gone
        return


def seattles_url(installation: EmbeddedPostgres, host: str) -> str:
    login = installation.logins()[SEATTLE]
    return f"postgresql://{login.login}:{login.password}@{host}"


@pytest.mark.usefixtures("home")
def test_unencrypted_connection_fails(installation: EmbeddedPostgres) -> None:
    address = installation.open()
    with relayed(Path(address.host) / f".s.PGSQL.{address.port}") as port:
        url = seattles_url(installation, f"db.example.com:{port}/zava?hostaddr=127.0.0.1")
        checks = run_doctor("--database-url", url)
    assert not_passed(checks) == {"encryption"}
    assert checks["encryption"]["found"] == "the connection is not encrypted"
    assert "sslmode=verify-full" in checks["encryption"]["fix"]


@pytest.mark.usefixtures("home")
def test_outdated_server_fails(installation: EmbeddedPostgres) -> None:
    address = installation.open()
    with relayed(
        Path(address.host) / f".s.PGSQL.{address.port}", b"server_version\x0018.", b"server_version\x0014."
    ) as port:
        checks = run_doctor("--database-url", seattles_url(installation, f"127.0.0.1:{port}/zava"))
    assert not_passed(checks) == {"PostgreSQL"}
    assert checks["PostgreSQL"]["found"].startswith("version 14.")
    assert checks["PostgreSQL"]["fix"] == "use PostgreSQL 15 or newer"


@pytest.mark.usefixtures("home")
def test_wrong_password_fails(installation: EmbeddedPostgres) -> None:
    address = installation.open()
    checks = run_doctor("--database-url", f"postgresql://zava_seattle:secret-word@/zava?host={address.host}")
    assert not_passed(checks) == {"connection"}
    assert "does not accept this login's password" in checks["connection"]["found"]
    assert "POSTGRES_PASSWORD" in checks["connection"]["fix"]
    assert "secret-word" not in str(checks)

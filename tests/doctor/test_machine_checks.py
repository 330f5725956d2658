"""The doctor and this machine: data folder, disk, clock, embedding model, and the way to the server."""

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
from tests.installation import Doctor, examined, ill
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.embedded.host import owners
from zava_mcp.embeddings.model_files import verified_model_file


def test_a_data_folder_that_others_may_enter(patient: EmbeddedPostgres, doctor: Doctor) -> None:
    patient.folder.chmod(0o750)
    checks = doctor()
    assert ill(checks) == {"data folder"}
    assert "mode 750" in checks["data folder"]["found"]
    assert checks["data folder"]["fix"] == f"chmod 700 {patient.folder}"
    patient.folder.chmod(0o700)
    assert ill(doctor()) == set()


def test_a_data_folder_of_somebody_else(
    patient: EmbeddedPostgres, doctor: Doctor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Root can give it away; for anybody else, somebody else is at the keyboard."""
    owner = 12345 if os.geteuid() == 0 else os.geteuid()
    with monkeypatch.context() as patch:
        if owner == 12345:
            os.chown(patient.folder, owner, -1)
        else:
            patch.setattr(os, "geteuid", lambda: owner + 1)
        right = owners()[0]
        checks = doctor()
    assert "data folder" in ill(checks)
    assert f"belongs to the user with the number {owner}" in checks["data folder"]["found"]
    assert checks["data folder"]["fix"].startswith(f"chown -R {right} {patient.folder}")
    if owner == 12345:
        os.chown(patient.folder, right, -1)
    assert ill(doctor()) == set()


def test_a_disk_that_is_nearly_full(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        usage = shutil.disk_usage("/")
        patch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=100_000_000))
        checks = doctor()
        assert ill(checks) == {"disk"}
        assert checks["disk"]["found"] == "0.1 GB free"
        assert "free at least" in checks["disk"]["fix"]
    assert ill(doctor()) == set()


def test_a_clock_that_is_an_hour_off(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        real = time.time
        patch.setattr(time, "time", lambda: real() + 3600)
        checks = doctor()
        assert ill(checks) == {"clock"}
        assert checks["clock"]["found"] == "3600 s from the database's clock"
        assert "correct the clock" in checks["clock"]["fix"]
    assert ill(doctor()) == set()


def test_an_embedding_model_that_is_missing_or_another(
    doctor: Doctor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    monkeypatch.setenv("ZAVA_EMBEDDING_MODEL_DIR", str(folder))
    checks = doctor()
    assert ill(checks) == {"embedding model"}
    assert "cannot be read: No such file" in checks["embedding model"]["found"]
    assert "ZAVA_EMBEDDING_MODEL_DIR" in checks["embedding model"]["fix"]
    shutil.copy(verified_model_file("vocab.txt", None), folder)
    (folder / "model.onnx").write_bytes(b"something else")
    assert "SHA-256 differs" in doctor()["embedding model"]["found"]
    (folder / "model.onnx").unlink()
    (folder / "model.onnx").symlink_to(verified_model_file("model.onnx", None))
    assert ill(doctor()) == set()


@contextmanager
def relayed(path: Path, old: bytes = b"", new: bytes = b"") -> Iterator[int]:
    """A TCP port of this machine that leads to a unix socket; what the server says is changed on the way."""

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


def seattles_url(patient: EmbeddedPostgres, host: str) -> str:
    login = patient.logins()[SEATTLE]
    return f"postgresql://{login.login}:{login.password}@{host}"


@pytest.mark.usefixtures("home")
def test_a_connection_that_is_not_encrypted(patient: EmbeddedPostgres) -> None:
    address = patient.open()
    with relayed(Path(address.host) / f".s.PGSQL.{address.port}") as port:
        url = seattles_url(patient, f"db.example.com:{port}/zava?hostaddr=127.0.0.1")
        checks = examined("--database-url", url)
    assert ill(checks) == {"encryption"}
    assert checks["encryption"]["found"] == "the connection is not encrypted"
    assert "sslmode=verify-full" in checks["encryption"]["fix"]


@pytest.mark.usefixtures("home")
def test_a_server_that_is_too_old(patient: EmbeddedPostgres) -> None:
    address = patient.open()
    with relayed(
        Path(address.host) / f".s.PGSQL.{address.port}", b"server_version\x0018.", b"server_version\x0014."
    ) as port:
        checks = examined("--database-url", seattles_url(patient, f"127.0.0.1:{port}/zava"))
    assert ill(checks) == {"PostgreSQL"}
    assert checks["PostgreSQL"]["found"].startswith("version 14.")
    assert checks["PostgreSQL"]["fix"] == "use PostgreSQL 15 or newer"


@pytest.mark.usefixtures("home")
def test_a_password_that_is_not_accepted(patient: EmbeddedPostgres) -> None:
    address = patient.open()
    checks = examined("--database-url", f"postgresql://zava_seattle:secret-word@/zava?host={address.host}")
    assert ill(checks) == {"connection"}
    assert "does not accept this login's password" in checks["connection"]["found"]
    assert "POSTGRES_PASSWORD" in checks["connection"]["fix"]
    assert "secret-word" not in str(checks)

"""Starts temporary PostgreSQL servers for tests and measurements."""

import ipaddress
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from scripts.debian import libraries_of, postgres_15
from zava_mcp.embedded.host import change_owner_to_runner, make_reachable, popen_user, programs
from zava_mcp.embedded.processes import free_port

ADMIN_PASSWORD = "admin"  # noqa: S105  # used by tests only
_START_SECONDS = 60.0


@dataclass(frozen=True)
class Postgres:
    """A running server on 127.0.0.1; `query` holds the TLS parameters of its URLs."""

    version: int
    port: int
    query: str
    log: Path

    def url(self, login: str, password: str, database: str) -> str:
        return f"postgresql://{login}:{password}@127.0.0.1:{self.port}/{database}?{self.query}"

    def as_superuser(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(self.url("postgres", ADMIN_PASSWORD, database), autocommit=True)


@contextmanager
def debian_over_tls(folder: Path) -> Iterator[Postgres]:
    """Debian's PostgreSQL 15, which accepts TLS only; `root.crt` in the folder is its certificate."""
    yield from running(15, postgres_15(), folder, tls=True)


@contextmanager
def postgres_18(folder: Path) -> Iterator[Postgres]:
    """PostgreSQL 18 with pgvector and without a Zava database. Stopped at the end."""
    yield from running(18, programs(), folder, tls=False)


def restricted_admin(postgres: Postgres) -> str:
    """The URL of an administrator without superuser rights, for a database that `init` creates."""
    with postgres.as_superuser() as connection:
        connection.execute("CREATE ROLE cloud_admin LOGIN CREATEROLE CREATEDB PASSWORD 'cloud'")
    return postgres.url("cloud_admin", "cloud", "zava")


def running(version: int, folder_of_programs: Path, folder: Path, tls: bool) -> Iterator[Postgres]:
    """A new server in a folder. Stopped at the end."""
    data, port = folder / "data", free_port()
    for path in (folder_of_programs, data):
        make_reachable(path)
    password = folder / "password"
    password.write_text(ADMIN_PASSWORD)
    change_owner_to_runner(folder)
    change_owner_to_runner(password)
    options = ["--auth=scram-sha-256", "--pwfile", str(password), "--encoding=UTF8", "--locale=C", "--no-sync"]
    _run(folder_of_programs / "initdb", "-D", str(data), "-U", "postgres", *options)
    query = "sslmode=disable"
    if tls:
        (data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n")
        query = f"sslmode=verify-full&sslrootcert={_create_certificate(data)}"
    process = _start(folder_of_programs / "postgres", data, port, tls)
    try:
        postgres = Postgres(version, port, query, folder / "server.log")
        _wait_until_ready(postgres, process)
        yield postgres
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _start(program: Path, data: Path, port: int, tls: bool) -> subprocess.Popen[bytes]:
    settings = {"port": port, "listen_addresses": "127.0.0.1", "unix_socket_directories": "", "fsync": "off"}
    settings |= {"ssl": "on", "ssl_cert_file": "server.crt", "ssl_key_file": "server.key"} if tls else {}
    command = [str(program), "-D", str(data)]
    command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with data.with_name("server.log").open("wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=log, cwd="/", env=_environment(program), **popen_user())


def _wait_until_ready(postgres: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            postgres.as_superuser().close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"PostgreSQL {postgres.version} did not start: {postgres.log.read_text()[-2000:]}")
            time.sleep(0.02)


def _run(program: Path, *arguments: str) -> None:
    done = subprocess.run(
        [program, *arguments], capture_output=True, text=True, cwd="/", env=_environment(program), **popen_user()
    )
    if done.returncode:
        pytest.fail(f"{program} failed: {done.stderr}")


def _environment(program: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C", "LD_LIBRARY_PATH": libraries_of(program)}


def _create_certificate(data: Path) -> Path:
    """Gives the server a self-signed certificate for 127.0.0.1, and returns the path of the root certificate."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "db")])
    begin = datetime.now(UTC) - timedelta(days=1)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for file, content in (
        (data / "server.crt", certificate.public_bytes(pem)),
        (data / "server.key", key.private_bytes(pem, *form)),
    ):
        file.touch(mode=0o600)
        file.write_bytes(content)
        change_owner_to_runner(file)
    trusted = data.with_name("root.crt")
    shutil.copy(data / "server.crt", trusted)
    return trusted

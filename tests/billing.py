"""A database without Zava's tables, set up by the command line as an administrator without superuser rights."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
from psycopg import sql as compose
from typer.testing import CliRunner

from tests.conftest import settings_for
from tests.promises.twins import STATEMENTS as TWINS
from tests.servers import ZavaServer
from zava_mcp import sql
from zava_mcp.cli.commands import app
from zava_mcp.settings import Settings

BILLING = (Path(__file__).parent / "admin" / "billing.sql").read_text(encoding="utf-8")
CHANGES = sql.statements((Path(__file__).parent / "promises" / "billing_twins.sql").read_text(encoding="utf-8"))
AURORA, BOREALIS, CIRRUS, HEAD_OFFICE = "Aurora Books", "Borealis Café", "Cirrus Cycles", "Head office"
EXPOSED = (
    "sales.invoice --store-column tenant_id",
    "sales.payment --through invoice_id:sales.invoice --hide-column card",
    "sales.refund --through payment_id:sales.payment",
    "sales.plan --shared",
)
NAME = "billing"
#: The planner knows of all tenants' rows; with this, that shows in no order of rows.
_ONE_PLAN = ("enable_indexscan", "enable_indexonlyscan")
_SECONDS = 1.5  # until a statement is stopped that would run for minutes


@dataclass(frozen=True)
class Billing:
    """The database, its administrator's URL, and user ids and passwords of its identities by name."""

    zava: ZavaServer
    admin_url: str
    user_ids: dict[str, str]
    passwords: dict[str, str]
    folder: Path

    def superuser(self, database: str = NAME) -> psycopg.Connection:
        return self.zava.postgres.as_superuser(database)

    def url(self, name: str, database: str = NAME) -> str:
        return self.zava.postgres.url(self.user_ids[name], self.passwords[name], database)

    def connect(self, name: str, database: str = NAME) -> psycopg.Connection:
        """A connection as an identity."""
        return psycopg.connect(self.url(name, database), autocommit=True)

    def settings(self, name: str, database: str = NAME) -> Settings:
        found = settings_for(self.folder, self.user_ids[name], ZAVA_DATABASE_URL=self.url(name, database))
        return replace(found, query_timeout=_SECONDS)

    def run(self, *arguments: str) -> str:
        """The output of a command as administrator, which must succeed."""
        return run(self.admin_url, *arguments)

    def refusal(self, *arguments: str) -> str:
        """The message of a command as administrator, which must fail."""
        result = CliRunner().invoke(app, [*arguments, "--admin-database-url", self.admin_url])
        assert result.exception is not None, result.output
        return str(result.exception)

    @contextmanager
    def twin(self, change: str, name: str) -> Iterator[str]:
        """A copy of the database that differs in rows alone that an identity may not see."""
        copy = f"{NAME}_twin"
        with self.superuser("postgres") as admin:
            admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", [NAME])
            admin.execute(
                compose.SQL("CREATE DATABASE {} TEMPLATE {}").format(compose.Identifier(copy), compose.Identifier(NAME))
            )
            admin.execute(TWINS["closed"].encode(), {"template": NAME, "copy": copy})
            try:
                with self.superuser(copy) as connection:
                    for statement in CHANGES[change].replace("{name}", name).split(";\n"):
                        connection.execute(statement.encode())
                    connection.execute("VACUUM (ANALYZE) sales.invoice, sales.payment, sales.refund, sales.plan")
                yield copy
            finally:
                admin.execute(compose.SQL("DROP DATABASE {} WITH (FORCE)").format(compose.Identifier(copy)))


def run(admin_url: str, *arguments: str) -> str:
    result = CliRunner().invoke(app, [*arguments, "--admin-database-url", admin_url], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@contextmanager
def billing(zava: ZavaServer, folder: Path) -> Iterator[Billing]:
    """The database on a server of the tests, for as long as it is used."""
    admin_url = zava.admin_url.replace("/zava?", f"/{NAME}?")
    with zava.postgres.as_superuser() as connection:
        connection.execute(f"CREATE ROLE {NAME}_app LOGIN PASSWORD 'app'; GRANT {NAME}_app TO cloud_admin".encode())
        connection.execute(f"CREATE DATABASE {NAME} OWNER cloud_admin".encode())
        connection.execute(f"GRANT CREATE ON DATABASE {NAME} TO {NAME}_app".encode())
    try:
        with psycopg.connect(zava.postgres.url(f"{NAME}_app", "app", NAME), autocommit=True) as connection:
            connection.execute(BILLING.encode())
        passwords_file = folder / "passwords"
        run(admin_url, "init", "--tenants-from", "sales.tenant:id:name", "--passwords-file", str(passwords_file))
        for table in EXPOSED:
            run(admin_url, "tables", "expose", *table.split())
        rows = json.loads(run(admin_url, "identities", "--format", "json"))["rows"]
        entries = [line.split(":") for line in passwords_file.read_text().splitlines()]
        passwords = {entry[3]: entry[4] for entry in entries}
        user_ids = {name: user_id for user_id, name, *_ in rows}
        made = Billing(
            zava, admin_url, user_ids, {name: passwords[user_id] for name, user_id in user_ids.items()}, folder
        )
        with made.superuser() as connection:
            connection.execute("VACUUM (FULL, FREEZE, ANALYZE) sales.invoice, sales.payment, sales.refund, sales.plan")
            for user_id in user_ids.values():
                for setting in _ONE_PLAN:
                    connection.execute(f'ALTER ROLE "{user_id}" SET {setting} = off'.encode())
                connection.execute(f'ALTER ROLE "{user_id}" SET enable_bitmapscan = off'.encode())
        yield made
    finally:
        _remove(zava)


def _remove(zava: ZavaServer) -> None:
    with zava.postgres.as_superuser() as connection:
        roles: list[str] = []
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [NAME]).rowcount:
            with zava.postgres.as_superuser(NAME) as own:
                if own.execute("SELECT FROM pg_class WHERE oid = to_regclass('zava.access')").rowcount:
                    roles = [login for (login,) in own.execute("SELECT login::text FROM zava.access").fetchall()]
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)".encode())
        for role in (*roles, f"{NAME}_app"):
            connection.execute(compose.SQL("DROP ROLE IF EXISTS {}").format(compose.Identifier(role)))

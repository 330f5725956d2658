"""Databases whose encoding is not UTF-8 return the right text, or an error that names the fault; never another text."""

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from tests.conftest import ADMIN, SEATTLE, ToolClient, asking, settings_for
from zava_mcp.cli.commands import app
from zava_mcp.doctor.diagnosis import diagnose
from zava_mcp.sales.service import service_for
from zava_mcp.settings import Settings

pytestmark = pytest.mark.anyio

STORED = {"latin": b"\xe9", "utf": b"\xc3\xa9", "japanese": b"\xc6\xfc"}
#: What each encoding makes of the same bytes.
EXPECTED: dict[str, dict[str, str]] = {
    "LATIN1": {"latin": "é", "utf": "Ã©", "japanese": "Æü"},
    "SQL_ASCII": {"latin": "refused", "utf": "é", "japanese": "refused"},
    "EUC_JP": {"latin": "not storable", "utf": "辿", "japanese": "日"},
}


@pytest.fixture(params=["LATIN1", "SQL_ASCII", "EUC_JP"])
def encoding(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def encoded(server: str, database: str, encoding: str, tmp_path: Path) -> Settings:
    """Seattle in a database of that encoding, with a table of texts stored as bytes of that encoding."""
    with psycopg.connect(ADMIN.format(database="postgres", host=server), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {database}".encode())
        like = f"TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C' LOCALE_PROVIDER libc"
        connection.execute(f"CREATE DATABASE {database} {like}".encode())
    url = ADMIN.format(database=database, host=server)
    passwords = tmp_path / "passwords"
    command = ["init", "--scale", "0.002", "--admin-database-url", url, "--passwords-file", str(passwords)]
    CliRunner().invoke(app, command, catch_exceptions=False)
    by_login = {line.split(":")[3]: line.split(":")[4] for line in passwords.read_text().splitlines()}
    with psycopg.connect(url, autocommit=True, client_encoding=encoding) as connection:
        connection.execute(
            "CREATE TABLE retail.texts (name text, t text); SELECT zava.show_table('retail.texts', true)"
        )
        for name, stored in STORED.items():
            literal = "".join(f"\\x{byte:02x}" for byte in stored)
            if EXPECTED[encoding][name] != "not storable":
                connection.execute(f"INSERT INTO retail.texts VALUES ('{name}', E'{literal}')".encode())
    place = f"postgresql:///{database}?host={server}"
    return settings_for(tmp_path, SEATTLE, ZAVA_DATABASE_URL=place, POSTGRES_PASSWORD=by_login[SEATTLE])


async def test_stored_texts_in_other_encodings_are_right_or_refused(encoded: Settings, encoding: str) -> None:
    async with asking(encoded) as seattle:
        for name, text in EXPECTED[encoding].items():
            sql = f"SELECT t FROM retail.texts WHERE name = '{name}'"
            if text == "refused":
                refusal = await seattle.refusal(sql)
                assert "22021: invalid byte sequence" in refusal
                assert "not UTF-8: convert_to(column, 'SQL_ASCII') returns its bytes" in refusal
                assert await seattle.value(sql.replace("t FROM", "convert_to(t, 'SQL_ASCII') FROM")) == (
                    f"\\x{STORED[name].hex()}"
                )
            elif text != "not storable":
                assert await seattle.value(sql) == text


async def test_query_texts_in_other_encodings_are_right_or_refused(encoded: Settings, encoding: str) -> None:
    async with asking(encoded) as seattle:
        assert await seattle.value("SELECT 'é' AS \"é\"") == "é"
        assert (await seattle.query('SELECT 1 AS "é"'))["columns"] == ["é"]
        if encoding == "SQL_ASCII":
            assert await seattle.value("SELECT '🔩'") == "🔩"
            await _names_cut_within_a_character_are_refused(seattle)
        else:
            refusal = await seattle.refusal("SELECT '🔩'")
            assert "22P05" in refusal
            assert "leave it out" in refusal
        assert "nope_é" in await seattle.refusal("SELECT 1 FROM nope_é")
        assert await seattle.value("SELECT count(*) > 0 FROM retail.orders") is True


async def _names_cut_within_a_character_are_refused(asker: ToolClient) -> None:
    """A SQL_ASCII database truncates names within a character."""
    assert "22021" in await asker.refusal(f'SELECT 1 AS "{"é" * 40}"')


def test_doctor_warns_of_sql_ascii(encoded: Settings, encoding: str) -> None:
    with service_for(encoded, lambda *_: None) as service:
        checks = {check.name: check.state for check in diagnose(service)}
    assert checks["encoding"] == ("warn" if encoding == "SQL_ASCII" else "ok")

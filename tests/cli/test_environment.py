"""Tests that inherited variables, streams, encodings and folders change no value and cause no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from psycopg import pq

from tests.cli.terminal import on_terminal
from tests.conftest import SEATTLE, login_keywords
from zava_mcp.clients.config_files import config_files
from zava_mcp.embedded import EmbeddedPostgres
from zava_mcp.errors import SettingsError
from zava_mcp.settings import load

VALUES = (
    "SELECT '2026-11-28'::date AS d, '11/12/2026'::date AS month_first, timestamptz '2026-11-28 01:00+09' AS z,"
    " interval '1 day 2 hours' AS i, 1::float8 / 3 AS f, repeat('9', 900)::numeric AS n,"
    " U&'\\+01f529 \\00e9 \\5317' AS x"
)
ROW = ["2026-11-28", "2026-11-12", "2026-11-27T16:00:00+00:00", "P1DT2H", 0.3333333333333333, "9" * 900, "🔩 é 北"]
#: Variables that change settings of a libpq session, psycopg or the Python interpreter.
SESSION_VARIABLES = {
    "PGDATESTYLE": "SQL, DMY",
    "PGTZ": "Asia/Tokyo",
    "PGGEQO": "off",
    "PGOPTIONS": "-c extra_float_digits=-10 -c statement_timeout=1",
    "PGCLIENTENCODING": "SQL_ASCII",
    "PGTARGETSESSIONATTRS": "read-write",
    "PGHOSTADDR": "203.0.113.1",
    "PSYCOPG_IMPL": "python",
    "PYTHONWARNINGS": "error",
    "PYTHONINTMAXSTRDIGITS": "640",
    "PYTHONOPTIMIZE": "2",
    "TZ": "Asia/Tokyo",
}
SERVER_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGSERVICE")


def run(data_dir: Path, *arguments: str, redirected: str = "", **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command in a real process, with streams redirected by a shell."""
    command = [sys.executable, "-P", "-m", "zava_mcp", *arguments]
    if redirected:
        command = ["sh", "-c", f'exec "$@" {redirected}', "sh", *command]
    environment = {**os.environ, "ZAVA_USER_ID": SEATTLE, "ZAVA_DATA_DIR": str(data_dir), **variables}
    return subprocess.run(command, capture_output=True, env=environment, check=False, stdin=subprocess.DEVNULL)


def test_embedded_database_ignores_all_variables_of_libpq(data_dir: Path) -> None:
    """Set every variable of this libpq to an invalid value, except those that name a server."""
    hostile = {option.envvar.decode(): "x" for option in pq.Conninfo.get_defaults() if option.envvar}
    assert len(hostile) > 30
    hostile = hostile | SESSION_VARIABLES | dict.fromkeys(SERVER_VARIABLES, "") | {"PGSSLROOTCERT": "system"}
    result = run(data_dir, "query", VALUES, **hostile)
    assert (result.returncode, json.loads(result.stdout)["rows"]) == (0, [ROW]), result.stderr
    listed = run(data_dir, "identities", **hostile)
    assert (listed.returncode, listed.stdout) == (0, run(data_dir, "identities").stdout), listed.stderr
    assert b"PGOPTIONS is not read" in listed.stderr


def test_values_on_a_server_ignore_session_variables(embedded: EmbeddedPostgres) -> None:
    url = "postgresql://{user}:{password}@/{dbname}?host={host}&port={port}".format(**login_keywords(embedded, SEATTLE))
    result = run(embedded.folder, "query", VALUES, ZAVA_DATABASE_URL=url, **SESSION_VARIABLES)
    assert (result.returncode, json.loads(result.stdout)["rows"]) == (0, [ROW]), result.stderr


@pytest.mark.parametrize(
    ("encoding", "form", "written"),
    [
        ("cp1252", "csv", "x\n🔩 é 北\n"),
        ("utf-16", "json", '{"columns":["x"],"rows":[["🔩 é 北"]],"row_count":1,"truncated":false}\n'),
        ("ascii", "table", "x\n\\U0001f529 \\xe9 \\u5317\n"),
    ],
)
def test_json_and_csv_are_utf_8_in_every_locale(data_dir: Path, encoding: str, form: str, written: str) -> None:
    """A table escapes letters that the encoding lacks."""
    environment = {"PYTHONIOENCODING": encoding, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert run(data_dir, "query", "SELECT '🔩 é 北' AS x", "--format", form, **environment).stdout.decode() == written


CLOSED, FULL = "standard output cannot be written: it is closed", "written: No space left on device"


@pytest.mark.parametrize(
    ("command", "redirected", "code", "message"),
    [
        (["query", "SELECT 1"], ">&-", 1, CLOSED),
        (["query", "SELECT 1"], ">/dev/full", 1, FULL),
        (["query", "SELECT 1", "--format", "table"], ">/dev/full", 1, FULL),
        (["query", "--help"], ">/dev/full", 1, FULL),
        (["--version"], ">&-", 1, CLOSED),
        (["query", "SELECT 1"], "2>/dev/full", 0, ""),
        (["query", "SELECT 1"], "<&- 2>&-", 0, ""),
        (["query", "SELECT nope"], "2>/dev/full", 1, ""),
        ([], "<&-", 0, ""),
    ],
)
def test_closed_or_full_stream_ends_with_a_typed_error(
    data_dir: Path, command: list[str], redirected: str, code: int, message: str
) -> None:
    ended = run(data_dir, *command, redirected=redirected)
    assert ended.returncode == code, ended.stderr
    assert message.encode() in ended.stderr
    assert b"Traceback" not in ended.stderr
    assert bool(ended.stdout) == (code == 0 and bool(command))


@pytest.mark.parametrize("redirected", [">&-", ">/dev/full"])
def test_server_with_unwritable_stdout_reports_an_error(data_dir: Path, redirected: str) -> None:
    """Only an unwritable stdout is an error; a client that closes its pipe is not."""
    served = run(data_dir, redirected=f'{redirected} <<.\n{{"jsonrpc": "2.0", "id": 1, "method": "ping"}}\n.\n')
    assert served.returncode == 1
    assert b"standard output cannot be written" in served.stderr
    assert b"Traceback" not in served.stderr


MANY = [
    "query",
    "SELECT store_id, 1234567.5 AS revenue FROM retail.stores, generate_series(1, 12)",
    "--format",
    "table",
]


@pytest.mark.parametrize(
    "variables",
    [
        {"PAGER": "'"},
        {"PAGER": "false"},
        {"PAGER": "cat | cat", "MANPAGER": "false"},
        {"PAGER": "cat", "COLUMNS": "0", "LINES": "0"},
        {"PAGER": "cat", "COLUMNS": "1", "TERM": ""},
        {"PAGER": "cat", "COLUMNS": "9" * 30, "TERM": "no-such-terminal", "PYTHONIOENCODING": "ascii"},
    ],
    ids=str,
)
def test_table_with_broken_terminal_variables_has_every_row(data_dir: Path, variables: dict[str, str]) -> None:
    common = ["--user-id", SEATTLE, "--data-dir", str(data_dir)]
    shown = on_terminal(*MANY, *common, rows=24, **variables)  # type: ignore[arg-type]
    assert (shown.code, shown.text.count("1,234,567.5")) == (0, 96), shown.errors
    assert "Traceback" not in shown.text + shown.errors


def test_removed_working_directory_rejects_only_relative_paths(data_dir: Path, tmp_path: Path) -> None:
    removed = tmp_path / "removed"
    script = 'mkdir -p "$0" && cd "$0" && rmdir "$0" && exec "$@"'
    command = [
        "sh",
        "-c",
        script,
        str(removed),
        sys.executable,
        "-P",
        "-m",
        "zava_mcp",
        "query",
        "SELECT 1",
        "--data-dir",
    ]
    environment = {**os.environ, "ZAVA_USER_ID": SEATTLE}
    for folder, code in ((str(data_dir), 0), ("relative", 2)):
        ended = subprocess.run([*command, folder], capture_output=True, env=environment, check=False)
        assert ended.returncode == code, ended.stderr
        assert (b"the working directory is gone" in ended.stderr) == bool(code)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (f"ZAVA_USER_ID={SEATTLE}\n".encode("utf-8-sig"), ""),
        (f"ZAVA_USER_ID={SEATTLE}\r\n".encode("utf-16"), ""),
        (b"\xfe\xff" + f"ZAVA_USER_ID={SEATTLE}\n".encode("utf-16-be"), ""),
        (f"export ZAVA_USER_ID='{SEATTLE}' # Seattle\n".encode(), ""),
        (f"ZAVA_USER_ID={SEATTLE}\n".encode("utf-16-le"), "not UTF-8; save it as UTF-8"),
        (f"ZAVA_USER_ID={SEATTLE}\n# é\n".encode("cp1252"), "not UTF-8; save it as UTF-8"),
        (b"\xff\xfeZ", "not UTF-8; save it as UTF-8"),
        (f"ZAVA_USER_ID={SEATTLE}\nZAVA_LOG_LEVEL info\n".encode(), "line 2 must be NAME=value"),
        (f"ZAVA_USER_ID={SEATTLE}\n\nZAVA_LOG_LEVEL\n'x\n".encode(), "lines 3, 4 must be NAME=value"),
    ],
)
def test_env_file_is_read_or_its_fault_is_reported(tmp_path: Path, content: bytes, fault: str) -> None:
    file = tmp_path / "settings"
    file.write_bytes(content)
    if not fault:
        assert load({"ZAVA_ENV_FILE": str(file)}, {}).identity == SEATTLE
        return
    with pytest.raises(SettingsError, match=r"the env file .* cannot be read") as refused:
        load({"ZAVA_ENV_FILE": str(file)}, {})
    assert fault in refused.value.message


def test_env_file_does_not_expand_variables_in_passwords(tmp_path: Path) -> None:
    file = tmp_path / "settings"
    file.write_text("HOST=db\nPOSTGRES_DB_HOST=${HOST}\nPOSTGRES_PASSWORD='a${b}c$d'\nPGSSLMODE=require\n")
    settings = load({"ZAVA_ENV_FILE": str(file)}, {})
    assert settings.database is not None
    assert settings.database.password is not None
    assert settings.database.password.reveal() == "a${b}c$d"
    assert settings.database.parameters["host"] == "db"
    assert settings.warnings == ("PGSSLMODE in the env file is not read: libpq reads it only from the environment",)


@pytest.mark.parametrize("name", ["ZAVA_DATA_DIR", "ZAVA_AUDIT_LOG", "ZAVA_METRICS_DIR", "ZAVA_ENV_FILE"])
@pytest.mark.parametrize(
    "text", ["$HOME/zava", "${HOME}/zava", "%APPDATA%\\zava", "a/${workspaceFolder}", "~no_such_user/x"]
)
def test_path_with_an_unexpanded_variable_is_refused(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=r"which was not expanded|has no home folder"):
        load({}, {name: text})


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("ZAVA_USER_ID", "${input:user}", "ZAVA_USER_ID contains ${input:user}"),
        ("ZAVA_DATABASE_URL", "postgresql://${env:HOST}/zava", "ZAVA_DATABASE_URL contains ${env:HOST}"),
        ("POSTGRES_PASSWORD", "${POSTGRES_PASSWORD}", "POSTGRES_PASSWORD contains ${POSTGRES_PASSWORD}"),
        ("POSTGRES_PASSWORD", "%DB_PASSWORD%", "POSTGRES_PASSWORD contains %DB_PASSWORD%"),
        ("POSTGRES_PASSWORD", "a$b%c${d}e", ""),
        ("ZAVA_USER_ID", "${user_config.user_id}", ""),
        ("ZAVA_DATA_DIR", "${user_config.data_dir}", ""),
    ],
)
def test_value_with_an_unexpanded_variable_is_refused_or_ignored(name: str, text: str, fault: str) -> None:
    if fault:
        with pytest.raises(SettingsError, match="was not expanded") as refused:
            load({}, {name: text})
        assert fault in refused.value.message
    else:
        settings = load({}, {name: text})
        assert (settings.identity, settings.data_dir) == ("", None)


def test_unexpanded_paths_of_libpq_produce_warnings() -> None:
    warnings = load({}, {"PGPASSFILE": "~/.pgpass", "PGSSLROOTCERT": "$HOME/root.crt", "PGSERVICEFILE": "/x"}).warnings
    assert [warning.split(" is ")[0] for warning in warnings] == ["PGPASSFILE", "PGSSLROOTCERT"]


@pytest.mark.parametrize("value", ["", "relative"])
def test_relative_folders_in_the_environment_are_ignored(
    home: Path, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(config_files())
    for name in ("XDG_CONFIG_HOME", "APPDATA", "CODEX_HOME"):
        monkeypatch.setenv(name, value)
    assert list(config_files()) == expected
    assert str(home) in str(expected[0])

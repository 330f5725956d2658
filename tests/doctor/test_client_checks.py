"""The doctor and the config files of MCP clients: those that start this program are looked at, no secret is shown."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import SEATTLE
from tests.installation import Checks, Doctor, not_passed, run_doctor
from zava_mcp.doctor.client_checks import check_clients

PROGRAM = str(Path(sys.executable))
GOOD: dict[str, Any] = {"command": PROGRAM, "args": ["-P", "-m", "zava_mcp", "--user-id", SEATTLE]}
STARTED: dict[str, Any] = {"command": "zava-mcp", "args": ["--user-id", SEATTLE]}


def checks_of_clients(*flags: str) -> Checks:
    """Returns the checks of clients, from a run of the doctor without a database."""
    checks = run_doctor("--database-url", "postgresql://127.0.0.1:1/zava", *flags)
    return {name: check for name, check in checks.items() if name.startswith("client config")}


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def toml(entry: dict[str, object]) -> str:
    return "[mcp_servers.zava]\n" + "".join(f"{name} = {json.dumps(value)}\n" for name, value in entry.items())


@pytest.fixture(
    params=[
        "Claude Desktop",
        "VS Code",
        "VS Code, this folder",
        "Cursor",
        "Claude Code",
        "Claude Code, this folder",
        "Codex",
    ]
)
def client(request: pytest.FixtureRequest, home: Path) -> tuple[str, Path, str]:
    """A client's name, its config file, and the key of its servers."""
    programs = home / {"darwin": "Library/Application Support", "win32": "AppData/Roaming"}.get(sys.platform, ".config")
    path, key = {
        "Claude Desktop": (programs / "Claude" / "claude_desktop_config.json", "mcpServers"),
        "VS Code": (programs / "Code" / "User" / "mcp.json", "servers"),
        "VS Code, this folder": (home / ".vscode" / "mcp.json", "servers"),
        "Cursor": (home / ".cursor" / "mcp.json", "mcpServers"),
        "Claude Code": (home / ".claude.json", "mcpServers"),
        "Claude Code, this folder": (home / ".mcp.json", "mcpServers"),
        "Codex": (home / ".codex" / "config.toml", ""),
    }[request.param]
    return str(request.param), path, key


def test_each_client_file_is_checked_and_its_faults_are_named(client: tuple[str, Path, str]) -> None:
    name, path, key = client
    check = f"client config: {name}"

    def write(entry: dict[str, object]) -> Checks:
        put(path, json.dumps({key: {"zava": entry, "other": {"command": "no-such"}}}) if key else toml(entry))
        return checks_of_clients()

    good = write(GOOD)
    assert good[check]["state"] == "ok"
    assert good[check]["found"].endswith("starts zava")
    bad = write({"command": "/no/such/uvx", "args": ["zava-mcp", "--user-id", "atlantis"]})
    assert not_passed(bad) == {check}
    assert "zava: the command '/no/such/uvx' does not exist" in bad[check]["found"]
    assert "the user id 'atlantis' is neither a uuid nor a name" in bad[check]["found"]
    assert '"command": ' in bad[check]["fix"]
    assert "zava-mcp identities" in bad[check]["fix"]


@pytest.mark.parametrize(
    ("entry", "found", "fix"),
    [
        ({**GOOD, "command": "uvx-nowhere"}, "'uvx-nowhere' does not exist", '"command": "'),
        ({**GOOD, "args": ["-P", "-m", "zava_mcp"]}, "it has no user id", '"--user-id"'),
        ({**GOOD, "args": ["-P", "-m", "zava_mcp", "--user-id"]}, "user id '' is neither a uuid", "identities"),
        ({**GOOD, "args": ["-P", "-m", "zava_mcp", "--user-id=me"]}, "user id 'me' is neither", "identities"),
        ({**GOOD, "args": ["-m", *GOOD["args"][2:]]}, "imports modules from the client", '" before "-m"'),
        ({**GOOD, "args": ["-E", "-m", *GOOD["args"][2:]]}, "imports modules from the client", '" before "-m"'),
        ({**STARTED, "command": ".vscode/zava-mcp"}, "'.vscode/zava-mcp' is relative", '/home/.vscode/zava-mcp"'),
        ({**GOOD, "env": {"ZAVA_DATA_DIR": "data"}}, "the path 'data' in ZAVA_DATA_DIR is relative", "ZAVA_DATA_DIR"),
        ({**GOOD, "args": [*GOOD["args"], "--data-dir=x"]}, "'x' in --data-dir is relative", "absolute path"),
        ({**GOOD, "args": [*GOOD["args"], "--env-file", "x"]}, "'x' in --env-file is relative", "absolute path"),
        ({**GOOD, "env": {"ZAVA_DATABASE_ULR": "x"}}, "did you mean ZAVA_DATABASE_URL?", 'correct the name in "env"'),
        ({**GOOD, "env": {"POSTGRES_HOST": "prod"}}, "did you mean POSTGRES_DB_HOST?", 'correct the name in "env"'),
        ({**GOOD, "env": {"POSTGRES_PASSWORD": "hunter2"}}, "POSTGRES_PASSWORD contains a password or key", "passfile"),
        (
            {**GOOD, "env": {"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=hunter2"}},
            "APPLICATIONINSIGHTS_CONNECTION_STRING contains a password or key",
            "ZAVA_ENV_FILE",
        ),
        ({**GOOD, "env": {"OPENAI_API_KEY": "hunter2"}}, "OPENAI_API_KEY contains a password or key", "ZAVA_ENV_FILE"),
        (
            {**GOOD, "env": {"ZAVA_DATABASE_URL": "postgresql://me:hunter2@db/zava"}},
            "ZAVA_DATABASE_URL contains a password or key",
            "passfile",
        ),
        (
            {**GOOD, "args": [*GOOD["args"], "--database-url", "postgresql://me:hunter2@db/zava"]},
            "args contains a password or key",
            "passfile",
        ),
        (
            {**GOOD, "env": {"ZAVA_DATABASE_URL": "postgresql://db:5432/zava?sslmode=require&password=hunter2"}},
            "ZAVA_DATABASE_URL contains a password or key",
            "passfile",
        ),
    ],
)  # fmt: skip
def test_entry_fault_is_named_with_its_fix(home: Path, entry: dict[str, object], found: str, fix: str) -> None:
    put(home / ".vscode" / "zava-mcp", "").chmod(0o700)
    put(home / ".cursor" / "mcp.json", json.dumps({"mcpServers": {"zava": entry}}))
    checks = checks_of_clients()
    assert not_passed(checks) == {"client config: Cursor"}
    check = checks["client config: Cursor"]
    assert (check["state"], check["found"].count("zava: ")) == ("fail", 1)
    assert found in check["found"]
    assert fix in check["fix"]
    assert "hunter2" not in str(checks)


def test_references_that_the_client_replaces_are_no_fault(home: Path) -> None:
    entry = {
        "command": "${workspaceFolder}/.venv/bin/zava-mcp",
        "args": ["--user-id", "${input:user}"],
        "env": {
            "POSTGRES_PASSWORD": "${input:password}",
            "ZAVA_DATABASE_URL": "postgresql://me:${env:PASSWORD}@db/zava",
        },
    }
    inputs = [{"type": "promptString", "id": name} for name in ("user", "password")]
    put(home / ".vscode" / "mcp.json", json.dumps({"inputs": inputs, "servers": {"zava": entry}}))
    assert checks_of_clients()["client config: VS Code, this folder"]["state"] == "ok"
    put(home / ".vscode" / "mcp.json", json.dumps({"inputs": inputs[:1], "servers": {"zava": entry}}))
    assert (
        "${input:password}, which is not defined" in checks_of_clients()["client config: VS Code, this folder"]["found"]
    )
    put(home / ".vscode" / "mcp.json", json.dumps({"servers": {"zava": {**GOOD, "env": {"ZAVA_USER_ID": SEATTLE}}}}))
    assert checks_of_clients()["client config: VS Code, this folder"]["state"] == "ok"
    env_file = put(home / "zava.env", f"ZAVA_USER_ID={SEATTLE}")
    by_file = {"command": PROGRAM, "args": ["-I", "-m", "zava_mcp", "--env-file", str(env_file)]}
    put(home / ".vscode" / "mcp.json", json.dumps({"servers": {"zava": by_file}}))
    assert checks_of_clients()["client config: VS Code, this folder"]["state"] == "ok"


def test_comments_and_trailing_commas_pass_and_broken_files_fail(home: Path) -> None:
    text = f'// ours\n{{"servers": {{"zava": {json.dumps(GOOD)}, /* "x": 1, */ }}, }} // "https://end"'
    put(home / ".vscode" / "mcp.json", text)
    assert checks_of_clients()["client config: VS Code, this folder"]["state"] == "ok"
    for client, path, broken, found in (
        ("VS Code, this folder", ".vscode/mcp.json", text[:-40], "is not valid JSON: "),
        ("Codex", ".codex/config.toml", "[mcp_servers.zava]\nargs = ['zava-mcp'", "is not valid TOML: "),
        ("Cursor", ".cursor/mcp.json", '["zava-mcp"]', "does not have the structure that Cursor reads"),
    ):
        put(home / path, broken)
        checks = checks_of_clients()
        check = checks[f"client config: {client}"]
        assert check["state"] == "fail"
        assert found in check["found"]
        assert str(Path(path)) in check["fix"]


def client_checks() -> Checks:
    """Returns the checks of clients without running the doctor."""
    return {check.name: asdict(check) for check in check_clients()}


HOMES = {
    "Claude Desktop": ".config/Claude/claude_desktop_config.json",
    "VS Code": ".config/Code/User/mcp.json",
    "Cursor": ".cursor/mcp.json",
    "Claude Code": ".claude.json",
}
_ENTRY = json.dumps(GOOD)
STRICT = ("Claude Desktop", "Cursor", "Claude Code")


@pytest.mark.skipif(sys.platform != "linux", reason="the folders of Linux")
@pytest.mark.parametrize(
    ("clients", "text", "found"),
    [
        (STRICT, f'{{"mcpServers": {{"zava": {_ENTRY},}}}}', "allows neither comments nor trailing commas"),
        (STRICT, f'{{"mcpServers": {{"zava": {_ENTRY}}}}} // mine', "allows neither comments nor trailing commas"),
        (STRICT, f'{{"mcpServers": {{"zava": {_ENTRY}}}, "x": NaN}}', "NaN is not JSON"),
        (STRICT, f'{{"servers": {{"zava": {_ENTRY}}}}}', 'under "servers", which'),
        (("VS Code",), f'{{"mcpServers": {{"zava": {_ENTRY}}}}}', 'under "mcpServers", which VS Code does not read'),
        (STRICT, f'{{"mcpServer": {{"zava": {_ENTRY}}}}}', 'under "mcpServer", which'),
        (tuple(HOMES), f'{{"McpServers": {{"zava": {_ENTRY}}}}}', 'under "McpServers", which'),
        (tuple(HOMES), f'{{"mcp": {{"servers": {{"zava": {_ENTRY}}}}}}}', 'under "mcp.servers", which'),
        (tuple(HOMES), f'{{"zava": {_ENTRY}}}', "at the top of the file, which"),
        (tuple(HOMES), f'{{"KEY": {{"zava": {_ENTRY}}}', "is not valid JSON"),
        (tuple(HOMES), '{"KEY": ["zava"]}', "does not have the structure"),
        (tuple(HOMES), '{"KEY": {"zava": "zava-mcp"}}', "it is not an object"),
        (tuple(HOMES), "[" * 100_000 + "zava", "is not valid JSON"),
    ],
)
def test_file_that_its_client_cannot_read_fails(home: Path, clients: tuple[str, ...], text: str, found: str) -> None:
    for client in clients:
        put(home / HOMES[client], text.replace("KEY", "servers" if client == "VS Code" else "mcpServers"))
    checks = client_checks()
    assert not_passed(checks) == {f"client config: {client}" for client in clients}
    for client in clients:
        assert found in checks[f"client config: {client}"]["found"]


USER = ["--user-id", SEATTLE]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        ({**GOOD, "args": f"-P -m zava_mcp --user-id {SEATTLE}"}, "its args are not a list of strings"),
        ({**GOOD, "args": ["-P", "-m", "zava_mcp", "--user-id", 7]}, "its args are not a list of strings"),
        ({**GOOD, "env": {"ZAVA_MAX_ROWS": 100}}, "the variable ZAVA_MAX_ROWS is not a string"),
        ({**GOOD, "env": {"ZAVA_MAX_ROWS": True}}, "the variable ZAVA_MAX_ROWS is not a string"),
        ({**GOOD, "env": {"ZAVA_MAX_ROWS": None}}, "the variable ZAVA_MAX_ROWS is not a string"),
        ({**GOOD, "env": ["ZAVA_MAX_ROWS=1"]}, "its env is not an object"),
        ({**GOOD, "command": ["python"]}, "its command is missing or not a string"),
        ({"url": "http://localhost/zava-mcp"}, "its command is missing or not a string"),
        ({**GOOD, "type": "http"}, "its type is 'http', not 'stdio'"),
        ({**GOOD, "disabled": True}, "it is disabled"),
        ({**GOOD, "environment": {"ZAVA_MAX_ROWS": "1"}}, "it has the unknown key 'environment'"),
        ({"command": PROGRAM, "arguments": GOOD["args"]}, "it has the unknown key 'arguments'"),
        ({**GOOD, "Env": {}}, "it has the unknown key 'Env'"),
        ({"command": "uvx zava-mcp --user-id seattle"}, "the command 'uvx' has its arguments in the same text"),
        ({"command": f"{PROGRAM} -m zava_mcp"}, f"the command {PROGRAM!r} has its arguments in the same text"),
        ({**GOOD, "args": ["-P", "-m", "zava", *USER]}, "Python does not run the module zava_mcp"),
        ({**GOOD, "args": ["-P", "-m", "zava_mcp", "--user", SEATTLE]}, "the server has no argument '--user'"),
        ({**GOOD, "args": ["-P", "-m", "zava_mcp", *USER, "doctor"]}, "the server has no argument 'doctor'"),
        ({"command": "BIN/uvx", "args": ["zava-mcp-server", *USER]}, "the package 'zava-mcp-server', which is not"),
        ({"command": "BIN/uvx", "args": ["zava_mpc", *USER]}, "the package 'zava_mpc', which is not zava-mcp"),
        ({"command": "BIN/uvx", "args": ["zava-mcp[charts,plots]", *USER]}, "zava-mcp has no extra 'plots'"),
        ({"command": "BIN/uvx", "args": ["--from", "zava-mcp", "zava", *USER]}, "uvx runs the program 'zava'"),
        ({"command": "BIN/uvx", "args": ["zava-mcp", *USER]}, "does not start zava-mcp: zava-mcp was not found"),
        ({"command": "BIN/zava-mcp", "args": USER}, "does not start zava-mcp: zava-mcp was not found"),
        ({"command": "BIN/plain", "args": ["zava-mcp", *USER]}, "the command 'BIN/plain' does not exist"),
        ({**GOOD, "args": [*GOOD["args"][:-1], "${SEATTLE}"]}, "the user id '${SEATTLE}' is neither"),
        ({**GOOD, "env": {"PYTHONHOME": "/nowhere"}}, "does not start zava-mcp: "),
    ],
)  # fmt: skip
def test_entry_that_does_not_start_the_server_fails(home: Path, entry: dict[str, Any], found: str) -> None:
    for name in ("uvx", "zava-mcp", "plain"):  # uvx on a machine without access to a registry
        program = put(
            home / "bin" / name, "#!/bin/sh\necho zava-mcp was not found in the package registry >&2; exit 1\n"
        )
        program.chmod(0o600 if name == "plain" else 0o700)
    text = json.dumps({"mcpServers": {"zava": entry}}).replace("BIN", str(home / "bin"))
    put(home / ".cursor" / "mcp.json", text)
    checks = client_checks()
    assert not_passed(checks) == {"client config: Cursor"}
    assert found.replace("BIN", str(home / "bin")) in checks["client config: Cursor"]["found"]


NO_FILE = "the env file /no/such/file does not exist"
REFUSED_SETTINGS: list[tuple[list[str], dict[str, str], str]] = [
    ([], {"ZAVA_QUERY_TIMEOUT": "soon"}, "ZAVA_QUERY_TIMEOUT must be a number from 1 to 600, not 'soon'"),
    ([], {"ZAVA_MAX_ROWS": "-1"}, "ZAVA_MAX_ROWS must be a whole number"),
    ([], {"ZAVA_ENV_FILE": "/no/such/file"}, NO_FILE),
    (["--env-file", "/no/such/file"], {}, NO_FILE),
    (["--log-level", "loud"], {}, "ZAVA_LOG_LEVEL must be one of"),
    (["--user-id", "atlantis"], {}, "the user id 'atlantis' is neither a uuid nor a name in the sample"),
    (["--user-id", "11111111-1111-1111-1111-111111111111"], {}, "is not an identity of this database"),
    (["--database-url", "postgres//x"], {}, "ZAVA_DATABASE_URL must start with postgresql://"),
    (
        [],
        {"POSTGRES_APPLICATION_NAME": "${USER}"},
        "POSTGRES_APPLICATION_NAME contains ${USER}, which was not expanded",
    ),
    ([], {"ZAVA_AUDIT_LOG": "/no/such/folder/audit"}, "the audit log /no/such/folder/audit cannot be written"),
    (["--database-url", "host=db password=s3cret"], {}, "args contains a password or key"),
    (["--database-url", "host=db password = 's3 cret'"], {}, "args contains a password or key"),
    (["--database-url=host=db sslpassword=s3cret"], {}, "args contains a password or key"),
    ([], {"ZAVA_DATABASE_URL": "password=s3cret host=db"}, "ZAVA_DATABASE_URL contains a password or key"),
]


def test_entry_whose_settings_the_server_refuses_fails(home: Path) -> None:
    entries = {
        f"zava{number}": {**GOOD, "args": [*GOOD["args"], *arguments], "env": environment}
        for number, (arguments, environment, _) in enumerate(REFUSED_SETTINGS)
    }
    put(home / ".cursor" / "mcp.json", json.dumps({"mcpServers": {"zava": GOOD, **entries}}))
    found = client_checks()["client config: Cursor"]["found"]
    faults = found.partition(": ")[2].split("; zava")
    assert len(faults) == len(entries)
    for fault, (_, _, expected) in zip(faults, REFUSED_SETTINGS, strict=True):
        assert expected in fault
    assert "s3" not in found


def test_settings_beside_references_are_checked_without_running_the_command(home: Path) -> None:
    entry = {**GOOD, "args": [*GOOD["args"], "--data-dir", "${userHome}/zava"], "env": {"ZAVA_USER_ID": "${env:ME}"}}
    put(home / ".vscode" / "mcp.json", json.dumps({"servers": {"zava": entry}}))
    assert client_checks()["client config: VS Code, this folder"]["state"] == "ok"
    entry["env"] = {"ZAVA_MAX_ROWS": "-1", "ZAVA_AUDIT_LOG": str(home / "audit")}
    put(home / ".vscode" / "mcp.json", json.dumps({"servers": {"zava": entry}}))
    assert "ZAVA_MAX_ROWS must be" in client_checks()["client config: VS Code, this folder"]["found"]
    assert not (home / "audit").exists()


def test_command_of_a_project_file_is_not_run(home: Path) -> None:
    ran = home / "ran"
    program = put(home / "bin" / "zava-mcp", f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o700)
    entry = {"mcpServers": {"zava": {"command": str(program), "args": USER}}}
    put(home / ".mcp.json", json.dumps(entry))
    assert client_checks()["client config: Claude Code, this folder"]["state"] == "ok"
    assert not ran.exists()
    put(home / ".claude.json", json.dumps(entry))
    assert client_checks()["client config: Claude Code"]["state"] == "fail"
    assert ran.exists()


def test_claude_code_projects_are_checked_and_other_servers_ignored(home: Path) -> None:
    others = {"mcpServers": {"other": {"command": "/no/such", "env": {"POSTGRES_PASSWORD": "hunter2"}}}}
    put(home / ".claude.json", json.dumps(others))
    put(home / ".cursor" / "mcp.json", "broken")
    found = "no known client on this machine starts zava-mcp"
    assert checks_of_clients() == {"client config": {"name": "client config", "state": "ok", "found": found, "fix": ""}}
    project = {"projects": {"/shop": {"mcpServers": {"zava": {**GOOD, "command": "/no/such/zava-mcp"}}}}, **others}
    put(home / ".claude.json", json.dumps(project))
    check = checks_of_clients()["client config: Claude Code"]
    assert "'/no/such/zava-mcp' does not exist" in check["found"]
    assert "hunter2" not in str(check)


def test_two_files_of_one_client_give_two_checks(home: Path, doctor: Doctor) -> None:
    put(home / ".claude.json", json.dumps({"mcpServers": {"zava": GOOD}}))
    put(home / ".mcp.json", json.dumps({"mcpServers": {"zava": {**GOOD, "command": "/no/such/zava-mcp"}}}))
    checks = doctor()
    assert not_passed(checks) == {"client config: Claude Code, this folder"}

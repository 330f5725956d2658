"""Generates the configuration of MCP clients: the text of a config file, a command, or an install link.

The output contains no secrets. VS Code asks for them, Claude Code takes them from its own environment, and for other
clients they belong into an env file or libpq's passfile.
"""

import base64
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from zava_mcp.clients.config_files import Entry, config_files
from zava_mcp.clients.names import Client
from zava_mcp.clients.program_command import Command
from zava_mcp.errors import InputError
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.settings import SETTINGS, is_secret, without_password

_VS_CODE = (Client.vscode, Client.vscode_insiders)
_NAMES = {
    Client.claude_desktop: "Claude Desktop",
    Client.claude_code: "Claude Code",
    Client.vscode: "VS Code",
    Client.vscode_insiders: "VS Code Insiders",
    Client.cursor: "Cursor",
    Client.codex: "Codex",
}
#: Variables of libpq that the environment of a desktop program lacks. The user id determines the login nevertheless.
_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE", "PGSSLMODE")
_LIBPQ_PATHS = ("PGSERVICEFILE", "PGPASSFILE", "PGSSLROOTCERT")
_UV = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")  # uvx needs them behind a proxy with a private certificate
_COPIED_VARIABLES = (*(setting.name for setting in SETTINGS), *_LIBPQ, *_LIBPQ_PATHS, *_UV)
_PATH_VARIABLES = (
    "ZAVA_ENV_FILE",
    "ZAVA_DATA_DIR",
    "ZAVA_EMBEDDING_MODEL_DIR",
    "ZAVA_AUDIT_LOG",
    "ZAVA_METRICS_DIR",
    *_LIBPQ_PATHS,
)
_NOT_COPIED = ("ZAVA_USER_ID", "ZAVA_ADMIN_DATABASE_URL", "ZAVA_DATABASE_URL")
_START_TIMEOUT_SECONDS = 120  # the first start downloads the package; Codex's default is 10


def planned_entry(
    command: Command,
    user_ids: Iterable[UUID],
    server: bool = False,
    name: str = "",
    values: Mapping[str, str] | None = None,
) -> list[Entry]:
    """Returns an entry for each identity, with the settings of `values` {variable: text} that are not secrets.

    `server` means that the database is not the embedded one. Raises InputError for a name that clients refuse or that
    two entries would share, SettingsError if the password in the database URL is ambiguous.
    """
    environment, secrets = _copied_settings(values or {}, server)
    ids = list(dict.fromkeys(user_ids))
    entries = [
        Entry(
            _name(name, user_id, len(ids)), command[0], (*command[1:], "--user-id", str(user_id)), environment, secrets
        )
        for user_id in ids
    ]
    names = [entry.name for entry in entries]
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", entry) for entry in names):
        raise InputError(f"{name[:60]!r} is not a valid name", "Use at most 30 letters, digits, - and _.")
    if len(set(names)) < len(names):
        raise InputError(
            "two entries would have the same name", "Run the command once per identity, each with its own --name."
        )
    return entries


def _name(name: str, user_id: UUID, count: int) -> str:
    if name and count == 1:
        return name
    known = {identity.user_id: identity.name.removeprefix("Zava Retail ") for identity in sample_identities()}
    return f"{name or 'zava'}-{known.get(user_id, str(user_id)[:8]).lower().replace(' ', '-')}"


def _copied_settings(values: Mapping[str, str], server: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """Returns the variables for the entry, and the names of secrets that the entry must not contain."""
    names = [name for name in _COPIED_VARIABLES if values.get(name, "").strip()]
    secrets = [name for name in names if is_secret(name)]
    environment = {name: values[name] for name in names if name not in (*secrets, *_NOT_COPIED)}
    environment |= {
        name: str(Path(environment[name]).expanduser().absolute()) for name in _PATH_VARIABLES if name in environment
    }
    left_out = False
    if "ZAVA_DATABASE_URL" in names:
        environment["ZAVA_DATABASE_URL"] = without_password(values["ZAVA_DATABASE_URL"].strip())
        left_out = environment["ZAVA_DATABASE_URL"] != values["ZAVA_DATABASE_URL"].strip()
    by_password = values.get("ZAVA_DATABASE_AUTH", "").strip().lower() != "entra"  # Entra takes no password
    if (
        left_out or (server and by_password and "ZAVA_ENV_FILE" not in environment)
    ) and "POSTGRES_PASSWORD" not in secrets:
        secrets.append("POSTGRES_PASSWORD")
    return environment, tuple(secrets)


def configuration(client: Client, entries: Sequence[Entry]) -> str:
    """Returns the text for the client's config file; for Claude Code the commands to run, one per line."""
    if client is Client.claude_code:
        return "\n".join(_claude_mcp_add(entry, len(entries)) for entry in entries)
    if client is Client.codex:
        return "\n\n".join(_toml(entry) for entry in entries)
    if client in _VS_CODE:
        inputs = {"inputs": prompts} if (prompts := _inputs(entries)) else {}
        return _json({**inputs, "servers": {entry.name: _vs_code(entry) for entry in entries}}, indent=2)
    return _json({"mcpServers": {entry.name: _start_object(entry) for entry in entries}}, indent=2)


def install_link(client: Client, entry: Entry) -> str:
    """Returns an https link that lets the client add the entry. Raises InputError if the client has none."""
    if client is Client.cursor:
        content = base64.b64encode(_json(_start_object(entry)).encode()).decode()
        return f"https://cursor.com/en/install-mcp?name={entry.name}&config={quote(content, safe='')}"
    if client not in _VS_CODE:
        raise InputError(f"{client} has no install links", "Only vscode, vscode-insiders and cursor have them.")
    parts = {"name": entry.name, "config": _json(_vs_code(entry))}
    if inputs := _inputs([entry]):
        parts["inputs"] = _json(inputs)
    if client is Client.vscode_insiders:
        parts["quality"] = "insiders"
    host = "insiders.vscode.dev" if client is Client.vscode_insiders else "vscode.dev"
    return f"https://{host}/redirect/mcp/install?" + "&".join(f"{key}={quote(parts[key], safe='')}" for key in parts)


def advice(client: Client, entries: Sequence[Entry], link: bool = False) -> list[str]:
    """Returns where the configuration belongs, and what to do about secrets."""
    name = _NAMES.get(client, "")
    path = dict(config_files()).get(name)
    if link:
        where = [f"open it in a browser; {name} asks whether to add it"]
    elif client is Client.claude_code:
        where = ["run that in a terminal; --scope project writes .mcp.json of this folder instead"]
    elif path:
        existing = " (it exists: add to its content)" if path.is_file() else ""
        where = [f"put that into {path}{existing}, and restart {name}"]
    else:
        where = ["for any client that reads mcpServers"]
    return where + _secret_advice(client, entries)


def _secret_advice(client: Client, entries: Sequence[Entry]) -> list[str]:
    names = dict.fromkeys(name for entry in entries for name in entry.secrets)
    if not names:
        return []
    omitted = f"{', '.join(names)}: omitted. "
    if client in _VS_CODE:
        return [omitted + "VS Code asks for it once and stores it; leave it empty to use libpq's passfile"]
    if client is Client.claude_code:
        references = dict.fromkeys(text for entry in entries for text in _references(entry, len(entries)).values())
        variables = ", ".join(text[2:-3] for text in references)
        return [
            f"{omitted}Claude Code reads {variables} from its environment; without a password, libpq reads its passfile"
        ]
    return [
        omitted + "Put it into a file of mode 600 and pass that with --env-file; libpq's passfile can hold a password"
    ]


def _start_object(entry: Entry) -> dict[str, object]:
    environment = {"env": entry.environment} if entry.environment else {}
    return {"command": entry.command, "args": list(entry.arguments), **environment}


def _vs_code(entry: Entry) -> dict[str, object]:
    references = {name: f"${{input:{_input_id(entry, name)}}}" for name in entry.secrets}
    return {
        "type": "stdio",
        **_start_object(entry),
        **({"env": {**entry.environment, **references}} if references else {}),
    }


def _inputs(entries: Iterable[Entry]) -> list[dict[str, object]]:
    secrets = {_input_id(entry, name): (entry, name) for entry in entries for name in entry.secrets}
    return [
        {"type": "promptString", "id": key, "description": f"{name} of {entry.name}", "password": True}
        for key, (entry, name) in secrets.items()
    ]


def _input_id(entry: Entry, name: str) -> str:
    """Returns the id of the input for a secret: one per login for passwords, one for all entries for keys."""
    return f"{entry.name}-password" if name == "POSTGRES_PASSWORD" else name.lower().replace("_", "-")


def _claude_mcp_add(entry: Entry, count: int) -> str:
    """Returns a shell command. `--env` takes several values, so options with one value separate it from the name."""
    settings = {**entry.environment, **_references(entry, count)}
    options = [word for key, text in settings.items() for word in ("--env", f"{key}={text}")]
    words = ["claude", "mcp", "add", *options, "--transport", "stdio", "--scope", "user", entry.name]
    words += ["--", entry.command, *entry.arguments]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _references(entry: Entry, count: int) -> dict[str, str]:
    """Returns Claude Code's references to its environment. ":-" makes them empty if the variable is not set."""
    suffix = f"_{entry.name.upper().replace('-', '_')}" if count > 1 else ""
    return {name: f"${{{name}{suffix if name == 'POSTGRES_PASSWORD' else ''}:-}}" for name in entry.secrets}


def _toml(entry: Entry) -> str:
    lines = [f"[mcp_servers.{entry.name}]", f"command = {_json(entry.command)}"]
    lines += [f"args = [{', '.join(map(_json, entry.arguments))}]", f"startup_timeout_sec = {_START_TIMEOUT_SECONDS}"]
    if entry.environment:
        lines.append("env = { " + ", ".join(f"{key} = {_json(text)}" for key, text in entry.environment.items()) + " }")
    return "\n".join(lines)


def _json(content: object, indent: int | None = None) -> str:
    return json.dumps(content, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))

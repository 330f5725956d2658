"""What MCP clients need to start this program: the text of their config file, a command, or an install link.

Nothing secret is written down. What a client can ask for itself (VS Code), or take from its own
environment (Claude Code), is named there; for the others an env file or libpq's passfile has it.
"""

import base64
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

from zava_mcp.clients.config_files import Entry, config_files
from zava_mcp.clients.installation_origin import Origin, installed_from, require_installed, require_known
from zava_mcp.clients.names import Client
from zava_mcp.errors import InputError
from zava_mcp.postgres.user_ids import sample_identities
from zava_mcp.python_process import standalone_command
from zava_mcp.search_paths import find_program, has_relative_entries
from zava_mcp.settings import SETTINGS, is_secret, without_password

_VS_CODE = (Client.vscode, Client.vscode_insiders)
_FROM_A_TERMINAL = (*_VS_CODE, Client.claude_code, Client.codex)  # these find programs as the user's shell does
_NAMES = {
    Client.claude_desktop: "Claude Desktop",
    Client.claude_code: "Claude Code",
    Client.vscode: "VS Code",
    Client.vscode_insiders: "VS Code Insiders",
    Client.cursor: "Cursor",
    Client.codex: "Codex",
}
#: What libpq itself reads and a desktop program's environment would lack; the login is the user id's all the same.
_LIBPQ = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE", "PGSSLMODE")
_LIBPQ_PATHS = ("PGSERVICEFILE", "PGPASSFILE", "PGSSLROOTCERT")
_UV = ("UV_SYSTEM_CERTS", "UV_NATIVE_TLS")  # without which uvx fetches nothing behind a company's proxy
_CARRIED = (*(setting.name for setting in SETTINGS), *_LIBPQ, *_LIBPQ_PATHS, *_UV)
_PATHS = (
    "ZAVA_ENV_FILE",
    "ZAVA_DATA_DIR",
    "ZAVA_EMBEDDING_MODEL_DIR",
    "ZAVA_AUDIT_LOG",
    "ZAVA_METRICS_DIR",
    *_LIBPQ_PATHS,
)
_NOT_THE_SERVERS = ("ZAVA_USER_ID", "ZAVA_ADMIN_DATABASE_URL", "ZAVA_DATABASE_URL")
_START_SECONDS = 120  # the first start downloads the package; Codex would wait ten

Command = tuple[str, ...]


def program(client: Client, local: bool, extras: Sequence[str] = ()) -> tuple[Command, list[str]]:
    """The command that starts us without its options, and what should be said about it.

    Raises InputError for an extra that there is not, or that only uvx could bring.
    """
    require_known(extras)
    uvx = _uvx()
    if extras and (local or not uvx):
        require_installed(extras, local)
    origin = installed_from()
    if local or not (uvx and origin.lasts) or (origin.editable and not extras):
        return standalone_command(), _why_this_installation(local, bool(uvx), origin)
    wanted = origin.requirement(f"[{','.join(extras)}]" if extras else "")
    package = ("--from", wanted, "zava-mcp") if origin.url else (wanted,)
    return ("uvx" if client in _FROM_A_TERMINAL and _is_safe_by_name("uvx") else uvx, *package), []


def _why_this_installation(local: bool, has_uvx: bool, origin: Origin) -> list[str]:
    if local:
        return []
    if not has_uvx:
        return ["uvx is not on this machine, so this installation is named; uv brings it: pip install uv"]
    if origin.editable:
        return ["this is a checkout, so this installation is named, not a published package"]
    return [f"{origin.url} is gone, so this installation is named"]


def _uvx() -> str | None:
    """The absolute path of uvx: on the path, or beside the uv that runs us."""
    uv = Path(os.environ.get("UV", ""))
    beside = uv.with_name("uvx") if uv.is_absolute() else None
    return find_program("uvx") or (str(beside) if beside and beside.is_file() else None)


def _is_safe_by_name(program: str) -> bool:
    """Whether a client that searches a program finds the one on the path, not one of the folder it was started in."""
    return find_program(program) is not None and not has_relative_entries() and sys.platform != "win32"


def planned_entry(
    command: Command,
    user_ids: Iterable[UUID],
    server: bool = False,
    name: str = "",
    values: Mapping[str, str] | None = None,
) -> list[Entry]:
    """An entry for each identity, with the settings that `values` {variable: text} has and that are no secrets.

    `server` says that the database is not the embedded one. Raises InputError for a name that clients refuse
    or that two entries would share, SettingsError if a password in the database's URL cannot be told from the rest.
    """
    carried, secrets = _carried(values or {}, server)
    ids = list(dict.fromkeys(user_ids))
    entries = [
        Entry(_name(name, user_id, len(ids)), command[0], (*command[1:], "--user-id", str(user_id)), carried, secrets)
        for user_id in ids
    ]
    names = [entry.name for entry in entries]
    if any(not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", entry) for entry in names):
        raise InputError(f"{name[:60]!r} is no name for a client", "Take at most 30 letters, digits, - and _.")
    if len(set(names)) < len(names):
        raise InputError("two entries would have the same name", "Ask for them one by one, each with its --name.")
    return entries


def _name(wanted: str, user_id: UUID, how_many: int) -> str:
    if wanted and how_many == 1:
        return wanted
    known = {who.user_id: who.name.removeprefix("Zava Retail ") for who in sample_identities()}
    return f"{wanted or 'zava'}-{known.get(user_id, str(user_id)[:8]).lower().replace(' ', '-')}"


def _carried(values: Mapping[str, str], server: bool) -> tuple[dict[str, str], tuple[str, ...]]:
    """The variables to write down, and the names of those that must not be, unless an env file has them."""
    names = [name for name in _CARRIED if values.get(name, "").strip()]
    secrets = [name for name in names if is_secret(name)]
    carried = {name: values[name] for name in names if name not in (*secrets, *_NOT_THE_SERVERS)}
    carried |= {name: str(Path(carried[name]).expanduser().absolute()) for name in _PATHS if name in carried}
    left_out = False
    if "ZAVA_DATABASE_URL" in names:
        carried["ZAVA_DATABASE_URL"] = without_password(values["ZAVA_DATABASE_URL"].strip())
        left_out = carried["ZAVA_DATABASE_URL"] != values["ZAVA_DATABASE_URL"].strip()
    by_password = values.get("ZAVA_DATABASE_AUTH", "").strip().lower() != "entra"  # which takes none
    if (left_out or (server and by_password and "ZAVA_ENV_FILE" not in carried)) and "POSTGRES_PASSWORD" not in secrets:
        secrets.append("POSTGRES_PASSWORD")
    return carried, tuple(secrets)


def configuration(client: Client, entries: Sequence[Entry]) -> str:
    """What to paste into the client's config file; for Claude Code the commands to run, one a line."""
    if client is Client.claude_code:
        return "\n".join(_claude_mcp_add(entry, len(entries)) for entry in entries)
    if client is Client.codex:
        return "\n\n".join(_toml(entry) for entry in entries)
    if client in _VS_CODE:
        inputs = {"inputs": asked} if (asked := _inputs(entries)) else {}
        return _json({**inputs, "servers": {entry.name: _vs_code(entry) for entry in entries}}, indent=2)
    return _json({"mcpServers": {entry.name: _started(entry) for entry in entries}}, indent=2)


def install_link(client: Client, entry: Entry) -> str:
    """An https link that opens the client and has it add the entry. Raises InputError if it knows none."""
    if client is Client.cursor:
        content = base64.b64encode(_json(_started(entry)).encode()).decode()
        return f"https://cursor.com/en/install-mcp?name={entry.name}&config={quote(content, safe='')}"
    if client not in _VS_CODE:
        raise InputError(f"{client} has no install links", "vscode, vscode-insiders and cursor have them.")
    parts = {"name": entry.name, "config": _json(_vs_code(entry))}
    if inputs := _inputs([entry]):
        parts["inputs"] = _json(inputs)
    if client is Client.vscode_insiders:
        parts["quality"] = "insiders"
    host = "insiders.vscode.dev" if client is Client.vscode_insiders else "vscode.dev"
    return f"https://{host}/redirect/mcp/install?" + "&".join(f"{key}={quote(parts[key], safe='')}" for key in parts)


def advice(client: Client, entries: Sequence[Entry], link: bool = False) -> list[str]:
    """Where it goes, and what to do about secrets."""
    name = _NAMES.get(client, "")
    path = dict(config_files()).get(name)
    if link:
        where = [f"open it in a browser: {name} then asks whether to add it"]
    elif client is Client.claude_code:
        where = ["run that in a terminal; with --scope project instead, it is for this folder: .mcp.json"]
    elif path:
        there = ", which is there: add to what it has" if path.is_file() else ""
        where = [f"put that into {path}{there}, and start {name} again"]
    else:
        where = ["for each client that reads mcpServers"]
    return where + _about_secrets(client, entries)


def _about_secrets(client: Client, entries: Sequence[Entry]) -> list[str]:
    names = dict.fromkeys(name for entry in entries for name in entry.secrets)
    if not names:
        return []
    told = f"{', '.join(names)}: not written down. "
    if client in _VS_CODE:
        return [told + "VS Code asks for it once and keeps it; an empty answer leaves it to libpq's passfile"]
    if client is Client.claude_code:
        taken = dict.fromkeys(text for entry in entries for text in _taken(entry, len(entries)).values())
        told += f"Claude Code takes {', '.join(text[2:-3] for text in taken)} from its own environment"
        return [f"{told}; without a password there, libpq's passfile is read"]
    return [
        told + "Put it into a file of mode 600 and give that with --env-file; a password may be in libpq's passfile"
    ]


def _started(entry: Entry) -> dict[str, object]:
    environment = {"env": entry.environment} if entry.environment else {}
    return {"command": entry.command, "args": list(entry.arguments), **environment}


def _vs_code(entry: Entry) -> dict[str, object]:
    asked = {name: f"${{input:{_input(entry, name)}}}" for name in entry.secrets}
    return {"type": "stdio", **_started(entry), **({"env": {**entry.environment, **asked}} if asked else {})}


def _inputs(entries: Iterable[Entry]) -> list[dict[str, object]]:
    wanted = {_input(entry, name): (entry, name) for entry in entries for name in entry.secrets}
    return [
        {"type": "promptString", "id": key, "description": f"{name} of {entry.name}", "password": True}
        for key, (entry, name) in wanted.items()
    ]


def _input(entry: Entry, name: str) -> str:
    """A password is of one login, a key serves all."""
    return f"{entry.name}-password" if name == "POSTGRES_PASSWORD" else name.lower().replace("_", "-")


def _claude_mcp_add(entry: Entry, how_many: int) -> str:
    """A shell command. The options with one value follow `--env`, which would swallow the name otherwise."""
    settings = {**entry.environment, **_taken(entry, how_many)}
    given = [word for key, text in settings.items() for word in ("--env", f"{key}={text}")]
    words = ["claude", "mcp", "add", *given, "--transport", "stdio", "--scope", "user", entry.name]
    words += ["--", entry.command, *entry.arguments]
    return subprocess.list2cmdline(words) if sys.platform == "win32" else shlex.join(words)


def _taken(entry: Entry, how_many: int) -> dict[str, str]:
    """Claude Code's references to its own environment: empty, not left as they are, where that has no such variable."""
    own = f"_{entry.name.upper().replace('-', '_')}" if how_many > 1 else ""
    return {name: f"${{{name}{own if name == 'POSTGRES_PASSWORD' else ''}:-}}" for name in entry.secrets}


def _toml(entry: Entry) -> str:
    lines = [f"[mcp_servers.{entry.name}]", f"command = {_json(entry.command)}"]
    lines += [f"args = [{', '.join(map(_json, entry.arguments))}]", f"startup_timeout_sec = {_START_SECONDS}"]
    if entry.environment:
        lines.append("env = { " + ", ".join(f"{key} = {_json(text)}" for key, text in entry.environment.items()) + " }")
    return "\n".join(lines)


def _json(content: object, indent: int | None = None) -> str:
    return json.dumps(content, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))

"""Nothing is taken from the working directory: each way to start the program is tried in a folder full of traps."""

import json
import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from mcp import StdioServerParameters
from mcp.client import Client as McpClient
from mcp.types import TextContent

from tests.clients.test_config import client_config, read
from tests.conftest import SEATTLE
from zava_mcp.charts.render import Drawing
from zava_mcp.clients.names import Client
from zava_mcp.search_paths import absolute_only, find_program
from zava_mcp.server.demo_client import start_demo_client

ROOT = Path(__file__).parents[2]
PROGRAMS = (
    *("useradd", "sh", "python", "python3", "uv", "uvx", "less", "more", "locale", "postgres", "initdb", "pg_ctl"),
    *("git", "node", "ps", "uname", "ldconfig", "gcc", "cc", "ld", "zava-mcp", "runuser", "env", "bash"),
)
BESIDE = Path(sys.executable).parent
SQL = {"postgresql_query": "SELECT store_name FROM retail.stores JOIN retail.orders USING (store_id) LIMIT 1"}


class Traps:
    """A folder whose every module and program writes a marker when it runs, and an environment that looks there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "opened"
        self._markers = folder / "markers"
        self._tools = folder / "tools"
        for made in (self.folder, self._markers, self._tools, self.folder / "zava_mcp"):
            made.mkdir()
        names = {name for name in sys.stdlib_module_names if name != "builtins"} | {*packages_distributions()}
        for name in (*names, "sitecustomize", "usercustomize", "zava_mcp/__init__", "zava_mcp/__main__"):
            if name.replace("/", "_").isidentifier() and name != "zava_mcp":
                self._marking(self.folder / f"{name}.py", f"open({str(self._markers / name.replace('/', '.'))!r}, 'w')")
        for name in PROGRAMS:
            self._marking(self.folder / name, f"#!/bin/sh\n: > {self._markers / name}-program")
        self._marking(self._tools / "uvx", f'#!/bin/sh\nshift\nexec {BESIDE / "zava-mcp"} "$@"')
        (self.folder / ".env").write_text(f"ZAVA_AUDIT_LOG={self._markers / 'env'}\n")
        (self.folder / "pyvenv.cfg").write_text("home = /nowhere\n")
        self.path = os.pathsep.join(["", ".", str(self._tools), os.environ["PATH"]])

    @staticmethod
    def _marking(file: Path, text: str) -> None:
        file.write_text(f"{text}\n")
        file.chmod(0o755)

    def sprung(self) -> list[str]:
        return sorted(path.name for path in self._markers.iterdir())


@pytest.fixture
def traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traps:
    made = Traps(tmp_path)
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("PATH", made.path)
    return made


def printed_entries(data_dir: Path) -> list[dict[str, Any]]:
    """What `client-config` prints for each client, with uvx and without."""
    flags: tuple[list[str], ...] = ([], ["--local"])
    printed = [
        (client, client_config(client, *more, "--data-dir", str(data_dir))[0]) for client in Client for more in flags
    ]
    return [entry for client, text in printed for entry in read(client, text).values()]


def written_entries() -> list[dict[str, Any]]:
    """What the files of the repository say, with the places filled in that a host fills in."""
    vscode = json.loads((ROOT / ".vscode" / "mcp.json").read_text())["servers"].values()
    entries = [{**entry, "command": filled(entry["command"])} for entry in vscode]
    bundle = json.loads((ROOT / "infra" / "mcpb" / "manifest.json").read_text())["server"]["mcp_config"]
    assert (bundle["command"], bundle["args"][:3]) == ("uv", ["run", "--directory", "${__dirname}"])
    server = str(ROOT / "infra" / "mcpb" / bundle["args"][3])  # which uv runs in its own folder
    entries.append({"command": sys.executable, "args": [server, "--user-id", SEATTLE]})
    package = json.loads((ROOT / "infra" / "server.json").read_text())["packages"][0]
    uvx = find_program(package["runtimeHint"])
    entries.append({"command": uvx, "args": [package["identifier"], "--user-id", SEATTLE]})
    entrypoint = re.findall(r"^ENTRYPOINT (.+)$", (ROOT / "infra" / "Dockerfile").read_text(), re.MULTILINE)[0]
    entries.append({"command": str(BESIDE / json.loads(entrypoint)[0]), "args": ["--user-id", SEATTLE]})
    return entries


def filled(command: str) -> str:
    return command.replace("${workspaceFolder}/.venv/bin/python", sys.executable)


async def answer(entry: dict[str, Any], traps: Traps, data_dir: Path) -> str:
    """What a server that a client starts in the folder answers."""
    environment = {**os.environ, **entry.get("env", {}), "ZAVA_DATA_DIR": str(data_dir)}
    if "-I" in entry["args"]:
        environment["PYTHONPATH"] = os.pathsep  # an empty entry: the working directory
    parameters = StdioServerParameters(
        command=entry["command"], args=entry["args"], env=environment, cwd=str(traps.folder)
    )
    async with McpClient(parameters) as client:
        result = await client.call_tool("execute_sales_query", SQL)
    assert isinstance(result.content[0], TextContent)
    return result.content[0].text


@pytest.mark.anyio
async def test_each_way_to_start_the_server_takes_nothing_from_the_folder(
    traps: Traps, data_dir: Path, anyio_backend: str
) -> None:
    entries = [*printed_entries(data_dir), *written_entries()]
    assert all(Path(entry["command"]).is_absolute() for entry in entries), "PATH leads into the folder"
    ways = {(entry["command"], *entry["args"][:-1]): entry for entry in entries}
    assert len(ways) >= 4
    for entry in ways.values():
        assert '"rows":[["Zava Retail' in await answer(entry, traps, data_dir)
        assert traps.sprung() == [], entry


@pytest.mark.anyio
async def test_child_processes_take_nothing_from_the_folder(
    traps: Traps, data_dir: Path, anyio_backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["", ".", os.environ.get("PYTHONPATH", "")]))
    async with start_demo_client(SEATTLE, {"ZAVA_DATA_DIR": str(data_dir)}) as asked:
        text, failed = await asked.call("execute_sales_query", SQL)
    assert not failed, text
    spec = {"data": {"values": [{"a": 1}]}, "mark": "bar", "encoding": {"x": {"field": "a", "type": "quantitative"}}}
    assert Drawing(spec, 60).run().startswith(b"\x89PNG")
    assert traps.sprung() == []


def test_the_traps_work(traps: Traps) -> None:
    subprocess.run([sys.executable, "-m", "zava_mcp", "--version"], capture_output=True, check=False)
    subprocess.run(["useradd"], check=False)
    programs = [name for name in traps.sprung() if name.endswith("-program")]
    assert programs == ["useradd-program"]
    assert len(traps.sprung()) > 1, "a module that Python imports at its start"


def test_without_the_flag_modules_that_are_imported_later_are_not_the_folders(traps: Traps) -> None:
    for file in (traps.folder / "zava_mcp").iterdir():
        file.unlink()
    (traps.folder / "zava_mcp").rmdir()
    for name in sys.stdlib_module_names:  # some are imported before the program is
        (traps.folder / f"{name}.py").unlink(missing_ok=True)
    command = [sys.executable, "-m", "zava_mcp", "identities", "--help"]
    subprocess.run(command, capture_output=True, check=True, cwd=traps.folder)
    assert traps.sprung() == []


def test_the_first_set_up_takes_nothing_from_the_folder(traps: Traps, tmp_path: Path) -> None:
    command = [str(BESIDE / "zava-mcp"), "init", "--scale", "0.002", "--data-dir", str(tmp_path / "data")]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, cwd=traps.folder)
    assert ran.returncode == 0, ran.stderr
    assert traps.sprung() == []


def test_empty_and_relative_entries_of_search_paths_are_left_out() -> None:
    given = {"PATH": ":.:bin:/usr/bin::/bin:", "PYTHONPATH": ":lib", "LD_LIBRARY_PATH": "/lib:", "HOME": "."}
    assert absolute_only(given) == {"PATH": "/usr/bin:/bin", "PYTHONPATH": "", "LD_LIBRARY_PATH": "/lib"}
    assert all(map(os.path.isabs, absolute_only({"PATH": ""})["PATH"].split(os.pathsep)))

"""Other people's clients on our server: does each of them get what it asks for?

Installs them with npm under .venv, once, with a Node of their own where the one on the path is too old; starts the real
server over stdio with the Inspector and both TypeScript SDKs, in each era of the protocol, and serves the same server
object over HTTP on this machine for the conformance suites. Prints a table, and ends with 1 if something failed.
"""

import json
import logging
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from zava_mcp.embedded.processes import free_port
from zava_mcp.server.mcp_server import build_server
from zava_mcp.server.startup import Startup
from zava_mcp.settings import load

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "scripts" / "clients_js"
HOME = ROOT / ".venv" / "clients"
SEATTLE = "f47ac10b-58cc-4372-a567-0e02b2c3d479"
NODE = (22, 19)

#: Of the Inspector: what is asked, and what its answer must contain.
INSPECTED = {
    "tools/list --strict": "execute_sales_query",
    "prompts/list": "monthly_review",
    "resources/list": "zava://about",
    "resources/templates/list": "zava://schema/{table}",
    "resources/read --uri zava://schema/orders": "retail.orders: One row per order",
    "prompts/get --prompt-name monthly_review --prompt-args month=2026-10": "the month 2026-10",
    "tools/call --tool-name execute_sales_query --tool-arg postgresql_query=TABLE_retail.categories": "POWER TOOLS",
}
#: The scenarios that ask for nothing but the protocol; all others want a server with tools of their own.
_BOTH = "server-initialize ping tools-list resources-list prompts-list completion-complete dns-rebinding-protection"
_NEXT = (
    "server-session-lifecycle server-stateless caching sep-2164-resource-not-found http-header-validation "
    "input-required-result-unsupported-methods"
)
SCENARIOS = {"conformance": _BOTH.split(), "conformance-next": f"{_BOTH} {_NEXT}".split()}


@dataclass(frozen=True)
class Outcome:
    """What a client got."""

    client: str
    check: str
    ok: bool
    detail: str


def main() -> int:
    logging.basicConfig(level=logging.ERROR)  # before the SDK does, which tells of every request
    node = installed()
    with tempfile.TemporaryDirectory() as folder, small_shop(Path(folder)) as command:
        outcomes = [*inspected(node, command), *examined(node, command), *conforming(node, Path(folder))]
    for outcome in outcomes:
        state = "ok" if outcome.ok else "FAILED"
        print(f"{outcome.client:28}  {outcome.check:42}  {state:6}  {outcome.detail}")
    failed = sum(not outcome.ok for outcome in outcomes)
    print(f"{len(outcomes)} checks, {failed} failed")
    return 1 if failed else 0


def installed() -> str:
    """The clients under .venv; the path of a Node that is new enough for them."""
    HOME.mkdir(exist_ok=True)
    wanted = (SOURCE / "package.json").read_text()
    kept = HOME / "installed.json"
    for file in SOURCE.iterdir():
        shutil.copy(file, HOME)
    own_node = HOME / "node_modules" / f"node-{_platform()}" / "bin" / "node"
    on_path = shutil.which("node")
    new_enough = on_path is not None and _version(on_path) >= NODE
    if not kept.exists() or kept.read_text() != wanted:
        print("installing the clients …", file=sys.stderr)
        more = [] if new_enough else [f"node-{_platform()}@22"]
        subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", *more], cwd=HOME, check=True)
        kept.write_text(wanted)
    return on_path if new_enough and on_path else str(own_node)


@contextmanager
def small_shop(folder: Path) -> Iterator[list[str]]:
    """A small sample in a folder; the command of a server for it, as Seattle's manager."""
    flags = ["--data-dir", str(folder / "data")]
    subprocess.run([sys.executable, "-P", "-m", "zava_mcp", "init", "--scale", "0.02", *flags], check=True)
    yield [sys.executable, "-P", "-m", "zava_mcp", "--user-id", SEATTLE, *flags]


def inspected(node: str, command: list[str]) -> Iterator[Outcome]:
    """The Inspector's command line in each era: it answers, and has nothing to say on stderr."""
    inspector = HOME / "node_modules" / "@modelcontextprotocol" / "inspector" / _bin("@modelcontextprotocol/inspector")
    for era in ("legacy", "auto", "modern"):
        for method, wanted in INSPECTED.items():
            words = [word.replace("TABLE_", "TABLE ") for word in method.split()]
            arguments = ["--cli", *command, "--protocol-era", era, "--method", *words]
            ran = _run(node, str(inspector), *arguments)
            ok = ran.returncode == 0 and wanted in ran.stdout and not ran.stderr.strip()
            yield Outcome(f"Inspector, {era}", re.sub(r" --\S+ .*", "", method), ok, "" if ok else _end(ran))


def examined(node: str, command: list[str]) -> Iterator[Outcome]:
    """The TypeScript SDKs, each telling what it got line by line."""
    for client, words in (
        ("TypeScript v1", ["v1.mjs"]),
        ("TypeScript v2, legacy", ["v2.mjs", "legacy"]),
        ("TypeScript v2, auto", ["v2.mjs", "auto"]),
    ):
        ran = _run(node, *words, *command, ZAVA_QUERY_TIMEOUT="6")
        for line in ran.stdout.splitlines():
            yield Outcome(client, **json.loads(line))
        yield Outcome(client, "ends by itself", ran.returncode == 0, "" if ran.returncode == 0 else _end(ran))


def conforming(node: str, folder: Path) -> Iterator[Outcome]:
    """The conformance suites' scenarios on the same server object, over HTTP."""
    with served(folder) as url:
        for suite, scenarios in SCENARIOS.items():
            program = HOME / "node_modules" / suite / _bin(suite)
            for scenario in scenarios:
                ran = _run(node, str(program), "server", "--url", url, "--scenario", scenario)
                yield Outcome(suite, scenario, *_counted(ran))


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The server for Seattle's manager over HTTP on this machine, while this lasts."""
    settings = load({"ZAVA_DATA_DIR": str(folder / "data"), "ZAVA_USER_ID": SEATTLE}, {})
    startup, port = Startup(settings), free_port()
    startup.start()
    app = build_server(startup, settings, startup.observer).streamable_http_app(host="127.0.0.1")
    http = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=http.run)
    thread.start()
    try:
        startup.wait(60)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        http.should_exit = True
        thread.join()
        startup.close()


def _run(node: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    path = f"{Path(node).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, **settings, "PATH": path}
    return subprocess.run([node, *words], cwd=HOME, env=environment, capture_output=True, text=True, timeout=120)


def _counted(ran: subprocess.CompletedProcess[str]) -> tuple[bool, str]:
    """Whether a scenario went well, and its count. Some of its checks may want a tool that only its own server has."""
    found = re.search(r"Passed: (\d+)/(\d+)", ran.stdout)
    if found is None:
        return False, _end(ran)
    passed, checks = int(found[1]), int(found[2])
    foreign = len(re.findall(r"Error: .*'test_\w+'", ran.stdout))
    return passed + foreign == checks, f"{passed}/{checks}" + (f", {foreign} want a tool of its own" if foreign else "")


def _bin(package: str) -> str:
    """The path of a package's program inside it."""
    entry = json.loads((HOME / "node_modules" / package / "package.json").read_text())["bin"]
    return str(entry if isinstance(entry, str) else next(iter(entry.values())))


def _end(ran: subprocess.CompletedProcess[str]) -> str:
    return f"exit code {ran.returncode}: {' '.join((ran.stderr or ran.stdout).split())[-300:]}"


def _version(node: str) -> tuple[int, ...]:
    printed = subprocess.run([node, "--version"], capture_output=True, text=True).stdout
    return tuple(int(part) for part in printed.strip().removeprefix("v").split(".")[:2] if part.isdigit())


def _platform() -> str:
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}.get(platform.machine().lower(), "arm64")
    return f"{sys.platform.replace('win32', 'win')}-{machine}"


if __name__ == "__main__":
    sys.exit(main())

"""Promise 7: stdout carries the protocol alone."""

import json
from pathlib import Path

from tests.conftest import SEATTLE
from tests.stdio_client import MODERN_META, StdioClient, server_for


def test_logs_go_to_stderr(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE, "--log-level", "debug") as server:
        server.shake_hands()
        server.request("tools/list")
        server.call("execute_sales_query", postgresql_query="SELECT 1")
        server.call("execute_sales_query", postgresql_query="SELECT nope")
        server.send(b"this is not JSON\n")
        server.send(b"\n")
        server.send(b"[1, 2]\n")
        server.send(b"\xff\xfe\n")
        assert server.call("execute_sales_query", postgresql_query="SELECT 2")[0].startswith('{"columns"')
        server.close_stdin()
        assert server.process.stdout is not None
        rest = server.process.stdout.read().splitlines()
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest)
        assert server.process.wait(5) == 0
        assert "not a JSON-RPC message" in server.stderr()


def test_what_a_library_prints_does_not_reach_the_client(data_dir: Path, tmp_path: Path) -> None:
    """A module that prints, on the Python level and below, while the server serves."""
    (tmp_path / "sitecustomize.py").write_text(
        "import threading, os, time\n"
        "def noise():\n"
        "    import zava_mcp.server.stdio_lines as pipes\n"
        "    wire = pipes.Stdio.lines\n"
        "    def lines(self):\n"
        "        print('printed by a library', flush=True); os.write(1, b'written by a library\\n')\n"
        "        return wire(self)\n"
        "    pipes.Stdio.lines = lines\n"
        "import importlib.abc, sys\n"
        "class Watch(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path, target=None):\n"
        "        if name == 'zava_mcp.server.run' and not getattr(self, 'done', False):\n"
        "            self.done = True; noise()\n"
        "        return None\n"
        "sys.meta_path.insert(0, Watch())\n"
    )
    arguments = ("--data-dir", str(data_dir), "--user-id", SEATTLE)
    with StdioClient(*arguments, environment={"PYTHONPATH": str(tmp_path)}) as server:
        assert server.shake_hands()["serverInfo"]["name"] == "zava-mcp"
        assert not server.call("get_current_utc_date")[1]  # the SDK is imported
        assert "printed by a library" in server.stderr()
        assert "written by a library" in server.stderr()


def test_both_eras_are_served_and_a_probe_may_change_its_mind(data_dir: Path) -> None:
    with server_for(data_dir, SEATTLE) as server:
        modern = server.request("server/discover", _meta=MODERN_META)
        assert "2026-07-28" in modern["result"]["supportedVersions"]
        assert server.shake_hands()["protocolVersion"] == "2025-06-18"
        names = [tool["name"] for tool in server.request("tools/list")["result"]["tools"]]
        assert {"execute_sales_query", "semantic_search_products"} < set(names)
        assert server.call("get_current_utc_date")[1] is False


def test_each_old_version_is_spoken(data_dir: Path) -> None:
    for version, answered in (
        ("2024-11-05", "2024-11-05"),
        ("2025-03-26", "2025-03-26"),
        ("2025-11-25", "2025-11-25"),
        ("1999-01-01", "2025-11-25"),
    ):
        with server_for(data_dir, SEATTLE) as server:
            assert server.shake_hands(version)["protocolVersion"] == answered

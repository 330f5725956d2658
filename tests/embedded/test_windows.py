"""The start of the embedded PostgreSQL on Windows by pg_ctl, which these tests run on every platform."""

import subprocess
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ADMIN
from zava_mcp.embedded import windows
from zava_mcp.embedded.cluster import Cluster
from zava_mcp.embedded.host import change_owner_to_runner, popen_user, program
from zava_mcp.embedded.server_parameters import PARAMETERS


def test_pg_ctl_starts_the_server_with_every_parameter(tmp_path: Path) -> None:
    change_owner_to_runner(tmp_path)
    cluster = Cluster(tmp_path / "data", tmp_path / "server.log")
    cluster.create("admin")
    with open(cluster.folder / "postgresql.conf", "a") as file:
        file.write(f"unix_socket_directories = '{tmp_path}'\nlisten_addresses = ''\n")
    parameters = {**PARAMETERS, "port": "5432", "fsync": "off"}
    command = windows.start_command(program("pg_ctl"), cluster.folder, tmp_path / "server.log", parameters)
    try:
        subprocess.run(command, check=True, timeout=60, stdout=subprocess.DEVNULL, **popen_user())
        address = cluster.running()
        assert address is not None, "the server is recognised by the data folder on its command line"
        with psycopg.connect(ADMIN.format(database="postgres", host=tmp_path)) as connection:
            query = "SELECT name, current_setting(name) FROM unnest(%s::text[]) AS name"
            set_now: dict[str, str] = dict(connection.execute(query, [list(parameters)]).fetchall())
        assert set_now == {name: value.replace("true", "on") for name, value in parameters.items()}
    finally:
        cluster.stop(10)
    assert cluster.running() is None


@pytest.mark.parametrize("value", ["", "a b", "a&b", "%PATH%", 'a"b', "a'b", "$HOME", "a\nb", "é"])
def test_parameter_value_that_cmd_would_change_is_refused(value: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs quotes"):
        windows.start_command("pg_ctl", tmp_path, tmp_path / "log", {"cluster_name": value})

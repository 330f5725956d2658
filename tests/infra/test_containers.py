"""compose.yaml and the Dockerfile: no engine runs here, so what can be known without one."""

import re
import tomllib
from typing import Any

import psycopg
import pytest
from ruamel.yaml import YAML

from tests.infra.operator import ROOT
from tests.infra.schemas import follows
from zava_mcp.sql import schema_version

INFRA = ROOT / "infra"
COMPOSE: dict[str, Any] = YAML(typ="safe").load((INFRA / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (INFRA / "Dockerfile").read_text()


def test_compose_is_of_its_schema() -> None:
    follows("compose-spec", INFRA / "compose.yaml")


def test_only_this_machine_reaches_the_database_and_nothing_inside_reaches_out() -> None:
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        assert set(service["networks"]) <= {"inside", "this-machine"}
    assert [name for name, service in SERVICES.items() if "this-machine" in service["networks"]] == ["database"]
    outside = COMPOSE["networks"]["this-machine"]["driver_opts"]
    assert outside["com.docker.network.bridge.host_binding_ipv4"] == "127.0.0.1"
    assert outside["com.docker.network.bridge.enable_ip_masquerade"] == "false"


def test_secrets_come_from_files_that_git_does_not_keep() -> None:
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("./secrets/")
    assert "infra/secrets/" in (ROOT / ".gitignore").read_text().splitlines()
    for service in SERVICES.values():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"])
        for name, value in service["environment"].items():
            assert "PASSWORD" not in name or value.startswith("/run/secrets/")
            assert not re.search(r"://[^/]*:[^/]*@", str(value)), name


def test_the_server_has_one_persons_password_and_not_the_administrators() -> None:
    assert SERVICES["server"]["secrets"] == ["client_pgpass"]
    assert "volumes" not in SERVICES["server"]
    assert SERVICES["init"]["secrets"] == ["admin_env"]


@pytest.mark.parametrize("name", ["init", "server"])
def test_what_runs_our_program_may_nearly_nothing(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"].startswith("${CLIENT_UID:?")


def test_the_database_is_healthy_when_our_schema_is_there(admin: psycopg.Connection) -> None:
    """And not before: the query fails without it, and grep finds no number."""
    test = SERVICES["database"]["healthcheck"]["test"]
    found = re.search(r"--command '(.+)' \| grep --quiet '(.+)'", " ".join(test[1:]))
    assert found is not None
    reply = admin.execute(found[1].encode()).fetchone()
    assert reply == (schema_version(),)
    assert re.search(found[2], str(schema_version()))
    assert SERVICES["server"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_images_are_pinned_by_digest_and_the_two_stages_are_the_same() -> None:
    assert re.fullmatch(r"pgvector/pgvector:\S+-pg17@sha256:[0-9a-f]{64}", SERVICES["database"]["image"])
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.MULTILINE)
    assert len(stages) == 2
    assert len(set(stages)) == 1
    assert re.fullmatch(r"python:3\.13-slim-trixie@sha256:[0-9a-f]{64}", stages[0])


def test_the_image_is_not_root_and_starts_the_server() -> None:
    assert re.findall(r"^USER (\S+)", DOCKERFILE, flags=re.MULTILINE)[-1] == "10001:10001"
    assert 'ENTRYPOINT ["zava-mcp"]' in DOCKERFILE
    for service in ("init", "server"):
        assert SERVICES[service]["build"] == {"context": "..", "dockerfile": "infra/Dockerfile"}


def test_what_the_package_is_built_of_is_copied_into_the_image_and_nothing_else() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, flags=re.MULTILINE)
    sources = {name for line in copied for name in line.split()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = {"infra/requirements.txt", "infra/build-requirements.txt"}
    assert sources == {"pyproject.toml", "zava_mcp", project["readme"], *project["license-files"], *pins}
    let_in = {line[1:] for line in (INFRA / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    assert sources == let_in

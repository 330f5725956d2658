"""The commands that infra/README.md gives for containers, with a stand-in for docker, and what the image is made of."""

import re
import stat
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from tests.infra.operator import ROOT
from zava_mcp.settings import SETTINGS

README = (ROOT / "infra" / "README.md").read_text(encoding="utf-8")
SECTION = README.split("\n## Containers\n", 1)[1].split("\n## ", 1)[0]
COMPOSE_TEXT = (ROOT / "infra" / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = YAML(typ="safe").load(COMPOSE_TEXT)
DOCKERFILE = (ROOT / "infra" / "Dockerfile").read_text()
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())


def blocks() -> list[str]:
    return [block for block in re.findall(r"```bash\n(.*?)```", SECTION, flags=re.DOTALL) if "compose" in block]


def pinned(name: str) -> dict[str, str]:
    """The versions that a file of requirements pins."""
    text = (ROOT / "infra" / name).read_text()
    assert re.search(r"^[a-z0-9-]+==\S+ \\\n    --hash=sha256:", text, flags=re.MULTILINE)
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, flags=re.MULTILINE))


def test_what_the_readme_types_leaves_all_that_compose_reads(tmp_path: Path) -> None:
    """A desktop client starts the server from a shell of its own, in which nothing of this one is set."""
    (tmp_path / "infra").mkdir()
    (tmp_path / "bin").mkdir()
    docker = tmp_path / "bin" / "docker"
    docker.write_text("#!/bin/sh\nmkdir -p infra/secrets/passwords\necho '*:f47ac10b-58cc-4372-a567-0e02b2c3d479:x' "
                      ">> infra/secrets/passwords/pgpass\n")  # fmt: skip
    docker.chmod(0o755)
    (tmp_path / "bin" / "openssl").symlink_to(docker)
    script = f"set -eu\numask 022\n{blocks()[0]}\numask"
    path = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "HOME": str(tmp_path)}
    ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=path, capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[-1] == "0022", "the shell's umask is what it was"
    written = dict(line.split("=") for line in (tmp_path / "infra" / ".env").read_text().splitlines())
    wanted = set(re.findall(r"\$\{(\w+):\?", COMPOSE_TEXT))
    assert set(written) == wanted == {"CLIENT_UID", "CLIENT_GID"}
    assert all(re.fullmatch(r"\d+", value) for value in written.values())
    assert stat.S_IMODE((tmp_path / "infra" / "secrets").stat().st_mode) == 0o700
    for secret in COMPOSE["secrets"].values():
        file = tmp_path / "infra" / secret["file"]
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_clients_are_given_absolute_paths_and_no_variable() -> None:
    configured = re.findall(r"```json\n(.*?)```", SECTION, flags=re.DOTALL)
    assert len(configured) == 2
    for text in configured:
        assert "$" not in text
        for path in re.findall(r'[",= ](/?(?:[\w.-]+/)+[\w.-]+)', text):
            assert path.startswith("/") or "type=bind" in text, path
    assert '"/path/to/zava-mcp/infra/compose.yaml"' in configured[0]


def test_docker_run_mounts_the_files_that_its_settings_name() -> None:
    _, command = re.findall(r"```json\n(.*?)```", SECTION, flags=re.DOTALL)
    mounted = set(re.findall(r"target=([^,\"]+),readonly", command))
    given = dict(re.findall(r'"--env", "(\w+)=([^"]+)"', command))
    assert mounted == {given["ZAVA_ENV_FILE"], given["PGPASSFILE"]}
    assert set(given) - {"PGPASSFILE", "HOME"} <= {setting.name for setting in SETTINGS}
    for option in ("--read-only", "--cap-drop", "--security-opt", "--memory", "--pids-limit", "--user", "--rm"):
        assert f'"{option}"' in command, option


@pytest.mark.parametrize("service", sorted(COMPOSE["services"]))
def test_each_container_has_bounds_and_no_capability_it_does_not_need(service: str) -> None:
    settings = COMPOSE["services"][service]
    assert settings["cap_drop"] == ["ALL"]
    assert set(settings.get("cap_add", [])) <= {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert ("cap_add" in settings) is (service == "database")
    assert re.fullmatch(r"\dg", settings["mem_limit"])
    assert settings["pids_limit"] <= 512


def test_the_image_trusts_the_authorities_of_its_distribution() -> None:
    assert "PGSSLROOTCERT=/etc/ssl/certs/ca-certificates.crt" in DOCKERFILE.split("AS build", 1)[1].split("FROM", 1)[1]
    assert "test -s /etc/ssl/certs/ca-certificates.crt" in DOCKERFILE


def test_the_image_installs_what_is_pinned_by_hash_and_nothing_else() -> None:
    installs = re.findall(r"pip (?:install|wheel) (.+?)(?: &&|$)", DOCKERFILE, flags=re.MULTILINE)
    assert len(installs) == 4
    for options in installs:
        assert "--require-hashes" in options or "--no-deps" in options, options
        assert "--no-deps" not in options or "--no-index" in options or "--no-build-isolation" in options, options


def test_the_pins_are_what_the_package_asks_for_with_all_extras_of_the_image() -> None:
    wanted = [*PROJECT["project"]["dependencies"]]
    for extra, packages in PROJECT["project"]["optional-dependencies"].items():
        wanted += packages if extra != "guide" else []  # nobody checks exercises in the image
    versions = pinned("requirements.txt")
    for requirement in map(Requirement, wanted):
        if requirement.marker and not requirement.marker.evaluate({"sys_platform": "linux"}):
            continue
        assert requirement.specifier.contains(versions[requirement.name], prereleases=True), requirement
    (build,) = map(Requirement, PROJECT["build-system"]["requires"])
    assert build.specifier.contains(pinned("build-requirements.txt")[build.name.replace("_", "-")])

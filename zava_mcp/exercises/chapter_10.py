"""The exercises of deployment: a client that starts a container, and the settings of a machine signed in to Entra."""

import re
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from zava_mcp.errors import ZavaError
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab
from zava_mcp.settings import Settings, is_secret, load

_USER_ID = "22222222-2222-4222-8222-222222222222"
_IMAGE = "zava-mcp:local"
_LOGIN, _HOST, _DATABASE = "kim@shop.example", "db.shop.example", "zava"
_SHORT = {"-i": "--interactive", "-u": "--user", "-v": "--volume", "-e": "--env", "-m": "--memory", "-t": "--tty"}
_FLAGS = frozenset({"--interactive", "--rm", "--read-only", "--tty", "--privileged", "--init"})
_FORBIDDEN = {
    "--tty": "a terminal changes the protocol's lines",
    "--privileged": "the container has every privilege",
    "--cap-add": "the container has a capability",
    "--env-file": "docker would put what is in the file into the container's configuration",
}


def _check_container(answer: Any, _lab: Lab) -> None:
    require(answer, "the file", mcpServers=dict)
    if list(answer["mcpServers"]) != ["zava"]:
        raise Wrong("it does not have exactly one server, zava")
    server = answer["mcpServers"]["zava"]
    require(server, "the server", command=str, args=list)
    arguments = server["args"]
    if (
        server["command"] != "docker"
        or arguments[:1] != ["run"]
        or not all(isinstance(word, str) for word in arguments)
    ):
        raise Wrong("it does not start docker run with a list of texts as arguments")
    if arguments.count(_IMAGE) != 1:
        raise Wrong(f"the arguments do not name the image {_IMAGE} once")
    place = arguments.index(_IMAGE)
    if ("--user-id", _USER_ID) not in pairwise(
        [word for text in arguments[place + 1 :] for word in text.split("=", 1)]
    ):
        raise Wrong("the server in the container does not run as the identity of the exercise")
    options = _options(arguments[1:place])
    _check_confinement(options)
    _check_mounts(options)
    variables = [text.partition("=")[0] for text in options["--env"]] + list(server.get("env") or {})
    if any(is_secret(name) or name in ("PGPASSWORD", "ZAVA_DATABASE_URL") for name in variables):
        raise Wrong("the configuration has a variable for a password or for the database's address")
    if re.search(r"postgres(?:ql)?://", " ".join(arguments)):
        raise Wrong("the configuration contains an address of a database")


def _options(words: list[str]) -> defaultdict[str, list[str]]:
    """The values of each option of `docker run`, by its long name."""
    options: defaultdict[str, list[str]] = defaultdict(list)
    rest = [part for word in words for part in (word.split("=", 1) if word.startswith("--") else [word])]
    while rest:
        name = _SHORT.get(rest[0], rest[0])
        if rest[0] in ("-it", "-ti"):
            name = "--tty"
        if not name.startswith("--"):
            raise Wrong(f"{rest[0]} is no option of docker run, and stands before the image")
        is_flag = name in _FLAGS
        options[name].append("" if is_flag or len(rest) == 1 else rest[1])
        rest = rest[1 if is_flag else 2 :]
    return options


def _check_confinement(options: defaultdict[str, list[str]]) -> None:
    for name, reason in _FORBIDDEN.items():
        if name in options:
            raise Wrong(f"{name}: {reason}")
    for name, missing in {
        "--interactive": "the container's stdin is closed, so no client can talk to it",
        "--rm": "the container stays when it has ended",
        "--read-only": "the container may write to its file system",
        "--memory": "the memory has no limit",
        "--pids-limit": "the number of processes has no limit",
    }.items():
        if name not in options:
            raise Wrong(missing)
    if not any(folder.partition(":")[0] == "/tmp" for folder in options["--tmpfs"]):  # noqa: S108  # a folder in there
        raise Wrong("the container cannot write into /tmp")
    if "ALL" not in [capability.upper() for capability in options["--cap-drop"]]:
        raise Wrong("the container keeps capabilities")
    if not any(re.fullmatch(r"no-new-privileges(?:[:=]true)?", option) for option in options["--security-opt"]):
        raise Wrong("a program in the container can gain privileges")
    if not options["--user"] or options["--user"][-1].partition(":")[0] in ("", "0", "root"):
        raise Wrong("the container runs as root")


def _check_mounts(options: defaultdict[str, list[str]]) -> None:
    mounts = [dict(part.partition("=")[::2] for part in text.split(",")) for text in options["--mount"]]
    targets = {mount.get("target", mount.get("destination", mount.get("dst", ""))): mount for mount in mounts}
    read_only = {path for path, mount in targets.items() if mount.get("readonly", mount.get("ro")) in ("", "true")}
    for text in options["--volume"]:
        source, path, *modes = text.split(":")
        targets[path] = {"source": source}
        read_only |= {path} if modes and "ro" in modes[0].split(",") else set()
    if surplus := targets.keys() - read_only:
        raise Wrong(f"{sorted(surplus)[0]} is not mounted read-only")
    variables = dict(text.partition("=")[::2] for text in options["--env"])
    for name in ("ZAVA_ENV_FILE", "PGPASSFILE"):
        if variables.get(name) not in targets:
            raise Wrong(f"no variable {name} names a file that is mounted")


def _check_settings(file: Path, _lab: Lab) -> None:
    read_answer(file)
    try:
        settings = load({"ZAVA_ENV_FILE": str(file.resolve())}, {})
    except ZavaError as error:
        raise Wrong(error.message) from None
    if settings.warnings:
        raise Wrong(settings.warnings[0])
    if settings.secrets or settings.embedding.client_id:
        raise Wrong("the file has a secret, or settings of a service principal")
    _check_entra(settings)


def _check_entra(settings: Settings) -> None:
    if settings.identity.lower() != _USER_ID:
        raise Wrong("the identity is not Kim Park's")
    if settings.database is None or settings.database.url is None:
        raise Wrong("it names no database server by a URL")
    url = urlsplit(settings.database.url.reveal())
    if (url.hostname, url.path) != (_HOST, f"/{_DATABASE}"):
        raise Wrong(f"the database is {url.path[1:] or 'not named'} on {url.hostname}")
    if parse_qs(url.query).get("sslmode") != ["verify-full"]:
        raise Wrong("the connection does not prove the host's name")
    if settings.database_auth != "entra":
        raise Wrong("the connection does not use a token of Entra")
    login = settings.database.parameters.get("user") or unquote(url.username or "")
    if login != _LOGIN:
        raise Wrong(f"the login of the connection is {login or 'named by the user id'}, not the one that is signed in")
    if settings.telemetry.audit_log is None:
        raise Wrong("there is no audit log")


EXERCISES = (
    Exercise("10-1", ".json", DataAnswer(_check_container), "the section Containers"),
    Exercise("10-2", ".env", _check_settings, "the section Passwords or Entra, and zava-mcp guide settings"),
)

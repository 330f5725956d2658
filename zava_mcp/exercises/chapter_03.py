"""The exercises of the set-up: a file of settings, and the configuration of a client."""

from itertools import pairwise
from pathlib import Path

from zava_mcp.clients.config_files import Entry, read_entries
from zava_mcp.clients.start_command import argument_faults, program_arguments
from zava_mcp.errors import ZavaError
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab
from zava_mcp.postgres.user_ids import require_identity, sample_identities
from zava_mcp.settings import Settings, is_secret, load

_CLIENT = "VS Code"
_ROWS, _SECONDS = 50, 10
_REDMOND_ROWS = "200"


def _user_id(name: str) -> str:
    return next(str(identity.user_id) for identity in sample_identities() if identity.name == f"Zava Retail {name}")


def _check_settings(file: Path, _lab: Lab) -> None:
    read_answer(file)
    try:
        settings = load({"ZAVA_ENV_FILE": str(file.resolve())}, {})
        user_id = require_identity(settings, None).user_id
    except ZavaError as error:
        raise Wrong(error.message) from None
    if settings.warnings:
        raise Wrong(settings.warnings[0])
    if str(user_id) != _user_id("Redmond"):
        raise Wrong(f"the identity is {user_id}, which is not the manager of Redmond")
    _check_limits(settings)


def _check_limits(settings: Settings) -> None:
    if settings.database or settings.admin_url or settings.secrets:
        raise Wrong("it names a database server or a secret, and the embedded database needs neither")
    if settings.max_rows != _ROWS:
        raise Wrong(f"a query may request {settings.max_rows:,} rows")
    if settings.query_timeout != _SECONDS:
        raise Wrong(f"the timeout of a query is {settings.query_timeout:g} seconds")
    if settings.telemetry.audit_log is None:
        raise Wrong("there is no audit log")


def _check_configuration(file: Path, _lab: Lab) -> None:
    try:
        entries = list(read_entries(_CLIENT, file, read_answer(file)))
    except ValueError as error:
        raise Wrong(f"it is not JSON: {error}") from None
    except TypeError:
        raise Wrong(f"it has not the structure that {_CLIENT} reads") from None
    found = {_checked_user_id(entry): entry for entry in entries}
    wanted = {_user_id(name): name for name in ("Redmond", "head office")}
    for user_id, name in wanted.items():
        if user_id not in found:
            raise Wrong(f"no server has the user id of {name}")
    if len(entries) != len(wanted):
        raise Wrong(f"it has {len(entries)} servers, not {len(wanted)}")
    for user_id, name in wanted.items():
        rows = found[user_id].environment.get("ZAVA_MAX_ROWS")
        if rows != (_REDMOND_ROWS if name == "Redmond" else None):
            raise Wrong(f"the most rows of the server of {name} are {rows or 'the default'}")


def _checked_user_id(entry: Entry) -> str:
    """The user id in the arguments of an entry. Raises Wrong for an entry that does not start zava-mcp."""
    faults, arguments = program_arguments(entry)
    if found := next(iter([*entry.faults, *faults, *argument_faults(arguments or ())]), None):
        raise Wrong(f"{entry.name}: {found[0]}")
    if arguments is None:
        raise Wrong(f"{entry.name} does not start zava-mcp")
    if any(is_secret(name) for name in entry.environment):
        raise Wrong(f"{entry.name} contains a password or key")
    words = [word for argument in arguments for word in argument.split("=", 1)]
    return dict(pairwise(words)).get("--user-id", entry.environment.get("ZAVA_USER_ID", ""))


EXERCISES = (
    Exercise("03-1", ".env", _check_settings, "the section Settings, and zava-mcp guide settings"),
    Exercise("03-2", ".json", _check_configuration, "the section Connect a client, and zava-mcp guide clients"),
)

"""The exercises of best practices: a fingerprint of a table, and limits of a server that add up."""

from decimal import Decimal
from pathlib import Path
from typing import Any

from zava_mcp import sql
from zava_mcp.errors import QueryError
from zava_mcp.exercises.data_answer import DataAnswer, require
from zava_mcp.exercises.exercise import Exercise, Wrong, read_answer
from zava_mcp.exercises.lab import Lab

_OWNER = "owner"
_SAME = "reordered"
#: Damaged copies by schema, and what happened to each.
_DAMAGES = {
    "lost": "a row was lost",
    "replaced": "a row was lost and another one came twice",
    "doubled": "a row came two more times",
    "swapped": "two rows exchanged a value",
    "emptied": "a missing text became an empty one",
    "zeroed": "a missing number became 0",
    "shifted": "digits moved from one column to the next",
    "joined": "a value moved into the column before it",
}

_LEAST_BITS = 60  # of the widest fingerprint of all copies, whose values vary

_CONNECTIONS = 120 - 3 - 9
_IDENTITIES, _WORKERS = 18, 6
_DISK_MB, _NEEDED_MB = 30_720, 256
_SHARE = 0.9  # of what fits, which a limit must allow at least


def _check_fingerprint(file: Path, lab: Lab) -> None:
    query = read_answer(file).strip().rstrip(";")
    with lab.scratch_database((), sql.named("exercises/12.sql")["items"]) as database:

        def fingerprint(schema: str) -> list[tuple[Any, ...]]:
            try:
                return database.rows(_OWNER, query, {"search_path": schema})
            except QueryError as error:
                raise Wrong(f"PostgreSQL refuses {file.name}: {error.full_message()}") from None

        original = fingerprint("original")
        if len(original) != 1:
            raise Wrong(f"it returns {len(original)} rows, not one")
        if fingerprint(_SAME) != original:
            raise Wrong("the same rows in another order have another fingerprint")
        fingerprints = [*original]
        for schema, damage in _DAMAGES.items():
            fingerprints += (damaged := fingerprint(schema))
            if damaged == original:
                raise Wrong(f"{damage}, and the fingerprint is the same")
        if (bits := max(sum(map(_bits, row)) for row in fingerprints)) < _LEAST_BITS:
            raise Wrong(f"it has about {bits} bits, so that tables with different rows soon share a fingerprint")


def _bits(value: Any) -> int:
    """How many bits a value of a fingerprint can have at most, by its type and size."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value.bit_length()
    if isinstance(value, Decimal):
        return int(abs(value)).bit_length() if value.is_finite() else 1
    if isinstance(value, float):
        return 53
    if isinstance(value, bytes):
        return 8 * len(value)
    return 4 * len(str(value))  # of text or a uuid, which are mostly hexadecimal digits


def _check_limits(answer: Any, _lab: Lab) -> None:
    require(answer, "the file", connection_limit=int, temp_file_limit_mb=int)
    connections, megabytes = answer["connection_limit"], answer["temp_file_limit_mb"]
    fits = _CONNECTIONS // _IDENTITIES
    if connections > fits:
        raise Wrong(f"{_IDENTITIES} identities with {connections} connections each do not fit beside the others")
    if connections < _SHARE * fits:
        raise Wrong(f"a connection limit of {connections} leaves connections of the server unused")
    processes = _IDENTITIES * connections + _WORKERS
    if processes * megabytes > _DISK_MB:
        raise Wrong(f"with {megabytes} MB, all processes that can write at the same time fill more than the disk has")
    if megabytes < max(_NEEDED_MB, _SHARE * _DISK_MB / processes):
        raise Wrong(f"{megabytes} MB is less than a query needs, or leaves much of the disk unused")


EXERCISES = (
    Exercise("12-1", ".sql", _check_fingerprint, "the section Backup and restore"),
    Exercise("12-2", ".toml", DataAnswer(_check_limits), "the section Limits"),
)

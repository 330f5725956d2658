"""The sample that a database was made with, against the one that somebody asks for now."""

from collections.abc import Collection

import psycopg

from zava_mcp.admin.sample import Sample
from zava_mcp.errors import InputError

_MADE = "SELECT sample_scale::float8, sample_as_of, sample_seed FROM zava.about"
_HINT = (
    "Leave these options out to upgrade it, or name a new place: --data-dir for the embedded database, "
    "another database on a server."
)


def refuse_other_sample(connection: psycopg.Connection, sample: Sample, given: Collection[str]) -> None:
    """Raises InputError if a database that is there was not made with the values of the options `given`.

    Options by name: "scale", "as_of", "seed".
    """
    wanted = {"scale": sample.scale, "as_of": sample.as_of, "seed": sample.seed}
    made = connection.execute(_MADE).fetchone()
    there = dict(zip(wanted, made or (None, None, None), strict=True))
    if other := [name for name in wanted if name in given and wanted[name] != there[name]]:
        asked = ", ".join(f"--{name.replace('_', '-')} {_told(wanted[name])}" for name in other)
        has = ", ".join(f"{name.replace('_', '-')} {_told(there[name])}" for name in other)
        raise InputError(f"{asked} is for a new database, and this one is there already, with {has}", _HINT)


def _told(value: object) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

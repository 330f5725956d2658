"""Compares the parameters of the sample that a database was created with to those of the options."""

from collections.abc import Collection

import psycopg

from zava_mcp.admin.sample import Sample
from zava_mcp.errors import InputError

_RECORDED = "SELECT sample_scale::float8, sample_as_of, sample_seed FROM zava.about"
_HINT = (
    "Leave these options out to upgrade it, or create another database: with --data-dir for the embedded one, "
    "with another name on a server."
)


def refuse_other_sample(connection: psycopg.Connection, sample: Sample, options: Collection[str]) -> None:
    """Raises InputError if an existing database was created with other values of these options.

    `options` has names among "scale", "as_of" and "seed".
    """
    requested = {"scale": sample.scale, "as_of": sample.as_of, "seed": sample.seed}
    recorded = connection.execute(_RECORDED).fetchone()
    existing = dict(zip(requested, recorded or (None, None, None), strict=True))
    if different := [name for name in requested if name in options and requested[name] != existing[name]]:
        flags = ", ".join(f"--{name.replace('_', '-')} {_format(requested[name])}" for name in different)
        values = ", ".join(f"{name.replace('_', '-')} {_format(existing[name])}" for name in different)
        raise InputError(f"{flags} is for a new database, and this one exists already, with {values}", _HINT)


def _format(value: object) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

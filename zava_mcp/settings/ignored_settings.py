"""Warns of variables that look like settings but are not read."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from zava_mcp.settings.paths import find_unexpanded_libpq_paths
from zava_mcp.standard_streams import ignored_variables


def misspelt_variables(
    environ: Mapping[str, str], file_values: Mapping[str, str], settings: Sequence[str]
) -> list[str]:
    """Return the warnings of `misspelt` about the environment and an env file's values."""
    # Variables of the environment that begin with POSTGRES_ may belong to other programs.
    return misspelt(
        [name for name in {**file_values, **environ} if name in file_values or name[:5] == "ZAVA_"], settings
    )


def warn_of_ignored_settings(environ: Mapping[str, str], file_values: Mapping[str, str]) -> list[str]:
    """Return warnings about the environment and an env file's values, except about misspelt names."""
    warnings = []
    if not (environ.get("ZAVA_ENV_FILE") or file_values.get("ZAVA_ENV_FILE")) and Path(".env").is_file():
        warnings.append("the file .env in this folder is not read; to use it, name it with --env-file")
    return warnings + _libpq_warnings(environ, file_values)


def misspelt(names: Iterable[str], settings: Sequence[str]) -> list[str]:
    """Return a warning for each name that looks like a setting but is not one; `settings` are the names of all."""
    return [
        f"{name[:80]} is not a setting; did you mean {difflib.get_close_matches(name, settings, n=1, cutoff=0)[0]}?"
        for name in names
        if name.startswith(("ZAVA_", "POSTGRES_")) and name not in settings
    ]


def _libpq_warnings(environ: Mapping[str, str], file_values: Mapping[str, str]) -> list[str]:
    return [
        *(f"{name} is not read: put options into the database URL" for name in ignored_variables(environ)),
        *find_unexpanded_libpq_paths(environ),
        *(
            f"{name} in the env file is not read: libpq reads it only from the environment"
            for name in file_values
            if name.startswith("PG") and name not in environ
        ),
    ]

"""What somebody wrote down as a setting, and nothing reads: a warning each."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from zava_mcp.settings.paths import unexpanded_of_libpq
from zava_mcp.standard_streams import ignored_variables

NO_SETTING = "is not a setting"


def remarks(environ: Mapping[str, str], file_values: Mapping[str, str], settings: Sequence[str]) -> list[str]:
    """The warnings about the environment and the values of an env file; `settings` are the names that are read."""
    # In the environment, variables of POSTGRES_ may be other programs'.
    names = [name for name in {**file_values, **environ} if name in file_values or name.startswith("ZAVA_")]
    found = misspelt(names, settings)
    if not (environ.get("ZAVA_ENV_FILE") or file_values.get("ZAVA_ENV_FILE")) and Path(".env").is_file():
        found.append("a file .env lies in this folder; it is not read (name it with --env-file if it is meant)")
    return found + _about_libpq(environ, file_values)


def misspelt(names: Iterable[str], settings: Sequence[str]) -> list[str]:
    """A warning for each name that looks like a setting and is none."""
    return [
        f"{name[:80]} {NO_SETTING}; did you mean {difflib.get_close_matches(name, settings, n=1, cutoff=0)[0]}?"
        for name in names
        if name.startswith(("ZAVA_", "POSTGRES_")) and name not in settings
    ]


def _about_libpq(environ: Mapping[str, str], file_values: Mapping[str, str]) -> list[str]:
    return [
        *(f"{name} is not read: options belong into the database's URL" for name in ignored_variables(environ)),
        *unexpanded_of_libpq(environ),
        *(
            f"{name} in the env file is not read: libpq takes it from the environment alone"
            for name in file_values
            if name.startswith("PG") and name not in environ
        ),
    ]

"""What somebody wrote down as a setting, and nothing reads: a warning each."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from zava_mcp.settings.paths import unexpanded_of_libpq
from zava_mcp.standard_streams import ignored_variables

NO_SETTING = "is not a setting"


def remarks(environ: Mapping[str, str], file_values: Mapping[str, str], settings: Sequence[str]) -> list[str]:
    """The warnings about the environment and the values of an env file; `settings` are the names that are read."""
    found = []
    ours = [name for name in {**file_values, **environ} if name.startswith("ZAVA_")]
    ours += [name for name in file_values if name.startswith("POSTGRES_")]  # others read such variables too
    for name in ours:
        if name not in settings:
            nearest = difflib.get_close_matches(name, settings, n=1, cutoff=0)[0]
            found.append(f"{name[:80]} {NO_SETTING}; did you mean {nearest}?")
    if not (environ.get("ZAVA_ENV_FILE") or file_values.get("ZAVA_ENV_FILE")) and Path(".env").is_file():
        found.append("a file .env lies in this folder; it is not read (name it with --env-file if it is meant)")
    return found + _about_libpq(environ, file_values)


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

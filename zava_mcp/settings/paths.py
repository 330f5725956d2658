"""Paths among the settings, and variables in them that nobody expanded."""

import re
from collections.abc import Mapping
from pathlib import Path

from zava_mcp.settings.secret import is_secret

#: In a path, every mention of a variable; elsewhere only what cannot be anything else: a `$` may stand in a password.
_IN_A_PATH = re.compile(r"\$\w+|\$\{[^}]*\}|%\w+%")
_ANYWHERE = re.compile(r"\$\{[A-Za-z_][\w.:-]*\}")
_WHOLE = re.compile(r"\$\{[A-Za-z_][\w.:-]*\}|%[A-Za-z_]\w*%")
#: What clients that ask for options leave in place of those that nobody filled in.
_NOT_FILLED_IN = re.compile(r"\$\{user_config\.\w+\}")
_LIBPQ_PATHS = ("PGPASSFILE", "PGSERVICEFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL", "PGSSLCRLDIR")


def path_of(texts: Mapping[str, str], name: str, faults: list[str]) -> Path | None:
    """The absolute path that a variable names, None without it; adds to `faults` why there is none."""
    if name not in texts:
        return None
    text = texts[name]
    if found := _IN_A_PATH.search(text):
        faults.append(f"{name} contains {found[0]}, which nothing expanded: write the path itself")
        return None
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        faults.append(f"{name} begins with {text.split('/')[0]}, and that user has no home folder here")
    except OSError:
        faults.append(f"{name} is the relative path {text!r}, and the working directory is gone")
    return None


def filled_in(texts: Mapping[str, str]) -> dict[str, str]:
    """The variables without those whose value is the name of an option that nobody filled in."""
    return {name: text for name, text in texts.items() if not _NOT_FILLED_IN.fullmatch(text)}


def unexpanded(texts: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """A fault for each of these variables that mentions another one in place of its value; paths have their own."""
    faults = []
    for name in names:
        pattern, text = (_WHOLE.fullmatch if is_secret(name) else _ANYWHERE.search), texts.get(name, "")
        if not _is_path(name) and (found := pattern(text)):
            faults.append(f"{name} contains {found[0]}, which nothing expanded: write the value itself")
    return faults


def unexpanded_of_libpq(environment: Mapping[str, str]) -> list[str]:
    """A warning for each path of libpq's that names no file: libpq says nothing about it."""
    return [
        f"{name} is {environment[name]!r}, and libpq expands neither ~ nor variables: write the path itself"
        for name in _LIBPQ_PATHS
        if _IN_A_PATH.search(environment.get(name, "")) or environment.get(name, "").startswith("~")
    ]


def _is_path(name: str) -> bool:
    return name.endswith(("_DIR", "_FILE", "_LOG"))

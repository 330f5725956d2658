"""Parses paths in the settings, and finds values with variables that were not expanded."""

import re
from collections.abc import Mapping
from pathlib import Path

from zava_mcp.settings.secret import is_secret

#: Any mention of a variable is a fault in a path. Elsewhere only the unambiguous form is, because a password may
#: contain a `$`.
_IN_A_PATH = re.compile(r"\$\w+|\$\{[^}]*\}|%\w+%")
_ANYWHERE = re.compile(r"\$\{[A-Za-z_][\w.:-]*\}")
_WHOLE = re.compile(r"\$\{[A-Za-z_][\w.:-]*\}|%[A-Za-z_]\w*%")
#: MCP clients that prompt for options pass this placeholder for an option that the user left empty.
_PLACEHOLDER = re.compile(r"\$\{user_config\.\w+\}")
_LIBPQ_PATHS = ("PGPASSFILE", "PGSERVICEFILE", "PGSSLROOTCERT", "PGSSLCERT", "PGSSLKEY", "PGSSLCRL", "PGSSLCRLDIR")


def parse_path(texts: Mapping[str, str], name: str, faults: list[str]) -> Path | None:
    """Return the absolute path in a variable, None without it; adds a fault if there is no such path."""
    if name not in texts:
        return None
    text = texts[name]
    if variable := _IN_A_PATH.search(text):
        faults.append(f"{name} contains {variable[0]}, which was not expanded; write the path itself")
        return None
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        faults.append(f"{name} begins with {text.split('/')[0]}, and that user has no home folder here")
    except OSError:
        faults.append(f"{name} is the relative path {text!r}, and the working directory is gone")
    return None


def drop_placeholders(texts: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those whose value is the placeholder of an option that the user left empty."""
    return {name: text for name, text in texts.items() if not _PLACEHOLDER.fullmatch(text)}


def find_unexpanded(texts: Mapping[str, str], names: tuple[str, ...]) -> list[str]:
    """Return a fault for each setting that contains a variable; `parse_path` checks the settings that are paths."""
    faults = []
    for name in names:
        pattern, text = (_WHOLE.fullmatch if is_secret(name) else _ANYWHERE.search), texts.get(name, "")
        if not _is_path(name) and (variable := pattern(text)):
            faults.append(f"{name} contains {variable[0]}, which was not expanded; write the value itself")
    return faults


def find_unexpanded_libpq_paths(environment: Mapping[str, str]) -> list[str]:
    """Return a warning for each path variable of libpq that contains ~ or a variable, which libpq silently ignores."""
    return [
        f"{name} is {environment[name]!r}, and libpq expands neither ~ nor variables: write the path itself"
        for name in _LIBPQ_PATHS
        if _IN_A_PATH.search(environment.get(name, "")) or environment.get(name, "").startswith("~")
    ]


def _is_path(name: str) -> bool:
    return name.endswith(("_DIR", "_FILE", "_LOG"))

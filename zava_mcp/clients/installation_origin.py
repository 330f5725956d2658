"""Finds out where this installation came from: a package registry, a file, a repository, or a checkout."""

import json
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, metadata, requires
from pathlib import Path
from urllib.parse import unquote, urlsplit

from zava_mcp.errors import InputError
from zava_mcp.suggestions import did_you_mean

_PACKAGE = "zava-mcp"


@dataclass(frozen=True)
class Origin:
    """The source of an installation. `url` is "" for a registry; `lasts` means that the source still exists."""

    url: str = ""
    editable: bool = False
    lasts: bool = True

    def requirement(self, extras: str) -> str:
        """Returns the requirement for `uvx --from`. `extras` is such as "[azure]", or ""."""
        return f"{_PACKAGE}{extras} @ {self.url}" if self.url else f"{_PACKAGE}{extras}"


def installed_from() -> Origin:
    """Reads direct_url.json, which installers write beside the package (PEP 610)."""
    text = distribution(_PACKAGE).read_text("direct_url.json")
    if not text:
        return Origin()
    direct_url = json.loads(text)
    url = str(direct_url.get("url", ""))
    if vcs := direct_url.get("vcs_info"):
        return Origin(f"{vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', 'HEAD')}")
    lasts = not url.startswith("file:") or Path(unquote(urlsplit(url).path)).exists()
    return Origin(url, bool(direct_url.get("dir_info", {}).get("editable")), lasts)


def require_known(extras: Sequence[str]) -> None:
    """Raises InputError for an extra that the package's metadata does not define."""
    known = sorted(metadata(_PACKAGE).get_all("Provides-Extra") or [])
    for extra in extras:
        if extra not in known:
            suggestion = did_you_mean(extra, known)
            raise InputError(f"there is no extra {extra[:60]!r}{suggestion}", f"The extras are: {', '.join(known)}.")


def require_installed(extras: Sequence[str], local: bool) -> None:
    """Raises InputError if this installation lacks an extra that the command needs."""
    if missing := [extra for extra in extras if not _is_installed(extra)]:
        alternative = "omit --local, so that uvx installs it" if local else "install uv, whose uvx installs it"
        raise InputError(
            f"this installation lacks the extra {', '.join(missing)}, and only uvx can install it",
            f"Install it here: {sys.executable} -m pip install 'zava-mcp[{','.join(missing)}]'; or {alternative}.",
        )


def _is_installed(extra: str) -> bool:
    """Returns whether all packages of an extra are installed."""
    requirements = [
        text for text in requires(_PACKAGE) or [] if re.search(rf"\bextra == ['\"]{re.escape(extra)}['\"]", text)
    ]
    try:
        for text in requirements:
            distribution(re.split(r"[^\w.-]", text, maxsplit=1)[0])
    except PackageNotFoundError:
        return False
    return True

"""Where this installation came from: a package registry, a file, a repository, or a checkout that it runs in."""

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
    """`url` is what an installer was given, "" for a registry; `lasts` says whether it can be installed from again."""

    url: str = ""
    editable: bool = False
    lasts: bool = True

    def requirement(self, extras: str) -> str:
        """The package with its extras, "[azure]" or "", as `uvx --from` takes it."""
        return f"{_PACKAGE}{extras} @ {self.url}" if self.url else f"{_PACKAGE}{extras}"


def installed_from() -> Origin:
    """Read from direct_url.json, which installers write beside the package (PEP 610)."""
    text = distribution(_PACKAGE).read_text("direct_url.json")
    if not text:
        return Origin()
    written = json.loads(text)
    url = str(written.get("url", ""))
    if vcs := written.get("vcs_info"):
        return Origin(f"{vcs.get('vcs', 'git')}+{url}@{vcs.get('commit_id', 'HEAD')}")
    lasts = not url.startswith("file:") or Path(unquote(urlsplit(url).path)).exists()
    return Origin(url, bool(written.get("dir_info", {}).get("editable")), lasts)


def require_known(extras: Sequence[str]) -> None:
    """Raises InputError for an extra that the package does not have, as its metadata names them."""
    known = sorted(metadata(_PACKAGE).get_all("Provides-Extra") or [])
    for extra in extras:
        if extra not in known:
            meant = did_you_mean(extra, known)
            raise InputError(f"there is no extra {extra[:60]!r}{meant}", f"There are: {', '.join(known)}.")


def require_installed(extras: Sequence[str], local: bool) -> None:
    """Raises InputError if this installation, which is to be started as it is, lacks an extra."""
    if missing := [extra for extra in extras if not _is_installed(extra)]:
        instead = "leave --local out, so that uvx brings it" if local else "install uv, whose uvx brings it"
        raise InputError(
            f"this installation lacks the extra {', '.join(missing)}, and only uvx brings extras",
            f"Install it here: {sys.executable} -m pip install 'zava-mcp[{','.join(missing)}]'; or {instead}.",
        )


def _is_installed(extra: str) -> bool:
    """Whether everything that an extra of the package needs is there."""
    needed = [text for text in requires(_PACKAGE) or [] if re.search(rf"\bextra == ['\"]{re.escape(extra)}['\"]", text)]
    try:
        for text in needed:
            distribution(re.split(r"[^\w.-]", text, maxsplit=1)[0])
    except PackageNotFoundError:
        return False
    return True

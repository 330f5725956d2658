"""Where this installation came from: a package registry, a file, a repository, or a checkout that it runs in."""

import json
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

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

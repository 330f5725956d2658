"""The parameters of a resource's URI: each named once, and known."""

import re
from collections.abc import Iterable

from zava_mcp.server.arguments import NAMED, WrongArgument, resembling

_TEMPLATE = re.compile(r"([^{]+)\{\?([\w,]+)\}")
_CHARACTERS = 60


def check_parameters(uri: str, templates: Iterable[str]) -> None:
    """Raises WrongArgument for parameters that a template does not have, or that stand there twice."""
    path, _, query = uri.partition("?")
    for template in templates:
        found = _TEMPLATE.fullmatch(template)
        if found and found[1] == path:
            _check([part.partition("=")[0] for part in query.split("&") if part], found[2].split(","))


def _check(given: list[str], known: list[str]) -> None:
    faults = [f"the parameter {name!r} is there twice" for name in known if given.count(name) > 1]
    takes: dict[str, dict[str, str]] = {name: {} for name in known}
    for name in [name for name in given if name not in known][:NAMED]:
        meant = resembling(name, takes)
        faults.append(f"there is no parameter {name[:_CHARACTERS]!r}" + (f" (did you mean {meant}?)" if meant else ""))
    if faults:
        raise WrongArgument(f"{'; '.join(faults)}. The parameters are: {', '.join(known)}.")

"""Checks the query parameters of resource URIs: each must be known, and appear once."""

import re
from collections.abc import Iterable

from zava_mcp.server.argument_values import WrongArgument
from zava_mcp.server.arguments import MAX_LISTED, similar_argument

_TEMPLATE = re.compile(r"([^{]+)\{\?([\w,]+)\}")
_NAME_CHARACTERS = 60


def check_parameters(uri: str, templates: Iterable[str]) -> None:
    """Raises WrongArgument if a URI has a parameter that its template does not have, or one parameter twice."""
    path, _, query = uri.partition("?")
    for template in templates:
        match = _TEMPLATE.fullmatch(template)
        if match and match[1] == path:
            _check_names([part.partition("=")[0] for part in query.split("&") if part], match[2].split(","))


def _check_names(names: list[str], known: list[str]) -> None:
    faults = [f"the parameter {name!r} appears twice" for name in known if names.count(name) > 1]
    schemas: dict[str, dict[str, str]] = {name: {} for name in known}
    for name in [name for name in names if name not in known][:MAX_LISTED]:
        similar = similar_argument(name, schemas)
        question = f" (did you mean {similar}?)" if similar else ""
        faults.append(f"there is no parameter {name[:_NAME_CHARACTERS]!r}{question}")
    if faults:
        raise WrongArgument(f"{'; '.join(faults)}. The parameters are: {', '.join(known)}.")

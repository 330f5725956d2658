"""SQL as a client sent it, from which only an enclosing Markdown fence is removed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from zava_mcp.errors import QueryError
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.sql_hints import with_hint

_FENCE = re.compile(
    r"\s*(`{3,}|~{3,})(?:[ \t]*(?:sql|postgresql|postgres|pgsql|psql|plpgsql)(?!\w))?[ \t]*(?:\r?\n)?", re.IGNORECASE
)
_REMARK = "The Markdown fence around the query was removed."


class FencedSql:
    """The text that a client sent, and the SQL within it: `inner`. `remarks` say what was removed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start, self.inner = _remove_fence(text)
        self.remarks = [_REMARK] if self._start else []

    @contextmanager
    def errors(self, catalogue: Catalogue) -> Iterator[None]:
        """Adds hints to errors, and makes their positions refer to the whole text."""
        try:
            yield
        except QueryError as error:
            if error.position is not None:
                error.position += self._start
            raise with_hint(error, self._text, catalogue) from None


def _remove_fence(text: str) -> tuple[int, str]:
    """Returns the start of the fenced text and the text itself, 0 and all of it if no fence encloses everything."""
    found = _FENCE.match(text)
    if found is None:
        return 0, text
    end = text.rstrip()
    if not end.endswith(found[1]) or found[1][:3] in end[found.end() : -len(found[1])]:
        return 0, text
    return found.end(), end[found.end() : -len(found[1])]

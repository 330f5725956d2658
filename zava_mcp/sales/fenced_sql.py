"""SQL as it was sent: perhaps within a Markdown fence, which is the only thing that is taken off."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from zava_mcp.errors import QueryError
from zava_mcp.sales.column_hints import Catalogue
from zava_mcp.sales.sql_hints import with_hint

_FENCE = re.compile(
    r"\s*(`{3,}|~{3,})(?:[ \t]*(?:sql|postgresql|postgres|pgsql|psql|plpgsql)(?!\w))?[ \t]*(?:\r?\n)?", re.IGNORECASE
)
_REMARK = "The Markdown fence around the query was taken off."


class FencedSql:
    """A text of SQL and what of it is sent on: `inner`; `remarks` say what was taken off."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start, self.inner = _within(text)
        self.remarks = [_REMARK] if self._start else []

    @contextmanager
    def errors(self, catalogue: Catalogue) -> Iterator[None]:
        """Errors about the inner text become those about the whole, with hints."""
        try:
            yield
        except QueryError as error:
            if error.position is not None:
                error.position += self._start
            raise with_hint(error, self._text, catalogue) from None


def _within(text: str) -> tuple[int, str]:
    """Where the text within a fence begins, and the text; all of it, from 0 on, if there is no fence around all."""
    found = _FENCE.match(text)
    if found is None:
        return 0, text
    end = text.rstrip()
    if not end.endswith(found[1]) or found[1][:3] in end[found.end() : -len(found[1])]:
        return 0, text
    return found.end(), end[found.end() : -len(found[1])]

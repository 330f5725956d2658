"""Searches products for several descriptions in one call."""

from dataclasses import dataclass
from json.encoder import encode_basestring as quoted

from zava_mcp import call_context
from zava_mcp.errors import InputError
from zava_mcp.postgres.pool import Database
from zava_mcp.sales.product_search import ProductSearch
from zava_mcp.sales.result import byte_count
from zava_mcp.sales.search_request import MAX_DESCRIPTIONS
from zava_mcp.sales.search_result import SearchResult, truncate_description


@dataclass
class GroupedSearchResult:
    """The results for several descriptions in their order, within `max_bytes`."""

    results: list[tuple[str, SearchResult]]  # (description, result)
    max_bytes: int
    repeated: int = 0  # the number of descriptions given again

    def json(self) -> str:
        """Returns `{"needs": [{"need": "…", "columns": …}, …]}`."""
        requested = len(self.results)
        while byte_count(text := self._text(requested)) > self.max_bytes and self.results:
            longest = max((result for _, result in self.results), key=lambda result: byte_count(result.text()))
            if not any(result.rows.rows for _, result in self.results) or not longest.drop_least_needed():
                self.results.pop()
        all_rows = [result.rows for _, result in self.results]
        call_context.current_call().record_result(
            sum(len(rows.rows) for rows in all_rows),
            byte_count(text),
            any(rows.truncated_by for rows in all_rows) or requested > len(self.results),
        )
        return text

    def _text(self, requested: int) -> str:
        texts = [f'{{"need":{quoted(truncate_description(need))},{result.text()[1:]}' for need, result in self.results]
        advice = f"Only {len(self.results)} of {requested} descriptions fit. Search for the others in another call."
        hint = f',"truncated":true,"hint":{quoted(advice)}' if requested > len(self.results) else ""
        repeated = f"{self.repeated} repeated descriptions were searched once" if self.repeated > 1 else ""
        repeated = repeated or ("1 repeated description was searched once" if self.repeated else "")
        note = f',"repeated":{quoted(repeated)}' if repeated else ""
        return f'{{"needs":[{",".join(texts)}]{note}{hint}}}'


class ProductSearches:
    """Searches for several descriptions in one call, one after another. It has the methods of a ProductSearch."""

    def __init__(self, searches: dict[str, ProductSearch], max_bytes: int, repeated: int = 0) -> None:
        """Raises InputError for more than MAX_DESCRIPTIONS. `repeated` is the number of descriptions given again."""
        if len(searches) > MAX_DESCRIPTIONS:
            raise InputError(
                f"there are {len(searches)} descriptions; at most {MAX_DESCRIPTIONS} are allowed in one call"
            )
        self._searches = searches
        self._max_bytes = max_bytes
        self._repeated = repeated
        self.needs_vector = any(search.needs_vector for search in searches.values())

    def prepare(self, database: Database) -> None:
        """Computes the embedding of each description. Raises the errors of `ProductSearch.run`."""
        for search in self._searches.values():
            search.prepare(database)

    def run(self, database: Database) -> GroupedSearchResult:
        """Runs each search. Raises the errors of `ProductSearch.run`."""
        return GroupedSearchResult(
            [(need, search.run(database)) for need, search in self._searches.items()], self._max_bytes, self._repeated
        )

    def cancel(self) -> None:
        """Cancels each search."""
        for search in self._searches.values():
            search.cancel()

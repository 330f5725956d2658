"""The arguments of a product search, and their validation."""

from dataclasses import dataclass, replace

from zava_mcp.errors import InputError
from zava_mcp.settings import MAX_SEARCH_ROWS, SEARCH_ROWS, SEARCH_THRESHOLD

MAX_CHARACTERS = 2_000
MAX_DESCRIPTIONS = 6  # the limit for one call


@dataclass(frozen=True)
class SearchRequest:
    """A search by description or for products similar to one, with filters.

    `similarity_threshold` is in percent; None is SEARCH_THRESHOLD, and omits products that are far below the best.
    `category` names a category or a product type. Prices are in the company's currency.
    """

    query_description: str = ""
    max_rows: int = SEARCH_ROWS
    similarity_threshold: float | None = None
    category: str | None = None
    min_price: float | None = None
    max_price: float | None = None
    in_stock_only: bool = False
    similar_to: str | None = None
    include_sales: bool = False
    include_bought_with: bool = False

    def check(self) -> None:
        """Raises InputError for an invalid argument."""
        text, similar_to = self.query_description.strip(), (self.similar_to or "").strip()
        if bool(text) == bool(similar_to):
            raise InputError(
                "the search has no description" if not text else "query_description and similar_to exclude each other",
                "Describe the product in query_description, or name a SKU or product in similar_to.",
            )
        for value in (self.query_description, self.similar_to or "", self.category or ""):
            _check_text(value)
        if not 1 <= self.max_rows <= MAX_SEARCH_ROWS:
            raise InputError(f"max_rows must be from 1 to {MAX_SEARCH_ROWS}, not {self.max_rows:,}")
        _check_threshold(SEARCH_THRESHOLD if self.similarity_threshold is None else self.similarity_threshold)
        self._check_prices()

    def _check_prices(self) -> None:
        for name, price in (("min_price", self.min_price), ("max_price", self.max_price)):
            if price is not None and not 0 <= price < 1e12:
                raise InputError(f"{name} must be a price, not {price:g}")
        if self.min_price is not None and self.max_price is not None and self.min_price > self.max_price:
            raise InputError("min_price is above max_price")

    def trimmed(self) -> "SearchRequest":
        """Returns a copy with trimmed texts, and None for blank optional ones."""
        return replace(
            self,
            query_description=self.query_description.strip(),
            similar_to=(self.similar_to or "").strip() or None,
            category=(self.category or "").strip() or None,
        )


def _check_text(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"a text has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed",
            "Describe the product in a sentence.",
        )
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError("a text contains NUL or an unpaired surrogate")


def _check_threshold(percent: float) -> None:
    if not 0 <= percent <= 100:  # also rejects NaN
        raise InputError(f"similarity_threshold must be from 0 to 100, not {percent:g}")
    if 0 < percent < 1:
        as_fraction = f"Use {percent * 100:g} if you mean {percent * 100:g} %." if percent >= 0.01 else ""
        raise InputError(
            f"similarity_threshold is a percentage, from 1 to 100, or 0 for all products; {percent:g} is less than one",
            as_fraction or "Omit it for the default.",
        )

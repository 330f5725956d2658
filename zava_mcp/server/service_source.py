"""The protocol by which the server gets the service of its identity, and a source without a service."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Protocol

from zava_mcp.errors import ZavaError

if TYPE_CHECKING:
    from zava_mcp.sales.service import SalesService


@dataclass(frozen=True)
class Catalogue:
    """The facts that the lists of tools and prompts depend on; the defaults hold while the database cannot be read."""

    has_orders: bool = True
    has_saved_queries: bool = False


class ServiceSource(Protocol):
    """Opens the service, and reports how far that is."""

    @property
    def progress(self) -> tuple[float, str]:
        """The completed part of set-up, 0 to 1, and its current step."""

    @property
    def catalogue(self) -> Catalogue | None:
        """The facts about the database; None before the first attempt to read it has ended."""

    def proceed(self) -> None:
        """Lets the service be opened now, because a call is expected."""

    def wait(self, seconds: float) -> "SalesService | None":
        """The service after the first attempt to open it; None if that takes longer.

        Raises the ZavaError that prevented the service.
        """


class NoService:
    """A source that opens nothing; `wait` raises its fault."""

    progress = (0.0, "not started")

    def __init__(self, fault: ZavaError, catalogue: Catalogue | None) -> None:
        self._fault = fault
        self.catalogue = catalogue

    def proceed(self) -> None:
        """Does nothing."""

    def wait(self, seconds: float) -> NoReturn:  # noqa: ARG002  # there is nothing to wait for
        """Raises the fault."""
        raise self._fault

"""Questions from the terminal are told and written down like those of models."""

from collections.abc import Iterator
from contextlib import contextmanager

from zava_mcp.calls import Call
from zava_mcp.retail.shop import Shop
from zava_mcp.settings import Settings
from zava_mcp.telemetry import Observer


@contextmanager
def watched(settings: Settings, shop: Shop, call: Call) -> Iterator[None]:
    """Answers inside are shown only when they are told. Raises AuditError, SettingsError."""
    observer = Observer(settings)
    observer.export(shop.statistics)
    try:
        with observer.watching(call):
            yield
    finally:
        observer.close()

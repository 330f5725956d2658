"""One server process that several modules' tables of requests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SEATTLE
from tests.stdio_client import Wire, server_for


@pytest.fixture(scope="package")
def seattle(data_dir: Path) -> Iterator[Wire]:
    """A server as Seattle, after the handshake; tests leave no reply unread."""
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        yield server

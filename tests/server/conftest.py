"""Fixtures: one server process that the tables of requests of several modules share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SEATTLE
from tests.stdio_client import StdioClient, server_for


@pytest.fixture(scope="package")
def seattle(data_dir: Path) -> Iterator[StdioClient]:
    """A server of Seattle's identity after the handshake; each test must read all replies."""
    with server_for(data_dir, SEATTLE) as server:
        server.shake_hands()
        yield server

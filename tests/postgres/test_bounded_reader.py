"""The bounded reader delivers all data, also if the socket pair accepts little at a time."""

from pathlib import Path

import pytest

from tests.conftest import SEATTLE, settings_for
from zava_mcp.postgres import bounded_reader
from zava_mcp.sales.service import service_for


@pytest.mark.parametrize("buffer_bytes", [1, 5_000, 1 << 18])
def test_bounded_reader_delivers_all_rows_with_any_buffer_size(
    data_dir: Path, buffer_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_reader, "_BUFFER_BYTES", buffer_bytes)
    settings = settings_for(data_dir, SEATTLE, ZAVA_MAX_BYTES="1000000")
    with service_for(settings, lambda *_: None) as service:
        rows = service.run_query(
            service.sales_query("SELECT n, repeat('x', 7000) FROM generate_series(1, 100) AS n", 100)
        ).rows
    assert rows == [f'[{number},"{"x" * 7000}"]' for number in range(1, 101)]

"""A truncated result says how many rows there are where that is known without computing more of them."""

import random
from pathlib import Path

import pytest

from tests.conftest import SEATTLE, asking, settings_for


@pytest.mark.anyio
async def test_number_of_rows_is_exact_or_a_bound_around_every_limit(data_dir: Path) -> None:
    """For numbers of rows around the row limit, and row sizes that fill the byte limit before, at and after it."""
    chooser = random.Random(7)
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_MAX_BYTES="2000")) as seattle:
        for _ in range(120):
            limit = chooser.choice([1, 2, 9, 10, 60])
            rows = max(0, limit + chooser.choice([-3, -1, 0, 1, 2, 50]))
            width = chooser.choice([1, 20, 50, 150, 300])
            sql = f"SELECT g, repeat('x', {width}) AS x FROM generate_series(1, {rows}) AS g"
            result = await seattle.query(sql, max_rows=limit)
            shown, hint = result["row_count"], result.get("hint", "")
            assert result["truncated"] == (shown < rows)
            if not result["truncated"]:
                assert "total_rows" not in result
            elif shown == limit:
                assert f"There are more than {limit} row{'s' if limit > 1 else ''}." in hint
                assert "total_rows" not in result
            elif rows <= limit:
                assert result["total_rows"] == rows
                assert f"Only {shown} of {rows} rows fit into 2,000 bytes." in hint
            else:
                assert "total_rows" not in result
                assert f"Only {shown} of at least {limit + 1} rows fit into 2,000 bytes." in hint
            assert not result["truncated"] or "can export all with `zava-mcp query --output FILE.csv`." in hint


@pytest.mark.anyio
async def test_failure_after_the_limit_leaves_the_number_of_rows_open(data_dir: Path) -> None:
    async with asking(settings_for(data_dir, SEATTLE, ZAVA_MAX_BYTES="2000")) as seattle:
        sql = "SELECT repeat('x', 900), 1 / (50 - g) FROM generate_series(1, 80) AS g"
        result = await seattle.query(sql)
        assert result["truncated"]
        assert "total_rows" not in result
        wide = await seattle.query("SELECT repeat('x', 400000) FROM generate_series(1, 90) AS g")  # not read to the end
        assert "total_rows" not in wide
        assert "of at least" in wide["hint"]

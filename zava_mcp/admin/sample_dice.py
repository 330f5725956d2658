"""Reproducible random numbers of the sample: hashes of seed, subject and row number.

The numbers are those of `pg_temp.dice` in sample/generate.sql, for many rows at once. numpy is imported when the first
rows are generated.
"""

from typing import TYPE_CHECKING, TypeAlias

from zava_mcp import sql

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import psycopg
    from numpy.typing import NDArray

    Numbers: TypeAlias = NDArray[np.int64]


class Dice:
    """The draws of one seed."""

    def __init__(self, connection: "psycopg.Connection", seed: int) -> None:
        self.seed = seed
        self._connection = connection
        self._subjects: dict[str, int] = {}

    def draw(self, what: str, n: "Numbers") -> "NDArray[np.float64]":
        """A number from 0 to below 1 for each n, which follows from seed, subject and n."""
        import numpy as np

        if what not in self._subjects:
            statement = sql.named("sample/generate.sql")["subject"].encode()
            row = self._connection.execute(statement, {"what": what, "seed": self.seed}).fetchone()
            assert row is not None
            self._subjects[what] = row[0]
        bits = hashes(n, self._subjects[what]) >> np.uint64(11) & np.uint64(2**53 - 1)
        return bits.astype(np.float64) / 2**53

    def bucket(self, what: str, n: "Numbers", bounds: "Sequence[float] | NDArray[np.float64]") -> "Numbers":
        """How many of the ascending bounds the draw for each n reaches."""
        import numpy as np

        return np.searchsorted(bounds, self.draw(what, n), "right").astype(np.int64)

    def below(self, what: str, n: "Numbers", end: float) -> "Numbers":
        """A whole number from 0 to below the end for each n."""
        import numpy as np

        return np.floor(self.draw(what, n) * end).astype(np.int64)


def repeated(counts: "Numbers") -> tuple["Numbers", "Numbers"]:
    """The index of each repetition's count and its number: for counts [2, 0, 1], [0, 0, 2] and [0, 1, 0]."""
    import numpy as np

    indexes = np.repeat(np.arange(len(counts)), counts)
    return indexes, np.arange(len(indexes)) - np.repeat(np.cumsum(counts) - counts, counts)


def hashes(n: "Numbers", seed: int) -> "NDArray[np.uint64]":
    """PostgreSQL's hashint8extended of each number: the last rounds of Bob Jenkins' lookup3."""
    import numpy as np

    low, high = n.astype(np.uint32), (n >> 32).astype(np.uint32)
    low ^= np.where(n >= 0, high, ~high)
    a, b, c = _seeded_words(seed % 2**64)
    x, y, z = np.full_like(low, c), np.full_like(low, b), low + np.uint32(a)
    for by in (14, 11, 25, 16, 4, 14, 24):
        x, y, z = z, (x ^ y) - (y << np.uint32(by) | y >> np.uint32(32 - by)), y
    return z.astype(np.uint64) << np.uint64(32) | y


def _seeded_words(seed: int) -> tuple[int, int, int]:
    """The three words of the hash after the seed was mixed in."""
    x = y = z = (0x9E3779B9 + 4 + 3923095) % 2**32
    if seed:
        x, y = (x + (seed >> 32)) % 2**32, (y + seed) % 2**32
        for by in (4, 6, 8, 16, 19, 4):
            x = (x - z) % 2**32 ^ (z << by | z >> 32 - by) % 2**32
            x, y, z = y, (z + y) % 2**32, x
    return x, y, z

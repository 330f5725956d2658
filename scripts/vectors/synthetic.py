"""Synthetic vectors: as many as wanted, spread as real products' vectors are, and the exact answers among them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import psycopg
from numpy.typing import NDArray

from scripts.vectors.statements import statements
from zava_mcp.admin.sample_embeddings import SAMPLE_MODEL, packed_vectors
from zava_mcp.embeddings import COLUMN_DIMENSIONS

Vectors = NDArray[np.float32]
FIRST_ID = 1001  # behind the sample's products
BATCH = 5_000
_NOISE = 0.6


@dataclass(frozen=True)
class Batch:
    """Vectors of consecutive product ids, of length 1, and the sample's products (from 1) they vary."""

    first_id: int
    vectors: Vectors
    bases: NDArray[np.int64]


def batches(rows: int, seed: int = 42) -> Iterator[Batch]:
    """Mixtures of two real products' vectors each, mostly the first, with noise along the directions in which real
    ones differ: uniform noise would make neighbourhoods that no catalogue has. Each batch depends on its place alone.
    """
    real = np.array([vector for _, _, vector in packed_vectors()], np.float32)
    _, scale, directions = np.linalg.svd(real - real.mean(axis=0), full_matrices=False)
    spread = ((scale / np.sqrt(len(real)))[:, None] * directions).astype(np.float32)
    for start in range(0, rows, BATCH):
        dice = np.random.default_rng([seed, start])
        count = min(BATCH, rows - start)
        first, second = dice.integers(0, len(real), (2, BATCH))
        share = dice.uniform(0.5, 1, BATCH).astype(np.float32)[:, None]
        mixed = real[first] * share + real[second] * (1 - share)
        mixed += _NOISE * dice.standard_normal((BATCH, len(spread)), dtype=np.float32) @ spread
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        yield Batch(FIRST_ID + start, mixed[:count], first[:count] + 1)


def load(admin: psycopg.Connection, rows: int, have: int) -> None:
    """Adds products with their vectors until there are `rows`; `have`, a multiple of a batch, are there already."""
    admin.execute("SET session_replication_role = replica")  # no foreign keys to check row by row
    admin.execute(statements()["stage"].encode())
    for batch in batches(rows):
        if batch.first_id - FIRST_ID < have:
            continue
        with admin.cursor() as cursor:
            with cursor.copy(statements()["copy_vectors"].encode()) as copy:
                copy.write(_binary(batch))
            with cursor.copy("COPY synthetic FROM STDIN") as copy:
                for place, base in enumerate(batch.bases):
                    copy.write_row((batch.first_id + place, int(base)))
    for name in ("products", "inventory", "unstage"):
        admin.execute(statements()[name].encode())
    admin.execute("SET session_replication_role = origin")
    admin.execute("VACUUM (ANALYZE)")


def nearest(queries: Vectors, rows: int, passing: list[NDArray[np.bool_]], count: int) -> list[list[int]]:
    """The exact `count` nearest product ids for each query, among those with passing[query][id - FIRST_ID]."""
    kept: list[list[tuple[float, int]]] = [[] for _ in queries]
    for batch in batches(rows):
        start = batch.first_id - FIRST_ID
        closeness = batch.vectors @ queries.T
        for place, best in enumerate(kept):
            some = np.where(passing[place][start : start + len(batch.vectors)], closeness[:, place], -2)
            for winner in np.argsort(-some)[:count]:
                if some[winner] > -2:
                    best.append((-float(some[winner]), batch.first_id + int(winner)))
            best.sort()
            del best[count:]
    return [[product_id for _, product_id in best] for best in kept]


def _binary(batch: Batch) -> bytes:
    """The rows as COPY's binary format wants them; a vector is its dimension, two bytes of nothing, and floats."""
    model = SAMPLE_MODEL.encode()
    count, width = batch.vectors.shape
    fields = [
        ("fields", ">i2", 4),
        ("id_size", ">i4", 4),
        ("id", ">i4", np.arange(batch.first_id, batch.first_id + count)),
        ("vector_size", ">i4", 4 + 4 * COLUMN_DIMENSIONS),
        ("dimensions", ">i2", COLUMN_DIMENSIONS),
        ("unused", ">i2", 0),
        ("vector", (">f4", COLUMN_DIMENSIONS), np.pad(batch.vectors, ((0, 0), (0, COLUMN_DIMENSIONS - width)))),
        ("model_size", ">i4", len(model)),
        ("model", f"S{len(model)}", model),
        ("sha_size", ">i4", 64),
        ("sha", "S64", b"0" * 64),
    ]
    rows = np.zeros(
        count, np.dtype([(name, *(kind if isinstance(kind, tuple) else (kind,))) for name, kind, _ in fields])
    )
    for name, _, value in fields:
        rows[name] = value
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + rows.tobytes() + b"\xff\xff"

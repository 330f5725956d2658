"""The embeddings that come with the sample, so that the first semantic search needs no embedding run."""

import csv
import struct
from base64 import b64decode
from collections.abc import Iterator
from io import StringIO

import psycopg

from zava_mcp import sql

#: The local model, which computed them.
SAMPLE_MODEL = "local/all-MiniLM-L6-v2-int8"


def load_sample_embeddings(connection: psycopg.Connection) -> int:
    """Fills a sample's empty table of embeddings within the caller's transaction, and returns their number."""
    statements = sql.named("sample/vectors.sql")
    row = connection.execute(statements["wanted"].encode()).fetchone()
    if not (row and row[0]):
        return 0
    connection.execute(statements["stage"].encode())
    with connection.cursor() as cursor:
        with cursor.copy("COPY sample_vectors FROM STDIN") as copy:
            for sku, text_sha256, vector in packed_vectors():
                # as text, because psycopg takes longer to write the numbers of an array than PostgreSQL to read them
                copy.write_row((sku, text_sha256, f"{{{','.join(map(repr, vector))}}}"))
        return cursor.execute(statements["give"].encode(), {"model": SAMPLE_MODEL}).rowcount


def packed_vectors() -> Iterator[tuple[str, str, list[float]]]:
    """SKU, SHA-256 of the text, and embedding of each product, decoded from half-precision floats in base64."""
    for line in csv.DictReader(StringIO(sql.script("sample/vectors.csv"))):
        packed = b64decode(line["vector"])
        yield line["sku"], line["text_sha256"], list(struct.unpack(f"<{len(packed) // 2}e", packed))

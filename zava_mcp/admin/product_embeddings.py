"""Products' embeddings as an administrator writes them: count missing ones, store new ones, publish, index."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.postgres.connection_errors import connection_error
from zava_mcp.postgres.location import ADMIN_URL, Location
from zava_mcp.postgres.statement import INDEX_FROM

_LOCK = 7_283_416  # an arbitrary number that all embedding runs lock


@dataclass(frozen=True)
class Text:
    """A product's text that has no current embedding."""

    product_id: int
    text: str
    sha256: str


class ProductEmbeddings:
    """The embeddings of one model, over an administrator's connection. Methods raise DatabaseUnavailable."""

    def __init__(self, connection: psycopg.Connection, model: str, dimensions: int, all_products: bool = False) -> None:
        """With `all_products`, published embeddings count as missing."""
        self._connection = connection
        self._dimensions = dimensions
        self._values: dict[str, Any] = {"model": model, "everything": all_products}

    def count_missing(self) -> tuple[int, int]:
        """The number of products without a current embedding, and of all products."""
        missing, products = self._rows("count_pending")[0]
        return int(missing), int(products)

    def next_texts(self, last_id: int, limit: int) -> list[Text]:
        """The texts of the next products after `last_id` without a current embedding."""
        return [Text(*row) for row in self._rows("list_pending", after=last_id, batch=limit)]

    def store(self, texts: Sequence[Text], embeddings: Sequence[Sequence[float]]) -> None:
        """Stores and commits new embeddings, which searches do not see until `publish`."""
        rows = [
            {**self._values, "product_id": text.product_id, "sha256": text.sha256, "vector": list(vector)}
            for text, vector in zip(texts, embeddings, strict=True)
        ]
        with _translate_errors(), self._connection.cursor() as cursor:
            cursor.executemany(sql.named("embed.sql")["store_new"], rows)

    def discard_unpublished(self) -> None:
        """Drops unpublished embeddings of an earlier run with another model, or all of them with `all_products`."""
        self._rows("delete_new")

    def publish(self) -> int:
        """Publishes all stored embeddings atomically, and returns how many there were."""
        ((published, deleted),) = self._rows("publish")
        if published or deleted:
            self._run("ANALYZE retail.product_description_embeddings")
        return int(published)

    def update_index(self) -> None:
        """Builds the vector index, without blocking searches, if it is needed.

        From `INDEX_FROM` embeddings on an index is needed; pgvector before 0.7 has no half precision and gets none.
        """
        ((count, has_halfvec, definition),) = self._rows("read_index")
        is_needed = bool(has_halfvec) and count >= INDEX_FROM
        model = compose.Literal(self._values["model"]).as_string(self._connection)
        if definition and is_needed and f"halfvec({self._dimensions})" in definition and model in definition:
            return
        self._run(sql.named("embed.sql")["drop_index"])
        if is_needed:
            text = sql.named("embed.sql")["create_index"].replace("{dimensions}", str(self._dimensions))
            self._run(text.replace("{model}", model))

    def _rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        parts = sql.named("embed.sql")
        statement = parts[name].replace("{from_pending}", parts["from_pending"])
        with _translate_errors():
            cursor = self._connection.execute(statement.encode(), {**self._values, **values})
            return cursor.fetchall() if cursor.description else []

    def _run(self, statement: str) -> None:
        with _translate_errors():
            self._connection.execute(statement.encode())


@contextmanager
def product_embeddings(
    connection: psycopg.Connection, model: str, dimensions: int, all_products: bool = False
) -> Iterator[ProductEmbeddings]:
    """The embeddings of a database, locked against other embedding runs.

    Raises DatabaseUnavailable if the database has no table of embeddings, or if another process embeds.
    """
    with _translate_errors():
        row = connection.execute(
            "SELECT to_regclass('retail.product_description_embeddings') IS NOT NULL,"
            " to_regclass('zava.new_embeddings') IS NOT NULL, pg_try_advisory_lock(%s)",
            [_LOCK],
        ).fetchone()
    has_table, is_current, is_locked = row or (False, False, False)
    if not is_current:
        raise DatabaseUnavailable("the database is not set up for search", "Run `zava-mcp init` first.")
    if not has_table:
        raise DatabaseUnavailable(
            "the server has no pgvector, so it cannot store embeddings: search is a full-text search",
            "Install the extension vector on the server and run `zava-mcp init` again.",
        )
    if not is_locked:
        raise DatabaseUnavailable("another `zava-mcp embed` is running on this database", "Wait for it to end.")
    try:
        _refuse_untrusted_code(connection)
        yield ProductEmbeddings(connection, model, dimensions, all_products)
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _refuse_untrusted_code(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable if writing embeddings would run other roles' code with the administrator's rights."""
    with _translate_errors():
        rows = connection.execute(sql.named("checks.sql")["code_on_tables_is_trusted"].encode()).fetchall()
    written = ("retail.product_description_embeddings", "zava.new_embeddings")
    listed = "".join(f"\n  {problem}: {fix}" for _, problem, fix, relation in rows if relation in written)
    if listed:
        raise DatabaseUnavailable(
            f"writing embeddings would run code of other roles with your rights:{listed}",
            "Nothing was written. Review these functions, then run the SQL shown for each, or drop what calls them.",
        )


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise connection_error(error, Location(source=ADMIN_URL)) from None
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"the embeddings could not be stored: {error.diag.message_primary or type(error).__name__}",
            "Run it again: the embeddings stored so far are kept.",
        ) from None

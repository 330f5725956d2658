"""The products' vectors as an admin keeps them: which are missing, new ones, and their publication."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql as compose

from zava_mcp import sql
from zava_mcp.errors import DatabaseUnavailable
from zava_mcp.postgres.location import ADMIN_URL, Location
from zava_mcp.postgres.query_errors import connection_error
from zava_mcp.postgres.statement import INDEX_FROM

_LOCK = 7_283_416  # any number, the same for everybody who embeds


@dataclass(frozen=True)
class Text:
    """A product's text that waits for its vector."""

    product_id: int
    text: str
    sha256: str


class ProductEmbeddings:
    """The vectors of one model, over an admin's connection. Methods raise DatabaseUnavailable."""

    def __init__(self, connection: psycopg.Connection, model: str, dimensions: int, everything: bool = False) -> None:
        """With `everything`, vectors that are published already do not count as being there."""
        self._connection = connection
        self._dimensions = dimensions
        self._values: dict[str, Any] = {"model": model, "everything": everything}

    def missing(self) -> tuple[int, int]:
        """How many products wait for a vector, and how many there are."""
        waiting, products = self._rows("count_pending")[0]
        return int(waiting), int(products)

    def next(self, after: int, batch: int) -> list[Text]:
        """The next texts that wait, of products behind `after`."""
        return [Text(*row) for row in self._rows("list_pending", after=after, batch=batch)]

    def keep(self, texts: Sequence[Text], product_embeddings: Sequence[Sequence[float]]) -> None:
        """Keeps new vectors, for good, but does not show them to searches yet."""
        rows = [
            {**self._values, "product_id": text.product_id, "sha256": text.sha256, "vector": list(vector)}
            for text, vector in zip(texts, product_embeddings, strict=True)
        ]
        with _told(), self._connection.cursor() as cursor:
            cursor.executemany(sql.named("embed.sql")["store_new"], rows)

    def forget(self) -> None:
        """Drops vectors that an earlier run made for another model, or all if everything is made anew."""
        self._rows("delete_new")

    def publish(self) -> int:
        """Shows all new vectors to searches at once; how many there were."""
        ((published, gone),) = self._rows("publish")
        if published or gone:
            self._run("ANALYZE retail.product_description_embeddings")
        return int(published)

    def index(self) -> bool:
        """Builds the index that many vectors need, beside running searches; whether it had to.

        Fewer vectors go without, and so does pgvector before 0.7, which knows no half precision.
        """
        ((product_embeddings, can, definition),) = self._rows("read_index")
        wanted = bool(can) and product_embeddings >= INDEX_FROM
        model = compose.Literal(self._values["model"]).as_string(self._connection)
        if definition and wanted and f"halfvec({self._dimensions})" in definition and model in definition:
            return False
        self._run(sql.named("embed.sql")["drop_index"])
        if wanted:
            text = sql.named("embed.sql")["create_index"].replace("{dimensions}", str(self._dimensions))
            self._run(text.replace("{model}", model))
        return wanted

    def _rows(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        parts = sql.named("embed.sql")
        statement = parts[name].replace("{from_pending}", parts["from_pending"])
        with _told():
            cursor = self._connection.execute(statement.encode(), {**self._values, **values})
            return cursor.fetchall() if cursor.description else []

    def _run(self, statement: str) -> None:
        with _told():
            self._connection.execute(statement.encode())


@contextmanager
def product_embeddings(
    connection: psycopg.Connection, model: str, dimensions: int, everything: bool = False
) -> Iterator[ProductEmbeddings]:
    """The vectors of a database, kept by one process at a time.

    Raises DatabaseUnavailable if the database has no vectors, or if another process is at them.
    """
    with _told():
        row = connection.execute(
            "SELECT to_regclass('retail.product_description_embeddings') IS NOT NULL,"
            " to_regclass('zava.new_embeddings') IS NOT NULL, pg_try_advisory_lock(%s)",
            [_LOCK],
        ).fetchone()
    there, current, locked = row or (False, False, False)
    if not current:
        raise DatabaseUnavailable("the database is not set up for search", "Run `zava-mcp init` first.")
    if not there:
        raise DatabaseUnavailable(
            "the server has no pgvector, so there is nothing to embed: search goes by words",
            "Install the extension vector on the server and run `zava-mcp init` again.",
        )
    if not locked:
        raise DatabaseUnavailable("another `zava-mcp embed` is at work on this database", "Wait for it to end.")
    try:
        _refuse_code_of_others(connection)
        yield ProductEmbeddings(connection, model, dimensions, everything)
    finally:
        if not connection.closed:
            connection.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _refuse_code_of_others(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable if writing vectors would run code that others can change, with the admin's rights."""
    with _told():
        rows = connection.execute(sql.named("checks.sql")["code_on_tables_is_trusted"].encode()).fetchall()
    written = ("retail.product_description_embeddings ", "zava.new_embeddings ")
    found = "".join(f"\n  {what}: {fix}" for _, what, fix in rows if what.startswith(written))
    if found:
        raise DatabaseUnavailable(
            f"writing vectors would run code of other roles with your rights:{found}",
            "Nothing was written. Read these functions, then run the SQL behind each, or drop what calls them.",
        )


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except psycopg.OperationalError as error:
        raise connection_error(error, Location(source=ADMIN_URL)) from None
    except psycopg.Error as error:
        raise DatabaseUnavailable(
            f"the vectors could not be kept: {error.diag.message_primary or type(error).__name__}",
            "Run it again: what was kept so far is kept.",
        ) from None

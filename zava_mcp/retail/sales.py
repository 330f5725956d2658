"""The analyst's own SQL, asked as the identity and answered within bounds."""

from zava_mcp.database.pool import Database
from zava_mcp.database.question import Question
from zava_mcp.errors import InputError
from zava_mcp.retail.answers import Answer
from zava_mcp.settings import HARD_BYTES, Settings

MAX_SQL_CHARACTERS = 100_000


class SalesQuery:
    """One query, runnable once in a worker thread and cancellable from any other."""

    def __init__(self, sql: str, max_rows: int, settings: Settings) -> None:
        """Raises InputError if the text or the number of rows is out of range."""
        if len(sql) > MAX_SQL_CHARACTERS:
            raise InputError(f"the query has {len(sql):,} characters; {MAX_SQL_CHARACTERS:,} are allowed")
        if "\0" in sql or not _is_unicode(sql):
            raise InputError(
                "the query contains a character that PostgreSQL cannot store: NUL or half a surrogate pair"
            )
        if not 1 <= max_rows <= settings.max_rows:
            raise InputError(f"max_rows must be from 1 to {settings.max_rows:,}, not {max_rows:,}")
        self.answer = Answer(max_rows, settings.max_bytes)
        self._question = Question(
            sql,
            limit=max_rows + 1,
            row_bytes=HARD_BYTES,
            seconds=settings.query_timeout,
            columns=self.answer.begin,
            rows=self.answer.take,
        )

    def run(self, database: Database) -> Answer:
        """The answer. Raises QueryError, IdentityError or DatabaseUnavailable."""
        database.ask(self._question)
        return self.answer

    def cancel(self) -> None:
        """Stops it in the database too."""
        self._question.cancel()


def _is_unicode(text: str) -> bool:
    """Whether there is no half of a surrogate pair in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

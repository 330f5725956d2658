"""Copies the rows of a file into a temporary table, in chunks, and collects the rows that cannot be read."""

from collections.abc import Iterable

import psycopg
from psycopg import sql as compose

from zava_mcp.admin.load.plans import Plan
from zava_mcp.admin.load.sources import Rows
from zava_mcp.admin.load.values import Converter
from zava_mcp.progress_callback import Progress

_MAX_REJECTED = 10_000  # rejected rows in memory

Rejected = tuple[int, str, str]  # line, field, reason


def stage(connection: psycopg.Connection, plan: Plan, staged: str, progress: Progress) -> int:
    """Fills the temporary table `staged` with the rows that can be read; returns how many there are.

    The others are in the temporary table `rejected`. Memory holds one chunk of rows.
    """
    fields = plan.mapping.fields
    converters = [Converter(field, plan.notation) for field in fields]
    columns = compose.SQL(", ").join(map(compose.Identifier, ["line", *(field.name for field in fields)]))
    copy = compose.SQL("COPY {} ({}) FROM STDIN").format(compose.Identifier("pg_temp", staged), columns)
    done, chunks = 0, plan.source.chunks()
    chunk = next(chunks, None)
    with connection.cursor() as cursor:
        while chunk is not None:
            rejected: list[Rejected] = []
            with cursor.copy(copy) as writer:  # PostgreSQL reads while the next chunk is converted
                while chunk is not None and len(rejected) < _MAX_REJECTED:
                    done += len(chunk[0])
                    lines, rows = _fit_to_header(plan, chunk, rejected)
                    writer.write(_converted(plan, converters, lines, rows, rejected))
                    progress(0.9 * done / plan.rows, f"{plan.source.path.name}: {done:,} of {plan.rows:,} rows read")
                    chunk = next(chunks, None)
            with cursor.copy("COPY pg_temp.rejected FROM STDIN") as writer:
                for row in rejected:
                    writer.write_row(row)
    connection.execute(compose.SQL("ANALYZE {}").format(compose.Identifier("pg_temp", staged)))
    return done


def _fit_to_header(plan: Plan, chunk: Rows, rejected: list[Rejected]) -> Rows:
    """Rows as wide as the header; others are rejected unless only empty cells are missing or too many."""
    width = len(plan.source.header)
    lines, rows = chunk
    if set(map(len, rows)) == {width}:
        return chunk
    kept: Rows = [], []
    for line, row in zip(lines, rows, strict=True):
        if len(row) > width and not any(row[width:]):
            row = row[:width]
        if len(row) == width:
            kept[0].append(line)
            kept[1].append(row)
        else:
            rejected.append((line, "", f"has {len(row)} cells, the header has {width}"))
    return kept


def _converted(
    plan: Plan, converters: list[Converter], lines: list[int], rows: list[list[str]], rejected: list[Rejected]
) -> str:
    """The rows in COPY's text format; rows with a cell that is not a value of its field are rejected."""
    if not rows:
        return ""
    cells = list(zip(*rows, strict=True))
    taken = [cells[plan.mapping.columns[field.name]] for field in plan.mapping.fields]
    columns = [list(map(converter.__getitem__, column)) for converter, column in zip(converters, taken, strict=True)]
    written: Iterable[tuple[str | None, ...]] = zip(map(str, lines), *columns, strict=True)
    broken = {index for column in columns if None in column for index, value in enumerate(column) if value is None}
    if broken:
        for index in sorted(broken):
            for field, converter, values, column in zip(plan.mapping.fields, converters, columns, taken, strict=True):
                if values[index] is None:
                    rejected.append((lines[index], field.name, converter.reason(column[index])))
        written = (row for index, row in enumerate(written) if index not in broken)
    text = "\n".join(map("\t".join, written))  # type: ignore[arg-type]  # None is only in broken rows
    return f"{text}\n" if text else ""

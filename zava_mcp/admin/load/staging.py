"""Copies the rows of a file into a temporary table, in chunks, and collects the rows that cannot be read."""

from collections.abc import Iterator

import psycopg
from psycopg import sql as compose

from zava_mcp.admin.load.plans import Plan
from zava_mcp.admin.load.sources import Rows
from zava_mcp.admin.load.values import Converter
from zava_mcp.admin.sample import Progress

Rejected = tuple[int, str, str]  # line, field, reason


def stage(connection: psycopg.Connection, plan: Plan, staged: str, progress: Progress) -> int:
    """Fills the temporary table `staged` with the rows that can be read; returns how many there are.

    The others are in the temporary table `rejected`. Memory holds one chunk of rows.
    """
    fields = plan.mapping.fields
    converters = [Converter(field, plan.notation) for field in fields]
    columns = compose.SQL(", ").join(map(compose.Identifier, ["line", *(field.name for field in fields)]))
    copy = compose.SQL("COPY {} ({}) FROM STDIN").format(compose.Identifier("pg_temp", staged), columns)
    done = 0
    with connection.cursor() as cursor:
        for chunk in plan.source.chunks():
            done += len(chunk[0])
            rejected: list[Rejected] = []
            lines, rows = _even(plan, chunk, rejected)
            values = _converted(plan, converters, lines, rows, rejected)
            with cursor.copy(copy) as writer:
                writer.write("".join(values))
            if rejected:
                with cursor.copy("COPY pg_temp.rejected FROM STDIN") as writer:
                    for row in rejected:
                        writer.write_row(row)
            progress(min(0.9, 0.9 * done / plan.rows), f"{plan.source.path.name}: {done:,} of {plan.rows:,} rows read")
    connection.execute(compose.SQL("ANALYZE {}").format(compose.Identifier("pg_temp", staged)))
    return done


def _even(plan: Plan, chunk: Rows, rejected: list[Rejected]) -> Rows:
    """Rows as wide as the header; others are rejected unless only empty cells are missing or too many."""
    width = len(plan.source.header)
    lines, rows = chunk
    if all(len(row) == width for row in rows):
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
) -> Iterator[str]:
    """The rows in COPY's text format."""
    if not rows:
        return
    cells = list(zip(*rows, strict=True))
    taken = [cells[index] for index in (plan.mapping.columns[field.name] for field in plan.mapping.fields)]
    columns = [list(map(converter.__getitem__, column)) for converter, column in zip(converters, taken, strict=True)]
    broken = {place for column in columns if None in column for place, value in enumerate(column) if value is None}
    for place in sorted(broken):
        for field, converter, values, column in zip(plan.mapping.fields, converters, columns, taken, strict=True):
            if values[place] is None:
                rejected.append((lines[place], field.name, converter.reason(column[place])))
    for place, row in enumerate(zip(map(str, lines), *columns, strict=True)):
        if place not in broken:
            yield "\t".join(row) + "\n"  # type: ignore[arg-type]  # None is only in broken rows

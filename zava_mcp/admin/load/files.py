"""`zava-mcp load`: plans all files, shows the plans, then loads the files in the order that their references need."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import psycopg

from zava_mcp import sql
from zava_mcp.admin.as_admin import as_admin
from zava_mcp.admin.citus import refuse_cluster
from zava_mcp.admin.installed_schema import refuse_other_schema
from zava_mcp.admin.load.data_checks import check_data
from zava_mcp.admin.load.loading import Loader, translate_errors
from zava_mcp.admin.load.mapping import refuse_unknown
from zava_mcp.admin.load.plans import Choices, Plan, plan
from zava_mcp.admin.load.rejects import RejectsFile, is_named_as_rejects
from zava_mcp.admin.load.sources import open_source
from zava_mcp.admin.migrations import untrusted_code
from zava_mcp.errors import DatabaseUnavailable, InputError, ZavaError
from zava_mcp.progress_callback import Progress
from zava_mcp.settings import Settings

T = TypeVar("T")
E = TypeVar("E", bound=ZavaError)
#: Called with a line for people.
Show = Callable[[str], None]


@dataclass(frozen=True)
class LoadOptions:
    """How files are loaded. `rejects` is the file for rejected rows; `again` loads files that were loaded before."""

    choices: Choices
    dry_run: bool = False
    rejects: Path | None = None
    skip_rejected: bool = False
    again: bool = False


def load_files(settings: Settings, paths: Sequence[Path], options: LoadOptions, show: Show, progress: Progress) -> None:
    """Loads files as administrator, each all or nothing. A dry run tries every file and undoes it.

    Raises InputError before anything is written if files cannot be planned, and after the files before it if rows of a
    file are rejected.
    """
    with _without_collector():
        _load(settings, paths, options, show, progress)
    progress(1.0, "ready")


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's garbage collector would look at every row again and again: rows have no cycles."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _load(settings: Settings, paths: Sequence[Path], options: LoadOptions, show: Show, progress: Progress) -> None:
    plans, faults = plan_files(paths, options.choices, show)
    if faults and not (options.dry_run and plans):
        raise _combined(faults, len(paths))
    with as_admin(settings, progress) as connection:
        _refuse_unready(connection)
        written = set[str]()
        rejects = RejectsFile(options.rejects, len(plans) > 1)
        loader = Loader(connection, rejects, options.skip_rejected, options.again)
        whole = connection.transaction(force_rollback=True) if options.dry_run else nullcontext()
        with whole:
            for index, each in enumerate(plans):
                try:
                    loaded = loader.load(each, progress)
                except ZavaError as error:
                    if not (options.dry_run and isinstance(error, InputError)):
                        raise _with_untried(error, plans[index + 1 :]) from None
                    faults.append(error)
                    continue
                if not (loaded.rejected or options.dry_run):
                    loaded.removed = rejects.remove_obsolete(each)
                written |= loaded.written
                for line in loaded.described():
                    show(line)
            if options.dry_run:
                show("dry run: everything was undone")
        if not options.dry_run:
            _follow_up(connection, written, show, progress)
    if faults:
        raise _combined(faults, len(paths))


def plan_files(paths: Sequence[Path], choices: Choices, show: Show) -> tuple[list[Plan], list[InputError]]:
    """The plans of files in the order in which they are loaded, each of which is shown, and why others have none."""
    kept = [path for path in paths if len(paths) == 1 or not is_named_as_rejects(path)]
    if left_out := [path.name for path in paths if path not in kept]:
        show(f"skipped, because they contain rejected rows of other files: {', '.join(left_out)}")
    plans, faults = list[Plan](), list[InputError]()
    sources = [source for path in kept if (source := _tried(partial(open_source, path), faults))]
    if not faults:
        refuse_unknown(choices.columns or {}, (source.header for source in sources))
    plans = [found for source in sources if (found := _tried(partial(plan, source, choices), faults))]
    plans.sort(key=lambda each: each.place)
    for each in plans:
        for line in each.described():
            show(line)
    return plans, faults


def _tried(step: Callable[[], T], faults: list[InputError]) -> T | None:
    """Returns a step's result, or None after a fault of the file, which it adds to `faults`."""
    try:
        return step()
    except InputError as error:
        faults.append(error)
        return None


def _combined(faults: Sequence[InputError], files: int) -> InputError:
    """One error for the faults of several files."""
    if len(faults) == 1:
        hint = faults[0].hint.removesuffix(" Nothing was written.")
        return InputError(faults[0].message, f"{hint} Nothing was written.")
    listed = "".join(f"\n{fault.message}\n  {fault.hint}" for fault in faults)
    return InputError(
        f"{len(faults)} of {files} files cannot be loaded:{listed}",
        "Nothing was written. Correct them in this order: a file may fail only because rows of an earlier file are "
        "missing.",
    )


def _with_untried(error: E, untried: Sequence[Plan]) -> E:
    """The error, with the files after it."""
    if untried:
        error.hint += f" Not tried: {', '.join(each.source.path.name for each in untried)}."
    return error


def _refuse_unready(connection: psycopg.Connection) -> None:
    """Raises DatabaseUnavailable without the current schema, or if writing would run other roles' code."""
    refuse_other_schema(connection)
    refuse_cluster(connection, "zava-mcp load")
    if code := untrusted_code(connection):
        listed = "".join(f"\n  {text}" for text in code)
        raise DatabaseUnavailable(
            f"writing rows could run code of other roles with your rights:{listed}",
            "Run the SQL behind each, then try again.",
        )


def _follow_up(connection: psycopg.Connection, written: set[str], show: Show, progress: Progress) -> None:
    """Collects statistics of the tables that were written, and shows what is left to do and what looks wrong."""
    if not written:
        show("nothing changed")
        return
    progress(0.95, "collecting statistics")
    if "products" in written:
        written |= {"categories", "product_types"}
    with translate_errors(Path("statistics")):
        for (table,) in connection.execute(
            sql.named("load.sql")["loaded_tables"].encode(), [sorted(written)]
        ).fetchall():
            connection.execute(f"VACUUM (ANALYZE) {table}".encode())
        if "products" in written:
            show("products changed: `zava-mcp embed` computes their embeddings for semantic search")
        for finding in check_data(connection):
            show(f"check: {finding}")

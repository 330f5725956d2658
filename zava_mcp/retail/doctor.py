"""The doctor: looks at an installation, then really tries to break out of it."""

import shutil
import time
from pathlib import Path

from zava_mcp.database.health import Check
from zava_mcp.embedded.folders import folder_fault
from zava_mcp.errors import DatabaseUnavailable, EmbeddingError, IdentityError, InputError, QueryError, SettingsError
from zava_mcp.retail.clients import examine_clients
from zava_mcp.retail.shop import Shop

_COUNT = "SELECT count(*), count(DISTINCT store_id) FROM retail.orders"

#: Each tries to see, within one query, what another identity sees. {other} is head office's user id.
_FORGERIES = {
    "the older policies' setting": "SELECT set_config('app.current_rls_user_id', '{other}', false), ({count})",
    "another role": "SELECT set_config('role', 'zava_owner', false), ({count})",
    "another session": "SELECT set_config('session_authorization', 'postgres', false), ({count})",
    "no row security": "SELECT set_config('row_security', 'off', false), ({count})",
    "SQL inside XML": "SELECT (xpath('//count/text()', query_to_xml('{count}', true, true, '')))[1]::text",
    "a second statement": "SELECT 1; SET ROLE zava_owner",
    "a closed parenthesis": "SELECT 1) AS a, (SELECT count(*) FROM retail.orders",
    "writing": "WITH gone AS (DELETE FROM retail.inventory RETURNING 1) SELECT count(*) FROM gone",
    "the list of who may see what": "SELECT * FROM zava.access",
    "the managers' user ids": "SELECT rls_user_id FROM retail.stores",
}
_CURE = "put right what the checks above found, then try again; if they found nothing, please report it"
_ROOM_BYTES = 500_000_000  # a sample and what its questions sort on disk
_HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"


def diagnose(shop: Shop) -> list[Check]:
    """All checks: of this machine, of the database as the identity sees it, and of what it does when it is attacked."""
    checks = [*examine_clients(), _model(shop)]
    if shop.data_dir is not None:
        checks += [_folder(shop.data_dir), _room(shop.data_dir)]
    try:
        checks += shop.examine()
    except (DatabaseUnavailable, IdentityError) as error:
        return [*checks, Check("connection", "fail", error.message, error.hint)]
    try:
        return [*checks, *[_forgery(shop, name, sql) for name, sql in _FORGERIES.items()]]
    except (DatabaseUnavailable, IdentityError, QueryError) as error:
        return [
            *checks,
            Check("forgeries", "fail", f"not tried, nothing is answered: {error.message}", error.hint or _CURE),
        ]


def _model(shop: Shop) -> Check:
    """Makes one vector, by the model that searches would be made with."""
    start = time.monotonic()
    try:
        model, numbers = shop.try_model()
    except (EmbeddingError, SettingsError) as error:
        return Check("embedding model", "fail", error.message, error.hint)
    if not model:
        fix = "set AZURE_OPENAI_ENDPOINT or OPENAI_API_KEY; without it, search goes by words"
        return Check("embedding model", "warn", "none runs on this platform, and none is configured", fix)
    took = 1000 * (time.monotonic() - start)
    return Check("embedding model", "ok", f"{model} made a vector of {numbers} numbers in {took:.0f} ms")


def _folder(data_dir: Path) -> Check:
    """Whoever reads it may be any identity, so it is its owner's alone, and so are the folders on the way to it."""
    try:
        fault = folder_fault(data_dir)
    except OSError as error:
        found = f"{data_dir} cannot be looked at: {error.strerror}"
        return Check("data folder", "fail", found, "correct its owner, or set ZAVA_DATA_DIR to a folder of your own")
    if fault is not None:
        return Check("data folder", "fail", fault.found, fault.fix)
    if not data_dir.is_dir():
        return Check("data folder", "ok", f"{data_dir}, not made yet")
    return Check("data folder", "ok", f"{data_dir}, readable by its owner alone")


def _room(data_dir: Path) -> Check:
    existing = next(folder for folder in (data_dir, *data_dir.parents) if folder.is_dir())
    free = shutil.disk_usage(existing).free
    found = f"{free / 1e9:,.1f} GB free"
    if free < _ROOM_BYTES:
        return Check("disk", "fail", found, f"make room on the disk of {data_dir}, at least {_ROOM_BYTES / 1e9:g} GB")
    return Check("disk", "ok", found)


def _forgery(shop: Shop, name: str, sql: str) -> Check:
    """Tries one; it must be refused, or come to nothing, and leave the next question as it was."""
    count = "SELECT count(*) FROM retail.orders"
    before = shop.answer(shop.sales_query(_COUNT, 1)).rows
    try:
        rows = shop.answer(shop.sales_query(sql.format(other=_HEAD_OFFICE, count=count), 100)).rows
        found = "without effect"
    except (QueryError, InputError) as error:
        rows, found = [], f"refused: {error.message[:80]}"
    own = before[0].strip("[]").split(",")[0]
    harmless = all(own in row for row in rows) and shop.answer(shop.sales_query(_COUNT, 1)).rows == before
    if harmless:
        return Check(f"forgery: {name}", "ok", found)
    return Check(f"forgery: {name}", "fail", "it showed more than this identity's rows", _CURE)

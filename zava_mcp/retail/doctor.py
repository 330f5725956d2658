"""The doctor: looks at an installation, then really tries to break out of it."""

from pathlib import Path

from zava_mcp.database.health import Check
from zava_mcp.errors import DatabaseUnavailable, IdentityError, InputError, QueryError
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
_HEAD_OFFICE = "00000000-0000-0000-0000-000000000000"


def diagnose(shop: Shop) -> list[Check]:
    """All checks in the order in which they depend on each other; the first that fails for good ends them."""
    checks = [] if shop.data_dir is None else [_folder(shop.data_dir)]
    try:
        checks += shop.examine()
        checks += [_forgery(shop, name, sql) for name, sql in _FORGERIES.items()]
    except (DatabaseUnavailable, IdentityError) as error:
        checks.append(Check("connection", "fail", error.message, error.hint))
    return checks


def _folder(data_dir: Path) -> Check:
    mode = data_dir.stat().st_mode & 0o777 if data_dir.is_dir() else 0o700
    if mode & 0o077:
        return Check("data folder", "fail", f"{data_dir} has mode {mode:o}", f"chmod 700 {data_dir}")
    return Check("data folder", "ok", f"{data_dir}, readable by its owner alone")


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
    return Check(f"forgery: {name}", "fail", "it showed more than this identity's rows", "run zava-mcp init as admin")

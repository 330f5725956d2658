"""What the shell completes: the sample's identities, categories and types, without asking a database."""

import csv
import io


def identities(incomplete: str) -> list[tuple[str, str]]:
    """Names with the user id they stand for; the ids themselves once somebody begins to write one."""
    from zava_mcp.database.identities import sample_identities, short_name

    known = [(short_name(who.name).replace(" ", "-"), str(who.user_id), who.name) for who in sample_identities()]
    named = [(short, f"{name}, {user_id}") for short, user_id, name in known if short.startswith(incomplete.lower())]
    return named or [(user_id, name) for _, user_id, name in known if user_id.startswith(incomplete.lower())]


def categories(incomplete: str) -> list[str]:
    """The sample's categories, then its product types."""
    from zava_mcp import sql

    rows = list(csv.DictReader(io.StringIO(sql.script("sample/catalogue.csv"))))
    names = dict.fromkeys([row["category"] for row in rows] + [row["type"] for row in rows])
    return [name for name in names if name.lower().startswith(incomplete.lower())]

"""Describes an identity and what it sees, for assistants."""

from dataclasses import asdict
from typing import Any

from zava_mcp.postgres.identity import VerifiedIdentity
from zava_mcp.sales.descriptions import SchemaSummary


def describe_identity(identity: VerifiedIdentity, summary: SchemaSummary) -> dict[str, Any]:
    """Returns the identity, its company, its stores and the days of its orders."""
    return {
        "identity": {
            "name": identity.name,
            "user_id": str(identity.user_id),
            "sees_all_stores": identity.all_stores,
        },
        "company": {name: value for name, value in asdict(identity.company).items() if name != "is_sample"},
        "stores": summary.stores,
        "orders": {"first_day": summary.first_day, "last_day": summary.last_day},
    }

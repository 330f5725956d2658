from datetime import datetime


def attempts(records, day):
    found = {}
    for record in records:
        on_day = datetime.fromisoformat(record["time"]).date() == day
        if on_day and record["user_id"] and record["outcome"] == "refused" and record["sqlstate"] == "42501":
            found.setdefault(record["user_id"], set()).add(record["call"])
    return {user_id: len(calls) for user_id, calls in found.items() if len(calls) > 2}

from collections import Counter


def attempts(records, day):
    last = {record["call"]: record for record in reversed(records) if record["time"].startswith(day.isoformat())}
    counts = Counter(record["user_id"] for record in last.values() if record["sqlstate"] == "42501")
    return {user_id: number for user_id, number in counts.items() if user_id and number >= 3}

from collections import Counter


def attempts(records, day):
    calls = {
        (record["user_id"], record["call"])
        for record in records
        if record["sqlstate"] == "42501" and record["time"].startswith(day.isoformat())
    }
    counts = Counter(user_id for user_id, _ in calls)
    return {user_id: number for user_id, number in counts.items() if number >= 3}

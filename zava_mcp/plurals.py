"""Counts with a noun in the singular or plural."""


def counted(number: int, singular: str, plural: str = "") -> str:
    """Return the number and the noun: "1 row", "2,000 rows"; words after the noun need a `plural`: "rows are"."""
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"

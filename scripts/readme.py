"""Puts what was measured into README, between two marks."""

from pathlib import Path

README = Path("README.md")


def put(mark: str, text: str) -> None:
    """Replaces what stands between `<!-- mark -->` and `<!-- /mark -->`."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->\n"
    whole = README.read_text(encoding="utf-8")
    README.write_text(whole[: whole.index(begin)] + begin + text + whole[whole.index(end) :], encoding="utf-8")

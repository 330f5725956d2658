"""Puts what was measured, or has happened, into README or another text, between two marks."""

from pathlib import Path

README = Path("README.md")


def put(mark: str, text: str, file: Path = README) -> None:
    """Replaces what stands between `<!-- mark -->` and `<!-- /mark -->`, each on a line of its own."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->\n"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole[: whole.index(begin)] + begin + text + whole[whole.index(end) :], encoding="utf-8")

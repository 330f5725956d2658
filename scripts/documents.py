"""Writes measured and generated tables into documents, between two marks."""

from pathlib import Path

ROOT = Path(__file__).parent.parent
MEASUREMENTS = ROOT / "scripts" / "measure" / "README.md"
SECURITY = ROOT / ".github" / "SECURITY.md"


def put(mark: str, text: str, file: Path) -> None:
    """Replaces the lines between `<!-- mark -->` and `<!-- /mark -->`, each on a line of its own."""
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->\n"
    whole = file.read_text(encoding="utf-8")
    file.write_text(whole[: whole.index(begin)] + begin + text + whole[whole.index(end) :], encoding="utf-8")

"""Replaces names with letters that no font of this machine has by numbers, because they would be drawn as boxes."""

import unicodedata
from collections.abc import Callable
from html import escape
from typing import Any

_LABELS = ("c0", "c2", "c8")  # the fields of a specification's rows that hold names
_UNASSIGNED = "\u0378"  # an unassigned code point, which no font has
_MAX_LETTERS = 2_000  # letters that are checked, which takes up to a second
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><text x="2" y="18" font-size="16" '
    'font-family="{font}">{letter}</text></svg>'
)

Spec = dict[str, Any]


def rename(spec: Spec, draw: Callable[[str], bytes]) -> dict[str, str]:
    """Renames in a specification what cannot be drawn, adds a note to it, and returns {new name: name}.

    `draw` renders an SVG: a letter that looks like the unassigned code point is in no font.
    """
    texts = _texts(spec)
    letters = sorted({letter for text in texts for letter in text if _needs_a_font(letter)})
    if not letters:
        return {}

    def render(letter: str) -> bytes:
        return draw(_SVG.format(font=escape(spec["config"]["font"]), letter=escape(letter)))

    box = render(_UNASSIGNED)
    missing = {letter for letter in letters[:_MAX_LETTERS] if render(letter) == box} | set(letters[_MAX_LETTERS:])
    if not missing:
        return {}
    names = [text for text in _labels(spec) if missing & set(text)]
    renamed = {name: f"name {number}" for number, name in enumerate(dict.fromkeys(names), 1)}
    _replace_texts(spec, renamed, missing)
    _add_note(spec, len(renamed))
    return {new: name for name, new in renamed.items()}


def _needs_a_font(letter: str) -> bool:
    category = unicodedata.category(letter)  # Cn also for letters of a newer Unicode than Python's
    return letter > "\x7f" and (category[0] in "LNSP" or category == "Cn")


def _labels(spec: Spec) -> list[str]:
    return [row[name] for row in spec["data"]["values"] for name in _LABELS if isinstance(row.get(name), str)]


def _texts(part: Any) -> list[str]:
    """Every text in a specification."""
    if isinstance(part, dict):
        return [text for name, inner in part.items() if name != "labelExpr" for text in _texts(inner)]
    if isinstance(part, list):
        return [text for inner in part for text in _texts(inner)]
    return [part] if isinstance(part, str) else []


def _replace_texts(part: Any, renamed: dict[str, str], missing: set[str]) -> None:
    """Replaces names by their new names, and missing letters of other texts by question marks."""
    for key, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
        if isinstance(inner, dict | list):
            _replace_texts(inner, renamed, missing)
        elif isinstance(inner, str) and key != "labelExpr" and missing & set(inner):
            part[key] = renamed.get(inner) or "".join("?" if letter in missing else letter for letter in inner)


def _add_note(spec: Spec, names: int) -> None:
    replaced = "names are numbered" if names else "letters are question marks"
    spec["title"]["subtitle"].append(f"{replaced} where no font of this machine has them")

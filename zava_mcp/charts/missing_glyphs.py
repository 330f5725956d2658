"""Letters that no font of this machine has: names with them would be drawn as boxes, so they get a number instead."""

import unicodedata
from collections.abc import Callable
from html import escape
from typing import Any

_LABELS = ("c0", "c2", "c8")  # in the rows of a specification
_UNASSIGNED = "\u0378"  # no font has it
_MOST = 2_000  # letters that are looked for, within a second
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24"><text x="2" y="18" font-size="16" '
    'font-family="{font}">{letter}</text></svg>'
)

Spec = dict[str, Any]


def rename(spec: Spec, draw: Callable[[str], bytes]) -> dict[str, str]:
    """Renames in a specification what cannot be drawn, says so in it, and returns {new name: name}.

    `draw` makes a picture of an SVG: a letter that looks like one that there is not, has no font.
    """
    texts = _texts(spec)
    letters = sorted({letter for text in texts for letter in text if _needs_a_font(letter)})
    if not letters:
        return {}

    def picture(letter: str) -> bytes:
        return draw(_SVG.format(font=escape(spec["config"]["font"]), letter=escape(letter)))

    box = picture(_UNASSIGNED)
    missing = {letter for letter in letters[:_MOST] if picture(letter) == box} | set(letters[_MOST:])
    if not missing:
        return {}
    names = [text for text in _labels(spec) if missing & set(text)]
    renamed = {name: f"name {number}" for number, name in enumerate(dict.fromkeys(names), 1)}
    _write(spec, renamed, missing)
    _say(spec, len(renamed))
    return {new: name for name, new in renamed.items()}


def _needs_a_font(letter: str) -> bool:
    category = unicodedata.category(letter)  # a letter of a newer Unicode has none
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


def _write(part: Any, renamed: dict[str, str], missing: set[str]) -> None:
    """Names get their number wherever they stand; in a title, a letter is a question mark."""
    for place, inner in list(part.items() if isinstance(part, dict) else enumerate(part)):
        if isinstance(inner, dict | list):
            _write(inner, renamed, missing)
        elif isinstance(inner, str) and place != "labelExpr" and missing & set(inner):
            part[place] = renamed.get(inner) or "".join("?" if letter in missing else letter for letter in inner)


def _say(spec: Spec, names: int) -> None:
    what = "names are numbered" if names else "letters are question marks"
    spec["title"]["subtitle"].append(f"{what} where no font of this machine has them")

"""Copies the Bicep files for checkov, whose grammar knows only plain types: each type is widened, and no line moves."""

import re
import sys
from pathlib import Path

_WIDER = (
    (re.compile(r"^((?:param|output) \w+ )\{ \*: \w+ \}", re.MULTILINE), r"\1object"),
    (re.compile(r"^((?:param|output) \w+ )\w+\[\]", re.MULTILINE), r"\1array"),
)
_TYPES = re.compile(r"^(?:@.+\n)*type \w+ = \{\n(?:  .+\n)*\}", re.MULTILINE)


def plain(text: str) -> str:
    """The text with `object` and `array` for the types that name their elements, and without types of our own."""
    text = _TYPES.sub(lambda found: "\n" * found[0].count("\n"), text)
    for pattern, wider in _WIDER:
        text = pattern.sub(wider, text)
    return text


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    for file in source.rglob("*.bicep"):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(plain(file.read_text(encoding="utf-8")), encoding="utf-8")

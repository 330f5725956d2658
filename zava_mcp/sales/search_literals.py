"""What a search text contains literally: codes (SKUs), sizes, quoted phrases, and words that a model does not know.

An embedding blurs them: "2x4" and "4x4" have nearly the same one. Each becomes a regular expression that PostgreSQL
and Python read alike, and a weight, which is added to the similarity (from 0 to 1) of products that match.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

#: What a match in a product's name adds to its similarity, and one in its description.
PHRASE, SIZE, WORD, MATERIAL = (0.4, 0.2), (0.25, 0.12), (0.1, 0.0), (0.06, 0.03)
_MOST = 12  # literals of one text that are looked for; more is no product

_UNITS: tuple[tuple[str, ...], ...] = (
    ("in", "inch", "inches", '"', "″"),
    ("ft", "foot", "feet", "'", "′"),
    ("gauge", "ga"),
    ("lb", "lbs", "pound", "pounds"),
    ("oz", "ounce", "ounces"),
    ("gal", "gallon", "gallons"),
    ("qt", "quart", "quarts"),
    ("v", "volt", "volts"),
    ("amp", "amps", "a"),
    ("w", "watt", "watts"),
    ("hp", "horsepower"),
    ("mm", "millimeter", "millimeters", "millimetre", "millimetres"),
    ("cm", "centimeter", "centimeters", "centimetre", "centimetres"),
    ("yd", "yard", "yards"),
    ("pack", "pk", "piece", "pieces", "pc", "pcs", "count", "ct"),
    ("degree", "degrees", "°"),
    ("l", "liter", "liters", "litre", "litres"),
    ("ml", "milliliter", "millilitre"),
    ("kg", "kilogram", "kilograms"),
)
_SYNONYMS = {unit: units for units in _UNITS for unit in units}
#: Surfaces and materials, which decide what fits; words for the same are together.
_MATERIALS: tuple[tuple[str, ...], ...] = (
    ("brick", "masonry", "concrete", "cement", "cinder ?block", "mortar"),
    ("drywall", "plasterboard", "sheetrock", "gypsum"),
    *(("tile",), ("metal", "steel"), ("wood", "wooden", "timber", "lumber"), ("glass",), ("stucco",), ("vinyl",)),
)
#: What stands before the surface that something is fixed to or used on.
_INTO = r"(?<!\w)(?:on|onto|in|into|to|through|against) (?:an? |the |my )?(?:\w+ )?"
#: What follows it, so that "brick" in "a brick walkway" is none.
_OUT = r"(?= *(?:$|[^\w -])| (?:and|or|with|without|in|of|at|for|by|but)\b)"

_NUMBER = r"[0-9]{1,7}(?:\.[0-9]{1,4})?(?:[-/][0-9]{1,5}| (?=[0-9]{1,2}/[0-9])[0-9]{1,2}){0,2}"
_SIZE = re.compile(
    rf"(?<![\w./])(?P<letters>[a-z]{{1,3}}-?)?(?P<first>{_NUMBER})(?P<more>(?: ?(?:x|×|by) ?{_NUMBER}){{0,3}})"
    rf"(?:[ -]?(?P<unit>{'|'.join(sorted((re.escape(unit) for unit in _SYNONYMS), key=len, reverse=True))})(?![a-z0-9])"
    r"|(?P<suffix>[a-z]{1,2})(?![a-z0-9]))?(?![a-z0-9])"
)
_PHRASE = re.compile(r"""(?<![\w/.])["“„«‘']([^"“”„«»‘’]{2,80})["”“»’'](?!\w)""")
_FRACTIONS = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅛": " 1/8", "⅜": " 3/8", "⅝": " 5/8", "⅞": " 7/8"}
_SPOKEN = ((r"\bhalf(?:[ -]an?)?[ -]inch\b", "1/2 inch"), (r"\bquarter[ -]inch\b", "1/4 inch"))
_TO_KEEP = re.compile(
    r"(?:some(?:thing|where)|(?:a |some )?(?:place|thing|things)) to (?:keep|store|stash) (.{2,80}?) in[ .?!]*", re.I
)
_SEPARATORS = ("-", "", "_", ".", "/", " ")
_MOST_CODES = 40


class Literal(NamedTuple):
    """A literal part of a text: as it was written, its regular expression, and what a match adds to the similarity
    if it is in a product's name, or only in its description.
    """

    written: str
    pattern: str
    weight: float
    in_description: float


@dataclass(frozen=True)
class Literals:
    """What a text contains literally.

    `codes` are SKUs that it may name, `prefixes` beginnings of SKUs, both in capitals, the latter without separators;
    `whole` says that the text is nothing but a code.
    """

    found: tuple[Literal, ...]
    codes: tuple[str, ...]
    prefixes: tuple[str, ...]
    whole: bool


def literals(text: str, is_known: Callable[[str], bool]) -> Literals:
    """The literal parts of a text; `is_known` says whether the embedding model knows a word (in lower case)."""
    plain = plain_text(text)
    codes, prefixes, whole = _codes(plain)
    lower = _PHRASE.sub(" ", plain.lower())
    found = [*_phrases(plain), *_sizes(lower), *_words(lower, is_known), *_materials(lower)]
    unique = {literal.pattern: literal for literal in reversed(found)}
    return Literals(tuple(reversed(unique.values()))[:_MOST], codes, prefixes, whole)


def plain_text(text: str) -> str:
    """The text in compatible characters: full-width letters, dashes and fractions as they are on a keyboard."""
    for fraction, spelled in _FRACTIONS.items():
        text = text.replace(fraction, spelled)
    text = unicodedata.normalize("NFKC", text).replace("\u2044", "/")
    return " ".join(re.sub(r"[\u2010-\u2015\u2212]", "-", text).split())


def meant(text: str) -> str:
    """The text as a model of sentences understands it: "something to keep paint in" is nearer to paint than a can."""
    match = _TO_KEEP.fullmatch(text)
    return f"storage container for {match[1]}" if match else text


def _phrases(text: str) -> Iterator[Literal]:
    for match in _PHRASE.finditer(text):
        words = re.findall(r"\w+", match[1].lower())
        if any(word[0].isalpha() for word in words):
            yield Literal(match[1].strip(), r"(?<!\w)" + r"\W+".join(words) + r"(?!\w)", *PHRASE)


def _sizes(text: str) -> Iterator[Literal]:
    for pattern, spelled in _SPOKEN:
        text = re.sub(pattern, spelled, text)
    for match in _SIZE.finditer(text):
        letters, unit, suffix = (match[name] or "" for name in ("letters", "unit", "suffix"))
        bare = not (match["more"] or letters or unit or suffix or re.search(r"[-/.]", match["first"]))
        if bare and len(text.split()) > 3:
            continue  # a number of people, of days
        numbers = [match["first"], *re.split(r" ?(?:x|×|by) ?", match["more"])[1:]]
        pattern = " ?x ?".join(map(_number, numbers))
        if letters:
            pattern = rf"(?<![a-z0-9]){letters.rstrip('-')}[- ]?{pattern}"
        else:
            pattern = rf"(?<![a-z0-9./])(?<![0-9]-){pattern}"
        yield Literal(match[0].strip(), pattern + _end(unit, suffix), *SIZE)


def _number(text: str) -> str:
    """7 1/4, 7-1/4 and 7/1/4 are the same number; 12-2 and 12/2 the same cable."""
    return "[-/ ]".join(map(re.escape, re.split("[-/ ]", text)))


def _end(unit: str, suffix: str) -> str:
    if unit:
        spelled = "|".join(re.escape(each) for each in _SYNONYMS[unit])
        return rf"[ -]?(?:{spelled})(?![a-z0-9])"
    return rf" ?{suffix}(?![a-z0-9])" if suffix else r"(?![0-9/]|\.[0-9]|-[0-9])"


def _words(text: str, is_known: Callable[[str], bool]) -> Iterator[Literal]:
    for word in re.findall(r"(?<!\w)[^\W\d_]{3,30}(?!\w)", text):
        if not is_known(word):
            yield Literal(word, rf"(?<!\w){word}", *WORD)


def _materials(text: str) -> Iterator[Literal]:
    for words in _MATERIALS:
        if match := re.search(rf"{_INTO}(?P<it>{'|'.join(words)})s?(?: walls?)?{_OUT}", text):
            yield Literal(match["it"], rf"(?<!\w)(?:{'|'.join(words)})", *MATERIAL)


def _codes(text: str) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """What of a text may be SKUs: each word of it, and up to four words in a row with other separators."""
    words = re.findall(r"\w[\w./-]*", text.upper().replace("'", " "))
    codes, prefixes, whole = dict.fromkeys(word.rstrip("./-") for word in words[:60]), dict[str, None](), False
    for start in range(min(len(words), 60)):
        for end in range(start + 1, min(start + 4, len(words)) + 1):
            parts = re.findall(r"[^\W_]+", " ".join(words[start:end]))
            entire = end - start == len(words)
            if _is_code(words[start:end], parts, entire, text):
                codes |= dict.fromkeys(separator.join(parts) for separator in _SEPARATORS)
                prefixes["".join(parts)] = None
                whole |= entire
    return tuple(codes)[:_MOST_CODES], tuple(prefixes)[:8], whole


def _is_code(words: list[str], parts: list[str], entire: bool, text: str) -> bool:
    """Whether words look like (the beginning of) one SKU rather than like words."""
    joined = "".join(parts)
    if not 2 <= len(joined) <= 40 or not parts or (joined.isdigit() and len(joined) < 5):
        return False
    mixed = any(character.isdigit() for character in joined) and any(character.isalpha() for character in joined)
    if len(words) == 1:
        return mixed or len(parts) > 1 or (entire and len(joined) <= 4)
    short = all(len(part) <= 4 for part in parts)
    shouted = all(word.isdigit() or word in text.split() for word in words)
    return short and (entire or mixed or shouted) and parts[0].isalpha()

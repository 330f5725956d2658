"""Finds the literal parts of a search text: codes (SKUs), sizes, phrases, materials, and words unknown to the model.

Embeddings hardly distinguish them: those of "2x4" and "4x4" are nearly equal. Each literal becomes a regular
expression that PostgreSQL and Python read alike, and weights that are added to the similarity (from 0 to 1) of matching
products.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from zava_mcp.embeddings.english_words import in_dictionary, is_stop_word

#: What a match adds to the similarity: in the name, and in the description only.
PHRASE, SIZE, WORD, MATERIAL = (0.4, 0.2), (0.25, 0.12), (0.1, 0.0), (0.06, 0.03)
_MAX_LITERALS = 12  # the limit for one text

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
#: Surfaces and materials, which decide what is suitable; synonyms are grouped.
_MATERIALS: tuple[tuple[str, ...], ...] = (
    ("brick", "masonry", "concrete", "cement", "cinder ?block", "mortar"),
    ("drywall", "plasterboard", "sheetrock", "gypsum"),
    *(("tile",), ("metal", "steel"), ("wood", "wooden", "timber", "lumber"), ("glass",), ("stucco",), ("vinyl",)),
)
#: The words before the surface that something is fixed to or used on.
_BEFORE_SURFACE = r"(?<!\w)(?:on|onto|in|into|to|through|against) (?:an? |the |my )?(?:\w+ )?"
#: What follows a surface, so that "brick" in "a brick walkway" is not one.
_AFTER_SURFACE = r"(?= *(?:$|[^\w -])| (?:and|or|with|without|in|of|at|for|by|but)\b)"

_NUMBER = r"[0-9]{1,7}(?:\.[0-9]{1,4})?(?:[-/][0-9]{1,5}| (?=[0-9]{1,2}/[0-9])[0-9]{1,2}){0,2}"
_SIZE = re.compile(
    rf"(?<![\w./])(?P<letters>[a-z]{{1,3}}-?)?(?P<first>{_NUMBER})(?P<more>(?: ?(?:x|×|by) ?{_NUMBER}){{0,3}})"
    rf"(?:[ -]?(?P<unit>{'|'.join(sorted((re.escape(unit) for unit in _SYNONYMS), key=len, reverse=True))})(?![a-z0-9])"
    r"|(?P<suffix>[a-z]{1,2})(?![a-z0-9]))?(?![a-z0-9])"
)
_PHRASE = re.compile(r"""(?<![\w/.])["“„«‘']([^"“”„«»‘’]{2,80})["”“»’'](?!\w)""")
_FRACTIONS = {"½": " 1/2", "¼": " 1/4", "¾": " 3/4", "⅛": " 1/8", "⅜": " 3/8", "⅝": " 5/8", "⅞": " 7/8"}
_SPOKEN = ((r"\bhalf(?:[ -]an?)?[ -]inch\b", "1/2 inch"), (r"\bquarter[ -]inch\b", "1/4 inch"))
_CONTAINER_REQUEST = re.compile(
    r"(?:some(?:thing|where)|(?:a |some )?(?:place|thing|things)) to (?:keep|store|stash) (.{2,80}?) in[ .?!]*", re.I
)
_SEPARATORS = ("-", "", "_", ".", "/", " ")
_MAX_CODES, _MAX_PREFIXES = 40, 8
_ABBREVIATION = 8  # letters of the beginning of a SKU without separators
_MAX_CODE_WORDS = 60  # words of a text that may be codes


class Literal(NamedTuple):
    """A literal part of a text, its regular expression, and what a match in the name or the description adds."""

    text: str
    pattern: str
    name_weight: float
    description_weight: float


@dataclass(frozen=True)
class Literals:
    """The literal parts of a text.

    `codes` are possible SKUs, `prefixes` possible beginnings of SKUs without separators, both in capitals. `only_code`
    means that the text is nothing but a code.
    """

    items: tuple[Literal, ...]
    codes: tuple[str, ...]
    prefixes: tuple[str, ...]
    only_code: bool


def find_literals(text: str, is_known: Callable[[str], bool]) -> Literals:
    """Finds the literal parts of a text. `is_known` returns whether the embedding model knows a word in lower case."""
    plain = plain_text(text)
    codes, prefixes, only_code = _codes(plain, is_known)
    lower = _PHRASE.sub(" ", plain.lower())
    found = [*_phrases(plain), *_sizes(lower), *_words(lower, is_known), *_materials(lower)]
    unique = {literal.pattern: literal for literal in reversed(found)}
    return Literals(tuple(reversed(unique.values()))[:_MAX_LITERALS], codes, prefixes, only_code)


def plain_text(text: str) -> str:
    """Normalizes full-width letters, dashes and fractions to keyboard characters, and white space to single spaces."""
    for fraction, spelled in _FRACTIONS.items():
        text = text.replace(fraction, spelled)
    text = unicodedata.normalize("NFKC", text).replace("\u2044", "/")
    return " ".join(re.sub(r"[\u2010-\u2015\u2212]", "-", text).split())


def rephrase(text: str) -> str:
    """Rephrases "something to keep paint in", whose embedding is closer to paint than to containers."""
    match = _CONTAINER_REQUEST.fullmatch(text)
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
            continue  # A bare number in a sentence is rarely a size.
        numbers = [match["first"], *re.split(r" ?(?:x|×|by) ?", match["more"])[1:]]
        pattern = " ?x ?".join(map(_number_pattern, numbers))
        if letters:
            pattern = rf"(?<![a-z0-9]){letters.rstrip('-')}[- ]?{pattern}"
        else:
            pattern = rf"(?<![a-z0-9./])(?<![0-9]-){pattern}"
        yield Literal(match[0].strip(), pattern + _unit_pattern(unit, suffix), *SIZE)


def _number_pattern(text: str) -> str:
    """Returns a pattern in which separators are equal: 7 1/4 is 7-1/4, and the cable 12-2 is 12/2."""
    return "[-/ ]".join(map(re.escape, re.split("[-/ ]", text)))


def _unit_pattern(unit: str, suffix: str) -> str:
    if unit:
        spelled = "|".join(re.escape(each) for each in _SYNONYMS[unit])
        return rf"[ -]?(?:{spelled})(?![a-z0-9])"
    return rf" ?{suffix}(?![a-z0-9])" if suffix else r"(?![0-9/]|\.[0-9]|-[0-9])"


def _words(text: str, is_known: Callable[[str], bool]) -> Iterator[Literal]:
    for word in re.findall(r"(?<!\w)[^\W\d_]{3,30}(?!\w)", text):
        if not is_known(word) and not is_stop_word(word):
            yield Literal(word, rf"(?<!\w){word}", *WORD)


def _materials(text: str) -> Iterator[Literal]:
    for words in _MATERIALS:
        if match := re.search(rf"{_BEFORE_SURFACE}(?P<material>{'|'.join(words)})s?(?: walls?)?{_AFTER_SURFACE}", text):
            yield Literal(match["material"], rf"(?<!\w)(?:{'|'.join(words)})", *MATERIAL)


def _codes(text: str, is_known: Callable[[str], bool]) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    """Returns possible SKUs, possible prefixes of SKUs, and whether the text is nothing but one.

    Candidates are single words, and up to four consecutive words joined by each separator.
    """
    words = re.findall(r"\w[\w./-]*", text.upper().replace("'", " "))
    codes, prefixes, only_code = (
        dict.fromkeys(word.rstrip("./-") for word in words[:_MAX_CODE_WORDS]),
        dict[str, None](),
        False,
    )
    for start in range(min(len(words), _MAX_CODE_WORDS)):
        for end in range(start + 1, min(start + 4, len(words)) + 1):
            parts = re.findall(r"[^\W_]+", " ".join(words[start:end]))
            is_whole_text = end - start == len(words)
            is_abbreviation = is_whole_text and _is_abbreviation(parts, is_known)
            if is_abbreviation or _is_code(words[start:end], parts, is_whole_text, text):
                codes |= dict.fromkeys(separator.join(parts) for separator in _SEPARATORS)
                prefixes["".join(parts)] = None
                only_code |= is_whole_text
    return tuple(codes)[:_MAX_CODES], tuple(prefixes)[:_MAX_PREFIXES], only_code


def _is_abbreviation(parts: list[str], is_known: Callable[[str], bool]) -> bool:
    """Returns whether a text may be the beginning of a SKU without its separators, such as lbfrm."""
    return len(parts) == 1 and len(parts[0]) <= _ABBREVIATION and parts[0].isalpha() and not is_known(parts[0].lower())


def looks_like_code(text: str) -> bool:
    """Returns whether a text is rather a SKU, or the beginning of one, than a word or a size such as 18v."""
    words = re.findall(r"[a-z]{2,}", text.lower())
    has_digits, is_name = re.search(r"\d\d", text) is not None, not all(map(in_dictionary, words))
    if re.match(r"\W*[^\W\d_]{2}", text) is None:
        return False
    return (is_name and (has_digits or re.search(r"\w[-_./]\w", text) is not None)) or (
        has_digits and text.count("-") > 1
    )


def _is_code(words: list[str], parts: list[str], is_whole_text: bool, text: str) -> bool:
    """Returns whether words look like a SKU, or the beginning of one."""
    joined = "".join(parts)
    if not 2 <= len(joined) <= 40 or not parts or (joined.isdigit() and len(joined) < 5):
        return False
    mixed = any(character.isdigit() for character in joined) and any(character.isalpha() for character in joined)
    if len(words) == 1:
        return mixed or len(parts) > 1 or (is_whole_text and len(joined) <= 4)
    short = all(len(part) <= 4 for part in parts)
    uppercase = all(word.isdigit() or word in text.split() for word in words)
    return short and (is_whole_text or mixed or uppercase) and parts[0].isalpha()

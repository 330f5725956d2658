"""Currencies by their ISO 4217 codes: how amounts are written, and which unit a text or a column's name states."""

import re
from functools import cache

_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD "
    "HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL "
    "LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP "
    "PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT "
    "TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CODES = frozenset(_CODES.split())
#: The unit of amounts in US dollars, and of amounts in a currency that the company profile does not name.
DOLLARS, MONEY = "dollars", "money"
_SYMBOLS = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CNY": "CN¥",
    "EUR": "€",
    "GBP": "£",
    "HKD": "HK$",
    "ILS": "₪",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "NZD": "NZ$",
    "PHP": "₱",
    "TWD": "NT$",
    "USD": "$",
    "VND": "₫",
}
_NAMES = {
    "AUD": "Australian dollars",
    "BRL": "Brazilian reais",
    "CAD": "Canadian dollars",
    "CHF": "Swiss francs",
    "CNY": "Chinese yuan",
    "CZK": "Czech korunas",
    "DKK": "Danish kroner",
    "EUR": "euros",
    "GBP": "British pounds",
    "HUF": "Hungarian forints",
    "INR": "Indian rupees",
    "JPY": "Japanese yen",
    "KRW": "South Korean won",
    "MXN": "Mexican pesos",
    "NOK": "Norwegian kroner",
    "NZD": "New Zealand dollars",
    "PLN": "Polish zlotys",
    "SEK": "Swedish kronor",
    "USD": "US dollars",
    "ZAR": "South African rand",
}
_NO_CENTS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_WITHOUT_DECIMALS = frozenset(_NO_CENTS.split())
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
#: Words in column names that name a currency: codes that are not English words, and other names.
_CODE_WORDS = "AUD BRL CHF CNY CZK DKK EUR GBP HKD HUF INR JPY KRW MXN NOK NZD PLN SEK SGD USD ZAR"
_WORDS = {code.lower(): code for code in _CODE_WORDS.split()} | {
    "dollars": "USD",
    "euro": "EUR",
    "euros": "EUR",
    "francs": "CHF",
    "yen": "JPY",
    "yuan": "CNY",
}


def unit_of_currency(code: str) -> str:
    """The unit of amounts in a currency: "dollars" for USD, "money" without a code, else the code."""
    return {"USD": DOLLARS, "": MONEY}.get(code, code)


def is_money(unit: str) -> bool:
    """Whether a unit is one of `unit_of_currency`."""
    return unit in (DOLLARS, MONEY) or unit in CODES


def prefix(unit: str) -> str:
    """What is written before an amount: "$", "€", "CHF " or, for a currency without name, ""."""
    code = _code(unit)
    return _SYMBOLS.get(code, f"{code} " if code in CODES else "")


def decimals(unit: str) -> int:
    """The decimals of an amount in its currency."""
    code = _code(unit)
    return 0 if code in _WITHOUT_DECIMALS else 3 if code in _THREE_DECIMALS else 2


def name_of(code: str) -> str:
    """The currency's name in the plural, else its code: "US dollars", "euros", "XAF"; "" without a code."""
    return _NAMES.get(code, code)


def unit_of_words(words: set[str]) -> str:
    """The unit that the words of a column's name state, "" if they name no currency."""
    codes = {_WORDS[word] for word in words & _WORDS.keys()}
    return unit_of_currency(codes.pop()) if len(codes) == 1 else ""


def unit_of_text(text: str) -> str:
    """The unit of the symbol or code in a written amount, "" if it has none."""
    found = mark().search(text)
    if found is None:
        return ""
    codes = [code for code, symbol in _SYMBOLS.items() if symbol == found[0]]
    return unit_of_currency(codes[0] if codes else found[0])


def remove_mark(text: str) -> str:
    """A written amount without its symbol or code."""
    return mark().sub("", text).strip()


@cache
def mark() -> re.Pattern[str]:
    """A symbol or code of a currency."""
    symbols = sorted(_SYMBOLS.values(), key=len, reverse=True)
    return re.compile(rf"{'|'.join(map(re.escape, symbols))}|\b(?:{'|'.join(sorted(CODES))})\b")


def _code(unit: str) -> str:
    return "USD" if unit == DOLLARS else unit

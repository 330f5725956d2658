"""Finds faults in the text of a libpq URL, without repeating a part that may be a password."""

import re

_SCHEMES = ("postgresql://", "postgres://")
_EXTRA_AT_SIGN = "has one @ too many: in a user name or password write @ as %40, / as %2F and ? as %3F"
_PORTS = range(1, 65_536)


def find_url_fault(url: str) -> str:
    """Return why libpq would misunderstand or refuse a URL; "" if there is no fault, or if it is no URL.

    libpq ends a password at the first @, and parses the text after it as the host.
    """
    if not url.startswith(_SCHEMES):
        return ""
    rest = url.partition("://")[2]
    credentials = re.match(r"[^/@]*@", rest)
    location, _, query = rest[credentials.end() if credentials else 0 :].partition("?")
    hosts = location.partition("/")[0]
    if "@" in hosts or (credentials and "@" in location) or "@" in query.partition("=")[0]:
        return _EXTRA_AT_SIGN
    if "@" in location and ":" in hosts and _port_fault(hosts):
        return "has a / before the @: in a user name or password write / as %2F"
    if re.search(r"%(?![0-9A-Fa-f]{2})|%00", rest):
        return "has a % without two hexadecimal digits behind it: in a password write % as %25"
    return _port_fault(hosts) or _parameter_fault(query)


def _port_fault(hosts: str) -> str:
    for host in hosts.split(","):
        port = re.sub(r"^\[[^\]]*\]|^[^:]*", "", host)
        if port in ("", ":"):
            continue
        if not re.fullmatch(r":[0-9]{1,5}", port) or int(port[1:]) not in _PORTS:
            return "has a port that is not a number from 1 to 65535 (a : in a user name or password is written %3A)"
    return ""


def _parameter_fault(query: str) -> str:
    for part in filter(None, query.split("&")):
        name, equals, _ = part.partition("=")
        if not equals:
            return "has a parameter without a value: write it as ?name=value&name=value"
        if not re.fullmatch(r"[a-z_%0-9A-Z]+", name):
            return "has a parameter whose name is not a word: in a password write ? as %3F and & as %26"
    return ""

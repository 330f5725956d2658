"""Checks that Mermaid's flowcharts and sequence diagrams parse, without Mermaid."""

import re

_FLOWCHART = re.compile(r"(?:flowchart|graph) (?:TB|TD|BT|LR|RL)")
_SHAPE = r"(?:\[\[.+?\]\]|\[\(.+?\)\]|\(\[.+?\]\)|\(\(.+?\)\)|\{\{.+?\}\}|\[.+?\]|\(.+?\)|\{.+?\})"
_NODE = rf"\w+(?:{_SHAPE})?"
_NODES = rf"{_NODE}(?: & {_NODE})*"
_ARROW = r"(?:<?--+>|--+|-\.+->|==+>|--+x|--+o)(?:\|[^|]+\|)?|-- [^-|>]+ --+>|-\. [^.|>]+ \.->"
_CHAIN = re.compile(rf"{_NODES}(?: (?:{_ARROW}) {_NODES})*")
_FLOW_OTHER = re.compile(
    r"(?:direction (?:TB|TD|BT|LR|RL)|classDef \w+ .+|class [\w,]+ \w+|style \w+ .+|linkStyle [\d,]+ .+)"
)
_SUBGRAPH = re.compile(r"subgraph (?:\w+(?:\[.+\])?|\".+\")")
_PARTICIPANT = re.compile(r"(?:participant|actor) (\w+)(?: as .+)?")
_MESSAGE = re.compile(r"(\w+)\s*(?:-?->>?|--?[x)]|<<-?->>)\s*[+-]?(\w+)\s*:\s*.+")
_NOTE = re.compile(r"[Nn]ote (?:over|left of|right of) (\w+)(?:,\s*(\w+))?\s*:\s*.+")
_ACTIVE = re.compile(r"(?:activate|deactivate) (\w+)")
_OPENS = re.compile(r"(?:alt|opt|loop|par|critical|break|rect|box)\b.*")
_CONTINUES = re.compile(r"(?:else|and|option)\b.*|autonumber")
_PAIRS = {"]": "[", ")": "(", "}": "{"}


def fault(text: str) -> str:
    """What is wrong with a diagram; "" if it parses."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("%%")]
    if not lines:
        return "the diagram is empty"
    if lines[0] == "sequenceDiagram":
        return _sequence_fault(lines[1:])
    if _FLOWCHART.fullmatch(lines[0]):
        return _flowchart_fault(lines[1:])
    return f"unknown kind of diagram: {lines[0]}"


def _flowchart_fault(lines: list[str]) -> str:
    open_subgraphs = 0
    for line in lines:
        if _SUBGRAPH.fullmatch(line):
            open_subgraphs += 1
        elif line == "end":
            open_subgraphs -= 1
        elif not _is_balanced(line):
            return f"brackets or quotes do not match: {line}"
        elif not (_CHAIN.fullmatch(line.rstrip(";")) or _FLOW_OTHER.fullmatch(line)):
            return f"no node and no edge: {line}"
        if open_subgraphs < 0:
            return "more ends than subgraphs"
    return "a subgraph has no end" if open_subgraphs else "" if len(lines) else "the diagram is empty"


def _sequence_fault(lines: list[str]) -> str:
    declared = {match[1] for line in lines if (match := _PARTICIPANT.fullmatch(line))}
    depth = 0
    for line in lines:
        depth += bool(_OPENS.fullmatch(line)) - (line == "end")
        if depth < 0:
            return "an end without a beginning"
        if line == "end" or any(kind.fullmatch(line) for kind in (_PARTICIPANT, _OPENS, _CONTINUES)):
            continue
        match = _MESSAGE.fullmatch(line) or _NOTE.fullmatch(line) or _ACTIVE.fullmatch(line)
        if not match:
            return f"no message and no note: {line}"
        if unknown := [name for name in match.groups() if name and name not in declared]:
            return f"{unknown[0]} is no declared participant: {line}"
    return "a block has no end" if depth else ""


def _is_balanced(line: str) -> bool:
    stack: list[str] = []
    if line.count('"') % 2:
        return False
    for character in re.sub(r"\"[^\"]*\"|-[-.]*>|<-", "", line):
        if character in _PAIRS.values():
            stack.append(character)
        elif character in _PAIRS and (not stack or stack.pop() != _PAIRS[character]):
            return False
    return not stack

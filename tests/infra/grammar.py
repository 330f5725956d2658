"""Bicep and PowerShell, read by their grammars; Bicep's files as what they declare."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import tree_sitter_bicep
import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

from tests.infra.operator import ROOT

INFRA = ROOT / "infra"
_BICEP = Parser(Language(tree_sitter_bicep.language()))
_POWERSHELL = Parser(Language(tree_sitter_powershell.language()))


def powershell(file: Path) -> Node:
    return _POWERSHELL.parse(file.read_bytes()).root_node


def text_faults(language: str, text: str) -> list[str]:
    """Where the grammar of "bicep" or "powershell" does not follow a text."""
    parser = {"bicep": _BICEP, "powershell": _POWERSHELL}[language]
    return faults(parser.parse(text.encode()).root_node)


def faults(root: Node) -> list[str]:
    """Where the grammar does not follow: line and text."""
    return [
        f"line {node.start_point.row + 1}: {_text(node)[:60]!r}"
        for node in nodes(root)
        if node.is_error or node.is_missing
    ]


def nodes(root: Node, kind: str = "") -> Iterator[Node]:
    """A node and all below it, or those of one kind."""
    if not kind or root.type == kind:
        yield root
    for child in root.children:
        yield from nodes(child, kind)


def _text(node: Node) -> str:
    return (node.text or b"").decode()


@dataclass(frozen=True)
class Bicep:
    """A .bicep or .bicepparam file."""

    file: Path

    @cached_property
    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    @cached_property
    def root(self) -> Node:
        # The grammar knows no parameter files: their assignments are read as variables, which look the same.
        text = self.text.replace("\nparam ", "\nvar ") if self.file.suffix == ".bicepparam" else self.text
        return _BICEP.parse(text.encode()).root_node

    def declared(self, kind: str) -> dict[str, Node]:
        """Name and node of each parameter, variable, resource, module or output."""
        return {_text(node.named_children[0]): node for node in nodes(self.root, f"{kind}_declaration")}

    @cached_property
    def parameters(self) -> dict[str, bool]:
        """Each parameter's name, and whether it must be given."""
        return {
            name: not any(child.type == "=" for child in node.children) for name, node in self._parameters().items()
        }

    def _parameters(self) -> dict[str, Node]:
        return self.declared("variable" if self.file.suffix == ".bicepparam" else "parameter")

    @cached_property
    def modules(self) -> dict[str, tuple[Path, set[str]]]:
        """Each module's name: the file it is in, and the parameters it is given."""
        return {
            name: (self._file_of(node), _keys(_value(node, "params"))) for name, node in self.declared("module").items()
        }

    def _file_of(self, node: Node) -> Path:
        named = next(nodes(node, "string"))
        return (self.file.parent / _text(named).strip("'")).resolve()

    @cached_property
    def types(self) -> dict[str, set[str]]:
        """Each resource type: the API versions it is asked in."""
        found: dict[str, set[str]] = {}
        for node in self.declared("resource").values():
            kind, version = _text(next(nodes(node, "string"))).strip("'").split("@")
            found.setdefault(kind, set()).add(version)
        return found


def _value(node: Node, key: str) -> Node:
    body = next(nodes(node, "object"))
    for pair in body.named_children:
        if pair.type == "object_property" and _text(pair.named_children[0]) == key:
            return pair.named_children[1]
    raise LookupError(key)


def _keys(value: Node) -> set[str]:
    return {_text(pair.named_children[0]) for pair in value.named_children if pair.type == "object_property"}


ALL_BICEP = [Bicep(file) for file in sorted(INFRA.rglob("*.bicep"))]
PARAMETER_FILES = [Bicep(file) for file in sorted(INFRA.rglob("*.bicepparam"))]

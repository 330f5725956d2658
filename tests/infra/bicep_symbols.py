"""The symbols of a Bicep file: what each declaration is named, refers to and calls."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tree_sitter import Node

from tests.infra.grammar import Bicep, nodes

KINDS = ("parameter", "variable", "resource", "module", "type")
_NAMESPACES = {"az", "sys"}
_TYPE_NAMES = {"type", "array_type", "nullable_type", "union_type"}


def text(node: Node) -> str:
    return (node.text or b"").decode()


def line(node: Node) -> int:
    return node.start_point.row + 1


def property_value(body: Node, key: str) -> Node | None:
    """The value of an object's property."""
    for pair in body.named_children:
        if pair.type == "object_property" and text(pair.named_children[0]).strip("'") == key:
            return pair.named_children[-1]
    return None


def body_of(declaration: Node) -> Node | None:
    """The object that declares a resource or a module, without its loop and its condition."""
    value = declaration.named_children[-1]
    while value.type in ("for_statement", "if_statement", "parenthesized_expression"):
        value = value.named_children[-1]
    return value if value.type == "object" else None


def deciding_parts(node: Node) -> Iterator[Node]:
    """What decides whether, how often and as what a resource or module exists: conditions, loops, the name."""
    value = node.named_children[-1]
    while value.type in ("for_statement", "if_statement"):
        yield from value.named_children[:-1]
        value = value.named_children[-1]
    if value.type == "object" and (name := property_value(value, "name")) is not None:
        yield name


@dataclass(frozen=True)
class Use:
    """A name that an expression uses: a reference to a symbol, or a call (a decorator is one)."""

    name: str
    node: Node
    kind: str
    local: bool


class Symbols:
    """What a Bicep file declares, by name, and what each declaration uses."""

    def __init__(self, bicep: Bicep) -> None:
        self.bicep = bicep

    @cached_property
    def declarations(self) -> list[tuple[str, str, Node]]:
        """Kind, name and node of each symbol; nested resources too."""
        kinds = {f"{kind}_declaration": kind for kind in KINDS}
        found = [(kinds[n.type], text(n.named_children[0]), n) for n in nodes(self.bicep.root) if n.type in kinds]
        functions = nodes(self.bicep.root, "user_defined_function")
        return found + [("function", text(node.child_by_field_name("name") or node), node) for node in functions]

    @cached_property
    def names(self) -> dict[str, tuple[str, Node]]:
        return {name: (kind, node) for kind, name, node in self.declarations}

    def decorators(self, declaration: Node) -> list[Node]:
        """The calls above a declaration."""
        before = declaration.prev_named_sibling
        while before is not None and before.type in ("comment", "diagnostic_comment"):
            before = before.prev_named_sibling
        return list(nodes(before, "decorator")) if before is not None and before.type == "decorators" else []

    def uses(self, declaration: Node) -> list[Use]:
        """What a declaration uses, its decorators included."""
        inside = [use for decorator in self.decorators(declaration) for use in _uses(decorator, frozenset())]
        return inside + [use for child in declaration.named_children[1:] for use in _uses(child, frozenset())]

    def outputs(self) -> dict[str, Node]:
        return self.bicep.declared("output")

    @cached_property
    def all_uses(self) -> list[Use]:
        return [use for child in self.bicep.root.named_children for use in _top_level(child)]


def _top_level(node: Node) -> Iterator[Use]:
    named = node.named_children[1:] if node.type.endswith("_declaration") else node.named_children
    if node.type == "user_defined_function":
        yield from _uses(node, frozenset())
        return
    for child in named:
        yield from _uses(child, frozenset())


def _uses(node: Node, local: frozenset[str]) -> Iterator[Use]:
    """Every name below a node; names of loops, lambdas and functions' parameters are local."""
    if node.type in _TYPE_NAMES:
        return
    if node.type == "identifier":
        if text(node) not in _NAMESPACES:
            yield Use(text(node), node, "reference", text(node) in local)
        return
    children = node.named_children
    if node.type == "resource_declaration":  # a nested one
        children = children[1:]
    elif node.type == "object_property" and len(children) > 1:
        children = [*(child for child in children[:1] if child.type == "string"), *children[1:]]
    elif node.type == "resource_expression":
        children = children[:1]
    elif node.type == "call_expression":
        called = node.child_by_field_name("function")
        if called is not None and called.type == "identifier":
            yield Use(text(called), called, "call", text(called) in local)
            children = [child for child in children if child != called]
        elif called is not None and _is_namespace(called):
            yield Use(text(called.named_children[-1]), called, "qualified call", False)
            children = [child for child in children if child != called]
    here = local | _introduced(node)
    skipped = _binders(node)
    for child in children:
        if child not in skipped:
            yield from _uses(child, here)


def _is_namespace(called: Node) -> bool:
    return called.type == "member_expression" and text(called.named_children[0]) in _NAMESPACES


def _binders(node: Node) -> list[Node]:
    """The nodes that only introduce local names."""
    if node.type == "for_statement":
        return [node.named_children[0]]
    if node.type == "lambda_expression":
        return node.named_children[:-1]
    if node.type == "user_defined_function":
        return [child for child in node.named_children if child.type in ("identifier", "parameters")]
    return []


def _introduced(node: Node) -> set[str]:
    names = {"identifier", "loop_variable", "loop_enumerator"}
    return {text(inner) for binder in _binders(node) for inner in nodes(binder) if inner.type in names}

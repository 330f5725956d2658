"""Rules of the Bicep compiler and its linter that a grammar alone cannot see. Each returns faults as `line N: …`."""

import re
from collections.abc import Iterator
from datetime import date

from tree_sitter import Node

from tests.infra.bicep_names import DECORATORS, FUNCTIONS, NEWEST_STABLE
from tests.infra.bicep_symbols import Symbols, Use, body_of, deciding_parts, line, property_value, text
from tests.infra.grammar import Bicep, nodes

_SECRET = re.compile(r"secret|password|pwd|token|accountkey|acctkey|apikey", re.IGNORECASE)
_WIDTH = 120


def shadowed(symbols: Symbols) -> Iterator[str]:
    """A symbol that has the name of a function or decorator which the file calls hides it (BCP080, BCP265)."""
    for use in symbols.all_uses:
        if use.kind == "call":
            kind = symbols.names.get(use.name, ("", None))[0]
            if use.local or kind not in ("", "function"):
                yield f"line {line(use.node)}: {use.name} is a symbol here, so the call of {use.name} means that"


def unknown_names(symbols: Symbols) -> Iterator[str]:
    """References to symbols, and calls of functions, that do not exist (BCP057)."""
    for use in symbols.all_uses:
        if use.kind == "reference" and not use.local and use.name not in symbols.names:
            yield f"line {line(use.node)}: there is no symbol {use.name}"
        if "call" in use.kind and use.name not in FUNCTIONS | DECORATORS | set(symbols.names):
            yield f"line {line(use.node)}: there is no function {use.name}"


def declared_twice(symbols: Symbols) -> Iterator[str]:
    """Two symbols, or two outputs, of one name (BCP028, BCP145)."""
    seen: dict[str, Node] = {}
    outputs = [("output ", text(n.named_children[0]), n) for n in nodes(symbols.bicep.root, "output_declaration")]
    for kind, name, node in [*(("", name, node) for _, name, node in symbols.declarations), *outputs]:
        if kind + name in seen:
            yield f"line {line(node)}: {kind}{name} is declared in line {line(seen[kind + name])} already"
        seen[kind + name] = node


def cycles(symbols: Symbols) -> Iterator[str]:
    """Symbols that depend on themselves (BCP079, BCP080)."""
    graph = {
        name: sorted(
            {
                use.name
                for use in symbols.uses(node)
                if not use.local and use.kind != "qualified call" and use.name in symbols.names
            }
        )
        for name, (_, node) in symbols.names.items()
    }
    done: set[str] = set()

    def walk(name: str, path: tuple[str, ...]) -> Iterator[str]:
        if name in path:
            yield f"line {line(symbols.names[name][1])}: cycle {' -> '.join([*path[path.index(name) :], name])}"
        elif name not in done:
            for other in graph[name]:
                yield from walk(other, (*path, name))
            done.add(name)

    for name in graph:
        yield from walk(name, ())


def module_calls(symbols: Symbols) -> Iterator[str]:
    """Modules that are not there, parameters that they lack, do not know or take of another kind (BCP035, BCP037)."""
    for name, (kind, node) in symbols.names.items():
        if kind != "module":
            continue
        file, given = symbols.bicep.modules[name]
        if not file.is_file():
            yield f"line {line(node)}: there is no file {file.name}"
            continue
        module = Symbols(Bicep(file))
        required = {one for one, must in module.bicep.parameters.items() if must}
        yield from (f"line {line(node)}: {name} needs {one}" for one in sorted(required - given))
        yield from (f"line {line(node)}: {name} has no parameter {one}" for one in sorted(given - set(module.names)))
        params = property_value(body_of(node) or node, "params")
        for pair in params.named_children if params else []:
            yield from kind_of_value(module, text(pair.named_children[0]), pair.named_children[-1])


def kind_of_value(declaring: Symbols, parameter: str, value: Node) -> Iterator[str]:
    """A literal of another type than a parameter has, or none of its allowed values (BCP033, BCP036)."""
    _, node = declaring.names.get(parameter, ("", None))
    if node is None:
        return
    wanted = text(node.named_children[1])
    base = "array" if wanted.endswith("[]") else "object" if wanted.startswith("{") else wanted
    kinds = {"string": "string", "number": "int", "boolean": "bool", "array": "array", "object": "object"}
    got = kinds.get(value.type)
    if got and base in kinds.values() and got != base:
        yield f"line {line(value)}: {parameter} takes {wanted}, not {text(value)}"
    for decorator in declaring.decorators(node):
        if got in ("string", "int") and text(decorator).startswith("@allowed("):
            allowed = [text(one) for one in nodes(decorator) if one.type in ("string", "number")]
            if text(value) not in allowed and "${" not in text(value):
                yield f"line {line(value)}: {parameter} is one of {', '.join(allowed)}, not {text(value)}"


def outputs_of_modules(symbols: Symbols) -> Iterator[str]:
    """Outputs that a module does not have (BCP053), or has only where its condition holds (BCP318)."""
    for member in nodes(symbols.bicep.root, "member_expression"):
        inner = member.named_children[0]
        if inner.type != "member_expression" or text(inner.named_children[-1]) != "outputs":
            continue
        module = text(inner.named_children[0])
        kind, node = symbols.names.get(module, ("", None))
        if kind != "module" or node is None:
            continue
        file, _ = symbols.bicep.modules[module]
        output = text(member.named_children[-1])
        if file.is_file() and output not in Bicep(file).declared("output"):
            yield f"line {line(member)}: {module} has no output {output}"
        if any(nodes(node.named_children[-1], "if_statement")) and not re.match(r"\w+(!|\.\?)", text(inner)):
            yield f"line {line(member)}: {module} may be absent: {module}!.outputs"


def properties_of_variables(symbols: Symbols) -> Iterator[str]:
    """Properties that the object of a variable, or the items of its array, do not have (BCP053, BCP083)."""
    known = {
        name: {text(p.named_children[0]) for p in node.named_children[-1].named_children if p.type == "object_property"}
        for name, (kind, node) in symbols.names.items()
        if kind == "variable" and node.named_children[-1].type == "object"
    }
    yield from _unknown_properties(symbols.bicep.root, known)
    for loop in nodes(symbols.bicep.root, "for_statement"):
        kind, node = symbols.names.get(text(loop.named_children[1]), ("", None))
        items = node.named_children[-1] if kind == "variable" and node is not None else None
        objects = [one for one in items.named_children if one.type == "object"] if items is not None else []
        if items is not None and objects and len(objects) == len(_items(items)):
            have = [{text(p.named_children[0]) for p in one.named_children} for one in objects]
            binder = next(one for one in nodes(loop.named_children[0]) if not one.named_children)
            yield from _unknown_properties(loop, {text(binder): set.intersection(*have)})


def _items(array: Node) -> list[Node]:
    return [one for one in array.named_children if "comment" not in one.type]


def _unknown_properties(root: Node, known: dict[str, set[str]]) -> Iterator[str]:
    for member in nodes(root, "member_expression"):
        owner, name = text(member.named_children[0]), text(member.named_children[-1])
        if member.named_children[0].type == "identifier" and owner in known and name not in known[owner]:
            yield f"line {line(member)}: {owner} has no property {name}"


def secret_names(symbols: Symbols) -> Iterator[str]:
    """Text parameters named like a secret that are not @secure (secure-secrets-in-params)."""
    for name, node in symbols.bicep.declared("parameter").items():
        secure = any(text(one).startswith("@secure(") for one in symbols.decorators(node))
        if _SECRET.search(name) and re.match(r"string|object|\{", text(node.named_children[1])) and not secure:
            yield f"line {line(node)}: {name} is named like a secret and is not @secure()"


def api_versions(symbols: Symbols, today: date) -> Iterator[str]:
    """API versions older than 730 days with a newer one, and previews, unless excused (use-recent-api-versions)."""
    for node in nodes(symbols.bicep.root, "resource_declaration"):
        kind, _, version = text(node.named_children[1]).strip("'").partition("@")
        before = node.prev_named_sibling
        excused = before is not None and re.match(r"#disable-next-line use-recent-api-versions // \S", text(before))
        old = version and (today - date.fromisoformat(version[:10])).days > 730 and NEWEST_STABLE.get(kind) != version
        if (old or version.endswith("-preview")) and not excused:
            yield f"line {line(node)}: {kind}@{version} is old or a preview, and says no reason"


def loose_types(symbols: Symbols) -> Iterator[str]:
    """Parameters and outputs of any object or array (use-user-defined-types)."""
    for kind in ("parameter", "output"):
        for name, node in symbols.bicep.declared(kind).items():
            if text(node.named_children[1]) in ("object", "array"):
                yield f"line {line(node)}: {name} takes any {text(node.named_children[1])}"


def named_modules(symbols: Symbols) -> Iterator[str]:
    """Modules with a fixed name: two deployments at the same time would disturb each other (no-module-name)."""
    for name, node in symbols.bicep.declared("module").items():
        if property_value(body_of(node) or node, "name") is not None:
            yield f"line {line(node)}: the module {name} has a fixed name"


def mangled_outputs(symbols: Symbols) -> Iterator[str]:
    """Outputs whose names the resource manager would change."""
    for name, node in symbols.outputs().items():
        if not re.fullmatch(r"[a-z][A-Za-z0-9]*", name):
            yield f"line {line(node)}: the output {name} would come back under another name"


def unused(symbols: Symbols) -> Iterator[str]:
    """Parameters, variables and types that nothing uses (no-unused-params, no-unused-vars)."""
    used = {use.name for use in symbols.all_uses}
    for kind in ("parameter", "variable"):
        for name, node in symbols.bicep.declared(kind).items():
            if name not in used:
                yield f"line {line(node)}: nothing uses {name}"


def wide_lines(symbols: Symbols) -> Iterator[str]:
    """Lines that the formatter would break."""
    for number, content in enumerate(symbols.bicep.text.splitlines(), start=1):
        if len(content) > _WIDTH:
            yield f"line {number}: {len(content)} characters"


def decided_while_deploying(symbols: Symbols) -> Iterator[str]:
    """Conditions of a module that hang on a value which only deploying gives (what-if-short-circuiting)."""
    for name, (kind, node) in symbols.names.items():
        if kind != "module" or not symbols.bicep.modules[name][0].is_file():
            continue
        params = property_value(body_of(node) or node, "params")
        late = {
            text(pair.named_children[0])
            for pair in (params.named_children if params else [])
            if re.search(r"[!.?]outputs\.|\.properties\.", text(pair.named_children[-1]))
        }
        for parameter in sorted(late & _deciding(Symbols(Bicep(symbols.bicep.modules[name][0])))):
            yield f"line {line(node)}: {name} decides by {parameter}, which is known only while deploying"


def _deciding(module: Symbols) -> set[str]:
    """The symbols that a condition, a name or a loop of resources and modules hangs on."""
    found: set[str] = set()
    waiting: list[Use] = []
    for kind, _, node in module.declarations:
        if kind in ("resource", "module"):
            waiting += [use for part in deciding_parts(node) for use in _names_in(module, part)]
    while waiting:
        use = waiting.pop()
        if use.name not in found and use.name in module.names:
            found.add(use.name)
            if module.names[use.name][0] == "variable":
                waiting += module.uses(module.names[use.name][1])
    return found


def _names_in(module: Symbols, part: Node) -> Iterator[Use]:
    for use in module.all_uses:
        if part.start_byte <= use.node.start_byte < part.end_byte:
            yield use

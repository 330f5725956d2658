"""The Bicep files keep the compiler's and the linter's rules; each rule names the fault in a file that breaks it."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from functools import partial
from pathlib import Path

import pytest

from tests.infra import bicep_rules as rules
from tests.infra.bicep_symbols import Symbols, text
from tests.infra.grammar import ALL_BICEP, INFRA, PARAMETER_FILES, Bicep, faults

#: When the real compiler last read these files without an error and a warning.
COMPILED = date(2026, 11, 28)
Rule = Callable[[Symbols], Iterator[str]]
RULES: dict[str, Rule] = {
    "api_versions": partial(rules.api_versions, today=COMPILED),
    **{
        rule.__name__: rule
        for rule in (
            rules.shadowed, rules.unknown_names, rules.declared_twice, rules.cycles, rules.module_calls,
            rules.outputs_of_modules, rules.properties_of_variables, rules.secret_names, rules.loose_types,
            rules.named_modules, rules.mangled_outputs, rules.unused, rules.wide_lines, rules.decided_while_deploying,
        )
    },
}  # fmt: skip

MODULE = """param name string
param size int = 1
@allowed(['a', 'b'])
param kind string = 'a'
param subnetId string = ''
var isPrivate = !empty(subnetId)
resource one 'Microsoft.X/y@2026-01-01' = if (isPrivate) {
  name: name
  properties: { size: size, kind: kind }
}
output id string = one.id
"""
CALL = "module m 'module.bicep' = {{\n  params: {{ {} }}\n}}\n"
ALLOWED = "@allowed(['x'])\nparam p string = {}\nresource {} 'Microsoft.X/y@2026-01-01' = {{\n  name: {}\n}}\n"

#: A rule, the end of what it says, and a file that breaks it (beside module.bicep).
BROKEN = [
    ("shadowed", "allowed is a symbol here, so the call of allowed means that", ALLOWED.format("'x'", "allowed", "p")),
    *(
        ("shadowed", f"so the call of {name} means that", f"{use}\nparam p string\nvar {name} = p\n")
        for name, use in [
            ("description", "@description('p')"), ("secure", "@secure()"), ("metadata", "@metadata({ a: 'b' })"),
            ("minLength", "@minLength(1)"), ("tenant", "var t = tenant().tenantId"), ("empty", "var e = empty('')"),
        ]
    ),
    ("shadowed", "so the call of toLower means that", "param p array\nvar v = [for toLower in p: toLower('A')]\n"),
    ("shadowed", "so the call of guid means that", "param guid string\noutput o string = guid('a')\n"),
    ("cycles", "cycle a -> b -> a", "var a = b\nvar b = '${a}'\n"),
    ("cycles", "cycle a -> a", "param a string = toLower(a)\n"),
    ("cycles", "cycle p -> two -> p", ALLOWED.format("two.name", "two", "p")),
    ("cycles", "cycle one -> two -> one", "".join(
        f"resource {a} 'Microsoft.X/y@2026-01-01' = {{\n  name: '{a}'\n  dependsOn: [{b}]\n}}\n"
        for a, b in [("one", "two"), ("two", "one")]
    )),
    ("unknown_names", "there is no symbol nowhere", "output o string = nowhere.id\n"),
    ("unknown_names", "there is no symbol gone", "var a = 'x${gone}'\n"),
    ("unknown_names", "there is no symbol item", "param p array\nvar v = [for one in p: item]\n"),
    ("unknown_names", "there is no function toLowercase", "var a = toLowercase('A')\n"),
    ("unknown_names", "there is no function minimum", "@minimum(1)\nparam p int\n"),
    ("declared_twice", "p is declared in line 1 already", "param p string\nvar p = 'a'\n"),
    ("declared_twice", "output o is declared in line 1 already", "output o string = ''\noutput o string = ''\n"),
    ("module_calls", "m needs name", CALL.format("size: 2")),
    ("module_calls", "m has no parameter sized", CALL.format("name: 'n', sized: 2")),
    ("module_calls", "size takes int, not 'two'", CALL.format("name: 'n', size: 'two'")),
    ("module_calls", "kind is one of 'a', 'b', not 'c'", CALL.format("name: 'n', kind: 'c'")),
    ("module_calls", "name takes string, not []", CALL.format("name: []")),
    ("module_calls", "there is no file gone.bicep", CALL.format("").replace("module.bicep", "gone.bicep")),
    ("outputs_of_modules", "m has no output ids", CALL.format("name: 'n'") + "output o string = m.outputs.ids\n"),
    ("outputs_of_modules", "m may be absent: m!.outputs",
     CALL.format("name: 'n'").replace("= {", "= if (yes) {", 1) + "param yes bool\noutput o string = m.outputs.id\n"),
    ("properties_of_variables", "names has no property vlt",
     "var names = { vault: 'v' }\noutput o string = names.vlt\n"),
    ("properties_of_variables", "one has no property valu",
     "var all = [\n  { name: 'a', value: 'b' }\n]\noutput o array = [for one in all: one.valu]\n"),
    *(("secret_names", f"{name} is named like a secret and is not @secure()", f"param {name} string\n")
      for name in ("secretReaderObjectId", "adminPassword", "accessToken", "storageAccountKey")),
    ("api_versions", "Microsoft.X/y@2024-11-27 is old or a preview, and says no reason",
     "resource r 'Microsoft.X/y@2024-11-27' = {\n  name: 'r'\n}\n"),
    ("api_versions", "says no reason", "resource r 'Microsoft.X/y@2026-11-01-preview' = {\n  name: 'r'\n}\n"),
    ("api_versions", "says no reason",
     "#disable-next-line use-recent-api-versions\nresource r 'Microsoft.X/y@2021-11-27' = {\n  name: 'r'\n}\n"),
    ("loose_types", "tags takes any object", "param tags object\n"),
    ("loose_types", "ids takes any array", "output ids array = []\n"),
    ("named_modules", "the module m has a fixed name", "module m 'module.bicep' = {\n  name: 'm'\n}\n"),
    *(("mangled_outputs", "would come back under another name", f"output {name} string = ''\n")
      for name in ("ZAVA_DATABASE_URL", "Id", "databaseUrl_2")),
    ("unused", "nothing uses p", "param p string\noutput p string = ''\n"),
    ("unused", "nothing uses v", "// v is not used\nvar v = 'v'\n"),
    ("wide_lines", "121 characters", f"// {'x' * 118}\n"),
    ("decided_while_deploying", "m decides by subnetId, which is known only while deploying",
     CALL.format("name: 'n', subnetId: other.outputs.id")
     + CALL.format("name: 'o'").replace("module m", "module other")),
]  # fmt: skip


@pytest.mark.parametrize("rule", sorted(RULES))
def test_no_file_breaks_a_rule(rule: str) -> None:
    found = {str(bicep.file.relative_to(INFRA)): list(RULES[rule](Symbols(bicep))) for bicep in ALL_BICEP}
    assert {file: lines for file, lines in found.items() if lines} == {}


def test_every_rule_names_the_fault_of_a_file_that_breaks_it(tmp_path: Path) -> None:
    (tmp_path / "module.bicep").write_text(MODULE)
    file = tmp_path / "broken.bicep"
    for rule, said, content in BROKEN:
        file.write_text(content)
        assert faults(Bicep(file).root) == [], content
        found = list(RULES[rule](Symbols(Bicep(file))))
        assert any(line.endswith(said) for line in found), (rule, content, found)
    assert {rule for rule, _, _ in BROKEN} == set(RULES)


def test_names_that_only_look_like_faults_are_none(tmp_path: Path) -> None:
    (tmp_path / "module.bicep").write_text(MODULE)
    file = tmp_path / "sound.bicep"
    file.write_text(
        "@sys.description('qualified')\nparam description string\nparam names string[]\n"
        "var upper = [for (one, index) in names: '${one}-${index}-${toUpper(description)}']\n"
        "var short = map(upper, one => take(one, 3))\n"
        "func twice(word string) string => '${word}${word}'\n"
        + CALL.format("name: twice(short[0]), kind: 'b'").replace("= {", "= if (empty(names)) {", 1)
        + "output id string = m!.outputs.id\n"
    )
    assert [line for rule in RULES.values() for line in rule(Symbols(Bicep(file)))] == []


@pytest.mark.parametrize("file", PARAMETER_FILES, ids=lambda bicep: bicep.file.name)
def test_parameter_files_give_values_of_the_right_kind(file: Bicep) -> None:
    main = Symbols(Bicep(INFRA / "azure" / "main.bicep"))
    for name, node in file.declared("variable").items():
        assert list(rules.kind_of_value(main, name, node.named_children[-1])) == [], text(node)


def test_a_value_of_another_kind_is_named() -> None:
    main = Symbols(Bicep(INFRA / "azure" / "main.bicep"))
    (dev,) = (bicep for bicep in PARAMETER_FILES if bicep.file.stem == "dev")
    nodes = {name: node.named_children[-1] for name, node in dev.declared("variable").items()}
    wrong = [("databaseStorageGB", "location"), ("networkAccess", "location"), ("tags", "location"),
             ("databaseSku", "databaseStorageGB"), ("geoRedundantBackup", "location")]  # fmt: skip
    for parameter, other in wrong:
        assert list(rules.kind_of_value(main, parameter, nodes[other])), parameter


def test_the_scripts_set_every_variable_that_the_parameter_files_read() -> None:
    for file in PARAMETER_FILES:
        read = set(re.findall(r"readEnvironmentVariable\('(\w+)'", file.text))
        for script in ("deploy.sh", "deploy.ps1"):
            assert read == set(re.findall(r"\bDEPLOY_[A-Z_]+\b", (INFRA / "azure" / script).read_text())), script

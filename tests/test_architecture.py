"""How the house is built: no rule of TCP outside specs/, imports run downwards, small files and functions, documented.

An exception is a row of a table with its reason, and a row that is no longer needed fails too.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tcpmodel.compile.expressions import identifier
from tcpmodel.spec import load
from tcpmodel.spec.builtins import CONTROL_BITS

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGE = CHECKOUT / "tcpmodel"
FILES = sorted(PACKAGE.rglob("*.py"))
LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FUNCTION = 400, 45, 10

# Every model has this variable: the language itself knows it ("STATE in {...}", `enter`).
LANGUAGE = {"STATE"}
# (module, word): why a word of the specification may stand there.
WORDS = {
    ("cli/step.py", "ESTABLISHED"): "an example in an error message",
    ("cli/step.py", "SND.NXT"): "an example in an error message",
    ("report/routes.py", "GAP"): "a distance in a drawing",
    ("spec/comparison.py", "CLOSED"): "an example in an error message",
    ("spec/comparison.py", "LISTEN"): "an example in an error message",
    ("step/session.py", "OTHER"): "the other endpoint",
    ("trace/options.py", "FAST_OPEN"): "the kind of a header option",
}
# Where single control bits are looked at: formats of files and headers, and what tells two segments apart.
BITS = {
    "compile/runtime.py": "the bits that the specification names are those of an answer that a rule has left owed",
    "step/scenario.py": "which header of the scenario a segment is written with",
    "trace": "the header of a segment is decoded, written and counted here",
}
# What may import what: a part may use those of lower floors, and of its own floor only itself.
FLOORS = {
    "errors": 0, "seq": 0,
    "trace": 1, "spec": 1,
    "compile": 2,
    "verify": 3, "prove": 3, "generate": 3, "check": 3,
    "step": 4, "conform": 4,
    "report": 5, "course": 5,
    "library": 6, "cli": 6,
    "": 7, "__main__": 7,
}  # fmt: skip
UPWARDS = {
    ("spec/model.py", "compile"): "load(...).graph: the one call of a higher layer by a lower one",
}


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def documented(node: ast.AST) -> bool:
    """Whether a node begins with a docstring."""
    return isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and bool(
        node.body and isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant)
    )


def texts(module: ast.Module) -> Iterator[tuple[str, int]]:
    """String literals that are no docstrings, and identifiers, each with its line."""
    docs = {id(node.body[0].value) for node in ast.walk(module) if documented(node)}  # type: ignore[attr-defined]
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value, node.lineno
        elif isinstance(node, ast.Name):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute):
            yield node.attr, node.lineno
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg, node.lineno
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name, node.lineno


@cache
def vocabulary() -> frozenset[str]:
    """States, groups, enumerators of TCB variables, their names, rules, and stages of more than one word."""
    model = load()
    names = [*model.states, *model.groups, *(v.name for v in model.variables.values() if v.group == "tcb")]
    stages = [stage.name for procedure in model.procedures for stage in procedure.stages if "-" in stage.name]
    return (frozenset([*names, *map(identifier, names)]) | {*model.rules, *stages}) - LANGUAGE


def words_in(module: ast.Module) -> Iterator[tuple[str, int]]:
    """The words of the specification in a module, each with its line."""
    for text, line in texts(module):
        for word in {text, *re.findall(r"[A-Za-z][\w.-]*\w", text)}:
            if word in vocabulary():
                yield word, line


def test_no_word_of_the_specification_is_in_the_machinery() -> None:
    found = {(name_of(path), word): line for path in FILES for word, line in words_in(tree(path))}
    strays = {place: line for place, line in found.items() if place not in WORDS}
    assert strays == {}
    assert set(WORDS) - set(found) == set()


@pytest.mark.parametrize(
    "source",
    [
        "if t.STATE == ESTABLISHED: pass",
        "name = 'FIN-WAIT-1'",
        "def late(t): return t.SND_UNA",
        "guard = 'SND.UNA < SEG.ACK'",
        "row = 'ack.window.updated'",
        "group = {'SYNCHRONIZED': 1}",
        "call(FIN_SENT=True)",
        "stage = 'ack-window'",
    ],
)
def test_a_word_of_the_specification_would_be_found(source: str) -> None:
    assert list(words_in(ast.parse(source)))


def test_words_in_docstrings_and_other_words_are_free() -> None:
    source = 'def f():\n    """From SYN-SENT to ESTABLISHED, SND.UNA < SEG.ACK."""\n    return "established"'
    assert list(words_in(ast.parse(source))) == []


def isone(node: ast.expr) -> bool:
    """The mask of something that goes through all bits in turn."""
    return isinstance(node, ast.Constant) and node.value == 1


def bits_in(module: ast.Module) -> Iterator[int]:
    """The lines where flags are masked, or a control bit is looked for by name."""
    for node in ast.walk(module):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd) and not isone(node.right):
            sides = [n for side in (node.left, node.right) for n in ast.walk(side)]
            if any(getattr(n, "attr", getattr(n, "id", "")) in ("flags", *CONTROL_BITS) for n in sides):
                yield node.lineno
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            left = node.left
            if isinstance(left, ast.Constant) and left.value in CONTROL_BITS and "fields" not in ast.dump(node):
                yield node.lineno


def test_control_bits_decide_nothing_in_the_machinery() -> None:
    """Which bits a segment may carry, and what they mean, is for the specification to say."""
    found = {name_of(path): list(bits_in(tree(path))) for path in FILES}
    places = {"trace" if name.startswith("trace/") else name for name, lines in found.items() if lines}
    assert places == set(BITS), found


@pytest.mark.parametrize("source", ["if s.flags & 2: pass", "x = flags & SYN == SYN", "if 'SYN' in names: pass"])
def test_a_decision_by_a_control_bit_would_be_found(source: str) -> None:
    assert list(bits_in(ast.parse(source)))


def floor(part: str) -> int:
    assert part in FLOORS, f"{part}: say on which floor it is"
    return FLOORS[part]


def part_of(name: str) -> str:
    """The part a module belongs to: "verify" of verify/search.py, "" of the package itself."""
    first = name.partition("/")[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(module: ast.Module) -> Iterator[str]:
    """The parts of the package that a module imports, those inside functions and for types only included."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("tcpmodel."))


def climbing(name: str, module: ast.Module) -> set[tuple[str, str]]:
    """Imports of a part that is not on a lower floor."""
    own = part_of(name)
    parts = {part for part in imported(module) if part in FLOORS and part != own}
    return {(name, part) for part in parts if floor(part) >= floor(own)}


def test_imports_run_downwards() -> None:
    for path in FILES:
        floor(part_of(name_of(path)))
    found = set().union(*(climbing(name_of(path), tree(path)) for path in FILES))
    assert found == set(UPWARDS)


@pytest.mark.parametrize(
    ("name", "source", "part"),
    [
        ("spec/rules.py", "from tcpmodel.trace import Segment", "trace"),
        ("trace/ip.py", "import tcpmodel.verify.search", "verify"),
        ("verify/search.py", "def f():\n    from tcpmodel.report import text", "report"),
        ("compile/python.py", "from tcpmodel import verify", "verify"),
        ("verify/search.py", "from tcpmodel import prove", "prove"),
    ],
)
def test_an_import_upwards_or_sideways_would_be_found(name: str, source: str, part: str) -> None:
    assert climbing(name, ast.parse(source)) == {(name, part)}


def test_the_checker_shares_nothing_with_the_replay() -> None:
    """It stands on the generated step functions and the trace alone."""
    allowed = {"tcpmodel.compile.runtime", "tcpmodel.trace", "tcpmodel.verify.verdict"}
    module = tree(PACKAGE / "verify" / "checker.py")
    used = {node.module for node in ast.walk(module) if isinstance(node, ast.ImportFrom)}
    assert {name for name in used if name and name.startswith("tcpmodel")} == allowed


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_files_are_short() -> None:
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in FILES}
    assert {name: size for name, size in sizes.items() if size >= LONGEST_FILE} == {}


def test_functions_are_short(record_property: pytest.RecordProperty) -> None:
    sizes = {
        f"{name_of(path)}:{node.lineno} {node.name}": length(node) for path in FILES for node in functions(tree(path))
    }
    median = statistics.median(sizes.values())
    record_property("median function", median)
    print(f"{len(sizes)} functions, median {median} lines, longest {max(sizes.values())}")
    assert {name: size for name, size in sizes.items() if size > LONGEST_FUNCTION} == {}
    assert median <= MEDIAN_FUNCTION


def public(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The functions and classes of a module that do not begin with an underscore."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node


def test_modules_say_what_they_are_for() -> None:
    assert [name_of(path) for path in FILES if path.read_text().strip() and not documented(tree(path))] == []


def test_public_functions_are_documented() -> None:
    bare = [
        f"{name_of(path)}:{node.lineno} {node.name}" for path in FILES for node in public(path)
        if not isinstance(node, ast.ClassDef) and not documented(node)
    ]  # fmt: skip
    assert bare == []


def test_what_a_package_offers_is_documented() -> None:
    """Classes too, where other parts import them from the package."""
    bare = []
    for package in sorted(path.parent for path in FILES if path.name == "__init__.py"):
        offered = exports(package / "__init__.py")
        for path in sorted(package.glob("*.py")):
            bare += [f"{name_of(path)} {n.name}" for n in public(path) if n.name in offered and not documented(n)]
    assert bare == []


def exports(path: Path) -> set[str]:
    """The names in __all__, and those defined in the module itself."""
    names = {node.name for node in public(path)}
    for node in tree(path).body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            names |= set(ast.literal_eval(node.value))
    return names


# Written so that this file does not speak of them itself.
WORKPLACE = re.compile(
    r"/(?:work|root|home|tmp)/[a-z.]"
    r"|\b(?i:sub-?agent|chat-?bot|language mode[l]s?|this sessio[n]|last sessio[n]|another helpe[r]|the helpe[r]s"
    r"|contract\.m[d]|as requeste[d]|the user aske[d])\b"
    r"|\b(?:T[O]DO|F[I]XME|X[X]X)\b"
)


def committed() -> list[Path]:
    """The text files under version control, or all of them outside a checkout."""
    run = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    names = run.stdout.split("\0") if run.returncode == 0 else []
    shown = (path for path in CHECKOUT.rglob("*") if not any(part.startswith(".") for part in path.parts))
    paths = [CHECKOUT / name for name in names if name] or list(shown)
    kinds = {".py", ".yaml", ".yml", ".md", ".toml", ".txt", ".json", ""}
    return [path for path in paths if path.is_file() and path.suffix in kinds]


def test_nothing_speaks_of_the_place_it_was_made_in() -> None:
    """No path of a machine, and nothing that only those who were there understand."""
    found = {}
    for path in committed():
        text = path.read_text(errors="replace")
        found |= {f"{path.relative_to(CHECKOUT)}: {match[0]}": 1 for match in WORKPLACE.finditer(text)}
    assert found == {}


@pytest.mark.parametrize(
    "text", ["see /" + "tmp/x.py", "a " + "sub" + "agent did it", "as the user " + "asked", "/" + "root/.cache"]
)
def test_such_a_mention_would_be_found(text: str) -> None:
    assert WORKPLACE.search(text)

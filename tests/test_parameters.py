"""Parameters are data: each has a unit and says what it is for, and no other number of a method stands by itself."""

from __future__ import annotations

import ast
import functools
import re
from collections import defaultdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from placement.cli.app import app
from placement.parameters import PARAMETERS
from placement.report.solvers import parameter_lists
from placement.solving.parameters import changed, parameter_rows
from tests.report.test_tables import shown as text_of
from tests.source import tree

PACKAGE = Path(__file__).parents[1] / "placement"
ROWS = list(parameter_rows(PARAMETERS))

# Rooms of methods; numbers of a module of theirs are parameters, or one of those below.
ROOMS = (
    *("bounds", "direct", "engines", "heuristics", "local_search", "parallel", "patterns"),
    *("reductions", "solvers", "solving", "vector_packing"),
)

# Numbers that could not be others, by what they are.
TOLERANCES = {
    *(
        "CBC_MARGIN",
        "ENOUGH",
        "FAULTY_RULES",
        "HAIR",
        "MARGIN",
        "NOISE",
        "PROVED_GAP",
        "SLIP",
        "SOME",
        "WHOLE",
    ),
    "SMALLEST",  # coefficient that an engine takes
}
SCALES = {  # whole numbers in place of fractions, and what a scaled number may be
    *("COEFFICIENT_BITS", "DENOMINATOR", "FINE", "LARGE", "LARGEST", "PARTS", "PRECISION", "RIGHT"),
    *("PER_SECOND", "SAFE", "SANE", "SCALE", "SCALED"),
}
WITHOUT_LIMIT = {"ANY", "ANY_ZONE", "BEYOND", "FAR", "MANY", "MOST", "UNLIMITED"}
NAMES_OF_SOMETHING = {"DUAL", "HELPER_SEED", "HOST", "ONCE", "PRIMAL", "THREADS", "WIDE"}
OTHERS = {
    "FIRST_ROWS",  # of arrays that grow
    "NAMED",  # components in a sentence
    "OPTIONS",  # in a sentence
    "POLL",  # of an engine
}
ARGUED = TOLERANCES | SCALES | WITHOUT_LIMIT | NAMES_OF_SOMETHING | OTHERS


def is_number(node: ast.expr) -> bool:
    """A literal number, one made of such, or a tuple of them."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return not isinstance(value, bool)
        case ast.UnaryOp(operand=operand):
            return is_number(operand)
        case ast.BinOp(left=left, right=right):
            return is_number(left) and is_number(right)
        case ast.Tuple(elts=elements):
            return bool(elements) and all(map(is_number, elements))
    return False


def numbers(source: str) -> list[str]:
    """Names of a module that are numbers."""
    found = []
    for node in tree(source).body:
        if isinstance(node, ast.Assign) and is_number(node.value):
            (target,) = node.targets
            names = target.elts if isinstance(target, ast.Tuple) else [target]
            found += [name.id for name in names if isinstance(name, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and node.value is not None and is_number(node.value):
            found += [node.target.id] if isinstance(node.target, ast.Name) else []
    return found


@pytest.mark.parametrize("room", ROOMS)
def test_a_number_of_a_method_is_a_parameter(room: str) -> None:
    """Or one of a few that could not be others."""
    for path in sorted((PACKAGE / room).rglob("*.py")):
        for name in numbers(path.read_text()):
            assert name.lstrip("_") in ARGUED, f"{path}: {name} belongs into parameters.py of its room"


def taken_early(source: str) -> list[str]:
    """Parameters that are defaults of arguments and fields, or names of the module: taken when that is loaded."""
    module = tree(source)
    groups = {"_PARAMS"}
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".parameters"):
            groups |= {name.asname or name.name for name in node.names}
    defaults: list[ast.expr | None] = []
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            defaults += [*node.args.defaults, *node.args.kw_defaults]
        elif isinstance(node, ast.ClassDef):
            defaults += [field.value for field in node.body if isinstance(field, ast.AnnAssign)]
    named = [node.value for node in module.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    defaults += [value for value in named if value is not None and not _is_group(value)]
    return [
        ast.unparse(default)
        for default in defaults
        if default is not None
        and any(_root(part) in groups for part in ast.walk(default) if isinstance(part, ast.Attribute))
    ]


def _is_group(node: ast.expr) -> bool:
    """Whether a value is the class of a module in that of its room, as `_PARAMS` is, or several such."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_group, node.elts))
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and _is_room(node.value.id)


def _is_room(name: str) -> bool:
    """Whether a name is that of a room's class, as a whole; a module's own is `_PARAMS`."""
    return name.isupper() and not name.startswith("_")


def _root(node: ast.expr) -> str:
    """The name that a chain of attributes begins with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("room", ROOMS)
def test_a_parameter_is_looked_up_when_it_is_used(room: str) -> None:
    """As a default it would keep its first value: a test or a fuzz path that changes it would change nothing."""
    for path in sorted((PACKAGE / room).rglob("*.py")):
        source = path.read_text()
        assert ".parameters import" not in source or taken_early(source) == [], path


def test_defaults_are_seen() -> None:
    """Of functions, by position and by name, of lambdas and of fields; and names of a module."""
    source = (
        "from a.parameters import A, Ax\nfrom a.b import B\n_PARAMS = A.x\n_Z, _W = A.x.z, 2\n_V = Ax.v\n"
        "def f(x, y=A.x.y, *, z=2 * _PARAMS.z): return lambda q=_PARAMS.q: A.r\n"
        "class C:\n    x: int = _PARAMS.x\n    y: int = B.y\n"
    )
    assert sorted(taken_early(source)) == ["(A.x.z, 2)", "2 * _PARAMS.z", "A.x.y", "Ax.v", "_PARAMS.q", "_PARAMS.x"]


def test_numbers_are_seen() -> None:
    """In each form that they have."""
    source = "A = 1\n_B, C = -2, 2**3\nD: float = 0.5\nE = (1, (2.0, 3))\nF = True\nG = 'x'\nH = A\nI = ()\n"
    assert numbers(source) == ["A", "_B", "C", "D", "E"]


def test_every_argued_name_is_somewhere() -> None:
    """A name that is gone argues for nothing."""
    names = {
        name.lstrip("_")
        for room in ROOMS
        for path in (PACKAGE / room).rglob("*.py")
        for name in numbers(path.read_text())
    }
    assert names == ARGUED


def test_a_parameter_says_what_it_is() -> None:
    """A unit, a purpose, and a value that is a number or several; and somebody reads it."""
    texts = [path.read_text() for path in PACKAGE.rglob("*.py") if path.name != "parameters.py"]
    sources: dict[str, list[str]] = defaultdict(list)  # those that have a word
    for text in texts:
        for word in set(re.findall(r"\w+", text)):
            sources[word].append(text)
    assert len(ROWS) > 300
    assert [row.name for row in ROWS if not (row.unit and row.what)] == []
    assert [row.name for row in ROWS if row.value == ()] == []
    assert [
        row.name for row in ROWS if not any(_reads(one, row.name) for one in sources[row.name.split(".")[-1]])
    ] == []


def _reads(source: str, parameter: str) -> bool:
    """Whether a module uses a parameter, by the name of its group or as one of its own group."""
    *_, group, name = parameter.split(".")
    kind = functools.reduce(getattr, parameter.split(".")[:-1], PARAMETERS).__name__
    own = f"import {kind} as _PARAMS\n" in source or f".{group}\n" in source
    return f"{group}.{name}" in source or f"{kind}.{name}" in source or (f"_PARAMS.{name}" in source and own)


def test_changed_parameters_come_back() -> None:
    """Also after an error; a name that there is not is refused before anything changes."""
    pack = PARAMETERS.column_generation.pack

    def failing() -> None:
        with changed(pack, tries=1, less=0.5):
            assert (pack.tries, pack.less) == (1, 0.5)
            raise KeyError

    with pytest.raises(KeyError):
        failing()
    with pytest.raises(AttributeError), changed(pack, tries=1, gone=2):
        pass
    assert (pack.tries, pack.less) == (12, 0.6)


def test_the_table_has_every_parameter() -> None:
    """With its value and unit."""
    text = text_of(parameter_lists(), width=200)
    for row in ROWS:
        assert row.name.rpartition(".")[2] in text
        assert row.unit in text


def test_the_command_prints_one_table() -> None:
    """That of parameters, or that of the schedule."""
    runner = CliRunner()
    printed = runner.invoke(app, ["solvers", "--parameters"])
    assert printed.exit_code == 0
    assert "dive_from" in printed.output
    both = runner.invoke(app, ["solvers", "--parameters", "--schedule"])
    assert both.exit_code == 2
    assert "ask for one of them" in both.output

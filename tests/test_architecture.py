"""Imports go up the list of layers, never down; engines stay in their rooms and are loaded when used.

The walker reads source text alone, so it can be fed planted offences: the last tests here show that it bites.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from dataclasses import dataclass, fields
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from placement.compiled.fleet import Fleet
from tests.source import nodes, tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).resolve().parents[1]
FRONT_DOOR = "__init__"

# Lowest first. A module may import what stands before it here; type-only and local imports count as well.
LAYERS = (
    "check_certificate",
    "recheck_program",
    "display",
    "errors",
    "arguments",
    "arrays",
    "grouping",
    "units",
    "markdown",
    "catalogue",
    "documents",
    "sizing",
    "catalogue.readers",
    "profiles",
    "demand",
    "referee",
    "fleet_simulator",
    "running_state",
    "compiled",
    "reductions.base",
    "reductions.fixed_counts",
    "reductions.volume_aggregation",
    "reductions.linear_prices",
    "reductions.free_machines",
    "reductions.required",
    "solving",
    "integrations",
    "parallel",
    "engines",
    "bounds",
    "vector_packing",
    "patterns",
    "heuristics",
    "reductions",
    "direct",
    "local_search",
    "solvers",
    "solvers.registry",
    "solvers.bin_packing",
    "solvers.column_generation",
    "certificates",
    "solvers.decomposition",
    "solvers.demand",
    "solvers.portfolio",
    "parameters",
    "writing",
    "planner",
    "transition",
    "rollout",
    "simulation",
    "replanning",
    "scenarios",
    "report",
    "auditing",
    "drift",
    "quickstart",
    FRONT_DOOR,
    "cli",
    "__main__",
)
# All that finds plans and bounds: none of it may ask the referee, or a solver would mark its own work.
SOLVING = tuple(
    layer for layer in LAYERS[LAYERS.index("compiled") : LAYERS.index("parameters")] if layer != "integrations"
)

# Modules that are to be believed without the package: they import the standard library, or an engine when asked.
ALONE = {"check_certificate": (), "recheck_program": ("highspy", "ortools")}

# Where fleets are made or changed: a solver takes a reduction, which knows the way back.
REWRITERS = ("compiled", "reductions")
FIELDS_OF_A_FLEET = frozenset(field.name for field in fields(Fleet) if field.init)
MOST_LINES_OF_THE_CHECKER = 776

# Which layers may import a package at all, and from which starting points it must not be loaded.
ENGINE_ROOMS = (
    "engines",
    "bounds",
    "vector_packing",
    "patterns",
    "reductions",
    "direct",
    "local_search",
    "solvers.column_generation",
    "certificates",
    "transition",
    "rollout",
    "scenarios",
)
HOMES = {
    "ortools": (*ENGINE_ROOMS, "recheck_program"),
    "pulp": ENGINE_ROOMS,
    "highspy": (*ENGINE_ROOMS, "recheck_program"),
    "distributed": ("parallel",),
    "typer": ("cli",),
    "questionary": ("cli",),
    "prompt_toolkit": ("cli",),
    "rich": ("report", "cli"),
    "jinja2": ("report",),
    "resvg_py": ("report",),
    "pandas": ("report",),
    "boto3": ("integrations",),
    "botocore": ("integrations",),
}
HEAVY = ("ortools", "pulp", "highspy", "networkx", "pandas", "distributed", "jinja2", "boto3", "botocore")
LIGHT_ROOTS = {
    "placement": (*HEAVY, "typer", "rich"),
    "placement.planner": (*HEAVY, "typer", "rich"),
    "placement.solvers.portfolio": (*HEAVY, "typer", "rich"),
    "placement.cli": HEAVY,
}


@dataclass(frozen=True)
class Import:
    """One imported name: where the statement stands, and whether loading the module runs it."""

    line: int
    target: str
    eager: bool


@dataclass(frozen=True)
class Module:
    """A module of the package with what it imports."""

    path: str
    imports: tuple[Import, ...]


def parse(source: str, name: str, *, is_package: bool) -> tuple[Import, ...]:
    """Every import in a module's source; a relative one is given its full name."""
    package = name if is_package else name.rpartition(".")[0]
    return tuple(walk(tree(source).body, package, eager=True))


def walk(nodes: list[ast.stmt], package: str, *, eager: bool) -> Iterator[Import]:
    """Imports below some statements; those in a function, or for the type checker alone, are not eager."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(node.lineno, alias.name, eager) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            above = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
            source = ".".join(part for part in (above, node.module) if part)
            yield from (Import(node.lineno, f"{source}.{alias.name}", eager) for alias in node.names)
        elif isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
            yield from walk(node.body, package, eager=False)
            yield from walk(node.orelse, package, eager=eager)
        else:
            in_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            yield from walk(statements_in(node), package, eager=eager and not in_function)


def _last_name(node: ast.expr) -> str:
    """Of a name, itself; of an attribute, its own; "" of anything else."""
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def statements_in(node: ast.AST) -> list[ast.stmt]:
    """The statements directly inside a compound statement, through its handlers and cases."""
    found: list[ast.stmt] = []
    for place in ("body", "handlers", "cases", "orelse", "finalbody"):
        for child in getattr(node, place, ()):
            found.extend([child] if isinstance(child, ast.stmt) else statements_in(child))
    return found


def layer_of(target: str) -> str | None:
    """Layer of a dotted name: its second part, with the third where there is such a layer.

    It is the front door for the package itself and the names it offers.
    """
    top, _, rest = target.partition(".")
    if top != "placement":
        return None
    first, _, more = rest.partition(".")
    second = f"{first}.{more.partition('.')[0]}"
    return second if second in LAYERS else first if first in LAYERS else FRONT_DOOR


def misplaced(modules: Mapping[str, Module]) -> Iterator[str]:
    """Imports that go down the list, modules that are not on it, and solvers that mark their own work."""
    for name, module in modules.items():
        first = layer_of(name) or FRONT_DOOR
        if first == FRONT_DOOR and name != "placement":
            yield f"{module.path}:1: {name} has no layer; give it its place in LAYERS"
            continue
        for row in module.imports:
            layer = layer_of(row.target)
            if layer is None:
                continue
            if LAYERS.index(layer) > LAYERS.index(first):
                yield f"{module.path}:{row.line}: {first} imports {row.target}, which stands below it"
            if first in SOLVING and layer == "referee":
                yield f"{module.path}:{row.line}: {first} imports the referee; no solver marks its own work"


def strays(modules: Mapping[str, Module]) -> Iterator[str]:
    """Packages imported outside the layers that may know them."""
    for name, module in modules.items():
        layer = layer_of(name)
        for row in module.imports:
            top = row.target.partition(".")[0]
            if top in HOMES and layer not in HOMES[top]:
                yield f"{module.path}:{row.line}: {layer} imports {top}; only {', '.join(HOMES[top])} may"


def loaded_early(modules: Mapping[str, Module]) -> Iterator[str]:
    """Heavy packages that importing a light module would load, with the way that leads there."""
    for root, unwanted in LIGHT_ROOTS.items():
        way = {root: root}
        queue = [root]
        for name in queue:
            for row in modules[name].imports if name in modules else ():
                if not row.eager:
                    continue
                if row.target.partition(".")[0] in unwanted:
                    yield f"{modules[name].path}:{row.line}: {way[name]} loads {row.target}; import it where it is used"
                for reached in with_parents(row.target):
                    if reached in modules and reached not in way:
                        way[reached] = f"{way[name]} > {reached}"
                        queue.append(reached)


def circle(modules: Mapping[str, Module]) -> list[str]:
    """Modules that import each other in a circle, the first again at its end; empty when there is none.

    Imports in functions and those for the type checker count too: who is below whom must be plain.
    """
    graph = {name: {_module_of(row.target, modules) for row in modules[name].imports} - {name} for name in modules}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found[::-1]  # each imports the next
    return []


def _module_of(target: str, modules: Mapping[str, Module]) -> str:
    """The module that has a name: itself, or the one that it is imported from."""
    return next((name for name in reversed(with_parents(target)) if name in modules), target)


def with_parents(target: str) -> list[str]:
    """A dotted name and its packages, which Python loads first."""
    parts = target.split(".")
    return [".".join(parts[: length + 1]) for length in range(len(parts))]


def offences(modules: Mapping[str, Module]) -> list[str]:
    """All that breaks a rule, as `path:line: what`."""
    return [*misplaced(modules), *strays(modules), *loaded_early(modules)]


@cache
def read_package() -> dict[str, Module]:
    """Every module of the package in this checkout."""
    modules = {}
    for path in sorted((ROOT / "placement").rglob("*.py")):
        relative = path.relative_to(ROOT)
        is_package = path.name == "__init__.py"
        name = ".".join((relative.parent if is_package else relative.with_suffix("")).parts)
        modules[name] = Module(str(relative), parse(path.read_text("utf-8"), name, is_package=is_package))
    return modules


def test_the_package_keeps_its_layers() -> None:
    """Nothing in the package imports downwards, reaches for an engine from outside, or loads one early."""
    modules = read_package()

    assert {layer_of(name) for name in modules} >= {"errors", "documents", "referee", "planner", FRONT_DOOR}
    assert offences(modules) == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even in functions, or for the type checker."""
    assert circle(read_package()) == []


def test_a_planted_circle_is_named() -> None:
    """A package and its modules too."""
    sources = {
        "placement.a": "from placement.b.c import f",
        "placement.b": "",
        "placement.b.c": "def f():\n    from placement.d import g",
        "placement.d": "if TYPE_CHECKING:\n    from placement.a import A",
    }
    modules = {name: Module("x.py", parse(source, name, is_package=False)) for name, source in sources.items()}
    assert set(circle(modules)) == {"placement.a", "placement.b.c", "placement.d"}
    child = {"placement.b": "from placement.b.c import f", "placement.b.c": "from placement.b import g"}
    package = {n: Module("x.py", parse(s, n, is_package=n == "placement.b")) for n, s in child.items()}
    assert set(circle(package)) == {"placement.b", "placement.b.c"}
    assert circle({name: module for name, module in modules.items() if name != "placement.d"}) == []


@pytest.mark.parametrize("name", ALONE)
def test_the_checker_of_certificates_stands_alone(name: str) -> None:
    """It imports the standard library alone, and is short enough to be read whole."""
    path = ROOT / "placement" / f"{name}.py"
    source = path.read_text("utf-8")
    rows = parse(source, f"placement.{name}", is_package=False)
    foreign = {row.target.partition(".")[0] for row in rows} - sys.stdlib_module_names

    assert foreign <= {"__future__", *ALONE[name]}
    assert not any(row.eager for row in rows if row.target.partition(".")[0] in ALONE[name])
    assert len(source.splitlines()) <= MOST_LINES_OF_THE_CHECKER


def rewrites(source: str, path: str) -> Iterator[str]:
    """Fleets that a module makes, and copies with other values for fields as a fleet has them."""
    for node in nodes(source):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        changed = FIELDS_OF_A_FLEET & {keyword.arg for keyword in node.keywords if keyword.arg is not None}
        unseen = any(keyword.arg is None for keyword in node.keywords)
        if called == "Fleet":
            yield f"{path}:{node.lineno}: makes a fleet"
        elif called == "replace" and changed:
            yield f"{path}:{node.lineno}: changes {', '.join(sorted(changed))}; make it a reduction"
        elif called == "replace" and unseen and "fleet" in ast.unparse(node.args[0]).lower():
            yield f"{path}:{node.lineno}: changes a fleet; make it a reduction"


def test_fleets_are_rewritten_by_reductions_alone() -> None:
    """Whoever changes a fleet elsewhere has no way back from it that is tested (`tests/reductions/test_all.py`)."""
    found: list[str] = []
    for path in sorted((ROOT / "placement").rglob("*.py")):
        relative = path.relative_to(ROOT)
        if relative.parts[1] not in REWRITERS:
            found += rewrites(path.read_text("utf-8"), str(relative))

    assert found == []


@pytest.mark.parametrize(
    ("source", "offence"),
    [
        ("def f(x):\n    return replace(x, pools=())", "x.py:2: changes pools; make it a reduction"),
        ("dataclasses.replace(rest, levels=(), running=(0,))", "x.py:1: changes levels, running; make it a reduction"),
        ("replace(self._fleet, **changes)", "x.py:1: changes a fleet; make it a reduction"),
        ("compiled.Fleet(problem, zones)", "x.py:1: makes a fleet"),
    ],
)
def test_a_planted_rewrite_is_named(source: str, offence: str) -> None:
    """Whatever the fleet is called; other classes may be copied."""
    assert list(rewrites(source, "x.py")) == [offence]
    assert list(rewrites("replace(option, memory_mib=1); text.replace('a', 'b'); replace(x, **more)", "x.py")) == []


@pytest.mark.parametrize("root", LIGHT_ROOTS)
def test_importing_loads_no_engine(root: str) -> None:
    """What the walker concludes from the source holds in a real interpreter."""
    code = f"import sys, {root}; print(*(name for name in {LIGHT_ROOTS[root]!r} if name in sys.modules))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stdout.split() == []


@pytest.mark.parametrize(
    ("name", "source", "offence"),
    [
        (
            "placement.units",
            "import placement.compiled.fleet",
            "x.py:1: units imports placement.compiled.fleet, which stands below it",
        ),
        (
            "placement.documents.plan",
            "\nfrom placement import referee",
            "x.py:2: documents imports placement.referee, which",
        ),
        ("placement.documents.plan", "from .. import planner as p", "x.py:1: documents imports placement.planner"),
        ("placement.direct.milp.model", "from ...cli import main", "x.py:1: direct imports placement.cli.main"),
        (
            "placement.documents.read",
            "def f():\n    from placement.compiled.fleet import Fleet",
            "x.py:2: documents imports placement.compiled.fleet",
        ),
        (
            "placement.compiled.fleet",
            "if TYPE_CHECKING:\n    from placement.solving.incumbent import Incumbent",
            "x.py:2: compiled imports",
        ),
        ("placement.compiled.fleet", "from placement import solve", "x.py:1: compiled imports placement.solve, which"),
        ("placement.heuristics.greedy", "from placement.referee import verify", "x.py:1: heuristics imports the ref"),
        (
            "placement.solvers.portfolio",
            "from placement import referee",
            "x.py:1: solvers.portfolio imports the referee",
        ),
        (
            "placement.integrations.sagemaker.packing",
            "def f():\n    from placement.solvers.registry import SOLVERS",
            "x.py:2: integrations imports placement.solvers.registry.SOLVERS, which stands below it",
        ),
        (
            "placement.integrations.kubernetes",
            "from placement import planner",
            "x.py:1: integrations imports placement.planner, which stands below it",
        ),
        (
            "placement.compiled.fleet",
            "from placement.integrations import Imported",
            "x.py:1: compiled imports placement.integrations.Imported, which stands below it",
        ),
        ("placement.gossip", "", "x.py:1: placement.gossip has no layer"),
        ("placement.planner", "def f():\n    import pulp", "x.py:2: planner imports pulp; only engines, bounds"),
        ("placement.heuristics.x", "from ortools.sat import a", "x.py:1: heuristics imports ortools"),
        ("placement.planner", "from rich.table import Table", "x.py:1: planner imports rich; only report, cli may"),
        (
            "placement.cli",
            "try:\n    import pandas\nexcept ImportError:\n    pass",
            "x.py:2: placement.cli loads pandas",
        ),
        (
            "placement.solvers.portfolio",
            "class A:\n    import networkx as nx",
            "x.py:2: placement.solvers.portfolio loads networkx",
        ),
        ("placement.cli", "if not TYPE_CHECKING_OFF:\n    import networkx", "x.py:2: placement.cli loads networkx"),
    ],
)
def test_the_walker_catches_a_planted_offence(name: str, source: str, offence: str) -> None:
    """Each rule, and each way to write an import, gets its offender named with file and line."""
    found = offences({name: Module("x.py", parse(source, name, is_package=False))})

    assert any(line.startswith(offence) for line in found), found


def test_the_walker_follows_imports_through_packages() -> None:
    """An engine two modules away is found, and the way to it is told."""
    sources = {
        "placement.cli": "from placement.direct.wrap_around import deal",
        "placement.direct": "from placement.direct.search import solve",
        "placement.direct.search": "import ortools",
        "placement.direct.wrap_around": "",
    }
    modules = {name: Module(f"{name}.py", parse(text, name, is_package=False)) for name, text in sources.items()}

    assert offences(modules) == [
        "placement.direct.search.py:1: placement.cli > placement.direct > placement.direct.search loads ortools; "
        "import it where it is used"
    ]


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("placement.direct.milp.model", "import pulp\nfrom placement.compiled.fleet import Fleet\nfrom . import rows"),
        (
            "placement.solvers.portfolio",
            "from placement.solvers.registry import find_solver\nfrom placement.bounds import volume_bound",
        ),
        ("placement.cli", "import typer\nimport placement\ndef f():\n    import networkx"),
        ("placement.planner", "from placement.referee import verify\nif TYPE_CHECKING:\n    import networkx"),
    ],
)
def test_the_walker_lets_honest_imports_pass(name: str, source: str) -> None:
    """No false alarms, or people would learn to ignore it."""
    assert offences({name: Module("x.py", parse(source, name, is_package=False))}) == []

"""Names in the package: of classes, of attributes, and words that only we would know; and what front doors say.

The tests read the source, so they also see what no run comes to.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.source import nodes
from tests.test_architecture import ALONE, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Modules of one file each, which import nothing of the package: nobody takes a class of theirs for another.
OWN_CLASSES = frozenset(f"placement/{name}.py" for name in ALONE)

# Rooms where a word below may not be part of an identifier. The others show plans, read files and know models: there a
# kind, a room or a box is what it is in English.
CORE = (
    *("bounds", "certificates", "compiled", "direct", "heuristics", "local_search"),
    *("parallel", "patterns", "reductions", "solvers", "solving", "vector_packing"),
)

# Words that were ours, and the field's term.
WORDS = {
    "afresh": "greenfield",
    "aim": "cutoff",
    "aims": "limits on copies left out",
    "aside": "helper, background",
    "box": "node, domain, machine state",
    "boxes": "nodes, domains, machine states",
    "errand": "job",
    "errands": "jobs",
    "guide": "restricted master",
    "keeping": "kept copies",
    "polish": "variable neighbourhood search",
    "seating": "assignment",
    "settle": "enumerate, preassign",
    "settled": "enumerated, decided",
    "settling": "node enumeration",
    "stacking": "multiplicity",
    "standing": "kept copies",
    "staying": "kept machines",
    "taste": "greedy parameters",
    "today": "running state",
    "touch": "coverage",
    "track": "incumbent",
    "way": "mode",
    "ways": "modes",
    "worth": "dual value, penalty",
    "worths": "dual values, penalties",
}

# Rooms that are a method, and what the docstring of each says.
METHODS = (
    *("bounds", "certificates", "direct", "heuristics", "local_search", "patterns"),
    *("patterns/counts", "patterns/enumeration", "patterns/running", "reductions", "replanning"),
    *(
        "solvers/column_generation",
        "solvers/column_generation/diving",
        "solvers/decomposition",
        "solvers/demand",
        "transition",
    ),
    "vector_packing",
)
SAID = ("Formulation", "Method and source", "Inputs", "Returns", "Errors", "Complexity")

# (file or room, word): why it stays.
ARGUED: dict[tuple[str, str], str] = {}


class Offence(NamedTuple):
    """Where, and what."""

    place: str
    text: str

    def __str__(self) -> str:
        """As an editor finds it."""
        return f"{self.place}: {self.text}"


@cache
def sources() -> dict[str, str]:
    """Every file of the package, by its path in the repository."""
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted((ROOT / "placement").rglob("*.py"))}


def twins(files: Mapping[str, str]) -> Iterator[Offence]:
    """Classes of one name."""
    homes: dict[str, list[str]] = defaultdict(list)
    for path, source in files.items():
        if path not in OWN_CLASSES:
            for node in nodes(source):
                if isinstance(node, ast.ClassDef):
                    homes[node.name].append(f"{path}:{node.lineno}")
    for name, places in homes.items():
        if len(places) > 1:
            yield Offence(places[-1], f"there is another class {name}, at {', '.join(places[:-1])}")


class Class(NamedTuple):
    """A class as the tests see it: its bases by name, what it declares, what its methods use of themselves."""

    path: str
    bases: tuple[str, ...]
    declared: frozenset[str]  # in the class body or in `__init__`
    stored: tuple[tuple[str, int, str], ...]  # attribute, line, method
    loaded: tuple[tuple[str, int], ...]


def classes(files: Mapping[str, str]) -> dict[str, Class]:
    """All classes, by name."""
    return {
        node.name: _class(path, node)
        for path, source in files.items()
        if path not in OWN_CLASSES
        for node in nodes(source)
        if isinstance(node, ast.ClassDef)
    }


def _class(path: str, node: ast.ClassDef) -> Class:
    declared: set[str] = set()
    stored: list[tuple[str, int, str]] = []
    loaded: list[tuple[str, int]] = []
    for row in node.body:
        if isinstance(row, ast.AnnAssign) and isinstance(row.target, ast.Name):
            declared.add(row.target.id)
        elif isinstance(row, ast.Assign):
            declared |= {target.id for target in row.targets if isinstance(target, ast.Name)}
        elif isinstance(row, ast.FunctionDef):
            declared.add(row.name)
            for attribute in _of_itself(row):
                if isinstance(attribute.ctx, ast.Load):
                    loaded.append((attribute.attr, attribute.lineno))
                elif row.name in ("__init__", "__new__"):
                    declared.add(attribute.attr)
                else:
                    stored.append((attribute.attr, attribute.lineno, row.name))
    bases = tuple(ast.unparse(base).rpartition(".")[2].partition("[")[0] for base in node.bases)
    return Class(path, bases, frozenset(declared), tuple(stored), tuple(loaded))


def _of_itself(method: ast.FunctionDef) -> Iterator[ast.Attribute]:
    """Attributes of the method's first argument."""
    itself = method.args.args[0].arg if method.args.args else ""
    for node in ast.walk(method):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == itself:
            yield node


def _inherited(known: Mapping[str, Class], bases: tuple[str, ...]) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for base in bases:
        if base in known:
            found |= known[base].declared | _inherited(known, known[base].bases)
    return found


def late_attributes(files: Mapping[str, str]) -> Iterator[Offence]:
    """Attributes that first appear outside `__init__` and the class body."""
    known = classes(files)
    for name, one in known.items():
        declared = one.declared | _inherited(known, one.bases)
        for attribute, line, method in one.stored:
            if attribute not in declared:
                yield Offence(f"{one.path}:{line}", f"{name}.{attribute} first appears in {method}")


def reached_for(files: Mapping[str, str]) -> Iterator[Offence]:
    """Private names of a base that stands in another module, used by a subclass."""
    known = classes(files)
    for name, one in known.items():
        foreign = tuple(base for base in one.bases if base in known and known[base].path != one.path)
        private = {each for each in _inherited(known, foreign) if each.startswith("_") and not each.startswith("__")}
        for attribute, line in one.loaded:
            if attribute in private - one.declared:
                yield Offence(f"{one.path}:{line}", f"{name} reaches for {attribute} of {', '.join(foreign)}")


def own_words(files: Mapping[str, str]) -> Iterator[Offence]:
    """Identifiers of the core that have a word of ours in them."""
    for path, source in files.items():
        room = Path(path).parts[1]
        if room not in CORE:
            continue
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type != tokenize.NAME:
                continue
            parts = {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", token.string)}
            for word in sorted(parts & WORDS.keys()):
                if (path, word) not in ARGUED and (room, word) not in ARGUED:
                    yield Offence(f"{path}:{token.start[0]}", f'{token.string}: say "{WORDS[word]}" for "{word}"')


def test_class_names_are_unique() -> None:
    """A name in a traceback, a note or a question then means one thing."""
    assert [str(offence) for offence in twins(sources())] == []


def test_attributes_are_there_from_the_start() -> None:
    """No method has to be called before another for an attribute to be there."""
    assert [str(offence) for offence in late_attributes(sources())] == []


def test_subclasses_do_not_reach_for_private_names() -> None:
    """What a subclass elsewhere may use of its base has a public name."""
    assert [str(offence) for offence in reached_for(sources())] == []


def test_words_of_ours_do_not_come_back() -> None:
    """Whoever knows the field can read the core's identifiers."""
    assert [str(offence) for offence in own_words(sources())] == []


@pytest.mark.parametrize("room", METHODS)
def test_front_doors_say_what_a_mathematician_asks(room: str) -> None:
    """What is solved and how, what goes in and comes out, what may fail and how long it takes."""
    text = ast.get_docstring(ast.parse((ROOT / "placement" / room / "__init__.py").read_text("utf-8"))) or ""

    assert [said for said in SAID if f"*{said}.*" not in text] == []


@pytest.mark.parametrize("room", [room for room in METHODS if room.split("/")[0] in CORE])
def test_front_doors_name_each_module(room: str) -> None:
    """Whoever reads the core for the first time finds there what each module is for, and where to begin."""
    folder = ROOT / "placement" / room
    text = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    names = [path.stem for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()]

    assert [name for name in sorted(names) if name not in ("__init__", "parameters") and f"`{name}`" not in text] == []


def test_exceptions_are_still_needed() -> None:
    """One that argues for a word which is gone goes, too."""
    files = sources()
    for place, word in ARGUED:
        assert any(
            re.search(rf"(?i)(\b|_){word}(\b|_)", source) for path, source in files.items() if place in path.split("/")
        ), (place, word)


@pytest.mark.parametrize(
    ("judge", "files", "said"),
    [
        (twins, {"placement/a.py": "class A: ...", "placement/b.py": "class A: ..."}, "placement/b.py:1: there is"),
        (
            late_attributes,
            {"placement/a.py": "class A:\n    def f(self):\n        self.x = 1"},
            "placement/a.py:3: A.x first appears in f",
        ),
        (
            reached_for,
            {
                "placement/a.py": "class A:\n    def __init__(self):\n        self._x = 1",
                "placement/b.py": "class B(A):\n    def f(self):\n        return self._x",
            },
            "placement/b.py:3: B reaches for _x of A",
        ),
        (own_words, {"placement/patterns/a.py": "first_box = 1"}, 'placement/patterns/a.py:1: first_box: say "node'),
    ],
)
def test_a_planted_offence_is_named(judge: object, files: dict[str, str], said: str) -> None:
    """Each test above fails where it should."""
    assert callable(judge)
    (found,) = judge(files)

    assert str(found).startswith(said)


def test_honest_names_pass() -> None:
    """No false alarms: inherited attributes, declared ones, checkers that stand alone, rooms that show plans."""
    files = {
        "placement/a.py": "class A:\n    x: int\n    def __init__(self):\n        self.y = self._z = 0",
        "placement/b.py": "class B(A):\n    def f(self):\n        self.x, self.y = 1, 2",
        "placement/check_certificate.py": "class A: ...",
        "placement/report/a.py": "box = 1",
        "placement/patterns/a.py": "boxed = always = 1  # a box in every way",
    }

    for judge in (twins, late_attributes, reached_for, own_words):
        assert list(judge(files)) == []

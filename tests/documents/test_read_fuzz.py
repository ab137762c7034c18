"""Malformed documents never give a traceback: they are read, or they are a `DocumentError` with places and rules."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from placement.compiled.fleet import compile_fleet
from placement.documents import Problem, read_plan, read_problem, write_document
from placement.documents.plan import Plan
from placement.errors import DocumentError
from placement.referee import verify
from tests.documents.test_documents import FULL, PLAN
from tests.strategies import problems

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pytest

Doc = dict[str, Any]
Place = tuple[Any, ...]

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 7, 0.5, 1e-9, 1e-300, 4.0, 1e9, 1e12, 10**30, -(10**30), float("nan"),
    float("inf"), "", " ", "a", "p0", "c0", "group:", "group:batch", "on", "\ud800", "\x00\n", "ü", "2024-01-01",
    [], {}, [[]], [0, 0], [5000], [""], {"": ""}, {"name": {}}, {"a": [{"b": None}]}, {1: 2},
]  # fmt: skip
KEYS = ["", "nmae", "self", "on", "options", "[key]", "a.b", "demand", "labels", "\ud800"]


def places(node: Any, path: Place = ()) -> Iterator[Place]:
    """Every place of a document below its root: keys of mappings and indices of lists."""
    entries = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from places(value, (*path, key))


def inside(document: Any, path: Place) -> Any:
    """What stands at a place."""
    for part in path:
        document = document[part]
    return document


@st.composite
def damaged(draw: st.DrawFn, documents: st.SearchStrategy[Doc]) -> Doc:
    """A sound document with one to four odd changes: values replaced, keys lost, renamed or added, rows doubled."""
    document = copy.deepcopy(draw(documents))
    for _ in range(draw(st.integers(1, 4))):
        where = list(places(document))
        if not where:
            break
        *above, last = draw(st.sampled_from(where))
        parent = inside(document, tuple(above))
        change = draw(st.sampled_from(["replace", "replace", "replace", "move", "lose", "double", "rename", "add"]))
        if change == "replace":
            parent[last] = copy.deepcopy(draw(st.sampled_from(ODD)))
        elif change == "move":
            parent[last] = copy.deepcopy(inside(document, draw(st.sampled_from(where))))
        elif change == "lose":
            del parent[last]
        elif change == "double" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif isinstance(parent, dict):
            value = parent.pop(last) if change == "rename" else copy.deepcopy(draw(st.sampled_from(ODD)))
            parent[draw(st.sampled_from(KEYS))] = value
    return document


def accepts(build: Any, *arguments: Any, **document: Any) -> Any:
    """What was built; None after a `DocumentError`, whose text must say where and what."""
    try:
        return build(*arguments, **document)
    except DocumentError as error:
        faults, message = error.faults, str(error)
    assert faults
    assert all(fault.path.startswith("$") and fault.rule for fault in faults)
    assert message.encode()  # it can be printed
    return None


def stands_the_rest_of_the_way(problem: Problem) -> None:
    """What reads can be compiled, written and read again, and judged."""
    fleet = compile_fleet(problem)
    assert len(fleet.components) == len(problem.components)
    assert Problem(**problem.to_document()) == problem
    assert verify(problem, Plan(status="feasible")).copies == 0


many = settings(max_examples=max(150, settings.default.max_examples if settings.default else 0))
PROBLEMS = st.one_of(st.just(FULL), problems())


@many
@given(document=damaged(PROBLEMS))
def test_any_problem_in_python(document: Doc) -> None:
    """`Problem(**document)` is a problem that compiles, or a `DocumentError`."""
    problem = accepts(Problem, **document)
    if problem is not None:
        stands_the_rest_of_the_way(problem)


@many
@given(document=damaged(PROBLEMS), suffix=st.sampled_from(["json", "yaml", ""]))
def test_any_problem_in_a_file(tmp_path_factory: pytest.TempPathFactory, document: Doc, suffix: str) -> None:
    """The same for files; JSON text is YAML text too."""
    path = file(tmp_path_factory, suffix)
    path.write_text(json.dumps(document))
    problem = accepts(read_problem, path)
    if problem is not None:
        stands_the_rest_of_the_way(problem)
        write_document(problem.to_document(), path)
        assert read_problem(path) == problem


@many
@given(document=damaged(st.just(PLAN)))
def test_any_plan(tmp_path_factory: pytest.TempPathFactory, document: Doc) -> None:
    """A plan that reads is judged without a fault of our own, and written and read again, or refused in our words."""
    plan = accepts(Plan, **document)
    if plan is not None:
        verify(Problem(**FULL), plan)
    path = file(tmp_path_factory, "json")
    path.write_text(json.dumps(document))
    accepts(read_plan, path)


@many
@given(text=st.one_of(st.text(), st.binary()), suffix=st.sampled_from(["json", "yaml", ""]))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str | bytes, suffix: str) -> None:
    """Whatever bytes a file holds."""
    path = file(tmp_path_factory, suffix)
    path.write_bytes(text.encode(errors="surrogatepass") if isinstance(text, str) else text)
    assert accepts(read_problem, path) is None
    accepts(read_plan, path)


YAML_BITS = [
    "format: placement/v1\n", "pools:\n", "- ", "  ", "name: a\n", "? ", ": ", "&a ", "*a", "<<: *a\n", "!!set ",
    "!!omap ", "!!binary ", "!!timestamp ", "!x ", "| \n", "> \n", "{", "}", "[", "]", ", ", "%YAML 1.1\n", "---\n",
    "...\n", "'", '"', "\t", "#", "0x1f\n", "0o7\n", "1e400\n", ".nan\n", ".inf\n", "~\n", "2024-01-01\n",
    "2024-01-01T25:00:00\n", "\\x", "=", "1: 2\n", "components: [{name: x, copies: 1}]\n",
    "instance_types: {x: {vcpus: 1, memory_gib: 1, price_per_hour: 1}}\n",
]  # fmt: skip


@many
@given(bits=st.lists(st.sampled_from(YAML_BITS), max_size=12))
def test_any_yaml(tmp_path_factory: pytest.TempPathFactory, bits: list[str]) -> None:
    """Text that looks like YAML: anchors, tags, complex keys, dates that are none."""
    path = file(tmp_path_factory, "yaml")
    path.write_text("".join(bits))
    problem = accepts(read_problem, path)
    if problem is not None:
        stands_the_rest_of_the_way(problem)
    accepts(read_plan, path)


def file(factory: pytest.TempPathFactory, suffix: str) -> Path:
    """One file for all examples of a test."""
    return factory.getbasetemp() / f"fuzz.{suffix}".rstrip(".")

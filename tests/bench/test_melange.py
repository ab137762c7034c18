"""Mélange: the published optima proven, counted in fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placement import Problem
from placement_bench.cases import Answer, Limits
from placement_bench.choose import Choice, choose
from placement_bench.melange.demand import document, whole_optimum
from placement_bench.melange.problem import Melange
from placement_bench.melange.program import one_type, solve
from placement_bench.sets import melange as the_set
from tests.bench.published import published

LOADS = st.one_of(st.none(), st.fractions(Fraction(1, 10), Fraction(3), max_denominator=10))


@st.composite
def cases(draw: st.DrawFn) -> Melange:
    """Two types, up to three buckets, loads that often sum to whole GPUs."""
    load = draw(st.lists(st.tuples(LOADS, LOADS), min_size=1, max_size=3))
    price = draw(st.tuples(*[st.integers(1, 9).map(lambda tenths: Fraction(tenths, 10))] * 2))
    names = tuple(str(bucket) for bucket in range(len(load)))
    return Melange(("a", "b"), price, names, draw(st.integers(1, 3)), tuple(load))


def best(case: Melange) -> Fraction | None:
    """By trying every division of every bucket."""
    modes = [(count, case.slices - count) for count in range(case.slices + 1)]
    slices = [all_of for all_of in product(modes, repeat=len(case.buckets)) if not case.faults(all_of)]
    return min((case.cost(case.counts(row)) for row in slices), default=None)


@settings(max_examples=60)
@given(case=cases())
def test_the_program_proves_the_optimum(case: Melange) -> None:
    """The counted cost equals brute force, and the bound equals both; a bucket nobody serves has no answer."""
    mixed, optimum = solve(case, seconds=30.0), best(case)
    assert (mixed.slices is None) == (optimum is None)
    if mixed.slices is not None:
        assert case.faults(mixed.slices) == []
        assert case.cost(case.counts(mixed.slices)) == optimum == mixed.bound


@given(case=cases())
def test_one_type_is_never_cheaper_than_the_best_mix(case: Melange) -> None:
    """And it is a valid answer where there is one."""
    slices, optimum = one_type(case), best(case)
    if slices is not None:
        assert optimum is not None
        assert case.faults(slices) == []
        assert case.cost(case.counts(slices)) >= optimum


def test_a_load_of_exactly_seven_gpus_needs_seven() -> None:
    """In binary floating point a hundred times 0.07 is more than 7, and an eighth GPU would be bought."""
    case = Melange.make({"a": (1.0, [[1.0]])}, [[1.0]], 7.0, 100)
    assert case.load == ((Fraction(7, 100),),)
    assert case.counts([[100]]) == [7]


@pytest.mark.parametrize(
    ("slices", "fault"), [([[1, 0]], "are not 2 over 2 types"), ([[0, 2]], "can't"), ([], "0 buckets are served")]
)
def test_the_checker_names_what_is_wrong(slices: list[list[int]], fault: str) -> None:
    """Slices lost, a type that can't serve, a bucket forgotten."""
    task = the_set.MelangeTask(Melange(("a", "b"), (Fraction(1), Fraction(1)), ("0",), 2, ((Fraction(1), None),)))
    found = task.check(Answer("feasible", 2.0, None, slices, 0.0))
    assert fault in found.faults[0]


def test_the_published_optima_are_proven() -> None:
    """The toy's 6.70 USD an hour and the 14 derived cases, single types too."""
    data = published("melange-gpu-mix")
    derived = the_set.read(data, "derived_instances.json")["instances"]
    found = list(the_set.cases(data))
    assert len(found) == 15
    for case in found:
        task = case.load()
        answer = task.run("milp", Limits(seconds=30.0))
        assert case.best_known is not None
        assert (answer.status, answer.value) == ("optimal", case.best_known.value), case.name
        assert task.check(answer).faults == ()
    for case, row in zip(found[1:], derived, strict=True):
        alone = case.load().run("one-type", Limits())
        assert alone.value == min(row["a100_only"], row["a40_only"])


def test_a_document_of_a_case() -> None:
    """A size that a type can't serve has no option there; a tenth of a GPU serves a tenth of its rate."""
    case = Melange(
        ("A", "B"),
        (Fraction(1), Fraction(1, 2)),
        ("0,1", "2,0"),
        4,
        ((Fraction(1, 2), None), (Fraction(1), Fraction(2))),
    )

    whole, tenths = (Problem(**document(case, "m", parts)) for parts in (1, 10))

    assert [component.demand for component in whole.components] == [4, 4]
    options = [[(o.name, o.throughput, o.shared) for o in c.options or ()] for c in whole.components]
    assert options == [[("a", 2, False)], [("a", 1, False), ("b", 0.5, False)]]
    rates = [[(o.throughput, o.shared) for o in c.options or ()] for c in tenths.components]
    assert rates == [[(0.2, True)], [(0.1, True), (0.05, True)]]
    assert whole_optimum(case) == 2 + 4  # a type each; of the second size both cost one for a rate of one
    assert whole_optimum(Melange(("A",), (Fraction(1),), ("0,1",), 4, ((None,),))) is None


def test_auto_proves_the_documents() -> None:
    """The toy and the smallest derived case, on whole GPUs, at the optimum that is found by trying all."""
    found = {case.name: case for case in the_set.demand_cases(published("melange-gpu-mix"))}
    assert len(found) == 30
    for name in ("example-whole", "azure-2023-code-2-whole"):
        task, best = found[name].load(), found[name].best_known
        answer = task.run("auto", Limits(seconds=60.0))
        assert best is not None
        assert answer.status == "optimal", name
        assert answer.value == pytest.approx(best.value), name
        assert task.check(answer).faults == ()


def test_a_set_without_auto_has_a_solver_of_its_own_by_default() -> None:
    """Without --solver; a set that has auto takes it."""
    data = published("melange-gpu-mix")

    assert {run.solver for run in choose(Choice(["melange"], limits={"seconds": 1.0}), data)} == {"milp"}
    assert {run.solver for run in choose(Choice(["melange-demand"], limits={"seconds": 1.0}), data)} == {"auto"}

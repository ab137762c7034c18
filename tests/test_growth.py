"""Work grows with the document and no faster: counted in executed lines, so no test depends on a clock.

What lines can't count, loops inside of C, is counted where it was once quadratic: comparisons of names.
"""

from __future__ import annotations

import pkgutil
import sys
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from placement import Problem
from placement.compiled.alike_pools import alike_pools
from placement.compiled.fleet import compile_fleet, holds
from placement.compiled.translate import to_plan
from placement.documents.references import Rows, reference_faults
from placement.documents.rows import Commitment, Component, Instance, Limit, Placement, Pool
from placement.heuristics import solve_best_fit, solve_ffd, solve_greedy
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.solve import GreedyOptions
from placement.patterns.formulation import relax
from placement.referee import verify
from placement.report.baseline import dedicated_baseline
from placement.report.facts import gather
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement_bench.sets import limits
from tests.corpus import first

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from placement.compiled.fleet import Fleet, FleetOption, Shape
    from placement.compiled.packing import Packing
    from tests.parameters import Change

_DOUBLE = 2.3  # what twice as much may take, in place of 2
_SIZES: dict[str, tuple[Callable[[int], dict[str, Any]], int]] = {
    "zones": (limits.zones, 60),
    "zones-spread": (partial(limits.zones_spread, components=4), 80),
    "pools": (limits.pools, 200),
    "components": (limits.components, 100),
    "options": (limits.options, 40),
    "running": (limits.running, 80),
    "copies": (limits.copies, 2_000),
}


def executed(call: Callable[[], object]) -> int:
    """How many lines of this package's Python code a call executes; each turn of a loop in one line is one."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace if "placement" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def _first_fit(fleet: Fleet) -> Incumbent:
    incumbent = Incumbent(fleet, Budget())
    solve_ffd(Solve(fleet, incumbent, Budget(work=1)))
    return incumbent


def _greedy(fleet: Fleet) -> None:
    solve_greedy(Solve.of(fleet, Budget(work=1)), options=GreedyOptions(restarts=2, rounds=0))


def _best(incumbent: Incumbent) -> Packing:
    assert incumbent.best is not None
    return incumbent.best[0]


def _write(fleet: Fleet, incumbent: Incumbent) -> None:
    to_plan(fleet, _best(incumbent))


def _stages(document: dict[str, Any]) -> dict[str, Callable[[], object]]:
    problem = Problem(**document)
    fleet = compile_fleet(problem)
    incumbent = _first_fit(fleet)
    return {
        "read": partial(Problem, **document),
        "compile": partial(compile_fleet, problem),
        "ffd": partial(_first_fit, fleet),
        "best-fit": lambda: solve_best_fit(Solve.of(fleet, Budget(work=1))),
        "greedy": partial(_greedy, fleet),
        "write": partial(_write, fleet, incumbent),
        "check": lambda: verify(problem, to_plan(fleet, _best(incumbent))),
        "count": lambda: gather(problem, to_plan(fleet, _best(incumbent)), fleet),
        "compare": lambda: dedicated_baseline(fleet, [c.copies for c in fleet.components]),
    }


@pytest.mark.parametrize("name", first(sorted(_SIZES), 3))
def test_twice_the_document_is_twice_the_work(name: str, monkeypatch: pytest.MonkeyPatch, parameters: Change) -> None:
    # Up to there it matches all pairs.
    parameters(HEURISTICS.relabel, most_pairs=0)
    monkeypatch.setattr("placement.report.baseline._STEPS_EACH", 1_000)  # up to there it grows with a square
    make, size = _SIZES[name]
    small, large = _stages(make(size)), _stages(make(2 * size))
    grown = {stage: executed(large[stage]) / executed(small[stage]) for stage in small}
    assert {stage: ratio for stage, ratio in grown.items() if ratio > _DOUBLE} == {}


class _Counted(str):
    """A name that counts how often it is compared."""

    __slots__ = ()
    compared = 0

    def __eq__(self, other: object) -> bool:
        _Counted.compared += 1
        return str.__eq__(self, other) if isinstance(other, str) else NotImplemented

    __hash__ = str.__hash__


def test_names_are_looked_up_not_searched() -> None:
    """Instances, components and pools of every running copy: a few comparisons for each row."""
    count = 300
    names = [_Counted(f"n{k}") for k in range(count)]
    rows = Rows(
        types={},
        pools=[(k, Pool(name=f"n{k}", instance_type="t", zone="a")) for k in range(count)],
        components=[(k, Component(name=f"n{k}", copies=1, avoid=(f"n{(k + 1) % count}",))) for k in range(count)],
        instances=[(k, Instance(id=f"n{k}", pool=f"n{count - 1 - k}")) for k in range(count)],
        placements=[(k, Placement(component=f"n{count - 1 - k}", instance=f"n{k}")) for k in range(count)],
        limits=[(0, Limit(name="n0", pools=tuple(f"n{k}" for k in range(count)), max_instances=1))],
        commitments=[(k, Commitment(name=f"n{k}", pools=(f"n{k}",), instances=1)) for k in range(count)],
        repeats={section: {} for section in ("pools", "limits", "commitments", "components", "instances")},
        names={
            **{
                section: Counter(names)
                for section in ("pools", "limits", "components", "instances", "groups", "accelerators", "commitments")
            },
            "instance_types": Counter(["t"]),
        },
    )
    _Counted.compared = 0
    assert reference_faults(rows) == []
    assert 0 < _Counted.compared <= 10 * count


def test_a_copy_is_held_against_each_shape_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pools have that shape."""
    document = limits.pools(450)
    asked = 0

    def counted(shape: Shape, option: FleetOption) -> bool:
        nonlocal asked
        asked += 1
        return holds(shape, option)

    monkeypatch.setattr("placement.compiled.fleet.holds", counted)
    fleet = compile_fleet(Problem(**document))
    shapes = {pool.shape for pool in fleet.pools}
    assert asked == len(shapes) * len(fleet.components)
    assert all(
        (p in option.pools) == holds(fleet.pools[p].shape, option)
        for component in fleet.components
        for option in component.options
        for p in range(len(fleet.pools))
    )


@pytest.mark.parametrize("looks", ["placement.referee.machines._on_one_machine", "placement.report.facts.MachineLoad"])
def test_machines_that_hold_the_same_are_looked_at_once(looks: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = Problem(**limits.many_copies(3, 400))
    fleet = compile_fleet(problem)
    packing = _best(_first_fit(fleet))
    plan = to_plan(fleet, packing)
    look, looked = pkgutil.resolve_name(looks), 0

    def counted(*arguments: Any, **named: Any) -> Any:
        nonlocal looked
        looked += 1
        return look(*arguments, **named)

    monkeypatch.setattr(looks, counted)
    assert verify(problem, plan).ok
    gather(problem, plan, fleet)
    different = {(machine.pool, machine.seats) for machine in packing.machines}
    assert 0 < looked <= len(different) < len(packing.machines) / 2


def test_machines_that_differ_in_nothing_but_their_pool_are_checked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """In each of many zones, with the same copies."""
    problem = Problem(**limits.zones(300))
    fleet = compile_fleet(problem)
    packing = _best(_first_fit(fleet))
    look, looked = pkgutil.resolve_name("placement.referee.machines._on_one_machine"), 0

    def counted(*arguments: Any) -> Any:
        nonlocal looked
        looked += 1
        return look(*arguments)

    monkeypatch.setattr("placement.referee.machines._on_one_machine", counted)
    assert verify(problem, to_plan(fleet, packing)).ok
    different = {(fleet.pools[machine.pool].shape, machine.seats) for machine in packing.machines}
    assert 0 < looked <= len(different) < len(packing.machines) / 4


def test_rules_of_zones_are_read_once_a_component(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many zones there are, and dedicated ones too."""
    document = limits.zones(30)
    document["components"][0]["dedicated"] = True
    fleet = compile_fleet(Problem(**document))
    read: list[int] = []
    name = "placement.patterns.formulation.zone_limits"
    zone_limits = pkgutil.resolve_name(name)

    def counted(component: Any) -> Any:
        read.append(component.index)
        return zone_limits(component)

    monkeypatch.setattr(name, counted)
    relax(fleet)
    assert sorted(read) == [c.index for c in fleet.components]


def test_alike_pools_are_those_that_no_rule_of_volume_tells_apart() -> None:
    document = limits.pools(90)
    document["pools"][0]["price_per_hour"] = 0.01  # another price
    document["pools"][1]["max_instances"] = 0  # no option may use it
    del document["pools"][2]["max_instances"]  # no quota
    fleet = compile_fleet(Problem(**document))
    groups = alike_pools(fleet)
    assert sorted(p for group in groups for p in group) == list(range(90))
    assert [group for group in groups if set(group) & {0, 1, 2}] == [[0], [1], [2]]
    assert len(groups) == 15 + 3

"""Where machines are scarce: the copies that the linear program wants, packed by dives."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.heuristics.workspace import Workspace
from placement.local_search.optional_copies import OptionalCopies
from placement.patterns.left_out import LeftOutBound
from placement.solvers.column_generation import scarce as bringing_in
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.wanted_copies import machine_counts, pack_wanted
from placement.solving.budget import Budget
from placement.solving.context import Solve
from tests.corpus import seeds
from tests.local_search.test_optional_copies import fleet_of, model, plan_of
from tests.patterns.test_left_out import SOME, scarce

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from tests.parameters import Change


def bounded(solve: Solve) -> LeftOutBound:
    """The bound of the last level, whatever those before it leave out."""
    level = len(solve.fleet.levels) - 1
    bound = LeftOutBound(solve, level, None)
    bound.run(Budget(), most=10**9)
    return bound


def packed(solve: Solve) -> Packing | None:
    return pack_wanted(solve, bounded(solve), Budget(), 0)


def test_a_dive_packs_what_the_linear_program_wants() -> None:
    """Two machines: no large copy, as small and middle ones of four accelerators are more."""
    fleet = fleet_of(2, model("large", 4, 15), model("small", 8, 4), model("middle", 6, 7))
    packing = packed(Solve.of(fleet))
    assert packing is not None
    assert Counter(seat.component for _, seat in packing.seats()) == {1: 8, 2: 4}


def test_a_dedicated_component_has_its_machine_alone() -> None:
    fleet = fleet_of(2, model("alone", 2, 8, dedicated=True, min_copies=2), model("small", 9, 4))
    packing = packed(Solve.of(fleet))
    assert packing is not None
    contents = sorted(sorted({seat.component for seat in machine.seats}) for machine in packing.machines)
    assert contents == [[0], [1]]


def test_no_pool_gets_more_copies_than_may_be_lost_with_it() -> None:
    """Two of four copies stay where a pool is lost."""
    fleet = fleet_of(2, model("c", 4, 4, min_available_on_pool_loss=2), model("d", 6, 9), zones="ab")
    packing = packed(Solve.of(fleet))
    assert packing is not None
    by_pool = Counter(machine.pool for machine in packing.machines for seat in machine.seats if seat.component == 0)
    assert by_pool == {0: 2, 1: 2}


@seeds(SOME, 20)
def test_machines_and_quotas_hold_what_is_packed(seeds: range) -> None:
    """Random problems of scarce machines under every rule: each copy may stand where it does, none is packed twice."""
    looked = 0
    for seed in seeds:
        document = scarce(seed)
        fleet = None if document is None else compile_fleet(Problem(**document))
        if fleet is None or not fleet.levels:
            continue
        solve = Solve.of(fleet, hint=placement.solve(fleet.problem, "ffd", work=1, options={"restarts": 1}).packing)
        packing = packed(solve)
        if packing is None or fleet.limits:  # whose machines are near enough
            continue
        looked += 1
        ws = Workspace(fleet)
        for machine in sorted(packing.machines, key=lambda machine: machine.instance is None):
            m = ws.rent(machine.pool) if machine.instance is None else machine.instance
            for seat in machine.seats:
                assert ws.can_stand(seat, m), f"seed {seed}"
                ws.place(seat, m)
        assert all(ws.placed[c.index] <= c.copies for c in fleet.components), f"seed {seed}"
    assert looked > 0.1 * len(seeds)


def running(pinned: bool = False, **more: Any) -> Fleet:
    """One copy runs on the only machine."""
    place = {"component": "small", "instance": "i", "accelerators": [0], "pinned": pinned}
    models = model("large", 2, 15), model("small", 8, 4)
    return fleet_of(1, *models, instances=[{"id": "i", "pool": "pa"}], placements=[place], **more)


@pytest.mark.parametrize(
    ("fleet", "may"),
    [(running(), True), (running(objective={"max_moves": 3}), False), (running(pinned=True), False)],
)
def test_what_runs_may_move_or_there_is_no_dive(fleet: Fleet, may: bool) -> None:
    solve = Solve.of(fleet, hint=placement.solve(fleet.problem, "ffd", work=1).packing)
    assert (packed(solve) is not None) == may


def test_so_many_are_wanted_as_rules_over_zones_allow() -> None:
    """Three copies in two zones do not leave two where one zone is lost; where no number would do, none is wanted."""
    fleet = fleet_of(1, model("four", 8, 4, min_available_on_zone_loss=2), model("none", 3, 4), zones="ab")
    bound = LeftOutBound(Solve.of(fleet), 0, None)
    bound.copies = [2.5, 2.5]
    assert bound.wanted == {0: 4, 1: 3}
    small = fleet_of(1, model("three", 3, 4, min_available_on_zone_loss=2), zones="ab")
    bound = LeftOutBound(Solve.of(small), 0, None)
    bound.copies = [2.5]
    assert bound.wanted == {0: 0}


def test_machines_are_those_of_the_quotas_or_near_the_linear_program() -> None:
    """Without limits by quota; with them first the whole ones, then the largest parts, as far as there is room."""
    fleet = fleet_of(2, model("small", 4, 4), zones="abc")
    assert machine_counts(fleet, [0.0, 1.0, 1.5]) == [2, 2, 2]
    limit = {"name": "all", "pools": ["pa", "pb", "pc"], "max_instances": 3}
    fleet = fleet_of(9, model("small", 4, 4), zones="abc", limits=[limit])
    assert machine_counts(fleet, [0.7, 0.0, 1.8]) == [1, 0, 2]
    assert machine_counts(fleet, [0.2, 1.0, 1.8]) == [0, 1, 2]


def test_fewer_are_wanted_where_a_part_of_each_machine_is_spare() -> None:
    """Fewer large ones, as a copy is a copy; machines are counted whole."""
    fleet = fleet_of(2, model("large", 4, 12), model("small", 8, 4))
    bound = bounded(Solve.of(fleet))
    bound.want(0.0, Budget())
    assert (bound.wanted, bound.machines) == ({0: 3, 1: 8}, [2.0])
    bound.want(0.25, Budget())
    assert (bound.wanted, bound.machines) == ({0: 2, 1: 8}, [2.0])
    bound.run(Budget(), most=10**9)
    assert bound.wanted == {0: 3, 1: 8}


def test_dives_go_on_while_they_bring_better_plans(monkeypatch: pytest.MonkeyPatch, parameters: Change) -> None:
    """Until so many in a row bring none; each with another part of the machines spare, and another seed."""
    parameters(COLUMN_GENERATION.scarce, dives=2, spare=(0.0, 0.5))
    dives, gains = list[tuple[int, int]](), iter([True, False, True, False, False])

    def pack(solve: Solve, bound: LeftOutBound, _: Budget, seed: int) -> Packing:
        dives.append((seed, sum(bound.wanted.values())))
        return plan_of()

    monkeypatch.setattr(bringing_in, "pack_wanted", pack)
    monkeypatch.setattr(OptionalCopies, "go_on", lambda *_: next(gains, False))
    monkeypatch.setattr(OptionalCopies, "run", lambda *_: None)
    fleet = fleet_of(1, model("large", 2, 15), model("small", 8, 4))
    solve = Solve.of(fleet, hint=plan_of((0, [(0, (0,)), (0, (1,))])))
    bringing_in._bring_in_wanted(solve, bounded(solve), dives=True)  # noqa: SLF001
    assert dives == [(0, 8), (1, 4), (2, 8), (3, 4), (4, 8)]
    parameters(COLUMN_GENERATION.scarce, most_dived=9)
    bringing_in.bring_in_optional(solve)
    assert len(dives) == 5

"""Diving: what stands keeps every rule, nothing is lost, and where the patterns are clear nothing is left out."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

import placement
from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.machine_state import MachineState
from placement.compiled.spread import keeps_zone_rules
from placement.heuristics.workspace import Workspace
from placement.patterns.bound import PatternBound
from placement.patterns.formulation import relax
from placement.reductions.preassigned import Preassigned
from placement.reductions.required import RequiredAsPlaced
from placement.solvers.column_generation.diving import Dive, may_dive
from placement.solvers.column_generation.diving.assignment import DiveAssignment
from placement.solvers.column_generation.diving.residual_capacity import ResidualGrid
from placement.solvers.column_generation.diving.residual_patterns import ResidualPatterns
from placement.solvers.column_generation.diving.restricted_master import RestrictedMaster
from placement.solvers.column_generation.mixes import FleetMix
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from tests.corpus import broken_rules, one_by_one, plans, seeds
from tests.heuristics.fleets import component, document

if TYPE_CHECKING:
    from placement.heuristics import PartialPacking
    from tests.parameters import Change
    from tests.reading import Doc


def dive(
    fleet: Fleet, machines: tuple[int, ...] | None = None, seed: int = 0
) -> tuple[PartialPacking, tuple[int, ...]]:
    """A dive at these machine counts, by default the bound's."""
    budget = Budget()
    bound = PatternBound(Solve.of(fleet, budget))
    bound.run(nodes=20)
    counts = bound.cheap_machines() if machines is None else machines
    sketch = Dive(bound.relaxation, bound.patterns, seed).run(FleetMix(counts), budget)
    assert sketch is not None
    return sketch, counts


def mixed(seed: int) -> list[Doc]:
    """Copies on 1, 2, 4 and 8 accelerators; some need much of the host, so that it binds."""
    rng = random.Random(seed)
    rows = []
    for k in range(rng.randint(3, 12)):
        wide = rng.choice([1, 1, 1, 2, 4, 8])
        memory, vcpus = rng.choice([0, 10, 20, 30, 37.5, 40, 55]), rng.choice([0, 1, 4, 12, 40])
        rows.append(
            component(f"c{k}", rng.randint(1, 6), memory, wide, vcpus=vcpus, memory_gib=rng.choice([0, 16, 90]))
        )
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_what_stands_keeps_every_rule(seed: int) -> None:
    """Held against the check, with as many copies asked for as stand; with those out they are all; quotas are kept."""
    rows = mixed(seed)
    fleet = compile_fleet(Problem(**document(rows)))
    assert may_dive(fleet)
    sketch, machines = dive(fleet, seed=seed)
    used = Counter(machine.pool for machine in sketch.packing.machines)
    assert all(used[p] <= n for p, n in enumerate(machines))
    placed = Counter(seat.component for _, seat in sketch.packing.seats())
    for c in fleet.components:
        assert placed[c.index] + sketch.missing[c.index, None, None] == c.copies
    assert placed, "nothing stands"
    kept = Problem(**document([{**row, "copies": placed[c]} for c, row in enumerate(rows)]))
    assert broken_rules(kept, compile_fleet(kept), sketch.packing) == []


def test_wide_copies_and_what_stands_beside_them() -> None:
    """Two machines are just enough for copies on eight, four and one accelerators: nothing is left out."""
    rows = [component("eight", 2, 40, 8), component("four", 2, 40, 4), component("one", 8, 40)]
    fleet = compile_fleet(Problem(**document(rows)))
    sketch, machines = dive(fleet, machines=(2, 0, 0, 0, 0, 0))
    assert not sketch.missing
    assert len(sketch.packing.machines) == sum(machines) == 2


def test_too_few_machines_leave_copies_out() -> None:
    """Half of what is needed stands on half of the machines."""
    fleet = compile_fleet(Problem(**document([component("one", 32, 40)])))
    sketch, _ = dive(fleet, machines=(1, 0, 0, 0, 0, 0))
    assert sketch.missing == {(0, None, None): 16}


def test_copies_that_own_accelerators_stand_beside_those_that_share() -> None:
    """One big machine: a copy that owns four, two that own one, and shared ones on the two that are left."""
    rows = [component("four", 1, 40, 4, shared=False), component("one", 2, 40, shared=False), component("many", 4, 40)]
    sketch, _ = dive(compile_fleet(Problem(**document(rows))), machines=(1, 0, 0, 0, 0, 0))
    assert not sketch.missing


def test_few_on_one_machine_come_first() -> None:
    """One copy on each of four machines, though the LP has as much of others: none is left over for the last."""
    rows = [
        component("few", 4, 30, spread={"max_per_instance": 1}),
        component("many", 28, 50),
        component("rest", 28, 25),
    ]
    fleet = compile_fleet(Problem(**document(rows)))
    sketch, _ = dive(fleet, machines=(4, 0, 0, 0, 0, 0))
    few = [sum(seat.component == 0 for seat in machine.seats) for machine in sketch.packing.machines]
    assert few == [1, 1, 1, 1]


def test_each_zone_gets_its_part() -> None:
    """Nine copies over three zones with skew 1 stand three a zone, where each zone has room for all."""
    fleet = compile_fleet(Problem(**document([component("spread", 9, 40, spread={"max_skew": 1})])))
    sketch, _ = dive(fleet, machines=(1, 0, 1, 0, 1, 0))
    assert not sketch.missing
    assert sorted(len(machine.seats) for machine in sketch.packing.machines) == [3, 3, 3]


@pytest.mark.parametrize(
    "row", [{"accelerators": 0, "vcpus": 1, "copies": 3}, {"accelerator_memory_gib": 40, "demand": 5, "throughput": 1}]
)
def test_no_dive_off_accelerators_or_for_a_demand(row: dict[str, Any]) -> None:
    """The dive knows neither."""
    assert may_dive(compile_fleet(Problem(**document([component("one", 3, 40)]))))
    assert not may_dive(compile_fleet(Problem(**document([component("one", 3, 40), {"name": "other", **row}]))))


@seeds(range(150), 8)
def test_a_dive_keeps_every_rule_on_tight_problems(seeds: range) -> None:
    """At the machines of a plan every seat may stand where it is; with the missing copies every zone rule is kept."""
    dived = complete = 0
    for seed, problem, fleet, packing in plans(seeds, demand=False, state=False):
        incumbent = Incumbent(fleet, Budget())
        incumbent.offer(packing, "test")
        required = RequiredAsPlaced.of(fleet, Solve(fleet, incumbent, Budget()).packing).fleet
        settled = Preassigned.of(required, [pool.price for pool in fleet.pools]) if may_dive(required) else None
        if settled is None or required.levels or required.instances:
            continue
        counts = Counter(machine.pool for machine in packing.machines)
        bound = PatternBound(Solve.of(fleet), incumbent.best[1].left_out if incumbent.best and fleet.levels else None)
        bound.run(nodes=5)
        sketch = Dive(relax(settled.at_quotas), bound.patterns, seed).run(
            FleetMix(tuple(counts[p] for p in range(len(fleet.pools)))), Budget()
        )
        if sketch is None:
            continue
        dived += 1
        ws = Workspace(settled.at_quotas)
        for machine in sketch.packing.machines:
            m = ws.rent(machine.pool)
            for seat in machine.seats:
                assert ws.can_stand(seat, m), f"seed {seed}"
                ws.place(seat, m)
        for c in settled.at_quotas.components:
            zoned = list(ws.zoned[c.index])
            for (_, zone, _), n in ((key, n) for key, n in sketch.missing.items() if key[0] == c.index):
                zoned[zone or 0] += n
            assert sum(zoned) == c.required, f"seed {seed}"
            assert not c.has_zone_rules or keeps_zone_rules(c, zoned), f"seed {seed}"
        if not sketch.missing and not any(settled.used):
            complete += 1
            assert broken_rules(problem, fleet, sketch.packing) == [], f"seed {seed}"
    assert dived > 20 * len(seeds) / 150
    assert complete > 8 * len(seeds) / 150


@pytest.mark.slow
def test_column_generation_dives(parameters: Change) -> None:
    """With small fleets let in, its plans pass the check (`solve` verifies) and repeat under a work limit."""
    parameters(COLUMN_GENERATION.pack, dive_from=0)
    problem = Problem(**document([*mixed(3), component("many", 30, 26.5)]))
    results = [placement.solve(problem, "column-generation", time_limit=None, work=2, seed=1) for _ in range(2)]
    assert results[0].cost is not None
    assert results[0].plan == results[1].plan or results[0].cost == results[1].cost


@pytest.fixture(name="singles")
def _singles() -> Fleet:
    """Machines of eight accelerators for a copy on four, some on two and many on one, zones beside."""
    rows = [
        component("four", 2, 30, 4),
        component("two", 6, 25, 2, spread={"max_skew": 1}),
        component("one", 24, 41, spread={"min_zones": 3}),
        component("small", 30, 11),
    ]
    return compile_fleet(Problem(**document(rows)))


def test_seats_are_taken_back_as_if_they_had_not_been(singles: Fleet) -> None:
    """Whatever may be seated and taken back in any order, the state and the machines are as before."""
    relaxation = relax(singles)
    assignment, rng = DiveAssignment(relaxation), random.Random(0)
    state = assignment.start([1] * len(singles.pools), [5.0] * len(relaxation.modes))
    state.by_mode = [rng.random() for _ in relaxation.modes]
    before = state.copy()
    open_machines = [MachineState(singles, p, None) for p in (0, 2, 4)]
    empty = [open_machine.save() for open_machine in open_machines]
    seated = []
    for _ in range(300):
        open_machine, w = rng.choice(open_machines), rng.randrange(len(relaxation.modes))
        if (
            relaxation.modes[w].pool == open_machine.pool
            and (on := assignment.tightest(open_machine, w))
            and assignment.place(open_machine, state, w, on)
        ):
            seated.append((open_machine, open_machine.copies[-1]))
    assert len(seated) > 20
    rng.shuffle(seated)
    for open_machine, copy in seated:
        assignment.take_back(open_machine, state, copy)
    assert [open_machine.save() for open_machine in open_machines] == empty
    assert (state.unassigned, state.most, state.zoned) == (before.unassigned, before.most, before.zoned)
    assert state.by_mode == pytest.approx(before.by_mode)


def test_without_time_for_the_last_lps_what_was_wanted_is_placed(
    singles: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The LP answers for machines alone: copies on one accelerator stand where it had them."""
    solve = RestrictedMaster.solve

    def for_machines(self: RestrictedMaster, *args: Any, machines: Any = None, **kwargs: Any) -> Any:
        return None if machines is None else solve(self, *args, machines=machines, **kwargs)

    monkeypatch.setattr(RestrictedMaster, "solve", for_machines)
    sketch, _ = dive(singles)
    assert sum(seat.component in {2, 3} for _, seat in sketch.packing.seats()) > 30


def test_filling_looks_at_the_clock_before_each_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding a place takes as long as there are machines: one of them may be all that there is time for."""

    class Ending(Budget):
        ends = ended = False

        def over(self) -> bool:
            return self.ended

        def share(self, *_: Any, **__: Any) -> Budget:
            return self

    fleet = compile_fleet(Problem(**document(mixed(1))))
    bound = PatternBound(Solve.of(fleet))
    bound.run(nodes=20)
    place, budget, tried = getattr(ResidualPatterns, "_place"), Ending(), Counter[bool]()  # noqa: B009 - not ours

    def counted(self: ResidualPatterns, *what: Any) -> bool:
        tried[budget.ends] += 1
        budget.ended = budget.ends
        return bool(place(self, *what))

    monkeypatch.setattr(ResidualPatterns, "_place", counted)
    for budget.ends in (False, True):
        Dive(bound.relaxation, bound.patterns, 0).run(FleetMix(bound.cheap_machines()), budget)
    assert tried[False] > 2
    assert tried[True] == 1


def test_zones_are_settled_before_they_fill_up() -> None:
    """Two zones with room for half of the copies each, skew 1 and others beside: none is left for a full zone."""
    zones: dict[str, Any] = {"zones": ["a", "b"]}
    spread = [component(f"s{k}", 3, 38 - k, spread={"max_skew": 1}, **zones) for k in range(6)]
    rows = [*spread, component("rest", 14, 40, **zones)]
    fleet = compile_fleet(Problem(**document(rows)))
    sketch, _ = dive(fleet, machines=(1, 0, 1, 0, 0, 0))
    assert not sketch.missing


@one_by_one(range(30), 10)
def test_contents_fit_where_they_are_priced_for(seed: int) -> None:
    """What fits by units stands on what is free of the accelerator."""
    rng = random.Random(seed)
    fleet = compile_fleet(Problem(**document(mixed(seed))))
    relaxation = relax(fleet)
    device_class = rng.choice(relaxation.device_classes)
    grid, open_machine = ResidualGrid(device_class), MachineState(fleet, device_class.pools[0], None)
    for need in rng.choices(device_class.needs, k=rng.randint(0, 2)):
        open_machine.free_memory[0] -= need.memory_mib
        open_machine.share[0] -= need.share
        open_machine.vcpus -= need.vcpus
        open_machine.host -= need.host_mib
    free = grid.free(open_machine, 0)
    for _ in range(50):
        residual_pattern = {i: rng.randint(1, 2) for i in range(len(device_class.items)) if rng.random() < 0.4}
        taken = sum(times * device_class.needs[i].memory_mib for i, times in residual_pattern.items())
        if free is not None and grid.fits(free, residual_pattern):
            assert taken <= open_machine.free_memory[0]

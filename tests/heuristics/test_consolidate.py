"""Machines closed or replaced one by one: what comes of small fleets by hand, and that every plan stays in order."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.fleet_rules import broken_fleet_rule
from placement.heuristics.best_fit import BestFit
from placement.heuristics.check import is_complete
from placement.heuristics.consolidate import MachineConsolidation
from placement.heuristics.construct import construct
from placement.heuristics.keep import keep_running
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.writing import first_violation
from tests.corpus import seeds
from tests.heuristics.fleets import component, fleet_of
from tests.heuristics.invariants import check_invariants
from tests.replanning.test_frontier import running
from tests.strategies import random_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.reading import Doc


class Wasteful(BestFit):
    """Each component on new machines, as long as there are any."""

    def machines(self, ws: Workspace, c: int, zone: int) -> Iterator[tuple[int, int]]:
        """None that are in use."""
        return iter(())


def today(fleet: Fleet) -> Workspace | None:
    """What runs, with what is missing on new machines; None where that is no complete plan."""
    ws = Workspace(fleet)
    keep_running(ws)
    stuck = construct(ws, Wasteful(ws, Shares(fleet)))
    return None if stuck or not is_complete(ws) else ws


def roomy_problem(rng: random.Random) -> Problem:
    """Every rule there is, on pools of which half have no quota."""
    document = random_problem(rng, rules=50)
    for pool in document["pools"]:
        if rng.random() < 0.5:
            pool.pop("max_instances", None)
    return Problem(**document)


def consolidated(fleet: Fleet) -> tuple[Workspace, MachineConsolidation]:
    """Today's plan after all passes."""
    ws = today(fleet)
    assert ws is not None
    search = MachineConsolidation(ws, Shares(fleet))
    search.run(lambda: False)
    check_invariants(ws)
    assert is_complete(ws)
    return ws, search


@seeds(range(1_000), 20)
def test_every_rule_holds_and_nothing_gets_dearer(seeds: range) -> None:
    """On random fleets with every rule there is, from what runs; now and then machines close and are replaced."""
    found: Counter[str] = Counter()
    for seed in seeds:
        fleet = compile_fleet(roomy_problem(random.Random(seed)))
        ws = today(fleet)
        if ws is None:
            continue
        before, search = ws.value(), MachineConsolidation(ws, Shares(fleet))
        gained = search.run(lambda: False)
        check_invariants(ws)
        assert is_complete(ws)
        assert not broken_fleet_rule(fleet, ws.to_packing())
        assert not first_violation(fleet, ws.to_packing())
        assert (ws.value() < before) == gained
        assert gained or ws.value() == before
        found.update(plans=1, closed=search.closed, replaced=search.replaced)
    assert found["plans"] > len(seeds) / 2
    assert found["closed"] > len(seeds) / 20
    assert found["replaced"] > 0 or len(seeds) < 200


def test_each_move_closes_a_machine_as_far_as_moves_are_allowed() -> None:
    """Machines of four with 3, 1, 1 and 1 copies: the first is filled up, then the last two share one."""
    for most, machines in ((0, 4), (1, 3), (2, 2), (3, 2)):
        ws, search = consolidated(compile_fleet(Problem(**running(3, 1, 1, 1, objective={"max_moves": most}))))
        assert (int(ws.busy.sum()), ws.running.moved, search.closed) == (machines, min(most, 2), 4 - machines)


def test_where_few_may_move_machines_with_few_copies_close() -> None:
    """One machine of two copies and two of one have room elsewhere; two moves close two machines, not one."""
    ws, _ = consolidated(compile_fleet(Problem(**running(2, 2, 1, 1, objective={"max_moves": 2}))))
    assert int(ws.busy.sum()) == 2


def test_a_machine_stays_where_moves_cost_more_than_it_does() -> None:
    """A machine costs 10 an hour."""
    for move_cost, machines in ((9, 1), (11, 2)):
        objective = {"move_cost": move_cost, "horizon_hours": 1}
        ws, _ = consolidated(compile_fleet(Problem(**running(3, 1, objective=objective))))
        assert int(ws.busy.sum()) == machines


def test_optional_copies_have_to_find_room_too() -> None:
    """Four copies, none of them required: a machine closes where the other one has room for its copies, else not."""
    row = {"name": "c", "copies": 4, "min_copies": 0, "accelerator_memory_gib": 40}
    for contents, machines in (((3, 1), 1), ((4, 1), 2)):
        components = [{**row, "copies": sum(contents)}]
        ws, _ = consolidated(compile_fleet(Problem(**running(*contents, components=components))))
        assert (int(ws.busy.sum()), ws.left_out()) == (machines, (0,))


def on_big(copies: int, **more: Any) -> Fleet:
    """So many copies of half an accelerator on a big machine that runs; a small one costs a quarter of it."""
    state: Doc = {
        "instances": [{"id": "i", "pool": "big-a"}],
        "placements": [{"component": "x", "instance": "i", "accelerators": [k]} for k in range(copies)],
    }
    return fleet_of([component("x", copies, 40)], **state, objective={"horizon_hours": 1}, **more)


def test_a_dear_machine_gives_way_to_a_cheap_one_that_holds_what_it_holds() -> None:
    """Two copies fit on a small machine, three do not, and two small machines are not looked for."""
    for copies, replaced, price in ((2, 1, 2_000_000), (3, 0, 8_000_000)):
        ws, search = consolidated(on_big(copies))
        assert (search.closed, search.replaced, ws.rented.price) == (0, replaced, price)


def test_the_next_cheap_machine_is_tried_where_the_cheapest_does_not_do() -> None:
    """Three copies of 50 GiB: on two accelerators of 80 GiB there is memory for them, but room for two."""
    sizes = {"eight": (8, 8.0), "four": (4, 4.0), "two": (2, 2.0)}
    row = {"accelerator": "A", "vcpus": 96, "memory_gib": 1024}
    fleet = fleet_of(
        [component("x", 3, 50)],
        instance_types={name: {**row, "accelerator_count": n, "price_per_hour": d} for name, (n, d) in sizes.items()},
        pools=[{"name": name, "instance_type": name, "zone": "a"} for name in sizes],
        instances=[{"id": "i", "pool": "eight"}],
        placements=[{"component": "x", "instance": "i", "accelerators": [k]} for k in range(3)],
    )
    ws, search = consolidated(fleet)
    assert (search.replaced, ws.rented.price, int(ws.busy.sum())) == (1, 4_000_000, 1)


def test_what_has_room_elsewhere_does_not_keep_the_rest_from_a_cheap_machine() -> None:
    """The wide copy, which no small machine may hold, joins its like; the narrow one goes to a small machine."""
    wide, narrow = component("wide", 4, 80, accelerators=2), component("narrow", 1, 40)
    seats = [("i", "narrow", [2]), ("i", "wide", [0, 1]), *(("j", "wide", [k, k + 1]) for k in (0, 2, 4))]
    state: Doc = {
        "instances": [{"id": "i", "pool": "big-a"}, {"id": "j", "pool": "big-b"}],
        "placements": [{"component": c, "instance": i, "accelerators": on} for i, c, on in seats],
    }
    ws, search = consolidated(fleet_of([wide, narrow], **state, objective={"horizon_hours": 1}))
    assert (search.closed, search.replaced, ws.rented.price) == (0, 1, 10_000_000)


@pytest.mark.parametrize(("rows", "held"), [("placements", {"pinned": True}), ("instances", {"removable": False})])
def test_pinned_copies_and_machines_that_are_not_given_back_hold_what_they_are_on(rows: str, held: Doc) -> None:
    """Each of both machines could take what the other one holds."""
    document = running(1, 1)
    for row in document[rows]:
        row.update(held)
    ws, search = consolidated(compile_fleet(Problem(**document)))
    assert (int(ws.busy.sum()), search.closed) == (2, 0)


def test_it_ends_when_it_is_told() -> None:
    """No machine is looked at then."""
    ws = today(on_big(2))
    assert ws is not None
    assert not MachineConsolidation(ws, Shares(ws.fleet)).run(lambda: True)
    assert ws.rented.price == 8_000_000

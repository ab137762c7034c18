"""Machines filled one by one at prices: exact fillings found, rules kept, equal machines opened at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings

from placement.compiled.fleet import Fleet, compile_fleet
from placement.documents import Problem
from placement.heuristics.bin_filling import BinFilling, fill_bins, is_unrestricted, may_fill_bins
from placement.heuristics.check import lacking
from placement.heuristics.construct import construct
from placement.heuristics.greedy import Greedy, GreedyParameters
from placement.heuristics.keep import keep_pinned
from placement.heuristics.prices import resource_prices
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from tests.heuristics.fleets import component, fleet_of
from tests.heuristics.invariants import check_invariants
from tests.strategies import problems

if TYPE_CHECKING:
    from tests.reading import Doc


def stocked(fleet: Fleet) -> tuple[Workspace, Greedy]:
    ws, shares = Workspace(fleet), Shares(fleet)
    policy = Greedy(ws, shares, GreedyParameters(0.0, *resource_prices(fleet, shares), 0.1))
    keep_pinned(ws)
    fill_bins(ws, policy, shares)
    return ws, policy


@settings(max_examples=30)
@given(doc=problems())
def test_what_is_stocked_keeps_the_rules_of_machines_and_counts(doc: Doc) -> None:
    fleet = compile_fleet(Problem(**doc))
    ws, policy = stocked(fleet)
    check_invariants(ws)
    for c in fleet.components:
        pinned = sum(place.pinned for place in fleet.places if place.component == c.index)
        assert c.demand or ws.placed[c.index] <= max(c.copies, pinned)
    before = list(ws.placed)
    construct(ws, policy)
    check_invariants(ws)
    assert all(now >= then for now, then in zip(ws.placed, before, strict=True))


def test_copies_that_fill_an_accelerator_together_are_put_together() -> None:
    # 52 + 28 and 47 + 33 fill 80 GiB
    sizes = {"a": 52, "b": 47, "c": 33, "d": 28}
    fleet = fleet_of([component(name, 16, memory) for name, memory in sizes.items()])
    ws, _ = stocked(fleet)
    assert [lacking(ws, c) for c in range(4)] == [""] * 4
    assert int(ws.busy[: ws.rows].sum()) == 4
    assert int(ws.free_memory[: ws.rows][ws.busy[: ws.rows]].max()) == 0


def test_two_small_copies_beat_one_that_leaves_more_room() -> None:
    # beside 40 GiB: one of 30 leaves 10, two of 20 leave nothing
    fleet = fleet_of([component("a", 8, 40), component("b", 8, 30), component("c", 16, 20)])
    ws, policy = stocked(fleet)
    first = min(ws.where[0])
    assert policy.dual_values[1] > policy.dual_values[2]
    assert ws.kinds[first] == {0: 8, 2: 16}


def test_wide_copies_are_completed_by_narrow_ones() -> None:
    fleet = fleet_of([component("wide", 4, 60, accelerators=4), component("narrow", 16, 20)])
    ws, _ = stocked(fleet)
    assert int(ws.busy[: ws.rows].sum()) == 2
    assert all(ws.kinds[m] == {0: 2, 1: 8} for m in np.flatnonzero(ws.busy[: ws.rows]).tolist())


def test_equal_machines_are_opened_at_once() -> None:
    fleet = fleet_of([component("a", 8000, 50), component("b", 8000, 30)])
    ws, shares = Workspace(fleet), Shares(fleet)
    filling = BinFilling(ws, Greedy(ws, shares), shares)
    opened = 0

    def count_calls(m: int, count: int) -> None:
        nonlocal opened
        opened += 1
        Workspace.open_alike(ws, m, count)

    ws.open_alike = count_calls  # type: ignore[method-assign]
    filling.open()
    assert opened == 1
    assert int(ws.busy[: ws.rows].sum()) == 1000
    check_invariants(ws)


def test_a_machine_that_would_stay_empty_is_not_opened() -> None:
    fleet = fleet_of([component("a", 1, 10)])
    ws, _ = stocked(fleet)
    assert not ws.busy[: ws.rows].any()


def test_quotas_are_kept() -> None:
    doc_pools = [{"name": "p", "instance_type": "big", "zone": "a", "max_instances": 2}]
    fleet = fleet_of([component("a", 80, 80)], pools=doc_pools)
    ws, _ = stocked(fleet)
    assert ws.rented.used == [2]
    assert ws.placed == [16]


def test_components_with_rules_on_zones_are_not_stocked_but_supplied() -> None:
    fleet = fleet_of([component("a", 6, 40, spread={"max_skew": 1})])
    assert not is_unrestricted(fleet.components[0])
    assert not may_fill_bins(fleet)
    ws, _ = stocked(fleet)
    assert sorted(ws.zoned[0]) == [2, 2, 2]

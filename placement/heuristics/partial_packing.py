"""A packing that may leave required copies out, and which: where a search that fills the rest in can start."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing
from placement.compiled.spread import least_total, targets
from placement.heuristics.best_fit import BestFit
from placement.heuristics.check import lacking, missing_pins
from placement.heuristics.construct import Policy, construct
from placement.heuristics.greedy import Greedy, GreedyParameters
from placement.heuristics.keep import keep_running
from placement.heuristics.parameters import HEURISTICS
from placement.heuristics.prices import resource_prices
from placement.heuristics.repair import Repair
from placement.heuristics.shares import Shares
from placement.heuristics.workspace import Workspace
from placement.solving.budget import Budget

Key = tuple[int, int | None, int | None]  # component, zone when that is fixed, option when that is (under a demand)
Missing = Counter[Key]


@dataclass(frozen=True, slots=True)
class PartialPacking:
    """A packing that keeps every rule of machines and quotas; with `missing` placed, those of components too."""

    packing: Packing
    missing: Missing


def partial_packing(
    fleet: Fleet, budget: Budget, seed: int, ejections: int | None = None, held: Sequence[Machine] = ()
) -> PartialPacking | None:
    """Of a few constructions repaired by ejections, the one whose missing copies are smallest in all; None without.

    They begin with what is `held`, which keeps the rules of its machines.
    """
    rng = np.random.default_rng(seed)
    blank, shares = Workspace(fleet), Shares(fleet)
    best: tuple[int, PartialPacking] | None = None
    for policy in _policies(fleet, blank, shares, rng):
        ws = Workspace(fleet, like=blank)
        keep_running(ws)
        ws.load(Packing(tuple(held)))
        stuck = construct(ws, policy)
        most = HEURISTICS.repair.ejections if ejections is None else ejections
        Repair(ws, policy, rng).run(stuck, most, budget)
        found = partial_packing_of(ws)
        if found is None:
            continue
        missing = found.missing
        size = sum(n * _size(fleet, c) for (c, _, _), n in missing.items())
        if best is None or size < best[0]:
            best = size, found
        if not missing:
            break
    return None if best is None else best[1]


def partial_packing_of(ws: Workspace) -> PartialPacking | None:
    """What stands on a workspace, as a partial packing; None when copies added to it can't complete it."""
    missing = _missing(ws)
    return None if missing is None or missing_pins(ws) else PartialPacking(ws.to_packing(), missing)


def _policies(fleet: Fleet, blank: Workspace, shares: Shares, rng: np.random.Generator) -> Iterator[Policy]:
    yield BestFit(blank, shares)
    weights, scarcity = resource_prices(fleet, shares)
    yield Greedy(blank, shares, GreedyParameters(0.0, weights, scarcity, 1.0))
    yield BestFit(blank, shares, rng)
    yield Greedy(blank, shares, GreedyParameters(0.0, weights, scarcity, 10.0), rng)


def _missing(ws: Workspace) -> Missing | None:
    """What has to be placed for every component to be complete; None when no copies added to those that stand do."""
    found: Missing = Counter()
    for component in ws.fleet.components:
        c = component.index
        if not lacking(ws, c):
            continue
        if component.demand or ws.placed[c] > component.copies:
            return None
        if not component.has_zone_rules:
            found[c, None, None] = component.required - ws.placed[c]
            continue
        total = least_total(component, ws.zoned[c], max(component.required, ws.placed[c]))
        goal = None if total is None else targets(component, ws.zoned[c], total, None, [1.0] * len(ws.fleet.zones))
        if goal is None or sum(goal) > component.copies:
            return None
        for z, n in enumerate(goal):
            if n > ws.zoned[c][z]:
                found[c, z, None] = n - ws.zoned[c][z]
    return found


def _size(fleet: Fleet, c: int) -> int:
    options = fleet.components[c].options
    return 1 + min(option.accelerators * (1 + option.memory_mib) for option in options)

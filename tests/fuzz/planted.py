"""Bugs to be found: what the fuzzer is tested by. Each is planted until the process ends, or by a `setattr` given."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from placement import check_certificate
from placement.compiled import capacity, fleet_rules, survival
from placement.direct import model as direct_model
from placement.direct.cp_sat import search as cp_sat
from placement.direct.rules import groups, losses
from placement.heuristics import workspace
from placement.patterns import covering
from placement.reductions import free_machines
from placement.reductions.linear_prices import LinearPrices
from placement.solving import incumbent as track
from placement.solving.result import Outcome, Stop
from tests.fuzz.patching import homes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from placement.compiled.fleet import Fleet, FleetComponent, FleetPool
    from placement.compiled.groups import FleetCommitment, FleetLimit
    from placement.compiled.packing import Packing
    from placement.direct.variables import Variables
    from placement.reductions.linear_prices import Multipliers
    from placement.solving.context import Solve

    Set = Callable[[Any, str, Any], None]


def bound_too_high(set_to: Set = setattr) -> None:
    """Every bound by patterns is one tick higher than what was proven, unless that shows at once."""
    real = track.Incumbent.raise_bound

    def raised(self: track.Incumbent, ticks: int, by: str, *args: Any, **kwargs: Any) -> None:
        best = self.best
        more = by == "patterns" and best is None
        real(self, ticks + more, by, *args, **kwargs)

    set_to(track.Incumbent, "raise_bound", raised)


def rule_dropped(set_to: Set = setattr) -> None:
    """First-fit knows nothing of caps per machine and of who avoids whom."""
    set_to(workspace.Workspace, "welcomes", lambda self, c, m: True)
    real = workspace.Workspace.fits

    def fits(self: workspace.Workspace, c: int, *args: Any, **kwargs: Any) -> Any:
        kept = self.fleet
        self.fleet = _without_company(kept)
        try:
            return real(self, c, *args, **kwargs)
        finally:
            self.fleet = kept

    set_to(workspace.Workspace, "fits", fits)


def _without_company(fleet: Any) -> Any:
    alone = tuple(replace(c, max_per_instance=None, avoids=frozenset(), dedicated=False) for c in fleet.components)
    return replace(fleet, components=alone)


def proof_lies(set_to: Set = setattr) -> None:
    """CP-SAT's search says that there is no plan where it has none after little work."""
    real = cp_sat.solve_cp_sat

    @wraps(real)  # the registry reads its options off it
    def solve(context: Solve, **kwargs: Any) -> Outcome:
        if any(component.zone_loss_floor for component in context.fleet.components):
            return Outcome("cp-sat", Stop.PROVED, infeasible=True, reason="so it says")
        return real(context, **kwargs)

    set_to(cp_sat, "solve_cp_sat", solve)
    from placement.direct import cp_sat as room

    set_to(room, "solve_cp_sat", solve)


def commits_nothing(set_to: Set = setattr) -> None:
    """The master program of scenarios takes no machine to be worth a commitment."""
    from placement.scenarios import master, search

    def none(terms: Any, recourses: Any) -> tuple[int, ...]:
        del recourses
        return (0,) * len(terms)

    for module in (master, search):
        set_to(module, "most_machines", none)


# -- rules over groups of pools, losses and moves


def limit_counts_one_too_many(set_to: Set = setattr) -> None:
    """The direct models count one against each limit that no machine counts."""
    _write_of(groups.limits, lambda fleet: replace(fleet, limits=_one_less(fleet.limits)), set_to)


def _write_of(rule: Callable[[Variables], None], other: Callable[[Fleet], Fleet], set_to: Set) -> None:
    """The direct models write a rule as it is of another fleet."""

    def written(model: Variables) -> None:
        kept = model.fleet
        model.fleet = other(kept)
        try:
            rule(model)
        finally:
            model.fleet = kept

    for home in homes("placement.direct.rules:RULES"):
        set_to(home, "RULES", tuple(written if one is rule else one for one in home.RULES))


def limit_allows_one_less(set_to: Set = setattr) -> None:
    """The cheapest machine counts under the bound keep each limit with one to spare."""
    real = covering._counts  # noqa: SLF001

    def counts(fleet: Fleet, cuts: Any, limits: tuple[FleetLimit, ...]) -> Any:
        return real(fleet, cuts, _one_less(limits))

    set_to(covering, "_counts", counts)


def _one_less(limits: tuple[FleetLimit, ...]) -> tuple[FleetLimit, ...]:
    return tuple(replace(limit, most=limit.most - 1) for limit in limits)


def commitment_lacks_a_machine(set_to: Set = setattr) -> None:
    """The bound at a price for committed machines takes off one fewer than there are."""
    real = LinearPrices.of

    def of(cls: type[LinearPrices], fleet: Fleet, multipliers: Multipliers) -> LinearPrices:
        del cls
        found = real(fleet, multipliers)
        values = zip(fleet.commitments, multipliers.committed, strict=True)
        one = max((int(value) for commitment, value in values if commitment.instances), default=0)
        return replace(found, constant=found.constant - one)

    set_to(LinearPrices, "of", classmethod(of))


def free_machines_cost(set_to: Set = setattr) -> None:
    """Where committed machines are a pool of their own, they cost what others do."""
    real = free_machines._deal  # noqa: SLF001

    def deal(pool: FleetPool, commitment: FleetCommitment, index: int) -> tuple[FleetPool, FleetPool]:
        rest, twin = real(pool, commitment, index)
        return rest, replace(twin, price=pool.price)

    set_to(free_machines, "_deal", deal)


def pool_loss_leaves_one_less(set_to: Set = setattr) -> None:
    """The direct models want one copy more than there has to be when a pool is lost."""

    def more(component: FleetComponent) -> FleetComponent:
        floor = component.pool_loss_floor
        return replace(component, pool_loss_floor=floor + 1) if floor else component

    _write_of(losses.pool_loss_floor, lambda f: replace(f, components=tuple(map(more, f.components))), set_to)


def instance_loss_forgotten(set_to: Set = setattr) -> None:
    """Heuristics, the packing of fleet mixes and the check of plans let all copies be lost with an instance."""
    survives, cap_per_instance = survival.survives, survival.cap_per_instance

    def survives_all(component: FleetComponent, *counts: int) -> bool:
        return survives(replace(component, instance_loss_floor=0), *counts)

    def most(component: FleetComponent) -> int | None:
        return cap_per_instance(replace(component, instance_loss_floor=0))

    for name, planted in (("survives", survives_all), ("cap_per_instance", most)):
        for home in homes(f"placement.compiled.survival:{name}"):
            set_to(home, name, planted)


def instance_loss_leaves_one_less(set_to: Set = setattr) -> None:
    """One machine holds one copy fewer than the loss of an instance allows; patterns and their bounds say so."""
    real = survival.most_by_floor

    def most_by_floor(component: FleetComponent, floor: int) -> int | None:
        most = real(component, floor)
        return None if most is None else max(0, most - 1)

    set_to(capacity, "most_by_floor", most_by_floor)


def move_not_counted(set_to: Set = setattr) -> None:
    """The direct models and the check of plans count no move of the first component against the limit on moves."""
    real, write = vars(fleet_rules)["moves"], vars(direct_model)["max_moves"]

    def moves(fleet: Fleet, packing: Packing) -> tuple[int, ...]:
        return 0, *real(fleet, packing)[1:]

    def max_moves(model: Variables, moved: Sequence[Any]) -> None:
        write(model, moved[1:])

    set_to(fleet_rules, "moves", moves)
    set_to(direct_model, "max_moves", max_moves)


def move_counted_that_is_none(set_to: Set = setattr) -> None:
    """The direct models count one move more than there are."""
    real = vars(direct_model)["max_moves"]

    def max_moves(model: Variables, moved: Sequence[Any]) -> None:
        real(model, [*moved, 1])

    set_to(direct_model, "max_moves", max_moves)


# -- searches that do not end


def hangs() -> None:
    """A search on a component that is dedicated never ends, and does not look at the clock."""
    _when_dedicated(lambda: time.sleep(3600))


def spins() -> None:
    """As `hangs`, and it takes a processor for that."""
    _when_dedicated(lambda: sum(iter(int, 1)))


def dies() -> None:
    """It takes the process along."""
    _when_dedicated(lambda: os._exit(9))


def _when_dedicated(act: Callable[[], object]) -> None:
    from placement import planner

    real = vars(planner)["compile_fleet"]

    def compile_fleet(problem: Any) -> Any:
        fleet = real(problem)
        if any(component.dedicated for component in fleet.components):
            act()
        return fleet

    vars(planner)["compile_fleet"] = compile_fleet


def pools_held_apart(set_to: Set = setattr) -> None:
    """The checker has whole machines of a dedicated component in one pool of a kind alone."""
    real = check_certificate.Component.__init__

    def made(self: check_certificate.Component, *args: Any, **kwargs: Any) -> None:
        real(self, *args, **kwargs)
        self.outlive = 0

    set_to(check_certificate.Component, "__init__", made)

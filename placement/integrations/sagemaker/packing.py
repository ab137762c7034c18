"""Whether the platform's own packing fits the copies of a plan on its machines.

SageMaker places copies itself: `SPREAD` "distributes copies evenly across available instances", `BINPACK` "packs copies
onto fewer instances". Which machine it takes among equals is not documented. So a fit is told in one of two strengths:

*any order*: proved for every order and every choice of machine. A copy of component c finds no room only when on each
of the m machines some resource r is so full that c no longer fits: at least t_r, the least multiple of g_r above
room_r - need_r, where g_r divides all needs. All other copies take L_r of it together, so at most floor(L_r / t_r)
machines can be that full of r. Where the sum over r stays below m, for each component, every copy finds room.

machines can be that full of r. Where these sum to less than m, for each component, every copy finds room.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, Literal

from placement.integrations.sagemaker.reconstruction import Amounts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Strategy = Literal["SPREAD", "BINPACK"]
Strength = Literal["any order", "simulated", "no"]


@dataclass(frozen=True, slots=True)
class Demand:
    """Copies of one component on the machines of a group.

    `needs` are by type of machine; `alone`: no other component beside it; `avoids`: components never beside it.
    """

    component: str
    copies: int
    needs: Mapping[str, Amounts]
    strategy: Strategy = "BINPACK"
    most_per_machine: int | None = None
    alone: bool = False
    avoids: frozenset[str] = frozenset()


@dataclass
class _PackedMachine:
    """A machine while it is packed."""

    index: int
    kind: str
    free: Amounts
    holds: Counter[str]


@dataclass(frozen=True, slots=True)
class Fit:
    """How surely all copies fit, and in words why, or which copy does not."""

    strength: Strength
    reason: str


Machines = tuple[tuple[str, Amounts], ...]  # of a group: type and room of each


def _spread_by_component(machine: _PackedMachine, component: str) -> tuple[int, ...]:
    return machine.holds[component], -machine.free.accelerators, -machine.free.memory_mib, machine.index


def _spread_by_all(machine: _PackedMachine, component: str) -> tuple[int, ...]:
    return machine.holds.total(), machine.holds[component], machine.index


def _spread_in_turn(machine: _PackedMachine, component: str) -> tuple[int, ...]:
    return machine.holds[component], machine.index


def _pack_by_room(machine: _PackedMachine, component: str) -> tuple[int, ...]:
    del component
    return machine.free.accelerators, machine.free.memory_mib, machine.free.milli_vcpus, machine.index


def _pack_by_copies(machine: _PackedMachine, component: str) -> tuple[int, ...]:
    del component
    return -machine.holds.total(), machine.index


def _pack_in_turn(machine: _PackedMachine, component: str) -> tuple[int, ...]:
    del component
    return (machine.index,)


# Ways to read the two rules: the machine with the least key, of those with room, takes the copy.
READINGS: Mapping[str, Mapping[Strategy, Callable[[_PackedMachine, str], tuple[int, ...]]]] = {
    "evenly by component; fullest machine first": {"SPREAD": _spread_by_component, "BINPACK": _pack_by_room},
    "evenly by all copies; most copies first": {"SPREAD": _spread_by_all, "BINPACK": _pack_by_copies},
    "machine after machine": {"SPREAD": _spread_in_turn, "BINPACK": _pack_in_turn},
}


def fit(machines: Machines, demands: Sequence[Demand]) -> Fit:
    """How surely the platform fits all copies on the machines, keeping what components ask of their machines.

    O(readings x copies x machines).
    """
    apart = _must_part(demands)
    if apart:
        return Fit("no", apart)
    limited = any(demand.most_per_machine is not None for demand in demands)
    if not limited and fits_in_any_order(machines, demands):
        return Fit("any order", "every order and every choice of machines leaves room for the next copy")
    for name in READINGS:
        problem = simulate(machines, demands, name)
        if problem:
            return Fit("no", f"{problem} (read as: {name})")
    return Fit("simulated", f"fits in the order of the calls, by each of {len(READINGS)} readings of the rules")


def _must_part(demands: Sequence[Demand]) -> str:
    """Two components that may not share a machine, which the platform does not know; empty when there are none."""
    present = [demand for demand in demands if demand.copies]
    for one in present:
        for other in present:
            if one.component != other.component and (one.alone or other.component in one.avoids):
                return (
                    f"{one.component} and {other.component} must not share a machine, which the platform can't be told"
                )
    return ""


def fits_in_any_order(machines: Machines, demands: Sequence[Demand]) -> bool:
    """The proof of the module's text, for machines of one type; False where it does not succeed.

    >>> room = Amounts(8, 96_000, 1_000_000)
    >>> pairs = Demand("tp2", 7, {"p4d": Amounts(2, 1000, 1000)})
    >>> fits_in_any_order((("p4d", room),) * 2, [pairs, Demand("tp1", 1, {"p4d": Amounts(1, 1000, 1000)})])
    True
    >>> fits_in_any_order((("p4d", room),) * 2, [pairs, Demand("tp1", 2, {"p4d": Amounts(1, 1000, 1000)})])
    False
    """
    kinds = {kind for kind, _ in machines}
    present = [demand for demand in demands if demand.copies]
    if not present:
        return True
    if len(kinds) != 1:
        return False
    kind, room = machines[0]
    if any(kind not in demand.needs for demand in present):
        return False
    needs = [demand.needs[kind] for demand in present]
    loads = [
        sum(need[r] * demand.copies for need, demand in zip(needs, present, strict=True)) for r in range(len(room))
    ]
    steps = [gcd(*(need[r] for need in needs)) for r in range(len(room))]
    for need in needs:
        if not need.fit_in(room):
            return False
        blocked = 0
        for r, step in enumerate(steps):
            if need[r]:
                least = ((room[r] - need[r]) // step + 1) * step
                blocked += (loads[r] - need[r]) // least
        if blocked >= len(machines):
            return False
    return True


def simulate(machines: Machines, demands: Sequence[Demand], reading: str) -> str:
    """Place all copies in order by one reading of the rules: the first that finds no room in words, else empty."""
    rules = READINGS[reading]
    state = [_PackedMachine(index, kind, room, Counter()) for index, (kind, room) in enumerate(machines)]
    for demand in demands:
        for number in range(1, demand.copies + 1):
            able = [machine for machine in state if _has_room(machine, demand)]
            if not able:
                return f"copy {number} of {demand.copies} of {demand.component} finds no machine with room"
            chosen = min(able, key=lambda machine: rules[demand.strategy](machine, demand.component))
            chosen.free = chosen.free.less(demand.needs[chosen.kind])
            chosen.holds[demand.component] += 1
        most = max((machine.holds[demand.component] for machine in state), default=0)
        if demand.most_per_machine is not None and most > demand.most_per_machine:
            return f"{most} copies of {demand.component} stand on one machine, at most {demand.most_per_machine} may"
    return ""


def _has_room(machine: _PackedMachine, demand: Demand) -> bool:
    return machine.kind in demand.needs and demand.needs[machine.kind].fit_in(machine.free)

"""Whether the platform's own packing fits the copies of a plan on its machines.

SageMaker places copies itself: `SPREAD` "distributes copies evenly across available instances", `BINPACK` "packs copies
onto fewer instances". Which machine it takes among equals is not documented. So a fit is told in one of two strengths:

*any order*: proved for every order and every choice of machine. A copy of component c finds no room only when on each
of the m machines some resource r is so full that c no longer fits: at least t_r, the least multiple of g_r above
room_r - need_r, where g_r divides all needs. All other copies take L_r of it together, so at most floor(L_r / t_r)
machines can be that full of r. Where the sum over r stays below m, for each component, every copy finds room.

*simulated*: by each of several readings of the two rules every copy finds room in the order of the calls, on empty
machines here, beside what runs in `in_place.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import gcd
from typing import Literal, NamedTuple, get_args

Strategy = Literal["SPREAD", "BINPACK"]
Strength = Literal["any order", "simulated", "no"]
STRENGTHS: tuple[Strength, ...] = get_args(Strength)  # the surest first


class Amounts(NamedTuple):
    """What a machine has or a copy takes: accelerators, thousandths of a vCPU, MiB of the host's memory."""

    accelerators: int
    milli_vcpus: int
    memory_mib: int

    @property
    def by_weight(self) -> tuple[int, int, int]:
        """What is short first: accelerators, memory, vCPUs."""
        return self.accelerators, self.memory_mib, self.milli_vcpus

    def fit_in(self, free: Amounts) -> bool:
        """Whether each of them is there."""
        return all(need <= room for need, room in zip(self, free, strict=True))

    def less(self, other: Amounts) -> Amounts:
        return Amounts(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


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
class PackedMachine:
    """A machine while it is packed."""

    index: int
    kind: str
    free: Amounts
    holds: Counter[str]

    def has_room(self, demand: Demand) -> bool:
        return self.kind in demand.needs and demand.needs[self.kind].fit_in(self.free)

    def take(self, demand: Demand) -> None:
        self.free = self.free.less(demand.needs[self.kind])
        self.holds[demand.component] += 1

    def give_back(self, demand: Demand) -> None:
        need = demand.needs[self.kind]
        self.free = Amounts(*(there + back for there, back in zip(self.free, need, strict=True)))
        self.holds[demand.component] -= 1


@dataclass(frozen=True, slots=True)
class Fit:
    """How surely all copies fit, and in words why, or which copy does not."""

    strength: Strength
    reason: str


IN_ANY_ORDER = Fit("any order", "every order and every choice of machines leaves room for the next copy")
Machines = tuple[tuple[str, Amounts], ...]  # of a group: type and room of each


# Ways to read the two rules: the machine with the least key, of those with room, takes the copy of a component.
Reading = Mapping[Strategy, Callable[[PackedMachine, str], tuple[float, ...]]]
READINGS: Mapping[str, Reading] = {
    "evenly by component; fullest machine first": {
        "SPREAD": lambda on, name: (on.holds[name], -on.free.accelerators, -on.free.memory_mib, on.index),
        "BINPACK": lambda on, _: (on.free.accelerators, on.free.memory_mib, on.free.milli_vcpus, on.index),
    },
    "evenly by all copies; most copies first": {
        "SPREAD": lambda on, name: (on.holds.total(), on.holds[name], on.index),
        "BINPACK": lambda on, _: (-on.holds.total(), on.index),
    },
    "machine after machine": {
        "SPREAD": lambda on, name: (on.holds[name], on.index),
        "BINPACK": lambda on, _: (on.index,),
    },
}


def by_lot(seed: int, *, anywhere: bool = False) -> Reading:
    """The two rules, and a lot among machines that are equal by them; `anywhere`: a lot among all that have room."""
    rng = random.Random(seed)
    if anywhere:
        return dict.fromkeys(("SPREAD", "BINPACK"), lambda machine, component: (rng.random(),))
    return {
        "SPREAD": lambda machine, component: (machine.holds[component], rng.random()),
        "BINPACK": lambda machine, _: (not machine.holds.total(), rng.random()),
    }


def fit(machines: Machines, demands: Sequence[Demand]) -> Fit:
    """How surely the platform fits all copies on the machines, keeping what components ask of their machines.

    O(readings x copies x machines).
    """
    apart = must_part(demands)
    if apart:
        return Fit("no", apart)
    limited = any(demand.most_per_machine is not None for demand in demands)
    if not limited and fits_in_any_order(machines, demands):
        return IN_ANY_ORDER
    for name in READINGS:
        problem = simulate(machines, demands, name)
        if problem:
            return Fit("no", f"{problem} (read as: {name})")
    return Fit("simulated", f"fits in the order of the calls, by each of {len(READINGS)} readings of the rules")


def must_part(demands: Sequence[Demand]) -> str:
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
    state = empty_machines(machines)
    for demand in demands:
        for number in range(1, demand.copies + 1):
            if not place_copy(state, demand, READINGS[reading]):
                return f"copy {number} of {demand.copies} of {demand.component} finds no machine with room"
        crowded = too_many(state, demand)
        if crowded:
            return crowded
    return ""


def empty_machines(machines: Sequence[tuple[str, Amounts]]) -> list[PackedMachine]:
    return [PackedMachine(index, kind, room, Counter()) for index, (kind, room) in enumerate(machines)]


def place_copy(state: Sequence[PackedMachine], demand: Demand, reading: Reading) -> bool:
    """Put a copy where a reading of the rules says; False where no machine has room."""
    rule = reading[demand.strategy]
    able = [machine for machine in state if machine.has_room(demand)]
    if not able:
        return False
    min(able, key=lambda machine: rule(machine, demand.component)).take(demand)
    return True


def too_many(state: Sequence[PackedMachine], demand: Demand) -> str:
    """That more copies of a component stand on a machine than may, in words; else empty."""
    most = max((machine.holds[demand.component] for machine in state), default=0)
    if demand.most_per_machine is None or most <= demand.most_per_machine:
        return ""
    return f"{most} copies of {demand.component} stand on one machine, at most {demand.most_per_machine} may"

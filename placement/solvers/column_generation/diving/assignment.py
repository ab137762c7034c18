"""The assignment state of a dive: what is left of each component, and whether one more copy may stand at a place.

Every rule is kept at each assignment: of the accelerator, the machine and its other copies, and of zones, so that what
is left of a component can still complete it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from placement.compiled.machine_state import Copy, MachineState, tightest
from placement.compiled.spread import targets
from placement.patterns.formulation import Relaxation
from placement.patterns.modes import Mode


@dataclass(slots=True)
class DiveState:
    """What is left: machines by pool, copies by component, and by mode in the LP's solution; `most` may by a mode.

    `zoned` are the copies that stand in each zone, of components with rules over zones, and `goals` how many shall in
    the end, where that is decided.
    """

    machines: list[int]
    unassigned: list[int]
    most: list[float]
    zoned: dict[int, tuple[int, ...]]
    by_mode: list[float] = field(default_factory=list)
    goals: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def copy(self) -> DiveState:
        """One that may be changed, but for its goals."""
        counts = self.machines[:], self.unassigned[:], self.most[:]
        return DiveState(*counts, self.zoned.copy(), self.by_mode[:], self.goals)

    def become(self, other: DiveState) -> None:
        """Take over what `other` has, which is not used any more."""
        self.machines, self.unassigned, self.most = other.machines, other.unassigned, other.most
        self.zoned, self.by_mode, self.goals = other.zoned, other.by_mode, other.goals


class DiveAssignment:
    """Seats for one relaxation whose copies are all required, none of them dedicated."""

    def __init__(self, relaxation: Relaxation) -> None:
        """O(modes)."""
        self.relaxation = relaxation
        self._components = relaxation.fleet.components
        self._completes: dict[tuple[int, tuple[int, ...]], bool] = {}
        # Modes in which an item, of the pool's device class, stands on so many accelerators: by (pool, item, these).
        self.modes: dict[tuple[int, int, int], list[int]] = defaultdict(list)
        self.owners: dict[tuple[int, int], list[int]] = defaultdict(list)  # modes that own so many, by (pool, these)
        # (device class, item) with caps on machines, or other components to avoid.
        self.picky: set[tuple[int, int]] = set()
        self._options = [self._components[mode.component].options[mode.option] for mode in relaxation.modes]
        for w, mode in enumerate(relaxation.modes):
            if mode.item is not None:
                self.modes[mode.pool, mode.item, mode.touches].append(w)
                component = self._components[mode.component]
                if mode.device_class is not None and (component.max_per_instance is not None or component.avoids):
                    self.picky.add((mode.device_class, mode.item))
            elif mode.owns:
                self.owners[mode.pool, mode.owns].append(w)

    def start(self, machines: Sequence[int], most: Sequence[float]) -> DiveState:
        """Nothing stands yet, on so many machines of each pool; at most so many copies may by each mode."""
        nowhere = (0,) * len(self.relaxation.fleet.zones)
        zoned = {c.index: nowhere for c in self._components if c.has_zone_rules}
        by_mode = [0.0] * len(self.relaxation.modes)
        return DiveState(list(machines), [c.required for c in self._components], list(most), zoned, by_mode)

    def left(self, p: int, i: int, state: DiveState) -> Iterator[int]:
        """The modes by which unassigned copies may stand as this item on one accelerator of the pool's zone."""
        for w in self.modes[p, i, 1]:
            mode = self.relaxation.modes[w]
            if state.unassigned[mode.component] and state.most[w] >= 1 and self._zone_takes(mode, state):
                yield w

    def _zone_takes(self, mode: Mode, state: DiveState) -> bool:
        counts = state.zoned.get(mode.component)
        return counts is None or self.may_stand(mode.component, one_more(counts, mode.zone), state)

    def may_stand(self, c: int, counts: tuple[int, ...], state: DiveState) -> bool:
        """Whether component c can be completed with so many copies in each zone."""
        goal = state.goals.get(c)
        if goal is not None:
            return all(n <= most for n, most in zip(counts, goal, strict=True))
        if (c, counts) not in self._completes:
            component = self._components[c]
            found = targets(component, counts, component.required, None, [1.0] * len(counts))
            self._completes[c, counts] = found is not None
        return self._completes[c, counts]

    def welcomes(self, machine: MachineState, c: int) -> bool:
        """Whether what stands on a machine lets one more copy of a component stand there."""
        return machine.welcomes(self._components[c], self._components)

    def tightest(self, machine: MachineState, w: int) -> tuple[int, ...] | None:
        """The accelerators of a machine with the least room that is enough for a copy by mode w."""
        return tightest(machine, self._options[w])

    def place_item(self, machine: MachineState, state: DiveState, on: tuple[int, ...], i: int) -> bool:
        """Seat one copy of item i, of the component that the LP has most of there; False when none may stand."""
        modes = self.modes[machine.pool, i, len(on)]
        return any(self.place(machine, state, w, on) for w in sorted(modes, key=lambda w: -state.by_mode[w]))

    def place(self, machine: MachineState, state: DiveState, w: int, on: tuple[int, ...]) -> bool:
        """Seat one copy by mode w, if one is unassigned and every rule lets it stand there."""
        mode, option = self.relaxation.modes[w], self._options[w]
        c = mode.component
        if not state.unassigned[c] or state.most[w] < 1 or not machine.takes(option) or not self.welcomes(machine, c):
            return False
        if not all(machine.fits_on(option, k) for k in on):
            return False
        if not self._zone_takes(mode, state):
            return False
        if c in state.zoned:
            state.zoned[c] = one_more(state.zoned[c], mode.zone)
        state.by_mode[w] -= 1
        state.most[w] -= 1
        state.unassigned[c] -= 1
        machine.put(Copy(w, option, on), c)
        return True

    def take_back(self, machine: MachineState, state: DiveState, copy: Copy) -> None:
        mode = self.relaxation.modes[copy.item]
        machine.take(copy, mode.component)
        state.by_mode[copy.item] += 1
        state.most[copy.item] += 1
        state.unassigned[mode.component] += 1
        if mode.component in state.zoned:
            state.zoned[mode.component] = one_more(state.zoned[mode.component], mode.zone, -1)


def one_more(counts: tuple[int, ...], zone: int, more: int = 1) -> tuple[int, ...]:
    """Copies by zone, with so many more in one."""
    return (*counts[:zone], counts[zone] + more, *counts[zone + 1 :])

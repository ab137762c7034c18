"""Fewer and cheaper machines: close some, perhaps open cheaper ones, and find room for what stood there.

As route elimination in vehicle routing (Nagata and Braysy 2009, Oper. Res. Lett. 37): a complete packing loses a few
machines, those that put least of their price to use most likely, and `Refill` tries to bring their copies in. Where it
can't, all is as before. The more tries in a row fail, the longer the next ones may take.
"""

import math
import random
from collections import Counter
from collections.abc import Callable

from placement.compiled.fleet import Fleet
from placement.compiled.machine_state import MachineState
from placement.compiled.packing import Packing
from placement.heuristics import PartialPacking
from placement.local_search.parameters import LOCAL_SEARCH
from placement.local_search.parameters import EliminateParameters as _PARAMS
from placement.local_search.refill import Refill
from placement.solving.steps import count_steps
from placement.units import MICRO


class BinElimination:
    """The search on one complete packing of a fleet whose copies are all required. `tries` counts."""

    def __init__(self, fleet: Fleet, packing: Packing, seed: int) -> None:
        """O(copies + items x pools)."""
        count_steps(_PARAMS.counted)
        self._fleet = fleet
        self._refill = Refill(fleet, PartialPacking(packing, Counter()), seed, idle=False)
        self._random = random.Random(seed)
        self._patience = float(_PARAMS.first_patience)
        self._quota = [math.inf if p.max_instances is None else p.max_instances for p in fleet.pools]
        self.tries = 0

    @property
    def possible(self) -> bool:
        """Whether there is a machine that may close, and one to take its copies or a cheaper one to open."""
        machines = self._refill.states.machines
        if not any(self._may_close(machine) for machine in machines):
            return False
        return len(machines) > 1 or not machines[0].copies or self._is_dear(machines[0].pool)

    def _is_dear(self, alone: int) -> bool:
        """Whether the one machine of a plan, of this pool, costs more than one of another would in its place."""
        counts = ([int(p == other) for p in range(len(self._quota))] for other in range(len(self._quota)))
        now = self._price([int(p == alone) for p in range(len(self._quota))])
        return any(self._price(used) < now for used, quota in zip(counts, self._quota, strict=True) if quota > 0)

    @property
    def packing(self) -> Packing:
        """The packing as it is: complete."""
        return self._refill.states.to_packing()

    def step(self, is_over: Callable[[], bool]) -> bool:
        """One try; says whether the machines got cheaper."""
        self.tries += 1
        count_steps(LOCAL_SEARCH.refill.counted)
        states = self._refill.states
        closed = self._choose()
        opened = self._replacements(closed)
        if not closed or opened is None:
            return False
        saved = states.save()
        for machine in closed:
            for copy in machine.copies[:]:
                states.take(machine, copy)
        gone = {id(machine) for machine in closed}
        states.machines = [machine for machine in states.machines if id(machine) not in gone]
        states.machines += [MachineState(self._fleet, p, None) for p in opened]
        self._refill.begin()
        if self._refill.run(int(self._patience), is_over):
            self._patience = max(_PARAMS.first_patience, self._patience / _PARAMS.more**10)
            return True
        states.restore(saved)
        self._patience = min(_PARAMS.last_patience, self._patience * _PARAMS.more)
        return False

    def _choose(self) -> list[MachineState]:
        """Machines to close: those that put least of their price to use most likely, empty ones before all."""
        machines = [machine for machine in self._refill.states.machines if self._may_close(machine)]
        use = {
            id(machine): self._use(machine) - _PARAMS.noise * math.log(self._random.expovariate(1.0))
            for machine in machines
        }
        return sorted(machines, key=lambda machine: use[id(machine)])[: self._random.choice(_PARAMS.closed)]

    def _may_close(self, machine: MachineState) -> bool:
        forced = machine.instance is not None and not self._fleet.instances[machine.instance].removable
        return not machine.frozen and not machine.fixed and not forced

    def _use(self, machine: MachineState) -> float:
        items = self._refill.states.items
        return (
            MICRO
            * sum(items[copy.item].penalty for copy in machine.copies)
            / max(1, self._fleet.pools[machine.pool].price)
        )

    def _replacements(self, closed: list[MachineState]) -> list[int] | None:
        """Pools where machines open, so that all is cheaper than before; None when none are found."""
        used = [0] * len(self._quota)
        for machine in self._refill.states.machines:
            used[machine.pool] += 1
        before = self._price(used)
        for machine in closed:
            used[machine.pool] -= 1
        for _ in range(_PARAMS.draws):
            opened = self._random.choices(range(len(used)), k=self._random.choice(_PARAMS.opened))
            now = used[:]
            for p in opened:
                now[p] += 1
            if all(now[p] <= self._quota[p] for p in opened) and self._price(now) < before:
                return opened
        return None

    def _price(self, used: list[int]) -> int:
        return sum(max(n, pool.min_instances) * pool.price for n, pool in zip(used, self._fleet.pools, strict=True))

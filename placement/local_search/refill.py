"""Neighbourhood search at a fixed fleet mix: empty a few accelerators, fill them again, also with unassigned copies.

With the machines given, the penalty of the unassigned copies is minimised: the consistent neighbourhood search for bin
packing (Buljubasic and Vasquez 2016, Comput. Oper. Res. 76), with accelerators as bins. What is as good as before is
accepted, and a little worse too, as in threshold accepting (Dueck and Scheuer 1990, J. Comput. Phys. 90). Copies that
stay unassigned for long weigh ever more (guided local search, Voudouris and Tsang 1999, Eur. J. Oper. Res. 113).
"""

import random
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

from placement.compiled.fleet import Fleet, FleetOption
from placement.compiled.machine_state import Copy, MachineState, tightest
from placement.compiled.packing import Machine
from placement.grouping import grouped
from placement.heuristics import PartialPacking
from placement.local_search.parameters import LOCAL_SEARCH
from placement.local_search.parameters import RefillParameters as _PARAMS
from placement.local_search.state import MachineStates
from placement.solving.context import Solve
from placement.solving.steps import count_steps

Chosen = dict[int, list[int]]  # machine -> accelerators


def bring_in(
    narrow: Fleet,
    start: PartialPacking,
    solve: Solve,
    penalties: Sequence[float] | None = None,
    held: Sequence[Machine] = (),
) -> PartialPacking:
    """The packing with its missing copies assigned, as far as a search can; the best one that it saw.

    `narrow`: a fleet whose quotas are the machines there are.
    `start`: a packing of it, and what it misses.
    `solve`: the search that the packing is for; its end ends this too, and its seed is this one's.
    `penalties`, `held`: as in `MachineStates`.
    """
    if not start.missing:
        return start
    search = Refill(narrow, start, solve.seed, penalties=penalties, held=held)
    search.run(patience(narrow), lambda: solve.ended, back=True)
    return PartialPacking(search.states.to_packing(), search.states.left_out())


def patience(fleet: Fleet) -> int:
    """Steps without gain after which refilling a fleet ends. O(components)."""
    return min(_PARAMS.most_steps, _PARAMS.steps * sum(component.copies for component in fleet.components))


class Refill:
    """The search on one mix; `fleet` has finite quotas, which are the machines there are.

    `steps` counts neighbourhoods, `idle` those since the least penalty.
    """

    def __init__(
        self,
        fleet: Fleet,
        start: PartialPacking,
        seed: int,
        *,
        idle: bool = True,
        penalties: Sequence[float] | None = None,
        held: Sequence[Machine] = (),
        required: Mapping[tuple[int, int | None], int] | None = None,
    ) -> None:
        """O(copies + items x pools); `idle`, `penalties` and `held` as in `MachineStates`.

        With `required` all but so many copies of each component (zone None), and in zones, may stay unassigned; each
        below counts as `LOCAL_SEARCH.optional_copies` says. Penalties are in copies then: what is accepted is worse by
        parts of one.
        """
        self.states = MachineStates(fleet, start.packing, start.missing, idle=idle, penalties=penalties, held=held)
        self.steps = self.idle = 0
        self._random = random.Random(seed)
        self._components = fleet.components
        self._zones = [pool.zone for pool in fleet.pools] if len(fleet.zones) > 1 else []
        items = self.states.items
        self._mean = sum(item.penalty for item in items) / max(1, len(items)) if required is None else 1.0
        self._required = required
        self._weight: list[float] = []
        self._free: list[int] = []  # machines that are not frozen
        self._free_of: dict[int, list[int]] = {}  # those of each pool
        self._places: list[tuple[int, int]] = []  # their accelerators
        self._least = 0.0  # penalty so far
        self.begin()

    def begin(self) -> None:
        """Look at the machines anew, after machines came or went; forget what was hard to place."""
        machines = self.states.machines
        self._weight = [1.0] * len(self.states.items)
        self._free = [b for b, machine in enumerate(machines) if not machine.frozen]
        self._free_of = grouped((machines[b].pool, b) for b in self._free)
        self._places = [(b, k) for b in self._free for k in range(len(machines[b].free_memory))]
        self._least, self.idle = self._total_penalty(), 0

    def run(self, patience: int, is_over: Callable[[], bool], *, back: bool = False) -> bool:
        """Stop at zero unassigned, after `patience` non-improving steps, or when `is_over`; True at zero unassigned.

        With `back` it ends at the best packing that it saw, and has to remember it: the search goes through worse ones.
        """
        best, least = (self.states.save() if back else None), self._least
        while self.states.missing and self._free and self.idle < patience:
            if self.steps % _PARAMS.look == 0:
                count_steps(_PARAMS.look * _PARAMS.counted)
                if is_over():
                    break
            self._step()
            if best is not None and self._least < least:
                best, least = self.states.save(), self._least
        if best is not None and self._total_penalty() > least:
            self.states.restore(best)
        return not self.states.missing

    def _step(self) -> None:
        """One neighbourhood, kept or undone."""
        self.steps += 1
        self.idle += 1
        if self.steps % _PARAMS.every == 0:
            for i in self.states.missing:
                self._weight[i] += _PARAMS.rise
        whole = not self._places or self._random.random() < _PARAMS.whole_chance
        chosen = self._choose_machines() if whole else self._choose_accelerators()
        states = self.states
        missing, saved = states.missing.copy(), [(b, states.machines[b].save()) for b in chosen]
        before = self._weighted_penalty()
        for b, accelerators in chosen.items():
            self._empty(states.machines[b], accelerators, whole=whole)
        moved = self._rezone(chosen)
        self._fill(chosen, whole=whole)
        after = self._weighted_penalty()
        if after > before + _PARAMS.heat * self._mean * self._random.expovariate(1.0):
            for i, zone in reversed(moved):
                states.count_back(i, zone)
            states.missing = missing
            for b, state in saved:
                states.machines[b].restore(state)
        elif (penalty := self._total_penalty()) < self._least:
            self._least, self.idle = penalty, 0

    # -- what it is worth

    def _total_penalty(self) -> float:
        items = self.states.items
        return self._lacking() + sum(n * items[i].penalty for i, n in self.states.missing.items())

    def _weighted_penalty(self) -> float:
        items, weight = self.states.items, self._weight
        return self._lacking() + sum(n * items[i].penalty * weight[i] for i, n in self.states.missing.items())

    def _lacking(self) -> float:
        """What required copies count that are missing, beside what each missing copy does."""
        if self._required is None:
            return 0.0
        states, least = self.states, self._required
        lacking, out = 0, dict[int, dict[int | None, int]]()
        for i, n in states.missing.items():
            c, zone, _ = states.items[i].key
            here = out.setdefault(c, {})
            here[zone] = here.get(zone, 0) + n
        for c, here in out.items():
            lacking += max(0, least.get((c, None), 0) - self._components[c].copies + sum(here.values()))
            for zone, there in enumerate(states.zoned.get(c, ())):  # also where a copy that is out was before
                lacking += max(0, least.get((c, zone), 0) - there + here.get(zone, 0))
        return LOCAL_SEARCH.optional_copies.required * lacking

    # -- what is emptied

    def _choose_machines(self) -> Chosen:
        """One where an unassigned copy may stand, and any others."""
        drawn = self._random.sample(self._free, min(len(self._free), self._random.choice(_PARAMS.machines)))
        drawn[:1] = [self._focus()]
        return {b: list(range(len(self.states.machines[b].free_memory))) for b in drawn}

    def _choose_accelerators(self) -> Chosen:
        """Any, the better of two by free room each time; half the time one where an unassigned copy may stand."""
        machines: list[MachineState] = self.states.machines
        chosen: Chosen = {}
        for n in range(self._random.choice(_PARAMS.accelerators)):
            pair = self._random.choices(self._places, k=2)
            if n == 0 and self._random.random() < _PARAMS.focus_chance:
                pair = [
                    (b, k) for b in (self._focus(), self._focus()) for k in range(len(machines[b].free_memory))
                ] or pair
            b, k = max(pair, key=lambda place: machines[place[0]].free_memory[place[1]])
            if k not in chosen.setdefault(b, []):
                chosen[b].append(k)
        return chosen

    def _focus(self) -> int:
        """A machine where some unassigned copy may stand, or any."""
        item = self.states.items[self._random.choice(list(self.states.missing))]
        pools = [p for p in item.options if p in self._free_of]
        return self._random.choice(self._free_of[self._random.choice(pools)] if pools else self._free)

    def _empty(self, machine: MachineState, accelerators: list[int], *, whole: bool) -> None:
        """Take out the copies that stand on one of these accelerators alone; with `whole`, all."""
        for copy in machine.copies[:]:
            if whole or (len(copy.on) == 1 and copy.on[0] in accelerators):
                self.states.take(machine, copy)

    # -- how it is filled

    def _rezone(self, chosen: Chosen) -> list[tuple[int, int]]:
        """Let some unassigned copies go to the zones of the chosen machines; returns how to undo it, in order."""
        if not self._zones:
            return []
        moved = []
        zones = sorted({self._zones[self.states.machines[b].pool] for b in chosen})
        for i in list(self.states.missing):
            old, new = self.states.items[i].key[1], self._random.choice(zones)
            if old is not None and old != new and self._random.random() < _PARAMS.rezone_chance:
                j = self.states.rezone(i, new)
                if j is not None:
                    moved.append((j, old))
        return moved

    def _fill(self, chosen: Chosen, *, whole: bool) -> None:
        out = sorted(self.states.missing, key=lambda _: self._random.random())
        if whole:
            penalty = {i: self.states.items[i].penalty * self._bent() for i in out}
            for i in sorted(out, key=penalty.__getitem__, reverse=True):
                self._place_wide(i, chosen)
        places = [(b, k) for b, accelerators in chosen.items() for k in accelerators]
        self._random.shuffle(places)
        for b, k in places:
            self._fill_one(self.states.machines[b], k, out)

    def _place_wide(self, i: int, chosen: Chosen) -> None:
        """Place copies of an item that do not share one accelerator: on several, on owned ones, or on none."""
        states, item = self.states, self.states.items[i]
        order = list(chosen)
        self._random.shuffle(order)
        for machine in map(states.machines.__getitem__, order):
            for option in item.options.get(machine.pool, ()):
                if option.accelerators == 1 and option.shared:
                    continue
                while (
                    i in states.missing and machine.takes(option) and machine.welcomes(item.component, self._components)
                ):
                    on = tightest(machine, option)
                    if on is None:
                        break
                    states.put(machine, Copy(i, option, on))

    def _fill_one(self, machine: MachineState, k: int, out: list[int]) -> None:
        """Fill one accelerator: with one copy that owns it, or with shared ones, those first that count most."""
        states, items, missing = self.states, self.states.items, self.states.missing
        free_memory, share = machine.free_memory[k], machine.share[k]
        vcpus, host, vacant = machine.vcpus, machine.host, not machine.users[k]
        if free_memory < 0:
            return
        found: list[tuple[float, int, FleetOption]] = []
        looked = 0
        for i in out:
            for option in items[i].options.get(machine.pool, ()) if i in missing else ():
                if option.accelerators != 1 or option.vcpus > vcpus or option.host_mib > host:
                    continue
                if not option.shared:
                    if vacant and machine.welcomes(items[i].component, self._components):
                        states.put(machine, Copy(i, option, (k,)))
                        return
                elif option.memory_mib <= free_memory and option.share <= share:
                    looked += 1
                    found.append((items[i].penalty * self._weight[i] * self._bent(), i, option))
            if looked >= _PARAMS.most_looked_at:
                break
        for _, i, option in sorted(found, key=itemgetter(0), reverse=True):
            while (
                i in missing
                and machine.fits_on(option, k)
                and machine.takes(option)
                and machine.welcomes(items[i].component, self._components)
            ):
                states.put(machine, Copy(i, option, (k,)))

    def _bent(self) -> float:
        """A factor around 1."""
        return 1 + _PARAMS.noise * (2 * self._random.random() - 1)

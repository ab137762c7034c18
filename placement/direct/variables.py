"""The variables of the direct model, for component c, option o, machine s (a `Slot`), accelerator k of it, pool p:

- ``copies[c, o, s]`` free copies: they may stand on any accelerators of s;
- ``kept[place]`` copies that stay at exactly the known accelerators where they run now, beside the free ones;
- ``touching[need, s][k]`` shared free copies of a need that touch accelerator k. Copies are of one need when they take
  the same number of accelerators, memory and share: on a machine nothing else tells them apart;
- ``owned[s][k]`` whether k belongs to one free copy alone;
- ``used[s]`` whether the machine is in use: 1 for one that can't be released, which is paid for in any case;
- ``new[p]`` the new machines of a pool in use, ``rented[p]`` these and the running ones that could be released;
- ``paid[p]`` the machines paid for: those in use, not released, or asked for by `min_instances`;
- ``on_new[c, o, p]`` copies on all new machines of a pool, where the form of the model has such totals;
- ``placed[c]`` copies placed, ``by_zone[c]`` those in each eligible zone, where a rule asks.

There is no variable per copy: counts with ``sum_k touching[k] = g * copies`` and ``touching[k] <= copies`` can always
be dealt out so that each copy gets g distinct accelerators (`compiled.wrap_around`), and owned accelerators are alike,
so any g of them serve.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from placement.compiled.capacity import most_by_one_option
from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
from placement.compiled.running import Place
from placement.compiled.shared_need import SharedNeed
from placement.direct.program import Count, Linear, Program, Var, fixed, total_of
from placement.direct.slots import Slot


@dataclass(frozen=True, slots=True)
class Form:
    """Rows that no plan needs but an engine may, and whether it is an outline.

    `outline`: new machines are left out, but for their number and what stands on them, pool by pool. The rows are among
        those that any plan keeps, so a bound of the outline holds, and it is small.
    `tight`: rows that whole numbers keep anyway, and fractions do not; of alike accelerators of a machine, owned ones
        come first.
    """

    outline: bool = False
    tight: bool = False

    @property
    def pool_totals(self) -> bool:
        """Whether copies on all new machines of a pool have variables, and rows say what these hold together."""
        return self.outline or not self.tight


TIGHT = Form(tight=True)
TOTALS = Form()
OUTLINE = Form(outline=True)


class Variables:
    """All variables of a model and, as rows, those that are totals of others; `program` takes them and the rules.

    `program`: an empty one.
    `fleet`: what to place.
    `slots`: the machines one by one, without new ones for an outline.
    `most`: (P,) the most new machines of each pool, for an outline.
    `form`: see `Form`.

    ``here[c, s]`` are all variables that count copies of a component on a machine, ``components_on[s]`` the components
    that have some, ``new_slots[p]`` the new machines of a pool, ``everywhere[c]`` is (pool, option, variable) over the
    whole fleet, each copy counted once.
    """

    def __init__(
        self, program: Program, fleet: Fleet, slots: tuple[Slot, ...], most: Sequence[int], form: Form
    ) -> None:
        """Write them. O(machines x options + places)."""
        self.fleet, self.slots, self.form = fleet, slots, form
        self.program = program
        self.copies: dict[tuple[int, int, int], Var] = {}
        self.kept: dict[int, Var] = {}
        self.touching: dict[tuple[SharedNeed, int], list[Var]] = {}
        self.owned: dict[int, list[Var]] = {}
        self.here: dict[tuple[int, int], list[Var]] = defaultdict(list)
        self.components_on: dict[int, list[int]] = {}
        self.slot_of = {slot.instance: slot for slot in slots if slot.instance is not None}
        self._free: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self._places: dict[int, list[int]] = defaultdict(list)
        self._present: dict[tuple[int, int], Var] = {}
        may_run = [list(self._may_run(p)) for p in range(len(fleet.pools))]
        for slot in slots:
            for component, option, alone in may_run[slot.pool]:
                self._add_free(slot, component, option, min(alone, self.most_copies(component, slot)))
        for index, place in enumerate(fleet.places):
            self._add_kept(index, place)
        for c, s in sorted(self.here):
            self.components_on.setdefault(s, []).append(c)
        self.used = {slot.index: self._in_use(slot) for slot in slots}
        self.new_slots: list[list[Slot]] = [[] for _ in fleet.pools]
        for slot in slots:
            if slot.instance is None:
                self.new_slots[slot.pool].append(slot)
        self.new = [self._new(p, n) for p, n in enumerate(most)]
        self.on_new: dict[tuple[int, int, int], Var] = {}
        if form.pool_totals:
            for p, choices in enumerate(may_run):
                for component, option, each in choices:
                    self._add_on_new(component, option, p, each, most[p])
        self.rented = [self._rented(p) for p in range(len(fleet.pools))]
        self.paid = [self._paid(p) for p in range(len(fleet.pools))]
        self.everywhere: list[list[tuple[int, int, Var]]] = [[] for _ in fleet.components]
        for c, entry in self._everywhere():
            self.everywhere[c].append(entry)
        self.placed = [self._placed(component) for component in fleet.components]
        self.by_zone = {c.index: self._by_zone(c) for c in fleet.components if c.copies and c.has_zone_rules}

    # -- what stands on one machine

    def free(self, s: int) -> Iterator[tuple[int, int, Var, FleetOption]]:
        """Free copies that may stand on machine s: component, option, variable, and what the option needs."""
        for c, o in self._free[s]:
            yield c, o, self.copies[c, o, s], self.fleet.components[c].options[o]

    def may_stay(self, s: int) -> Iterator[tuple[Place, Var, FleetOption]]:
        """Places on machine s where copies may stay exactly."""
        for index in self._places[s]:
            place = self.fleet.places[index]
            yield place, self.kept[index], self.fleet.components[place.component].options[place.option]

    def most_copies(self, component: FleetComponent, slot: Slot) -> int:
        """The most copies of a component on a machine, by its count, `max_per_instance` and a cordon."""
        most = component.most_on_any_machine
        if slot.instance is not None and self.fleet.instances[slot.instance].cordoned:
            most = min(most, self.fleet.instances[slot.instance].residents.get(component.index, 0))
        return most

    def present(self, c: int, s: int) -> Var:
        """Whether a component is on a machine: a 0-1 variable, made when it is first asked for."""
        if (c, s) not in self._present:
            most = self.most_copies(self.fleet.components[c], self.slots[s])
            self._present[c, s] = self.program.presence(self.here[c, s], most)
        return self._present[c, s]

    def free_at(self, place: Place) -> Var | None:
        """Free copies of the component and option of a place on its instance."""
        slot = self.slot_of.get(place.instance)
        return None if slot is None else self.copies.get((place.component, place.option, slot.index))

    # -- making them

    def _may_run(self, p: int) -> Iterator[tuple[FleetComponent, FleetOption, int]]:
        """Who may run on pool p, and how many of them alone on an empty machine."""
        for component in self.fleet.components:
            self.program.step()
            most_here = component.most_on_any_machine
            for option in component.options:
                most = most_by_one_option(self.fleet.pools[p].shape, option, most_here) if p in option.pools else 0
                if most:
                    yield component, option, most

    def _add_free(self, slot: Slot, component: FleetComponent, option: FleetOption, most: int) -> None:
        if most:
            var = self.program.variable(0, most)
            self.copies[component.index, option.index, slot.index] = var
            self._free[slot.index].append((component.index, option.index))
            self.here[component.index, slot.index].append(var)

    def _add_kept(self, index: int, place: Place) -> None:
        slot = self.slot_of.get(place.instance)
        if slot is not None and self._can_keep(place, slot):
            most = self.most_copies(self.fleet.components[place.component], slot)
            self.kept[index] = self.program.variable(0, min(most, place.count))
            self._places[slot.index].append(index)
            self.here[place.component, slot.index].append(self.kept[index])

    def _can_keep(self, place: Place, slot: Slot) -> bool:
        """Whether to count copies at exactly a place: it is known, possible, and pinned or dear to leave."""
        component = self.fleet.components[place.component]
        option = component.options[place.option]
        matters = place.pinned or component.move_cost or self.fleet.max_moves is not None
        if place.accelerators is None or not matters or slot.pool not in option.pools:
            return False
        fits = len(set(place.accelerators)) == len(place.accelerators) == option.accelerators
        return fits and all(0 <= k < self.fleet.pools[slot.pool].shape.accelerators for k in place.accelerators)

    def _in_use(self, slot: Slot) -> Count:
        if slot.instance is not None and not self.fleet.instances[slot.instance].removable:
            return fixed(1)
        here = [var.index for c in self.components_on.get(slot.index, ()) for var in self.here[c, slot.index]]
        return self.program.derive(0, 1, lambda values: int(any(values[v] for v in here)))

    def _new(self, p: int, most: int) -> Count:
        if self.form.outline:
            return self.program.variable(0, most)
        used = [var for slot in self.new_slots[p] if isinstance(var := self.used[slot.index], Var)]
        return self.program.total(used, 0, len(used)) if used else fixed(0)

    def _add_on_new(self, component: FleetComponent, option: FleetOption, p: int, each: int, most_new: int) -> None:
        """Copies on the new machines of a pool, of which one holds at most `each`."""
        new = self.new[p]
        total = min(component.copies, (most_new if self.form.outline else len(self.new_slots[p])) * each)
        if total:
            parts = [self.copies[component.index, option.index, slot.index] for slot in self.new_slots[p]]
            var = self.program.total(parts, 0, total) if parts else self.program.variable(0, total)
            self.on_new[component.index, option.index, p] = var
            self.program.at_most(var, each * new)

    def _rented(self, p: int) -> Count:
        optional = [self.new[p], *(self.used[slot.index] for slot in self.slot_of.values() if slot.pool == p)]
        counted = [var for var in optional if isinstance(var, Var)]
        return self.program.total(counted, 0, sum(var.high for var in counted)) if counted else fixed(0)

    def _paid(self, p: int) -> Linear:
        """Machines of a pool that are paid for: in use, not released, and at least `min_instances`."""
        least, forced, rented = self.fleet.pools[p].min_instances, len(self.fleet.forced(p)), self.rented[p]
        machines = forced + rented
        if least <= forced:
            return machines
        if forced + rented.high <= least:
            return fixed(least)
        paid = self.program.derive(least, forced + rented.high, lambda values: max(least, machines.value(values)))
        self.program.at_least(paid, machines)
        return paid

    def _everywhere(self) -> Iterator[tuple[int, tuple[int, int, Var]]]:
        for (c, o, s), var in self.copies.items():
            if self.slots[s].instance is not None or not self.form.pool_totals:
                yield c, (self.slots[s].pool, o, var)
        for index, var in self.kept.items():
            place = self.fleet.places[index]
            yield place.component, (self.fleet.instances[place.instance].pool, place.option, var)
        for (c, o, p), var in self.on_new.items():
            yield c, (p, o, var)

    def _placed(self, component: FleetComponent) -> Count:
        """The number placed, from what is required to all copies."""
        everyone = [var for _, _, var in self.everywhere[component.index]]
        if component.required < component.copies:
            return self.program.total(everyone, component.required, component.copies)
        self.program.equal(total_of(everyone), component.copies)
        return fixed(component.copies)

    def _by_zone(self, component: FleetComponent) -> list[Var]:
        parts: dict[int, list[Var]] = {z: [] for z in component.eligible_zones}
        for p, _, var in self.everywhere[component.index]:
            parts[self.fleet.pools[p].zone].append(var)
        return [self.program.total(here, 0, component.copies) for here in parts.values()]

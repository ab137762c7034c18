"""The direct model: every rule of the format as rows over whole numbers. This file is the executable specification.

Variables, for component c, option o, machine s (a `Slot`), accelerator k of it, pool p:

- ``copies[c, o, s]`` free copies: they may stand on any accelerators of s;
- ``kept[place]`` copies that stay at exactly the known accelerators where they run now, beside the free ones;
- ``touching[kind, s][k]`` shared free copies of a kind that touch accelerator k. Copies are of one kind when they take
  the same number of accelerators, memory and share: on a machine nothing else tells them apart;
- ``owned[s][k]`` whether k belongs to one free copy alone;
- ``used[s]`` whether the machine is in use;
- ``on_new[c, o, p]`` and ``new[p]``: copies on, and number of, new machines of a pool.

There is no variable per copy: counts with ``sum_k touching[k] = g * copies`` and ``touching[k] <= copies`` can always
be dealt out so that each copy gets g distinct accelerators (`compiled.wrap_around`), and owned accelerators are
alike, so any g of them serve.

The *outline* of the model leaves new machines out: only their number and what stands on them, pool by pool. Its rows
are among those that any plan keeps, so its bound holds, and it is small.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from placement.direct.cp_sat.program import Program, linear
from placement.direct.cp_sat.volume import add_volume_rows
from placement.direct.slots import slots_of
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from placement.compiled.fleet import Component, Fleet, Instance, Option, Place, Shape
    from placement.direct.cp_sat.program import Count, Objective, Terms, Var
    from placement.direct.slots import Slot


class Kind(NamedTuple):
    """Shared copies that are alike on a machine: accelerators a copy, and MiB and thousandths on each of them."""

    accelerators: int
    memory_mib: int
    share: int


class DirectModel:
    """Rows and variables for one fleet; see the module's text.

    Parameters
    ----------
    fleet : what to place.
    most_new : (P,) the most new machines of each pool that a plan may use.
    outline : leave new machines out, but for their number and what stands on them.
    """

    def __init__(self, fleet: Fleet, most_new: Sequence[int], *, outline: bool = False) -> None:
        """Write all rows. O(machines x (options + kinds x accelerators))."""
        self.fleet = fleet
        self.outline = outline
        self.program = Program()
        self.slots = _slots(fleet, most_new, outline)
        self.copies: dict[tuple[int, int, int], Var] = {}
        self.kept: dict[int, Var] = {}
        self.touching: dict[tuple[Kind, int], list[Var]] = {}
        self.owned: dict[int, list[Var]] = {}
        self.used: dict[int, Count] = {}
        self.on_new: dict[tuple[int, int, int], Var] = {}
        self.new: list[Var] = []
        self._slot_of = {slot.instance: slot for slot in self.slots if slot.instance is not None}
        self._here: dict[tuple[int, int], list[Var]] = defaultdict(list)  # all copies by (component, slot)
        self._places: dict[int, list[int]] = defaultdict(list)
        for index, place in enumerate(fleet.places):
            if self._can_keep(place):
                self._places[self._slot_of[place.instance].index].append(index)
        for slot in self.slots:
            self._machine(slot)
        for p in range(len(fleet.pools)):
            self._new_machines(p, most_new[p], outline)
        self.placed = [self._component(component) for component in fleet.components]
        self.paid = [self._pool(p) for p in range(len(fleet.pools))]
        self._pins()

    # -- what is minimised

    def left_out(self, level: int) -> Objective:
        """Optional copies of one priority level that are not placed."""
        chosen = [component for component in self.fleet.components if component.level == level]
        wanted = sum(component.copies for component in chosen)
        return self.program.objective([(self.placed[component.index], -1) for component in chosen], wanted)

    def ticks(self) -> Objective:
        """Price of the machines paid for, and of moves: min(running, placed) less the copies that stay."""
        fleet = self.fleet
        terms: list[tuple[Count, int]] = [
            (paid, fleet.tick_price * fleet.pools[p].price) for p, paid in enumerate(self.paid)
        ]
        for component in fleet.components:
            running, price = fleet.running[component.index], fleet.tick_move * component.move_cost
            if running and price:
                terms.append((self.program.least(self.placed[component.index], running), price))
                terms += [(staying, -price) for staying in self._staying(component)]
        return self.program.objective(terms)

    def _staying(self, component: Component) -> Iterator[Var]:
        """Variables whose sum is the copies that need not move."""
        for index, place in enumerate(self.fleet.places):
            if place.component != component.index:
                continue
            if place.accelerators is not None:
                if index in self.kept:
                    yield self.kept[index]
                continue
            free = self._free_at(place)  # unknown accelerators: any set on the instance is the same place
            if free is not None:
                yield self._at_most(free, place.count)

    def _at_most(self, count: Var, cap: int) -> Var:
        """A variable that is at most both."""
        index = count.index
        lesser = self.program.derive(0, min(cap, self.program.high(count)), lambda values: min(values[index], cap))
        self.program.add(lesser <= count)
        return lesser

    def limit_left_out(self, limits: Sequence[int]) -> None:
        """No more optional copies left out than this, for each of the first levels."""
        for level, limit in enumerate(limits):
            goal = self.left_out(level)
            if goal.terms:
                self.program.add(linear(goal.terms) * goal.scale <= limit - goal.offset)

    def limit_ticks(self, limit: int) -> None:
        """No dearer plan than this."""
        goal = self.ticks()
        if goal.terms:
            self.program.add(linear(goal.terms) <= (limit - goal.offset) // goal.scale)

    # -- one machine

    def _machine(self, slot: Slot) -> None:
        """The copies on one machine: where they may run, how many, on what."""
        shape = self.fleet.pools[slot.pool].shape
        instance = self._instance(slot)
        everything: list[Var] = []
        for component in self.fleet.components:
            for option in component.options:
                most = self._most(component, option, slot)
                if most:
                    var = self.program.variable(0, most)
                    self.copies[component.index, option.index, slot.index] = var
                    self._here[component.index, slot.index].append(var)
        for index in self.places_on(slot.index):
            self.kept[index] = self.program.variable(0, self.fleet.places[index].count)
            self._here[self.fleet.places[index].component, slot.index].append(self.kept[index])
        for component in self.fleet.components:
            everything += self._here.get((component.index, slot.index), [])
        # An instance that can't be removed is in use whatever stands on it.
        self.used[slot.index] = 1 if instance and not instance.removable else self.program.presence(everything)
        self._accelerators(slot, shape)
        self._host(slot, shape)
        for component in self.fleet.components:
            self._caps(component, slot)
        self._company(slot)

    def _most(self, component: Component, option: Option, slot: Slot) -> int:
        """The most free copies of an option that fit on a machine without others; 0 where it may not run."""
        if slot.pool not in option.pools:
            return 0
        limits = [component.copies, _most_alone(self.fleet.pools[slot.pool].shape, option, component.copies)]
        instance = self._instance(slot)
        if instance and instance.cordoned:
            limits.append(instance.residents.get(component.index, 0))
        if component.max_per_instance is not None:
            limits.append(component.max_per_instance)
        return min(limits)

    def _can_keep(self, place: Place) -> bool:
        """Whether copies may stay at exactly the accelerators of a place, and it matters: pinned, or moves cost."""
        component = self.fleet.components[place.component]
        option = component.options[place.option]
        if place.accelerators is None or place.instance not in self._slot_of:
            return False
        pool = self.fleet.pools[self.fleet.instances[place.instance].pool]
        distinct = len(set(place.accelerators)) == len(place.accelerators) == option.accelerators
        exist = all(0 <= k < pool.shape.accelerators for k in place.accelerators)
        return distinct and exist and pool.index in option.pools and bool(place.pinned or component.move_cost)

    def _accelerators(self, slot: Slot, shape: Shape) -> None:
        """Memory and share on each accelerator; an owned one holds nothing else."""
        kinds: dict[Kind, list[Var]] = defaultdict(list)
        alone: Terms = []
        for (c, o), var in self.free(slot.index):
            option = self.fleet.components[c].options[o]
            if option.accelerators and option.shared:
                kinds[kind_of(option)].append(var)
            elif option.accelerators:
                alone.append((var, option.accelerators))
        kept = [(self.kept[i], self.fleet.places[i]) for i in self.places_on(slot.index)]
        kept = [(var, place) for var, place in kept if place.accelerators]
        used = self.used[slot.index]
        if alone and not kinds and not kept:  # whole accelerators only: their number is enough
            self.program.within(alone, shape.accelerators, used)
            return
        if alone:
            self.owned[slot.index] = [self.program.variable(0, 1) for _ in range(shape.accelerators)]
            self.program.add(Program.sum(self.owned[slot.index]) == linear(alone))
        rows = [_Accelerator(shape) for _ in range(shape.accelerators)]
        for k, owned in enumerate(self.owned.get(slot.index, ())):
            rows[k].owners.append(owned)
        for kind, free in kinds.items():
            for k, touching in enumerate(self._touching(kind, slot, shape, free)):
                rows[k].sharers.append((kind, touching))
        for var, place in kept:
            option = self.fleet.components[place.component].options[place.option]
            for k in place.accelerators or ():
                if option.shared:
                    rows[k].sharers.append((kind_of(option), [var]))
                else:
                    rows[k].owners.append(var)
        for row in rows:
            row.write(self.program, used)

    def _touching(self, kind: Kind, slot: Slot, shape: Shape, free: list[Var]) -> list[list[Var]]:
        """Per accelerator, variables whose sum touches it."""
        if kind.accelerators == shape.accelerators:  # every copy touches every accelerator
            return [free] * shape.accelerators
        everyone = sum(self.program.high(var) for var in free)
        most = min(everyone, _most_on_one(shape, kind, everyone))
        counts = [self.program.variable(0, most) for _ in range(shape.accelerators)]
        self.touching[kind, slot.index] = counts
        self.program.add(Program.sum(counts) == kind.accelerators * Program.sum(free))
        if kind.accelerators > 1 and most > 1:  # else the sum says it already
            for count in counts:
                self.program.add(count <= Program.sum(free))
        return [[count] for count in counts]

    def _host(self, slot: Slot, shape: Shape) -> None:
        """vCPU and host memory."""
        needs = [(var, self.fleet.components[c].options[o]) for (c, o), var in self.free(slot.index)]
        for index in self.places_on(slot.index):
            place = self.fleet.places[index]
            needs.append((self.kept[index], self.fleet.components[place.component].options[place.option]))
        used = self.used[slot.index]
        self.program.within([(var, option.vcpus) for var, option in needs], shape.vcpus, used)
        self.program.within([(var, option.host_mib) for var, option in needs], shape.host_mib, used)

    def _caps(self, component: Component, slot: Slot) -> None:
        """`max_per_instance`, and what a cordoned machine may keep."""
        here = self._here.get((component.index, slot.index))
        instance = self._instance(slot)
        if here and component.max_per_instance is not None:
            self.program.add(Program.sum(here) <= component.max_per_instance)
        if here and instance and instance.cordoned:
            self.program.add(Program.sum(here) <= instance.residents.get(component.index, 0))

    def _company(self, slot: Slot) -> None:
        """`dedicated` and `avoid`, by the presence of the components that they name."""
        everyone = range(len(self.fleet.components))
        here = {c: self._here[c, slot.index] for c in everyone if (c, slot.index) in self._here}
        dedicated = [c for c in here if self.fleet.components[c].dedicated]
        wary = [c for c in here if c in dedicated or not self.fleet.components[c].avoids.isdisjoint(here)]
        if len(here) < 2:
            return
        present = {c: self.program.presence(here[c]) for c in wary}
        if dedicated:
            others = [var for c in here if c not in dedicated for var in here[c]]
            company = [present[c] for c in dedicated] + ([self.program.presence(others)] if others else [])
            self.program.at_most_one(company)
        for c in wary:
            for d in sorted(self.fleet.components[c].avoids):
                if c < d and d in present:
                    self.program.at_most_one([present[c], present[d]])

    # -- new machines of a pool

    def _new_machines(self, p: int, most: int, outline: bool) -> None:
        """Their number and the copies on them; they are alike, so those in use come first.

        Ordering them by load as well, or the accelerators of a machine, cost more search than it saved in trials,
        where CP-SAT still looked for symmetry itself (`engines.cp_sat` says why it does not now).
        """
        pool = self.fleet.pools[p]
        mine = [slot for slot in self.slots if slot.pool == p and slot.instance is None]
        used = [var for slot in mine if not isinstance(var := self.used[slot.index], int)]
        self.new.append(self.program.variable(0, most) if outline else self.program.total(used, 0, most))
        needs: list[tuple[Var, Option]] = []
        for component in self.fleet.components:
            for option in component.options:
                each = _most_alone(pool.shape, option, component.copies) if p in option.pools else 0
                if component.max_per_instance is not None:
                    each = min(each, component.max_per_instance)
                total = min(component.copies, most * each)
                if not total:
                    continue
                parts = [self.copies[component.index, option.index, slot.index] for slot in mine]
                var = self.program.variable(0, total) if outline else self.program.total(parts, 0, total)
                self.on_new[component.index, option.index, p] = var
                self.program.add(var <= each * self.new[p])
                needs.append((var, option))
        add_volume_rows(self.program, pool.shape, needs, self.new[p])
        for left, right in pairwise(mine):
            self.program.add(self.used[left.index] >= self.used[right.index])

    # -- one component over the fleet

    def _component(self, component: Component) -> Count:
        """How many are placed, what they serve, in which zones; the number placed."""
        served: Terms = []
        by_zone: dict[int, list[Var]] = {z: [] for z in component.eligible_zones}
        for p, o, var in self._everywhere(component):
            served.append((var, min(component.options[o].throughput, component.demand)))
            by_zone[self.fleet.pools[p].zone].append(var)
        everyone = [var for var, _ in served]
        placed: Count = component.copies
        if component.required < component.copies:
            placed = self.program.total(everyone, component.required, component.copies)
        else:
            self.program.add(Program.sum(everyone) == placed)
        if component.demand:
            self.program.reach(served, component.demand)
        if component.copies and component.has_zone_rules:
            self._zones(component, placed, [self.program.total(here, 0, component.copies) for here in by_zone.values()])
        return placed

    def _everywhere(self, component: Component) -> Iterator[tuple[int, int, Var]]:
        """Pool, option and variable of all that counts copies of a component, new machines pool by pool."""
        for slot in self._slot_of.values():
            for option in component.options:
                if (component.index, option.index, slot.index) in self.copies:
                    yield slot.pool, option.index, self.copies[component.index, option.index, slot.index]
        for index, var in self.kept.items():
            place = self.fleet.places[index]
            if place.component == component.index:
                yield self.fleet.instances[place.instance].pool, place.option, var
        for option in component.options:
            for p in sorted(option.pools):
                if (component.index, option.index, p) in self.on_new:
                    yield p, option.index, self.on_new[component.index, option.index, p]

    def _zones(self, component: Component, placed: Count, zones: list[Var]) -> None:
        """Spread over the eligible zones, and what stands elsewhere when one of them is lost."""
        indices = [total.index for total in zones]
        if component.max_per_zone is not None:
            for total in zones:
                self.program.add(total <= component.max_per_zone)
        if component.max_skew is not None and zones:
            least = self.program.derive(0, component.copies, lambda values: min(values[v] for v in indices))
            for total in zones:
                self.program.add(total >= least)
                self.program.add(total <= least + component.max_skew)
        if component.min_zones:
            occupied = [self._at_most(total, 1) for total in zones]
            self.program.add(Program.sum(occupied) >= self.program.least(placed, component.min_zones))
        if component.zone_loss_floor:
            # With nothing placed and nothing required the floor is waived.
            some: Count = 1 if component.required or component.demand else self.program.presence(zones)
            for total in zones:
                self.program.add(placed - total >= component.zone_loss_floor * some)

    # -- pools and running copies

    def _pool(self, p: int) -> Count:
        """Machines within the quota; the number paid for, at least `min_instances`."""
        pool, forced = self.fleet.pools[p], len(self.fleet.forced(p))
        running = [self.used[slot.index] for slot in self._slot_of.values() if slot.pool == p]
        optional = [self.new[p], *(used for used in running if not isinstance(used, int))]
        if pool.max_instances is not None:
            self.program.add(Program.sum(optional) <= pool.max_instances - forced)
        least, most = max(forced, pool.min_instances), forced + sum(self.program.high(var) for var in optional)
        if most <= least:
            return least
        indices = [var.index for var in optional]
        paid = self.program.derive(least, most, lambda values: max(least, forced + sum(values[v] for v in indices)))
        self.program.add(paid >= forced + Program.sum(optional))
        return paid

    def _pins(self) -> None:
        """Pinned copies stay: at their accelerators when known; if some are unknown, enough of all on the instance."""
        pinned: dict[tuple[int, int, int], list[Place]] = defaultdict(list)
        for index, place in enumerate(self.fleet.places):
            if place.pinned:
                pinned[place.component, place.option, place.instance].append(place)
                if place.accelerators is not None:
                    exactly = [self.kept[index]] if index in self.kept else []
                    self.program.add(Program.sum(exactly) >= place.pinned)
        for key, places in pinned.items():
            free = self._free_at(places[0])
            there = [] if free is None else [free]
            for index, var in self.kept.items():
                row = self.fleet.places[index]
                if (row.component, row.option, row.instance) == key:
                    there.append(var)
            self.program.add(Program.sum(there) >= sum(place.pinned for place in places))

    # -- small look-ups

    def places_on(self, s: int) -> list[int]:
        """Places on a machine whose exact accelerators can be kept: each has a variable in `kept`."""
        return self._places.get(s, [])

    def free(self, s: int) -> Iterator[tuple[tuple[int, int], Var]]:
        """The free copies on a machine: (component, option), variable."""
        for component in self.fleet.components:
            for option in component.options:
                var = self.copies.get((component.index, option.index, s))
                if var is not None:
                    yield (component.index, option.index), var

    def _free_at(self, place: Place) -> Var | None:
        slot = self._slot_of.get(place.instance)
        return None if slot is None else self.copies.get((place.component, place.option, slot.index))

    def _instance(self, slot: Slot) -> Instance | None:
        return None if slot.instance is None else self.fleet.instances[slot.instance]


class _Accelerator:
    """One accelerator: who may own it, and who shares it."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self.owners: list[Var] = []
        self.sharers: list[tuple[Kind, list[Var]]] = []

    def write(self, program: Program, used: Count) -> None:
        """At most one owner, and then nobody else; memory and share within what there is."""
        memory, share = self._shape.memory_mib, WHOLE_SHARE
        program.within([(var, 1) for var in self.owners], 1, used)
        for room, of in ((memory, 1), (share, 2)):
            needs = [(var, kind[of]) for kind, many in self.sharers for var in many]
            program.within(needs, room, used, whole=self.owners)
        for kind, many in self.sharers:
            if self.owners and not kind.memory_mib and not kind.share:
                most = sum(program.high(var) for var in many)
                program.add(Program.sum(many) + most * Program.sum(self.owners) <= most)


def kind_of(option: Option) -> Kind:
    """The kind of an option's shared copies."""
    return Kind(option.accelerators, option.memory_mib, option.share)


def _most_on_one(shape: Shape, kind: Kind, copies: int) -> int:
    """Shared copies of one kind that one accelerator holds, of so many."""
    limits = [copies]
    if kind.memory_mib:
        limits.append(shape.memory_mib // kind.memory_mib)
    if kind.share:
        limits.append(WHOLE_SHARE // kind.share)
    return min(limits)


def _most_alone(shape: Shape, option: Option, copies: int) -> int:
    """Copies of one option that an empty machine holds, of so many."""
    limits = [copies]
    if option.vcpus:
        limits.append(shape.vcpus // option.vcpus)
    if option.host_mib:
        limits.append(shape.host_mib // option.host_mib)
    if option.accelerators:
        each = _most_on_one(shape, kind_of(option), copies) if option.shared else 1
        limits.append(shape.accelerators * each // option.accelerators)
    return min(limits)


def _slots(fleet: Fleet, most_new: Sequence[int], outline: bool) -> tuple[Slot, ...]:
    """Running instances, and unless it is an outline so many new machines of each pool."""
    return slots_of(fleet, most_new=[0] * len(fleet.pools) if outline else most_new)

"""The direct model: every rule of the format as linear rows over whole numbers, an executable specification.

Variables, for component c, option o, machine s (a `Slot`), accelerator k of it, pool p, zone z:

- ``copies[c, o, s]`` free copies: they may stand on any accelerators of s;
- ``kept[place]`` copies that stay at exactly the known accelerators where they run now, beside the free ones;
- ``touching[kind, s][k]`` shared free copies of a kind that touch accelerator k. Copies are of one kind when they take
  the same number of accelerators, memory and share: on a machine nothing else tells them apart;
- ``owned[s][k]`` whether k belongs to one free copy alone;
- ``used[s]`` whether the machine is in use, ``machines[p]`` how many of a pool are: the engine may branch on it.

There is no variable per copy: counts with ``sum_k touching[k] = g * copies`` and ``touching[k] <= copies`` can always
be dealt out so that each copy gets g distinct accelerators (`compiled.wrap_around`), and owned accelerators are alike,
so any g of them serve. ``most`` is always the most that a count can be: the factor of a 0-1 variable that switches it
off.
"""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from pulp import lpSum

from placement.direct.milp.program import Program, linear
from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.compiled.fleet import Component, Fleet, Option, Place, Shape
    from placement.direct.milp.program import Count, Objective, Values, Var
    from placement.direct.slots import Slot


class Kind(NamedTuple):
    """Shared copies that are alike on a machine: accelerators a copy, and MiB and thousandths on each of them."""

    accelerators: int
    memory_mib: int
    share: int


def kind_of(option: Option) -> Kind:
    """The kind of an option's copies."""
    return Kind(option.accelerators, option.memory_mib, option.share)


class DirectModel:
    """Variables and rows for one fleet on given machines; see the module's text.

    Parameters
    ----------
    fleet : what to place.
    slots : the machines that a plan may use.
    """

    def __init__(self, fleet: Fleet, slots: tuple[Slot, ...]) -> None:
        """Write all rows. O(machines x (options + kinds x accelerators))."""
        self.fleet = fleet
        self.slots = slots
        self.program = Program("placement")
        self.copies: dict[tuple[int, int, int], Var] = {}
        self.kept: dict[int, Var] = {}
        self.touching: dict[tuple[Kind, int], list[Var]] = {}
        self.owned: dict[int, list[Var]] = {}
        self.used: dict[int, Count] = {}
        self.places_on: dict[int, list[int]] = defaultdict(list)
        self._slot_of = {slot.instance: slot.index for slot in slots if slot.instance is not None}
        self._free: dict[int, list[tuple[int, int]]] = defaultdict(list)  # (component, option) by slot
        self._here: dict[tuple[int, int], list[Var]] = defaultdict(list)  # copies by (component, slot)
        self._most_here: dict[tuple[int, int], int] = {}
        for slot in slots:
            self._machine(slot)
        self._placed = [self._component(component) for component in fleet.components]
        self._paid = [self._pool(p) for p in range(len(fleet.pools))]
        for p in range(len(fleet.pools)):
            self._order_new_machines(p)
        self._pins()

    # -- objectives

    def left_out(self, level: int) -> Objective:
        """Optional copies of one priority level that are not placed."""
        chosen = [c for c in self.fleet.components if c.level == level]
        return self.program.objective([(self._placed[c.index], -1) for c in chosen], sum(c.copies for c in chosen))

    def ticks(self) -> Objective:
        """Price of the machines paid for, and of moves."""
        fleet = self.fleet
        price = [(self._paid[pool.index], fleet.tick_price * pool.price) for pool in fleet.pools]
        moves = [(self._moves(c), fleet.tick_move * c.move_cost) for c in fleet.components if c.move_cost]
        return self.program.objective(price + moves)

    def limit_left_out(self, limits: tuple[int, ...]) -> None:
        """Settle the levels before: leave out no more than these numbers."""
        for level, limit in enumerate(limits):
            chosen = [c for c in self.fleet.components if c.level == level]
            self.program.add(lpSum(self._placed[c.index] for c in chosen) >= sum(c.copies for c in chosen) - limit)

    # -- one machine

    def free(self, s: int) -> Iterator[tuple[int, int, Var, Option]]:
        """Free copies that may stand on machine s: component, option, variable, and what the option needs."""
        for c, o in self._free[s]:
            yield c, o, self.copies[c, o, s], self.fleet.components[c].options[o]

    def staying(self, s: int) -> Iterator[tuple[Place, Var, Option]]:
        """Places on machine s where copies may stay exactly."""
        for index in self.places_on[s]:
            place = self.fleet.places[index]
            yield place, self.kept[index], self.fleet.components[place.component].options[place.option]

    def _machine(self, slot: Slot) -> None:
        fleet, s, shape = self.fleet, slot.index, self.fleet.pools[slot.pool].shape
        forced = slot.instance is not None and not fleet.instances[slot.instance].removable
        # A machine that can't be released is paid for in any case: nothing is gained by calling it unused.
        self.used[s] = 1 if forced else self.program.whole(f"used_{s}", 0, 1)
        for component in fleet.components:
            most = self._most_copies(component, slot)
            for option in component.options:
                fits = min(most, most_on_machine(shape, option)) if slot.pool in option.pools else 0
                if fits:
                    name = f"copies_{component.index}_{option.index}_{s}"
                    self._add_copies(component.index, option.index, s, self.program.whole(name, 0, fits))
        for index, place in enumerate(fleet.places):
            if slot.instance == place.instance and self._can_keep(place, slot):
                most = self._most_copies(fleet.components[place.component], slot)
                self.kept[index] = self.program.whole(f"kept_{index}", 0, min(most, place.count))
                self.places_on[s].append(index)
                self._here[place.component, s].append(self.kept[index])
        for component in fleet.components:
            here = self._here.get((component.index, s))
            if here:  # `max_per_instance`, a cordon's head count; and no copies without a machine
                most = self._most_copies(component, slot)
                self._most_here[component.index, s] = most
                self.program.add(lpSum(here) <= most * self.used[s])
        for needs, room in (("vcpus", shape.vcpus), ("host_mib", shape.host_mib)):
            free = [(var, getattr(option, needs)) for _, _, var, option in self.free(s)]
            stay = [(var, getattr(option, needs)) for _, var, option in self.staying(s)]
            self.program.within(free + stay, room, self.used[s])
        self._accelerators(slot, shape)
        self._company(slot)

    def _add_copies(self, c: int, o: int, s: int, var: Var) -> None:
        self.copies[c, o, s] = var
        self._free[s].append((c, o))
        self._here[c, s].append(var)

    def _most_copies(self, component: Component, slot: Slot) -> int:
        """The most copies of a component on a machine, by its count, `max_per_instance` and a cordon."""
        most = component.copies
        if component.max_per_instance is not None:
            most = min(most, component.max_per_instance)
        if component.max_per_zone is not None:
            most = min(most, component.max_per_zone)
        if slot.instance is not None and self.fleet.instances[slot.instance].cordoned:
            most = min(most, self.fleet.instances[slot.instance].residents.get(component.index, 0))
        return most

    def _can_keep(self, place: Place, slot: Slot) -> bool:
        """Whether to count copies at exactly a place: it is known, possible, and pinned or dear to leave."""
        component = self.fleet.components[place.component]
        option = component.options[place.option]
        if place.accelerators is None or not (place.pinned or component.move_cost) or slot.pool not in option.pools:
            return False
        fits = len(set(place.accelerators)) == len(place.accelerators) == option.accelerators
        return fits and all(0 <= k < self.fleet.pools[slot.pool].shape.accelerators for k in place.accelerators)

    def _accelerators(self, slot: Slot, shape: Shape) -> None:
        """Memory and share on each accelerator; one that is owned holds nothing else."""
        s, everything = slot.index, range(shape.accelerators)
        shared: dict[Kind, list[Var]] = defaultdict(list)
        alone = []
        for _, _, var, option in self.free(s):
            if option.accelerators and option.shared:
                shared[kind_of(option)].append(var)
            elif option.accelerators:
                alone.append((var, option.accelerators))
        staying = [(set(place.accelerators or ()), var, option) for place, var, option in self.staying(s)]
        staying = [stay for stay in staying if stay[0]]
        if alone and not shared and not staying:  # whole accelerators only: their number is enough
            self.program.add(linear(alone) <= shape.accelerators * self.used[s])
            return
        if alone:
            self.owned[s] = [self.program.whole(f"owned_{s}_{k}", 0, 1) for k in everything]
            self.program.add(lpSum(self.owned[s]) == linear(alone))
        touches = {kind: self._touches(kind, s, shape, free) for kind, free in shared.items()}
        for k in everything:
            owners = [self.owned[s][k]] if alone else []
            owners += [var for ks, var, option in staying if k in ks and not option.shared]
            guests = [(kind, var) for kind, counts in touches.items() for var in counts[k]]
            guests += [(kind_of(option), var) for ks, var, option in staying if k in ks and option.shared]
            self._one_accelerator(s, shape, owners, guests)
        if not staying:
            self._order_accelerators(s)

    def _touches(self, kind: Kind, s: int, shape: Shape, free: list[Var]) -> list[list[Var]]:
        """For each accelerator, the variables whose sum is the free copies of this kind that touch it."""
        if kind.accelerators == shape.accelerators:  # every copy touches every accelerator
            return [free] * shape.accelerators
        most = most_on_one(shape, kind, sum(self.program.high[var] for var in free))
        name = f"touching_{s}_{'_'.join(map(str, kind))}"
        counts = [self.program.whole(f"{name}_{k}", 0, most) for k in range(shape.accelerators)]
        self.touching[kind, s] = counts
        self.program.add(lpSum(counts) == kind.accelerators * lpSum(free))
        if kind.accelerators > 1:  # with one accelerator a copy, the sum says it already
            for count in counts:
                self.program.add(count <= lpSum(free))
        return [[count] for count in counts]

    def _one_accelerator(self, s: int, shape: Shape, owners: list[Var], guests: list[tuple[Kind, Var]]) -> None:
        """Memory and share of the guests, or one owner."""
        used, program = self.used[s], self.program
        for room, needs in (
            (shape.memory_mib, [(var, kind.memory_mib) for kind, var in guests]),
            (WHOLE_SHARE, [(var, kind.share) for kind, var in guests]),
        ):
            program.within(needs, room, used - lpSum(owners) if owners else used)
        if owners and len(owners) + len(guests) > 1:
            program.add(lpSum(owners) <= used)
        if owners:  # guests that need nothing are kept off by no other row
            for kind, var in guests:
                if not kind.memory_mib and not kind.share:
                    program.add(var <= program.high[var] * (used - lpSum(owners)))

    def _order_accelerators(self, s: int) -> None:
        """Nothing tells the accelerators of a machine apart: owned ones come first."""
        for left, right in pairwise(self.owned.get(s, ())):
            self.program.add(left >= right)

    def _company(self, slot: Slot) -> None:
        """`dedicated` and `avoid`: whether a component is there, for those that either rule names."""
        s = slot.index
        here = [c for c in self.fleet.components if (c.index, s) in self._most_here]
        dedicated = [c for c in here if c.dedicated]
        present = {}
        for component in here:
            c = component.index
            if (component.dedicated and len(here) > 1) or any((d, s) in self._most_here for d in component.avoids):
                name = f"present_{c}_{s}"
                present[c] = self.program.presence(name, self._here[c, s], self._most_here[c, s])
        if dedicated and len(here) > 1:
            others = [c.index for c in here if not c.dedicated]
            company = [present[c.index] for c in dedicated]
            if others:
                company.append(self._someone(s, others))
            self.program.add(lpSum(company) <= self.used[s])
        for c in present:
            for d in sorted(self.fleet.components[c].avoids):
                if c < d and d in present:
                    self.program.add(present[c] + present[d] <= self.used[s])

    def _someone(self, s: int, components: list[int]) -> Var:
        """1 when any of these components is on machine s."""
        everyone = [var for c in components for var in self._here[c, s]]
        someone = self.program.derive(f"others_{s}", 0, 1, lambda values: int(any(values[var] for var in everyone)))
        for c in components:
            self.program.add(lpSum(self._here[c, s]) <= self._most_here[c, s] * someone)
        return someone

    # -- one component

    def _component(self, component: Component) -> Count:
        """How many are placed, the demand they meet, and in which zones; the number placed."""
        by_zone: dict[int, list[Var]] = {z: [] for z in component.eligible_zones}
        for slot in self.slots:
            by_zone.get(self.fleet.pools[slot.pool].zone, []).extend(self._here.get((component.index, slot.index), ()))
        everyone = [var for here in by_zone.values() for var in here]
        placed: Count = component.copies
        if component.required < component.copies:
            placed = self.program.derive(
                f"placed_{component.index}",
                component.required,
                component.copies,
                lambda values: sum(values[var] for var in everyone),
            )
        self.program.add(lpSum(everyone) == placed)
        if component.demand:
            self._demand(component)
        rules = (
            component.max_skew,
            component.max_per_zone,
            component.min_zones or None,
            component.zone_loss_floor or None,
        )
        if component.copies and any(rule is not None for rule in rules):
            self._zones(component, placed, by_zone)
        return placed

    def _demand(self, component: Component) -> None:
        """The throughput of what is placed reaches the demand."""
        free = [(v, component.options[o].throughput) for (c, o, _), v in self.copies.items() if c == component.index]
        places = [(self.fleet.places[i], var) for i, var in self.kept.items()]
        stay = [(v, component.options[p.option].throughput) for p, v in places if p.component == component.index]
        self.program.reach(free + stay, component.demand)

    def _zones(self, component: Component, placed: Count, by_zone: dict[int, list[Var]]) -> None:
        """Spread over the eligible zones, and what is left when one of them is lost."""
        program, c = self.program, component.index
        totals = []
        for z, here in by_zone.items():
            most = component.copies if component.max_per_zone is None else min(component.copies, component.max_per_zone)
            total = program.derive(f"zone_{c}_{z}", 0, most, _sum_of(here))
            program.add(lpSum(here) == total)
            totals.append(total)
        if component.max_skew is not None and len(totals) > 1:
            least = program.derive(f"least_{c}", 0, component.copies, lambda values: min(values[var] for var in totals))
            for total in totals:
                program.add(total >= least)
                program.add(total <= least + component.max_skew)
        if component.min_zones > 1:
            self._min_zones(component, placed, totals)
        if component.zone_loss_floor:
            floor: Count = component.zone_loss_floor
            if not component.required and not component.demand:  # nothing required: nothing placed will do as well
                floor = component.zone_loss_floor * program.presence(f"active_{c}", totals, component.copies)
            for total in totals:
                program.add(placed - total >= floor)

    def _min_zones(self, component: Component, placed: Count, totals: list[Var]) -> None:
        """Occupied zones reach min(min_zones, placed): one of the two, when the number placed is free."""
        program, c, wanted = self.program, component.index, component.min_zones
        occupied = []
        for z, total in enumerate(totals):
            here = program.derive(f"occupied_{c}_{z}", 0, 1, lambda values, var=total: min(1, values[var]))  # type: ignore[misc]
            program.add(here <= total)
            occupied.append(here)
        if component.required >= wanted:
            program.add(lpSum(occupied) >= wanted)
        elif component.copies <= wanted:
            program.add(lpSum(occupied) >= placed)
        else:
            enough = program.derive(f"enough_{c}", 0, 1, lambda values: int(sum(values[v] for v in totals) >= wanted))
            program.add(lpSum(occupied) >= wanted * enough)
            program.add(lpSum(occupied) >= placed - component.copies * enough)

    # -- pools, running copies

    def _pool(self, p: int) -> Count:
        """Machines within the quota; the number paid for, which is at least `min_instances`."""
        pool, program = self.fleet.pools[p], self.program
        forced = len(self.fleet.forced(p))  # paid for, whether or not a slot stands for them
        mine = [self.used[slot.index] for slot in self.slots if slot.pool == p]
        released = [used for used in mine if not isinstance(used, int)]
        most = forced + len(released)
        if pool.max_instances is not None:
            most = min(most, pool.max_instances)
            if forced > pool.max_instances:
                program.add(False)
                return forced
        machines = program.derive(
            f"machines_{p}", forced, most, lambda values: forced + sum(values[v] for v in released)
        )
        program.add(forced + lpSum(released) == machines)
        if pool.min_instances <= forced:
            return machines
        paid = program.derive(
            f"paid_{p}",
            pool.min_instances,
            max(most, pool.min_instances),
            lambda values: max(pool.min_instances, values[machines]),
        )
        program.add(paid >= machines)
        return paid

    def _moves(self, component: Component) -> Count:
        """At least min(running, placed) less the copies kept; minimising makes it equal."""
        program, c = self.program, component.index
        running, placed = self.fleet.running[c], self._placed[c]
        if not running:
            return 0
        kept = self._kept_copies(component)
        here = [var for s in range(len(self.slots)) for var in self._here.get((c, s), ())]

        def moved(values: Values) -> int:
            stay = sum(values[var] for var in kept)
            return max(0, min(running, sum(values[var] for var in here)) - stay)

        moves = program.derive(f"moves_{c}", 0, running, moved)
        if component.required >= running:
            program.add(moves >= running - lpSum(kept))
        elif component.copies <= running:
            program.add(moves >= placed - lpSum(kept))
        else:
            fewer = program.derive(f"fewer_{c}", 0, 1, lambda values: int(sum(values[v] for v in here) < running))
            program.add(moves >= running - lpSum(kept) - (running - component.required) * fewer)
            program.add(moves >= placed - lpSum(kept) - (component.copies - running) * (1 - fewer))
        return moves

    def _kept_copies(self, component: Component) -> list[Var]:
        """Variables whose sum is the copies of the component that need not move."""
        kept = [var for i, var in self.kept.items() if self.fleet.places[i].component == component.index]
        for index, place in enumerate(self.fleet.places):
            if place.component == component.index and place.accelerators is None:
                free = self.copies.get((place.component, place.option, self._slot_of.get(place.instance, -1)))
                if free is not None:  # any accelerators there are the same place
                    most = min(place.count, self.program.high[free])
                    anywhere = self.program.derive(
                        f"anywhere_{index}",
                        0,
                        most,
                        lambda values, v=free, n=most: min(n, values[v]),  # type: ignore[misc]
                    )
                    self.program.add(anywhere <= free)
                    kept.append(anywhere)
        return kept

    def _pins(self) -> None:
        """Pinned copies stay: at their accelerators when known, else anywhere on their instance."""
        pinned = [(index, place) for index, place in enumerate(self.fleet.places) if place.pinned]
        wanted: dict[tuple[int, int, int], int] = defaultdict(int)
        for index, place in pinned:
            wanted[place.component, place.option, place.instance] += place.pinned
            if place.accelerators is not None:
                self.program.add(lpSum([self.kept[index]] if index in self.kept else []) >= place.pinned)
        for (c, o, i), number in wanted.items():
            s = self._slot_of.get(i, -1)
            there = [self.copies[c, o, s]] if (c, o, s) in self.copies else []
            there += [var for place, var, _ in self.staying(s) if (place.component, place.option) == (c, o)]
            self.program.add(lpSum(there) >= number)

    def _order_new_machines(self, p: int) -> None:
        """New machines of a pool are alike: those in use come first."""
        mine = [slot.index for slot in self.slots if slot.pool == p and slot.instance is None]
        for left, right in pairwise(mine):
            self.program.add(self.used[left] >= self.used[right])


def most_on_one(shape: Shape, kind: Kind, limit: int) -> int:
    """The most copies of a kind on one accelerator."""
    most = limit
    if kind.memory_mib:
        most = min(most, shape.memory_mib // kind.memory_mib)
    if kind.share:
        most = min(most, WHOLE_SHARE // kind.share)
    return most


def most_on_machine(shape: Shape, option: Option) -> int:
    """About how many copies of an option fit on an empty machine: no fewer than truly do, and 0 when none does."""
    most = [room // need for room, need in ((shape.vcpus, option.vcpus), (shape.host_mib, option.host_mib)) if need]
    if option.accelerators:
        kind = kind_of(option)
        if option.shared and not (kind.memory_mib or kind.share):
            most.append(2**31)
        else:
            each = most_on_one(shape, kind, 2**31) if option.shared else 1
            most.append(shape.accelerators * each // option.accelerators)
    return min(most, default=2**31)


def _sum_of(parts: list[Var]) -> Callable[[Values], int]:
    return lambda values: sum(values[var] for var in parts)

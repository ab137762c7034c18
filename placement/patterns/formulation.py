r"""The relaxation behind the pattern bound, as sets and coefficients.

A *pattern* is what stands together on one accelerator; of a machine with at most one accelerator it is all that stands
on the machine, with its vCPU and host memory. *Device classes* are the accelerators (or such machines) that are alike
(name, usable memory, how many a machine has), in one zone unless the fleet is large, and of one pool where the
loss of a pool matters; *items* are the distinct needs of copies in patterns of a device class. Variables, all at
least 0:

- :math:`n_p` machines of pool p, :math:`x_{cop}` copies of component c by option o on pool p,
- :math:`\lambda_{qj}` accelerators of device class q that hold pattern j (a multiset of items that fits).

Rows, with their prices (dual variables) in brackets:

- [coverage q,i] copies of item i stand on no more accelerators of device class q than patterns offer:
  :math:`\sum_j m_{ij} \lambda_{qj} \ge \sum g_{co} x_{cop}`,
- [capacity q] patterns and owned accelerators are within the machines:
  :math:`\sum_j \lambda_{qj} + \sum_{owned} g_{co} x_{cop} \le \sum_{p \in q} K_p n_p`,
- [volume p,r] memory, share, vCPU and host memory of each pool in total,
- [cover c] required copies, [demand c] throughput, [level l] optional copies that a plan of interest places,
- [one c,p] machines that hold few copies of a component: :math:`\sum_o x_{cop} \le m_{cp} n_p`, by max_per_instance and
  because copies are whole; kept where it says more than the other rows,
- zone counts of a component between the least and the most that its spread rules imply,
- [pool c,p] no pool holds so many copies that its loss would leave fewer than :math:`a_c` of all :math:`n_c`:
  :math:`\sum_o x_{cop} \le n_c - a_c`; of a component with a demand, whose number of copies is not given,
- [elsewhere c,p] :math:`a_c` copies stand in other pools than p: :math:`\sum_{o, p' \ne p} x_{cop'} \ge a_c`.

A copy of a dedicated component takes 1/k of a machine, where at most k copies of it stand on one; where its copies are
not too many, its machines are counted whole (`dedicated`). `RELAXES` says what
is left out.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from operator import attrgetter
from typing import NamedTuple

from placement.compiled.capacity import capacity, most_on_one, usage
from placement.compiled.fleet import Fleet, FleetComponent, FleetOption, FleetPool
from placement.compiled.survival import most_by_floor
from placement.patterns.dedicated import cheapest_machines, counts_whole
from placement.patterns.grid import ValueGrid, fit_grid
from placement.patterns.modes import Mode, ModeArrays
from placement.patterns.parameters import FormulationParameters as _PARAMS
from placement.patterns.zone_limits import ZoneLimits, no_limits, zone_limits
from placement.units import WHOLE_SHARE
from placement.vector_packing.knapsack import Knapsack

RESOURCES = ("memory_mib", "share", "vcpus", "host_mib")
_WIDE = 2  # accelerators of a copy that is branched on
_ALWAYS = (
    "which accelerators are in one machine, with its vCPUs and host memory; "
    "max_per_instance of several components together; avoid"
)
# A rule, or a few, between semicolons. The page on the formulation says each in full.
RELAXES = f"whole copies of one accelerator, whole accelerators; {_ALWAYS}; machines that run now; moves not forced"
RELAXES_BY_MIX = f"{RELAXES}; none of these at fleet mixes that were ruled out one by one"
RELAXES_KEPT = f"whole copies, accelerators and machines; {_ALWAYS}"
RELAXES_BRANCHED = f"whole copies of one accelerator, whole accelerators; {_ALWAYS}"  # with what runs


class Need(NamedTuple):
    """What one copy takes of one accelerator, or of a whole machine with at most one; or what that has."""

    memory_mib: int
    share: int
    vcpus: int
    host_mib: int


class PatternItem(NamedTuple):
    """Copies that are alike in patterns of a device class: all that need this of one accelerator.

    Those of a component that may stand on several accelerators are an item of their own (`component`, else none) where
    an accelerator has room for more of them than there are: a copy stands on each of its accelerators once, so no
    pattern has the item more often than the component has copies. As one item with others a single copy could take its
    place twice on half as many accelerators.
    """

    need: Need
    component: int | None = None


@dataclass(frozen=True, slots=True)
class DeviceClass:
    """Accelerators that are alike (or whole machines with at most one): their pools, items, and the knapsack of one.

    `capacity` is what one has of each resource, as needs are counted; the knapsack has units of the `grid`.
    `alike` is equal for device classes that differ by zone alone: patterns of one are worth a try in the others.
    """

    index: int
    alike: tuple[object, ...]
    pools: tuple[int, ...]
    capacity: Need
    items: tuple[PatternItem, ...]
    grid: ValueGrid
    knapsack: Knapsack

    @property
    def needs(self) -> list[Need]:
        """What one of each item takes."""
        return [item.need for item in self.items]

    @property
    def contents(self) -> tuple[Need, tuple[PatternItem, ...]]:
        """What decides which items fit together: where it is equal, a pattern of one is a pattern of the other."""
        return self.capacity, self.items


_ZoneLimitsOf = tuple[ZoneLimits | None, ...]  # by component


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Everything the LP and its exact certificate share.

    `on_one_all[c, p]`: no machine of pool p holds more copies of component c, where other rows let more stand there;
    `on_one` are the same, or none where these are too many for the LP.
    `in_pool[c]`: no pool holds more copies of component c, as its loss would leave too few. `elsewhere[c]`: so many
    copies of one with a demand stand in other pools than any one.
    `aggregates` are sets of modes (indices): whole copies of one component, for the tree to branch on.
    `arrays` has the modes once more.
    """

    fleet: Fleet
    device_classes: tuple[DeviceClass, ...]
    class_of: dict[int, int]
    modes: tuple[Mode, ...]
    modes_of: tuple[tuple[Mode, ...], ...]
    zones: tuple[ZoneLimits | None, ...]
    on_one: dict[tuple[int, int], int]
    on_one_all: dict[tuple[int, int], int]
    in_pool: dict[int, int]
    elsewhere: dict[int, int]
    aggregates: tuple[tuple[int, ...], ...]
    given: tuple[int, ...] | None
    arrays: ModeArrays = field(compare=False, repr=False)

    @property
    def least_placed(self) -> tuple[int, ...]:
        """By level, how many optional copies plans place at least; none where nothing is said of these."""
        wanted = (sum(c.copies for c in self.fleet.components if c.level == k) for k, _ in enumerate(self.given or ()))
        return tuple(n - limit for n, limit in zip(wanted, self.given or (), strict=True))

    def devices(self, p: int) -> int:
        """How many patterns one machine of pool p holds."""
        return max(1, self.fleet.pools[p].shape.accelerators) if p in self.class_of else 0


def relax(
    fleet: Fleet,
    given: tuple[int, ...] | None = None,
    *,
    all_zones: bool = False,
    one_place: bool = False,
    classes_of: Relaxation | None = None,
) -> Relaxation:
    """The relaxation of a fleet; with `given`, of plans that leave out at most so many optional copies per level.

    With `all_zones` copies are counted in each zone, also those that no rule over zones is about. In `one_place` there
    are no rules over zones or single pools, and device classes are of all zones. With `classes_of` they are of the same
    pools as there: of a fleet with the same pools and other components.
    """
    apart = () if one_place else fleet.components  # that have rules over zones and pools
    limits = {c.index: zone_limits(c) or (no_limits(c) if all_zones else None) for c in apart}
    zones = tuple(limits.get(c.index) for c in fleet.components)
    in_pool = _few_in_pool(apart)
    elsewhere = {c.index: c.pool_loss_floor for c in apart if c.demand and c.pool_loss_floor}
    if classes_of is None:
        device_classes = _own_classes(fleet, zones, one_place=one_place)
    else:
        device_classes = tuple(
            _device_class(fleet, zones, q.index, q.alike, q.pools) for q in classes_of.device_classes
        )
    class_of = {p: device_class.index for device_class in device_classes for p in device_class.pools}
    modes = tuple(_modes(fleet, device_classes, class_of, zones, optional=given is not None))
    modes_of: list[list[Mode]] = [[] for _ in fleet.components]
    for mode in modes:
        modes_of[mode.component].append(mode)
    few_on_one = _few_on_one(fleet)
    return Relaxation(
        fleet=fleet,
        device_classes=device_classes,
        class_of=class_of,
        modes=modes,
        modes_of=tuple(tuple(rows) for rows in modes_of),
        zones=zones,
        on_one=few_on_one if len(few_on_one) <= _PARAMS.most_apart else {},
        on_one_all=few_on_one,
        in_pool=in_pool,
        elsewhere=elsewhere,
        aggregates=_aggregates(fleet, device_classes, modes),
        given=given,
        arrays=ModeArrays.of(modes_of, [len(device_class.items) for device_class in device_classes]),
    )


def _own_classes(fleet: Fleet, zones: _ZoneLimitsOf, *, one_place: bool) -> tuple[DeviceClass, ...]:
    """The device classes in the places that suit a fleet, or all of them in one place."""
    if not one_place:
        # Where pools have caps an accelerator of a cheap one must not lend its patterns to copies in a dear one.
        # Whether a copy has to be placed does not matter: a fleet whose optional copies are required has the same.
        capped = any(c.pool_loss_floor and not c.dedicated for c in fleet.components)
        device_classes = _device_classes(fleet, zones, attrgetter("index" if capped else "zone"))
        if sum(len(device_class.items) for device_class in device_classes) <= _PARAMS.most_items:
            return device_classes
    return _device_classes(fleet, zones, lambda _: 0)


def _device_classes(fleet: Fleet, zones: _ZoneLimitsOf, place: Callable[[FleetPool], int]) -> tuple[DeviceClass, ...]:
    pools_of: dict[tuple[int, tuple[object, ...]], list[int]] = {}
    for pool in fleet.pools:
        if pool.max_instances != 0:
            key = (place(pool), _class_key(fleet, pool.index))
            pools_of.setdefault(key, []).append(pool.index)
    return tuple(
        _device_class(fleet, zones, q, alike, tuple(pools)) for q, ((_, alike), pools) in enumerate(pools_of.items())
    )


def _whole(fleet: Fleet, p: int) -> bool:
    """Whether a pattern is all that stands on a machine of pool p."""
    return fleet.pools[p].shape.accelerators <= 1


def _class_key(fleet: Fleet, p: int) -> tuple[object, ...]:
    """Pools with equal keys have accelerators (or whole machines) that hold the same patterns, by sizes alone."""
    pool = fleet.pools[p]
    if _whole(fleet, p):
        return pool.accelerator, pool.instance_type
    return pool.accelerator, pool.shape.memory_mib, pool.shape.accelerators  # a copy on eight needs a machine of eight


def _need(fleet: Fleet, p: int, option: FleetOption) -> Need | None:
    """What a copy puts into a pattern of pool p; None when it stands in none."""
    if not _whole(fleet, p):
        return Need(option.memory_mib, option.share, 0, 0) if option.shared and option.accelerators else None
    memory, share = (usage(fleet, p, option, r) for r in RESOURCES[:2])
    return Need(memory, share, option.vcpus, option.host_mib)


def _item(fleet: Fleet, p: int, component: FleetComponent, option: FleetOption) -> PatternItem | None:
    """What a copy is in a pattern of pool p."""
    need = _need(fleet, p, option)
    if need is None or _whole(fleet, p):
        return None if need is None else PatternItem(need)
    amounts = ((fleet.pools[p].shape.memory_mib, need.memory_mib), (WHOLE_SHARE, need.share))
    fit = min((have // each for have, each in amounts if each), default=math.inf)
    alike = (o for o in component.options if o.accelerators >= _WIDE and _need(fleet, p, o) == need)
    return PatternItem(need, component.index if fit > component.copies and any(alike) else None)


def _device_class(
    fleet: Fleet, limits: _ZoneLimitsOf, q: int, alike: tuple[object, ...], pools: tuple[int, ...]
) -> DeviceClass:
    wanted: dict[PatternItem, dict[int, int]] = {}
    zones = {fleet.pools[p].zone for p in pools}
    for c in fleet.components:
        if c.dedicated:
            continue
        most = _most_on_accelerator(c, limits[c.index], zones)
        for o in c.options:
            for p in pools:
                item = _item(fleet, p, c, o) if p in o.pools else None
                if item is not None:
                    wanted.setdefault(item, {})[c.index] = most
    items = tuple(
        sorted(wanted, key=lambda item: (item.need, -1 if item.component is None else item.component), reverse=True)
    )
    shape = fleet.pools[pools[0]].shape
    amounts = (shape.memory_mib, WHOLE_SHARE if shape.accelerators else 0, shape.vcpus, shape.host_mib)
    capacity = Need(*(max(0, have) for have in amounts))
    counts = [sum(wanted[i].values()) for i in items]
    grid = fit_grid(capacity, [item.need for item in items], counts)
    knapsack = Knapsack(grid.capacity(capacity), [grid.need(item.need) for item in items], counts)
    return DeviceClass(q, alike, pools, capacity, items, grid, knapsack)


def _most_on_accelerator(component: FleetComponent, limits: ZoneLimits | None, zones: set[int]) -> int:
    """No accelerator in these zones holds more copies: what stands on it is in its zone, and on its machine."""
    here = component.copies if limits is None else max((limits.most.get(zone, 0) for zone in zones), default=0)
    caps = (component.max_per_instance, most_by_floor(component, component.instance_loss_floor))
    return min([here, *(cap for cap in caps if cap is not None)])


def _modes(
    fleet: Fleet,
    device_classes: tuple[DeviceClass, ...],
    class_of: dict[int, int],
    zones: _ZoneLimitsOf,
    *,
    optional: bool,
) -> list[Mode]:
    index_of = [{item: i for i, item in enumerate(device_class.items)} for device_class in device_classes]
    found = []
    for c in fleet.components:
        means: dict[int, float] = {}
        for o in c.options:
            for p in sorted(o.pools):
                content = None if c.dedicated else _item(fleet, p, c, o)
                device_class = class_of[p] if content is not None or o.accelerators else None
                item = None if content is None or device_class is None else index_of[device_class][content]
                parts = most_on_one(fleet, c, p) if c.dedicated else 0
                if parts not in means:
                    means[parts] = _mean(fleet, c, zones[c.index], parts, optional=optional)
                touches = 0 if item is None else (1 if _whole(fleet, p) else o.accelerators)
                found.append(
                    Mode(
                        component=c.index,
                        option=o.index,
                        pool=p,
                        zone=fleet.pools[p].zone,
                        device_class=device_class,
                        item=item,
                        touches=touches,
                        owns=0 if item is not None or c.dedicated else o.accelerators,
                        usage=tuple(usage(fleet, p, o, r) for r in RESOURCES),
                        throughput=o.throughput,
                        parts=parts,
                        mean=means[parts],
                    )
                )
    return found


def _mean(fleet: Fleet, component: FleetComponent, limits: ZoneLimits | None, parts: int, *, optional: bool) -> float:
    """Copies of a dedicated component on one machine, on average, when so many fit on one in every zone."""
    if not counts_whole(component):
        return float(parts)
    if optional:
        component = replace(component, required=component.copies)
        limits = zone_limits(component)
    zones = {fleet.pools[p].zone for option in component.options for p in option.pools}
    machines = cheapest_machines(component, {z: [(parts, 1)] for z in zones}, limits)
    return component.required / machines if machines > 0 else float(parts)


def _aggregates(
    fleet: Fleet, device_classes: tuple[DeviceClass, ...], modes: tuple[Mode, ...]
) -> tuple[tuple[int, ...], ...]:
    """Wide copies by one option on alike accelerators: in all zones, then in each device class; none of very many.

    Those of one accelerator are left out: rounding them is worth little, and branching on machines does more. A
    component with a demand has no sums either: how many copies it has is not given; nor has one whose machines are
    counted whole.
    """
    everywhere: dict[tuple[object, ...], list[int]] = {}
    in_class: dict[tuple[object, ...], list[int]] = {}
    for w, mode in enumerate(modes):
        component = fleet.components[mode.component]
        if mode.device_class is None or component.demand or component.options[mode.option].accelerators < _WIDE:
            continue
        if counts_whole(component):
            continue
        everywhere.setdefault((mode.component, mode.option, *device_classes[mode.device_class].alike), []).append(w)
        in_class.setdefault((mode.component, mode.option, mode.device_class), []).append(w)
    if len(everywhere) + len(in_class) > _PARAMS.most_aggregates:
        return ()
    return tuple(dict.fromkeys(tuple(found) for found in (*everywhere.values(), *in_class.values())))


def _few_on_one(fleet: Fleet) -> dict[tuple[int, int], int]:
    """The most copies on one machine, where that is fewer than parts of copies would be.

    Dedicated components are left out, as their copies take parts of machines anyway, and so are those whose copies all
    stand on one machine: these rows are many and bring nothing that branching on machines does not.
    """
    found = {}
    for c in fleet.components:
        for p in sorted({p for option in c.options for p in option.pools}) if not c.dedicated else ():
            most = most_on_one(fleet, c, p)
            options = [option for option in c.options if p in option.pools]
            if most < c.copies and any(_parts_on_one(fleet, p, option) > most for option in options):
                found[c.index, p] = most
    return found


def _few_in_pool(components: Iterable[FleetComponent]) -> dict[int, int]:
    """The most copies of a component in any one pool, where the loss of a pool must leave some.

    Of n copies a pool holds n - a at most, for a floor of a: taken at all copies, so it holds however many are placed.
    Left out are those that may have none at all, and those with a demand, of which that is often no limit.
    """
    found = {}
    for c in components:
        most = None if c.demand else most_by_floor(c, c.pool_loss_floor)
        if most is not None:
            found[c.index] = most
    return found


def _parts_on_one(fleet: Fleet, p: int, option: FleetOption) -> Fraction:
    """How many copies by one option, parts allowed, the other rows let stand on one machine of pool p."""
    amounts = [(capacity(fleet, p, r), usage(fleet, p, option, r)) for r in RESOURCES]
    parts = min((Fraction(have, each) for have, each in amounts if each), default=Fraction(0))
    if _whole(fleet, p):
        return Fraction(math.floor(parts))
    if option.shared and option.accelerators and option.memory_mib:
        shape = fleet.pools[p].shape
        on_accelerators = Fraction(shape.accelerators * (shape.memory_mib // option.memory_mib), option.accelerators)
        parts = min(parts, on_accelerators)
    return parts


def volumes(fleet: Fleet, p: int) -> tuple[int, ...]:
    """What one machine of pool p has of each resource."""
    return tuple(capacity(fleet, p, r) for r in RESOURCES)

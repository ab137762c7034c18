"""Instant proofs that no plan exists, each with a sentence for the person who asked.

Each check relaxes everything but one rule or one resource, so a check that fires is a proof; that none fires proves
nothing.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from placement.bounds.cliques import some_named, why_too_many
from placement.bounds.dual_feasible import parts
from placement.bounds.fractional_cover import cheapest_cover
from placement.bounds.lacking import lacks_everywhere
from placement.bounds.moves import least_moves
from placement.bounds.overload import overload_moves, overloads
from placement.bounds.parameters import BOUNDS
from placement.bounds.volume import Measure
from placement.compiled.alike_pools import PoolsOf
from placement.compiled.capacity import RESOURCES, capacity, most_on_one, usage
from placement.compiled.fleet import Fleet, FleetComponent, FleetOption, FleetPool, Shape
from placement.compiled.groups import FleetLimit
from placement.compiled.running import Place
from placement.compiled.survival import most_by_floor
from placement.solving.budget import Budget
from placement.units import MIB_PER_GIB, MILLI, as_given, count, listed, need

_NAMED = 5  # pools and components with the reason of each, and six times as many others by name


def why_infeasible(fleet: Fleet, budget: Budget | None = None) -> str | None:
    """Why no plan exists, or None when these checks find nothing, or nothing before the budget is over.

    What no fleet can hold is named altogether, as one who mends the first would meet the next; of rules over several
    components one is.

    O(components x options x (shapes + zones) + pools), with pools counted once for each set that options may run on.
    """
    pools = PoolsOf(fleet)
    alone: dict[str, str] = {}
    for who, why in _by_itself(fleet, pools, budget):
        alone.setdefault(f"pool {who.name}" if isinstance(who, FleetPool) else who.name, why)
    if alone:
        rest = list(alone)[_NAMED:]
        more = [f"{len(rest)} more rule out a plan by themselves: {listed(rest, 6 * _NAMED)}"] if rest else []
        return "; ".join([*list(alone.values())[:_NAMED], *more])
    return next(_together(fleet, pools, budget), None)


def culprit(fleet: Fleet) -> FleetPool | FleetComponent | None:
    """A pool or a component that shows by itself that no plan exists. As long as `why_infeasible`."""
    return next((who for who, _ in _by_itself(fleet, PoolsOf(fleet), None)), None)


def _by_itself(fleet: Fleet, pools: PoolsOf, budget: Budget | None) -> Iterator[tuple[FleetPool | FleetComponent, str]]:
    """Pools and components that show it by themselves."""
    for pool in fleet.pools:
        yield from ((pool, why) for why in _forced_over_quota(fleet, pool))
    for component in fleet.components:
        if budget is not None and budget.over():
            return
        yield from ((component, why) for why in _of_component(fleet, component, pools))
    pinned: Counter[int] = Counter()
    for place in fleet.places:
        pinned[place.component] += place.pinned
        if place.pinned:
            yield from ((fleet.components[place.component], why) for why in _pin_impossible(fleet, place))
    for component in fleet.components:
        n = pinned[component.index]
        if not component.demand and n > component.copies:
            copies = count(n, "pinned copy", "pinned copies")
            yield component, f"{component.name} has {copies}, but only {component.copies:,} wanted"


def _together(fleet: Fleet, pools: PoolsOf, budget: Budget | None) -> Iterator[str]:
    for found in (
        _limits_broken_by_minimum(fleet),
        _too_many_moves(fleet),
        _quotas_too_small(fleet, pools),
        _limits_too_small(fleet, pools),
        why_too_many(fleet, budget),
    ):
        yield from found


def _of_component(fleet: Fleet, component: FleetComponent, pools: PoolsOf) -> Iterator[str]:
    if component.required or component.demand:
        yield from _fits_nowhere(fleet, component)
        yield from _spread_out_of_reach(fleet, component)
        yield from _losses_out_of_reach(fleet, component)
        yield from _caps_too_low(fleet, component, pools)


def _forced_over_quota(fleet: Fleet, pool: FleetPool) -> Iterator[str]:
    forced = len(fleet.forced(pool.index))
    if pool.max_instances is not None and forced > pool.max_instances:
        yield (
            f"pool {pool.name} may have {count(pool.max_instances, 'instance')}, but {forced} running ones "
            "are not removable; raise its max_instances or make some removable"
        )


def _fits_nowhere(fleet: Fleet, component: FleetComponent) -> Iterator[str]:
    if any(option.pools for option in component.options):
        return
    closed = sorted(set().union(*(option.without_quota for option in component.options)))
    if closed:
        names = ", ".join(fleet.pools[p].name for p in closed)
        yield f"{component.name} may run on no pool but {names}, where max_instances is 0: raise it"
        return
    nothing = "nothing, yet its allow-lists name no machine"
    needs = "; ".join(need_in_words(option) or nothing for option in component.options)
    lacks = _lacks(fleet, component)
    yield f"{component.name} fits on no machine of any pool it may use: one copy needs {needs}{lacks and f'; {lacks}'}"


def _lacks(fleet: Fleet, component: FleetComponent) -> str:
    """What of that no machine has; empty in a fleet that is no longer as the problem has it."""
    row = next((row for row in fleet.problem.components if row.name == component.name), None)
    if row is None or len(row.modes) != len(component.options) or len(fleet.pools) != len(fleet.problem.pools):
        return ""
    return lacks_everywhere(fleet.problem, row, component.options, [pool.shape for pool in fleet.pools])


def need_in_words(option: FleetOption) -> str:
    """What one copy takes: accelerators, vCPUs, host memory; empty where it takes nothing."""
    parts = []
    if option.accelerators:
        kind = "shared" if option.shared else "whole"
        each = " on each" if option.accelerators > 1 else ""
        memory = f" with {as_given(option.memory_mib, MIB_PER_GIB, need):.10g} GiB{each}" if option.memory_mib else ""
        parts.append(f"{count(option.accelerators, f'{kind} accelerator')}{memory}")
    if option.vcpus:
        parts.append(f"{option.vcpus / MILLI:g} vCPUs")
    if option.host_mib:
        parts.append(f"{as_given(option.host_mib, MIB_PER_GIB, need):.10g} GiB of host memory")
    return " and ".join(parts)


def _spread_out_of_reach(fleet: Fleet, component: FleetComponent) -> Iterator[str]:
    least, zones = component.required, len(component.eligible_zones)
    if zones == 0:
        return  # fits nowhere: said already
    if min(component.min_zones, least) > zones:
        wanted, holding = count(min(component.min_zones, least), "zone"), _zone_names(fleet, component)
        yield f"{component.name} must stand in {wanted}, but only {zones} can hold it: {holding}"
    floor = component.zone_loss_floor
    if floor and (zones == 1 or (not component.demand and component.copies < floor)):
        yield (
            f"{component.name} must keep {_copies(floor)} when a zone is lost, but has {_copies(component.copies)} "
            f"in {count(zones, 'eligible zone')} ({_zone_names(fleet, component)})"
        )
    elif floor and not component.demand and component.copies - math.ceil(component.copies / zones) < floor:
        kept = component.copies - math.ceil(component.copies / zones)
        told = f"its {component.copies} copies, spread evenly over {count(zones, 'zone')}, keep {kept}"
        if component.copies == 1:
            told = "its only copy stands in one zone"
        yield f"{component.name} must keep {_copies(floor)} when a zone is lost; {told}"


def _losses_out_of_reach(fleet: Fleet, component: FleetComponent) -> Iterator[str]:
    """Copies, and pools or machines, too few to keep the floors when one is lost."""
    if component.demand:
        copies, said = None, "as many copies as serve its demand"
    else:
        copies, said = component.copies, _copies(component.copies)
    pools = sorted({p for option in component.options for p in option.pools})
    floor = component.pool_loss_floor
    if floor and pools and (len(pools) == 1 or (copies is not None and copies - -(-copies // len(pools)) < floor)):
        names = ", ".join(fleet.pools[p].name for p in pools)
        yield (
            f"{component.name} must keep {_copies(floor)} when a pool is lost, but has {said} in "
            f"{count(len(pools), 'pool')} that can hold it ({names})"
        )
    floor = component.instance_loss_floor
    if floor and copies is not None and copies - 1 < floor:
        yield f"{component.name} must keep {_copies(floor)} when an instance is lost, but has {said}"


def _limits_broken_by_minimum(fleet: Fleet) -> Iterator[str]:
    """The machines that are paid for in any case are more than a limit allows."""
    fewest = [fleet.fewest(pool.index) for pool in fleet.pools]
    for limit in fleet.limits:
        if limit.sum(fewest) > limit.most:
            yield (
                f"limit {limit.name} allows {limit.what} {limit.in_words(limit.most)}, but min_instances and machines "
                f"that are not removable come to {limit.in_words(limit.sum(fewest))}"
            )


def _too_many_moves(fleet: Fleet) -> Iterator[str]:
    forced = least_moves(fleet)
    if fleet.max_moves is not None and sum(forced) > fleet.max_moves:
        most = max(range(len(forced)), key=lambda c: forced[c])
        yield (
            f"max_moves is {fleet.max_moves}, but every plan has at least {count(sum(forced), 'move')}: so many "
            f"copies that are needed can't stay where they run, {forced[most]} of them of {fleet.components[most].name}"
        )
    elif fleet.max_moves is not None and sum(forced) + overload_moves(fleet) > fleet.max_moves:
        over = overloads(fleet)
        worst = max(over, key=lambda overload: overload.least)
        yield (
            f"max_moves is {fleet.max_moves}, but machines that hold more than they have room for ({len(over)}) make "
            f"at least {_copies(sum(forced) + overload_moves(fleet))} move, {worst.least} of them from "
            f"{fleet.instances[worst.instance].id}"
        )


def _copies(number: int) -> str:
    return count(number, "copy", "copies")


def _zone_names(fleet: Fleet, component: FleetComponent) -> str:
    return ", ".join(fleet.zones[z] for z in component.eligible_zones) or "none"


def _caps_too_low(fleet: Fleet, component: FleetComponent, pools: PoolsOf) -> Iterator[str]:
    if component.max_per_instance == 0 and component.required:
        yield f"{component.name} needs {_copies(component.required)}, but its max_per_instance is 0"
        return
    if (
        component.max_per_zone is not None
        and component.max_per_zone * len(component.eligible_zones) < component.required
    ):
        yield (
            f"{component.name} needs {_copies(component.required)}, but max_per_zone {component.max_per_zone} over "
            f"{count(len(component.eligible_zones), 'eligible zone')} allows fewer"
        )
    smallest = pools.of(component).smallest_zone
    if smallest is None or smallest * len(component.eligible_zones) >= component.required:
        return  # a machine holds a copy at least, so what follows finds nothing
    cap = _zone_caps(fleet, component, pools)
    if all(most is not None for most in cap.values()) and sum(most or 0 for most in cap.values()) < component.required:
        held = sum(most or 0 for most in cap.values())
        yield (
            f"{component.name} needs {_copies(component.required)}, but the quotas of the pools it may use hold at "
            f"most {held}{_caps_of_one(fleet, component, pools)}"
        )
    yield from _zone_too_small(fleet, component, cap)


def _caps_of_one(fleet: Fleet, component: FleetComponent, pools: PoolsOf) -> str:
    """The rule that keeps copies off machines with room for them, to end a sentence about quotas; "" for none."""
    bare = replace(component, max_per_instance=None, instance_loss_floor=0)
    firsts = {alike.first for alike in pools.of(component).machines}
    if all(most_on_one(fleet, component, p) == most_on_one(fleet, bare, p) for p in firsts):
        return ""
    by_floor, cap = most_by_floor(component, component.instance_loss_floor), component.max_per_instance
    if by_floor is not None and (cap is None or by_floor < cap):
        kept = _copies(component.instance_loss_floor)
        return f": {by_floor} on each instance at most, as {component.name} must keep {kept} when any one is lost"
    return f": {cap} on each instance at most, by max_per_instance"


def _zone_caps(fleet: Fleet, component: FleetComponent, pools: PoolsOf) -> dict[int, int | None]:
    """Per eligible zone, the most copies that its quotas hold when nothing else stands there; None: no limit."""
    most: dict[tuple[Shape, tuple[int, ...]], int] = {}
    cap: dict[int, int | None] = {}
    for zone, machines in pools.of(component).by_zone.items():
        held = 0
        for alike in machines:
            key = fleet.pools[alike.first].shape, alike.options
            if key not in most:
                most[key] = most_on_one(fleet, component, alike.first)
            held += (alike.quota or 0) * most[key]
        cap[zone] = None if any(alike.quota is None for alike in machines) else held
    return cap


def _zone_too_small(fleet: Fleet, component: FleetComponent, cap: dict[int, int | None]) -> Iterator[str]:
    """With max_skew no zone may hold many more copies than the one with the least room."""
    room = {z: held for z, held in cap.items() if held is not None}
    if component.max_skew is None or not room:
        return
    tight = min(room, key=lambda z: room[z])
    high = room[tight] + component.max_skew
    if component.max_per_zone is not None:
        high = min(high, component.max_per_zone)
    most = sum(high if held is None else min(held, high) for held in cap.values())
    if most < component.required:
        yield (
            f"{component.name} needs {_copies(component.required)}, but zone {fleet.zones[tight]} holds at most "
            f"{room[tight]} of them, so that max_skew {component.max_skew} allows {most} in all zones"
        )


def _pin_impossible(fleet: Fleet, place: Place) -> Iterator[str]:
    component = fleet.components[place.component]
    instance = fleet.instances[place.instance]
    option = component.options[place.option]
    where = f"{component.name} is pinned on {instance.id}"
    if instance.pool not in option.pools:
        yield f"{where}, but its option {place.option} may not run there or does not fit there even alone"
    elif place.accelerators is not None and len(place.accelerators) != option.accelerators:
        yield (
            f"{where} with {count(len(place.accelerators), 'accelerator')}, but its option {place.option} now takes "
            f"{option.accelerators}"
        )


class _ConfinedCopies(NamedTuple):
    """Components, ascending, whose copies may run on no other pools than these."""

    components: Sequence[int]
    pools: Sequence[int]


def _confined(fleet: Fleet) -> list[_ConfinedCopies]:
    """All components on all pools, those confined to pools with a quota, and those confined to pools that some share.

    Of the last, the pools of most components come first, and at most so many groups are looked at.
    """
    reach = [frozenset[int]().union(*(option.pools for option in c.options)) for c in fleet.components]
    limited = frozenset(pool.index for pool in fleet.pools if pool.max_instances is not None)
    shared = Counter(pools for pools in reach if pools <= limited).most_common(BOUNDS.quotas.groups)
    sets = dict.fromkeys((frozenset(range(len(fleet.pools))), limited, *(pools for pools, _ in shared)))
    return [
        _ConfinedCopies([c for c, own in enumerate(reach) if own <= pools], sorted(pools)) for pools in sets if pools
    ]


def _quotas_too_small(fleet: Fleet, pools: PoolsOf) -> Iterator[str]:
    """Quotas against the least that copies confined to their pools need: one resource at a time, then accelerators.

    Accelerators are measured by dual feasible functions: what these make of the copies on one accelerator is never more
    than the whole, on accelerators of any size. Whole accelerators come first: people count these, and a copy that owns
    one takes all of its memory.
    """
    groups = _confined(fleet)
    for resource, unit, scale in sorted(RESOURCES, key=lambda row: row[0] != "share"):
        have = [capacity(fleet, pool.index, resource) for pool in fleet.pools]
        need = partial(usage, fleet, resource=resource)
        for short in _too_small(fleet, groups, pools, have, need):
            least, most = f"{short.wanted / scale:,.6g} {unit}", f"{short.have / scale:,.6g}"
            yield f"{short.who} need at least {least}, but the quotas of {short.whose} have {most}"
    for k in range(1, BOUNDS.dual_feasible.finest + 1):
        have = [pool.shape.accelerators * parts(k) for pool in fleet.pools]
        need = partial(Measure(parts(k), "memory_mib", k).of, fleet)
        for short in _too_small(fleet, groups, pools, have, need):
            least, most = f"{-(-short.wanted // parts(k))} accelerators", f"{short.have // parts(k)}"
            yield (
                f"{short.who} need at least {least}, as few of them fit beside each other, but the quotas of "
                f"{short.whose} have {most}"
            )


class _Short(NamedTuple):
    """Copies that need more than the quotas of their pools have; who and whose in words."""

    who: str
    whose: str
    wanted: int
    have: int


def _too_small(
    fleet: Fleet,
    groups: Sequence[_ConfinedCopies],
    pools: PoolsOf,
    size: Sequence[int],
    need_of: Callable[[int, FleetOption], int],
) -> Iterator[_Short]:
    """The groups that need more than there is, by what a machine of each pool has and a copy takes by an option there.

    `size` is (P,).
    """
    needs = [_least_need(component, need_of, pools) for component in fleet.components]
    for group in groups:
        quotas = [(fleet.pools[p].max_instances, size[p]) for p in group.pools if size[p]]
        if any(quota is None for quota, _ in quotas):
            continue
        have, wanted = sum((quota or 0) * each for quota, each in quotas), sum(needs[c] for c in group.components)
        if wanted > have and len(group.pools) == len(fleet.pools):
            yield _Short("the required copies", "all pools together", wanted, have)
        elif wanted > have:
            who = some_named([fleet.components[c].name for c in group.components if needs[c]])
            whose = some_named([fleet.pools[p].name for p in group.pools])
            yield _Short(f"the required copies of {who}", f"the pools they may use ({whose})", wanted, have)


def _limits_too_small(fleet: Fleet, pools: PoolsOf) -> Iterator[str]:
    """Each limit against the least machines for copies that run on pools it counts alone, one resource at a time."""
    for limit in fleet.limits:
        confined = [c for c in fleet.components if all(limit.weight.keys() >= option.pools for option in c.options)]
        for resource, _, _ in RESOURCES if confined else ():
            need = partial(usage, fleet, resource=resource)
            wanted = sum(_least_need(component, need, pools) for component in confined)
            least = _least_counted(fleet, limit, resource, wanted)
            if least > limit.most:
                yield limit.too_small(least)
                break


def _least_counted(fleet: Fleet, limit: FleetLimit, resource: str, wanted: int) -> int:
    """What machines count at least that have so much of a resource, or all there is.

    Whole machines count multiples of what all of them have in common.
    """
    size = {p: capacity(fleet, p, resource) for p in limit.weight}
    useful = [p for p, each in size.items() if each > 0 and fleet.pools[p].max_instances != 0]
    offers = [(limit.weight[p], size[p], fleet.pools[p].max_instances) for p in useful]
    counted, _ = cheapest_cover(wanted, offers)
    step = math.gcd(*(limit.weight[p] for p in useful))
    return math.ceil(counted / step) * step if step else 0


def _least_need(component: FleetComponent, need_of: Callable[[int, FleetOption], int], pools: PoolsOf) -> int:
    """What the required copies, or the demand, take at least, by what one takes on a pool by an option.

    A copy takes the same on all machines of a shape.
    """
    rates = [
        (need_of(alike.first, component.options[o]), component.options[o].throughput)
        for alike in pools.of(component).machines
        for o in alike.options
    ]
    least = component.required * min((need for need, _ in rates), default=0)
    if component.demand:
        return max(least, min((component.demand * need // max(1, rate) for need, rate in rates), default=0))
    return least

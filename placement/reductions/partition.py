"""A plan cut into parts: every machine is in one of them, and all parts can be packed anew at the same time.

A part is a `Subproblem`: its copies may go to any machine of the part, old or new, and whatever is packed there
keeps every rule of the whole but for losses of a pool. What the parts would otherwise share is dealt out: quotas that
are not used up, optional copies that are left out, and rules over the whole plan (`rule_shares`). So the parts are
independent, and their packings together are a plan, if losses of a pool are looked at again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from placement.compiled.capacity import used_part
from placement.compiled.fleet import Fleet, FleetComponent, FleetPool
from placement.compiled.packing import Machine, Packing, machines_held, machines_paid, moves
from placement.compiled.survival import capped_by_placed
from placement.grouping import grouped
from placement.heuristics import Missing
from placement.reductions.base import Reduction
from placement.reductions.parameters import PartitionParameters as _PARAMS
from placement.reductions.rule_shares import commitment_shares, limit_shares
from placement.reductions.subproblem import Subproblem, copies_left_out, may_be_freed, running_beyond, running_of


@dataclass(frozen=True, slots=True)
class Part(Reduction):
    """Some machines of a `plan`, by their index there, as a problem of their own."""

    plan: Packing
    machines: tuple[int, ...]
    small: Subproblem

    @property
    def packing(self) -> Packing:
        """What the plan has on these machines, as a packing of the part."""
        return self.small.packing

    def put_back(self, packing: Packing) -> tuple[Machine, ...]:
        """A packing of the part as machines of the whole."""
        return self.small.lift(packing).machines

    def lift(self, packing: Packing) -> Packing:
        """The plan with a packing of the part in the place of its machines; `merged` is for several parts."""
        return merged(self.plan, (self,), {0: self.put_back(packing)})


def merged(plan: Packing, parts: Sequence[Part], found: Mapping[int, tuple[Machine, ...]]) -> Packing:
    """A plan with the parts that were `found`, by their number, in the place of their machines. O(machines)."""
    replaced = {m for index in found for m in parts[index].machines}
    still = (machine for m, machine in enumerate(plan.machines) if m not in replaced)
    return Packing((*still, *(machine for index in sorted(found) for machine in found[index])))


def deal(fleet: Fleet, packing: Packing, copies: int, rng: np.random.Generator, *, by_zone: bool) -> list[list[int]]:
    """Machines that may be packed anew, dealt into groups of about so many copies; every group is like the whole.

    Machines in order of zone, pool and waste are dealt out in turn, so each group has its part of every pool and of the
    waste: a sample in which about the same fleet mix is best (Narayanan et al. 2021, *Solving large-scale granular
    resource allocation problems efficiently with POP*, SOSP). With `by_zone` a group has machines of one zone alone, or
    all machines of several zones with few copies. Random noise on the waste makes every deal another one.
    O(machines log machines + copies).
    """
    by_key = grouped(
        (fleet.pools[machine.pool].zone if by_zone else 0, m)
        for m, machine in enumerate(packing.machines)
        if may_be_freed(fleet, machine)
    )
    groups: list[list[int]] = []
    for key in sorted(by_key):
        mine = by_key[key]
        waste = [unused_part(fleet, packing.machines[m]) for m in mine]
        noise = rng.random(len(mine))
        order = sorted(range(len(mine)), key=lambda k: (packing.machines[mine[k]].pool, waste[k] + noise[k]))
        count = max(1, round(sum(len(packing.machines[m].seats) for m in mine) / copies))
        first = int(rng.integers(count))
        hands: list[list[int]] = [[] for _ in range(min(count, len(mine)))]
        for turn, k in enumerate(order):
            hands[(first + turn) % len(hands)].append(mine[k])
        groups.extend(sorted(hand) for hand in hands)
    return _joined(packing, groups, copies // 2)


def _joined(packing: Packing, groups: list[list[int]], copies: int) -> list[list[int]]:
    """The groups, neighbours put together as long as they have at most so many copies in all."""
    joined: list[list[int]] = []
    held = 0
    for group in groups:
        more = sum(len(packing.machines[m].seats) for m in group)
        if joined and held + more <= copies:
            joined[-1] = sorted(joined[-1] + group)
            held += more
        else:
            joined.append(group)
            held = more
    return joined


def gather(fleet: Fleet, packing: Packing, copies: int, rng: np.random.Generator) -> list[list[int]]:
    """The same machines, those that waste most together and first: what earlier parts could not fill is merged."""
    free = [m for m, machine in enumerate(packing.machines) if may_be_freed(fleet, machine)]
    waste = np.array([unused_part(fleet, packing.machines[m]) for m in free]) + _PARAMS.noise * rng.random(len(free))
    groups: list[list[int]] = [[]]
    held = 0
    for k in np.argsort(-waste, kind="stable").tolist():
        more = len(packing.machines[free[k]].seats)
        if groups[-1] and held + more > copies:
            groups.append([])
            held = 0
        groups[-1].append(free[k])
        held += more
    return [sorted(group) for group in groups if group]


def make_parts(fleet: Fleet, packing: Packing, groups: Sequence[Sequence[int]]) -> Iterator[Part]:
    """The parts that groups of machines are, in their order. O(copies + places + groups x (pools + components))."""
    if not groups:
        return
    bare = replace(
        fleet,
        problem=fleet.problem.model_copy(update={"components": (), "instances": (), "placements": ()}),
        components=tuple(_without_losses(fleet, packing)),
    )
    place_of = grouped((place.instance, place) for place in fleet.places)
    missing, beyond = _missing_shares(fleet, packing, groups), running_beyond(fleet, packing)
    quotas = _quota_shares(fleet, packing, groups)
    fewest = _least_shares(fleet, packing, groups)
    used = [_used(packing, group) for group in groups]
    paid = [_paid(fleet, *share) for share in zip(used, quotas, fewest, strict=True)]
    all_paid = machines_paid(fleet, packing) if fleet.limits else []
    limits, commitments = limit_shares(fleet, all_paid, paid), commitment_shares(fleet, used)
    spare = None if fleet.max_moves is None else max(0, fleet.max_moves - sum(moves(fleet, packing))) // len(groups)
    shares = zip(missing, quotas, fewest, limits, commitments, strict=True)
    for group, (more, quota, least, limit, commitment) in zip(groups, shares, strict=True):
        mine = Packing(tuple(packing.machines[m] for m in group))
        places = tuple(p for m in mine.machines if m.instance is not None for p in place_of[m.instance])
        small = Subproblem.of(replace(bare, places=places), mine, range(len(group)), more)
        pools = tuple(_with_limits(pool, quota, least) for pool in small.fleet.pools)
        closed = frozenset(pool.index for pool in pools if pool.max_instances == 0)
        components = tuple(_without_pools(component, closed) for component in small.fleet.components)
        part = replace(
            small.fleet,
            pools=pools,
            components=components,
            running=running_of(fleet, small.keys, components, beyond),
            limits=limit,
            commitments=commitment,
        )
        if spare is not None:
            part = replace(part, max_moves=spare + sum(moves(part, small.packing)))
        yield Part(fleet, part, packing, tuple(group), small)


def _without_losses(fleet: Fleet, packing: Packing) -> Iterator[FleetComponent]:
    """Components without floors on what is left of all their copies, which no part knows.

    That of an instance is a cap on each instance. Of a pool it is looked at again when the parts are put together.
    """
    placed = Counter(seat.component for _, seat in packing.seats())
    for component in fleet.components:
        here = placed[component.index]
        capped = capped_by_placed(component, component.instance_loss_floor if here else 0, here)
        yield replace(capped, pool_loss_floor=0, instance_loss_floor=0)


def _with_limits(pool: FleetPool, quota: Counter[int], least: Counter[int]) -> FleetPool:
    most = None if pool.max_instances is None else quota[pool.index]
    return replace(pool, max_instances=most, min_instances=_minimum(pool, quota, least))


def _minimum(pool: FleetPool, quota: Counter[int], least: Counter[int]) -> int:
    return least[pool.index] if pool.max_instances is None else min(quota[pool.index], least[pool.index])


def _paid(fleet: Fleet, used: Counter[int], quota: Counter[int], least: Counter[int]) -> Counter[int]:
    """The machines of a part by pool that count against limits: those in use, or as many as its minimum."""
    return Counter({pool.index: max(used[pool.index], _minimum(pool, quota, least)) for pool in fleet.pools})


def _without_pools(component: FleetComponent, closed: frozenset[int]) -> FleetComponent:
    """The component without the pools that have no machine for this part."""
    if not any(option.pools & closed for option in component.options):
        return component
    options = tuple(replace(option, pools=option.pools - closed) for option in component.options)
    return replace(component, options=options)


def _used(packing: Packing, group: Iterable[int]) -> Counter[int]:
    return Counter(packing.machines[m].pool for m in group)


def _quota_shares(fleet: Fleet, packing: Packing, groups: Sequence[Sequence[int]]) -> list[Counter[int]]:
    """Per group and pool, the machines it has and its share of those that the quota leaves; remainders go round."""
    taken = machines_held(fleet, packing)
    shares = [_used(packing, group) for group in groups]
    turn = 0
    for pool in fleet.pools:
        if pool.max_instances is None:
            continue
        each, rest = divmod(max(0, pool.max_instances - taken[pool.index]), len(groups))
        for g, share in enumerate(shares):
            share[pool.index] += each + ((g - turn) % len(groups) < rest)
        turn += rest
    return shares


def _least_shares(fleet: Fleet, packing: Packing, groups: Sequence[Sequence[int]]) -> list[Counter[int]]:
    """Per group and pool, its share of the machines that `min_instances` pays for in any case.

    A group's machines cost nothing as far as they are among these; machines beyond them, and those paid for while
    empty, are dealt out in turn.
    """
    inside = {m for group in groups for m in group}
    still = Counter(machine.pool for m, machine in enumerate(packing.machines) if m not in inside)
    shares: list[Counter[int]] = [Counter() for _ in groups]
    for pool in fleet.pools:
        left = max(0, pool.min_instances - still[pool.index])
        for share, group in zip(shares, groups, strict=True) if left else ():
            mine = min(left, sum(packing.machines[m].pool == pool.index for m in group))
            share[pool.index] += mine
            left -= mine
        each, rest = divmod(left, len(groups))
        for g, share in enumerate(shares):
            share[pool.index] += each + (g < rest)
    return shares


def _missing_shares(fleet: Fleet, packing: Packing, groups: Sequence[Sequence[int]]) -> list[Missing]:
    """Optional copies left out, each component's given to one group; none where rules over zones would be at stake."""
    shares: list[Missing] = [Counter() for _ in groups]
    for turn, (key, copies) in enumerate(copies_left_out(fleet, packing).items()):
        shares[turn % len(groups)][key] = copies
    return shares


def unused_part(fleet: Fleet, machine: Machine) -> float:
    """The part of a machine's accelerator memory that holds nothing (of its vCPUs when it has no accelerators)."""
    options = (fleet.components[seat.component].options[seat.option] for seat in machine.seats)
    return max(0.0, 1 - used_part(fleet, machine.pool, options))

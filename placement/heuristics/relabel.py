"""Which machine of a plan is which of those that run: alike machines may be exchanged, and so may their accelerators.

A plan made from scratch calls its machines new although machines of the same pool run. Matching the two so that as many
copies as possible stand where they stand today saves moves, and uses machines that must be paid for anyway. Both
choices, machines within a pool and accelerators within a machine, are maximum-weight matchings (Edmonds 1965).
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing, Seat, Value, evaluate, machines_held, moves
from placement.compiled.running import Place
from placement.grouping import grouped
from placement.heuristics.parameters import RelabelParameters as _PARAMS


def relabel(fleet: Fleet, packing: Packing) -> Packing:
    """The same packing on other machines of the same pools, where that saves money; else the packing itself.

    Where it saves none, fewer new machines are better (nobody gives a machine back to rent one like it), then fewer
    moves, also where a move costs nothing. Cordoned
    instances and those with pinned copies are left as they are. Instances that can't be released count against the
    quota of their pool also when they stand idle, so as many are used as that asks for. O(machines x instances)
    overlaps per pool, and a matching on those that share a copy.
    """
    if not fleet.instances:
        return packing
    places: dict[int, list[Place]] = defaultdict(list)
    for place in fleet.places:
        places[place.instance].append(place)
    fixed = {i.index for i in fleet.instances if i.cordoned} | {p.instance for p in fleet.places if p.pinned}
    used = grouped((machine.pool, machine) for machine in packing.machines)
    free = grouped((instance.pool, instance.index) for instance in fleet.instances if instance.index not in fixed)
    machines: list[Machine] = []
    for p in sorted(used):
        pool, mine, running = fleet.pools[p], used[p], free[p]
        loose = [m for m in mine if m.instance not in fixed]
        machines += [m for m in mine if m.instance in fixed]
        busy = {m.instance for m in mine}
        asleep = sum(i in fixed and i not in busy for i in fleet.forced(pool.index))
        idle_most = None if pool.max_instances is None else pool.max_instances - len(mine) - asleep
        machines += _assign(fleet, loose, running, places, idle_most)
    same = set(map(id, packing.machines))
    if all(id(machine) in same for machine in machines):
        return packing
    other = Packing(tuple(machines))
    return other if _rank(fleet, other) < _rank(fleet, packing) else packing


def _rank(fleet: Fleet, packing: Packing) -> tuple[int, Value, int, int]:
    """Machines over the quotas, then what the packing is worth, then new machines, then moves that cost nothing."""
    held = machines_held(fleet, packing)
    over = sum(max(0, held[p.index] - p.max_instances) for p in fleet.pools if p.max_instances is not None)
    new = sum(machine.instance is None for machine in packing.machines)
    return over, evaluate(fleet, packing), new, sum(moves(fleet, packing))


def _assign(
    fleet: Fleet,
    machines: Sequence[Machine],
    running: Sequence[int],
    places: Mapping[int, list[Place]],
    idle_most: int | None,
) -> list[Machine]:
    """Machines of one pool on its running instances, the most worth keeping; the rest on what is paid for anyway.

    `idle_most` is how many of the instances that can't be released may stand idle; None for any number.
    """
    if len(machines) * len(running) > _PARAMS.most_pairs:
        partner = {m: machine.instance for m, machine in enumerate(machines) if machine.instance is not None}
    else:
        partner = _match(
            {
                (m, i): saved
                for m, machine in enumerate(machines)
                for i in running
                if (saved := _common(fleet, machine, places[i])) > 0
            }
        )
    _wake(fleet, machines, running, places, idle_most, partner)
    spare = sorted(set(running) - set(partner.values()), key=lambda i: (fleet.instances[i].removable, i), reverse=True)
    found = []
    for m, machine in enumerate(machines):
        if m in partner:
            found.append(_turn(fleet, _on(machine, partner[m]), places[partner[m]]))
        else:
            found.append(_on(machine, spare.pop() if spare else None))
    return found


def _on(machine: Machine, instance: int | None) -> Machine:
    """The machine as that instance; itself when that is what it is."""
    return machine if machine.instance == instance else replace(machine, instance=instance)


def _wake(
    fleet: Fleet,
    machines: Sequence[Machine],
    running: Sequence[int],
    places: Mapping[int, list[Place]],
    idle_most: int | None,
    partner: dict[int, int],
) -> None:
    """Move machines of little worth to instances that are paid for idle: for the quota, or where that is cheaper."""
    idle = sorted(i for i in set(running) - set(partner.values()) if not fleet.instances[i].removable)
    idle = idle[len(machines) - len(partner) :]  # the machines without a partner take the first of them
    if not idle:
        return
    held = sorted(
        (_common(fleet, machines[m], places[i]), m) for m, i in partner.items() if fleet.instances[i].removable
    )
    for k, ((saved, m), i) in enumerate(zip(held, idle, strict=False)):
        saves = fleet.tick_price * fleet.pools[machines[m].pool].price > fleet.tick_move * saved
        if saves or (idle_most is not None and len(idle) - k > idle_most):
            partner[m] = i


def _match(weight: dict[tuple[int, int], int]) -> dict[int, int]:
    """A maximum-weight matching between left and right numbers, as left -> right."""
    best = _each_at_its_best(weight)
    if best is not None:
        return best
    import networkx as nx

    graph: Any = nx.Graph()
    for (left, right), saved in sorted(weight.items()):
        graph.add_edge((0, left), (1, right), weight=saved)
    found: dict[int, int] = {}
    pairs: Any = nx.max_weight_matching(graph)
    for pair in pairs:
        (_, left), (_, right) = sorted(pair)
        found[left] = right
    return found


def _each_at_its_best(weight: dict[tuple[int, int], int]) -> dict[int, int] | None:
    """A matching in which each left number has its largest weight, which nothing beats; None where two want the same.

    A plan near to what runs has one, and needs no library to be loaded.
    """
    most: dict[int, int] = defaultdict(int)
    for (left, _), saved in weight.items():
        most[left] = max(most[left], saved)
    found: dict[int, int] = {}
    taken: set[int] = set()
    for (left, right), saved in sorted(weight.items()):
        if saved == most[left] and left not in found and right not in taken:
            found[left] = right
            taken.add(right)
    return found if len(found) == len(most) else None


def _saved(fleet: Fleet, c: int) -> int:
    return 1 + fleet.components[c].move_cost


def _common(fleet: Fleet, machine: Machine, places: Sequence[Place]) -> int:
    """What the copies that a machine and an instance have in common are worth, whichever their accelerators."""
    planned = Counter(seat[:2] for seat in machine.seats)
    running: Counter[tuple[int, int]] = Counter()
    for place in places:
        running[place.component, place.option] += place.count
    return sum(min(n, running[key]) * _saved(fleet, key[0]) for key, n in planned.items())


def _turn(fleet: Fleet, machine: Machine, places: Sequence[Place]) -> Machine:
    """The machine with its accelerators renumbered so that most of its copies are where they stand today."""
    stands = Counter(machine.seats)
    if all(
        place.accelerators is None or stands[Seat(place.component, place.option, place.accelerators)] >= place.count
        for place in places
    ):
        return machine  # all that runs there stays as it is
    planned: Counter[tuple[int, tuple[int, int]]] = Counter()
    for seat in machine.seats:
        for k in seat.accelerators:
            planned[k, seat[:2]] += 1
    running: Counter[tuple[int, tuple[int, int]]] = Counter()
    for place in places:
        for k in place.accelerators or ():
            running[k, (place.component, place.option)] += place.count
    weight: dict[tuple[int, int], int] = defaultdict(int)
    for (k, key), n in planned.items():
        for (j, other), limit in running.items():
            if key == other:
                weight[k, j] += min(n, limit) * _saved(fleet, key[0])
    new = _match(dict(weight))
    count = fleet.pools[machine.pool].shape.accelerators
    free = sorted(set(range(count)) - set(new.values()), reverse=True)
    number = {k: new[k] if k in new else free.pop() for k in range(count)}
    seats = (Seat(s.component, s.option, tuple(sorted(number[k] for k in s.accelerators))) for s in machine.seats)
    return replace(machine, seats=tuple(sorted(seats)))

"""Rules of pools, of groups of pools, and of the machines and copies that run now."""

from collections import Counter
from collections.abc import Iterable, Iterator

from placement.documents import Instance, Placement
from placement.grouping import grouped
from placement.referee.money import known_place, loose_place, moved_copies, planned_there, without_accelerators
from placement.referee.standing import Standing
from placement.referee.verdict import Figures, Spot, Violation
from placement.units import MICRO, MILLI, count, room


def quotas(stand: Standing) -> Iterator[Violation]:
    """No pool lends more machines than its `max_instances`, new ones and running ones together."""
    used = stand.used
    for name, pool in stand.pools.items():
        if pool.max_instances is not None and used[name] > pool.max_instances:
            message = f"{count(used[name], 'instance')}, at most {pool.max_instances}"
            figures = Figures(used[name], pool.max_instances, "instances")
            yield Violation("max-instances", f"pool {name}", message, figures)


def limits(stand: Standing) -> Iterator[Violation]:
    """The machines paid for in the pools of a limit are within it, `min_instances` included, commitments aside."""
    for limit in stand.problem.limits:
        types = stand.problem.instance_types
        pools = [(stand.paid(name), stand.price(name), types[stand.pools[name].instance_type]) for name in limit.pools]
        counted: tuple[tuple[str, float | None, int, int], ...] = (
            ("max_instances", limit.max_instances, sum(n for n, _, _ in pools), 1),
            ("max_accelerators", limit.max_accelerators, sum(n * t.accelerator_count for n, _, t in pools), 1),
            ("max_vcpus", limit.max_vcpus, sum(n * room(t.vcpus, MILLI) for n, _, t in pools), MILLI),
            ("max_price_per_hour", limit.max_price_per_hour, sum(n * price for n, price, _ in pools), MICRO),
        )
        for key, most, found, scale in counted:
            if most is not None and found > round(most * scale):
                message = f"{key} is {found / scale:.12g}, at most {most:.12g}"
                yield Violation("limit", f"limit {limit.name}", message, Figures(found / scale, most, key))


def by_instance(placements: Iterable[Placement]) -> dict[str, list[Placement]]:
    """The copies that run now, by machine."""
    return grouped((row.instance, row) for row in placements)


def running_machine(stand: Standing, instance: Instance, rows: list[Placement]) -> Iterator[Violation]:
    """A draining machine is left, one that is not removable stays, a cordoned one takes nothing new.

    `rows` are the copies that run there now.
    """
    listed, spot = instance.id in stand.machines, Spot(instance.id)
    if instance.state == "draining":
        if listed:
            yield Violation("draining", instance.id, "is draining, but the plan uses it", spot=spot)
        return
    if not instance.removable and not listed:
        yield Violation("not-removable", instance.id, "can't be removed, but the plan does not list it", spot=spot)
    if instance.state == "cordoned":
        now = Counter(row.component for row in rows)
        planned = Counter(copy.component for copy in stand.standing(instance.id))
        for name, there in planned.items():
            if there > now[name]:
                runs = f"{count(now[name], 'copy', 'copies')} of {name}"
                message = f"is cordoned and runs {runs} now, but the plan puts {there} there"
                figures = Figures(there, now[name], "copies")
                yield Violation("cordoned", instance.id, message, figures, Spot(instance.id, name))


def pinned(stand: Standing) -> Iterator[Violation]:
    """Each pinned row keeps a copy of its own: at its accelerators when known, else anywhere on its instance."""
    rows = [row for row in stand.problem.placements if row.pinned]
    there = planned_there(stand, rows)
    exactly = Counter(place for row in rows if (place := known_place(stand, row)) is not None)
    for place, wanted in exactly.items():
        if there[place] < wanted:
            component, option, instance, accelerators = place
            where, on = f"{component} on {instance}", list(accelerators)
            message = f"{wanted} pinned at accelerators {on} by option {option}, {there[place]} planned there"
            figures = Figures(there[place], wanted, "copies")
            yield Violation("pinned", where, message, figures, Spot(instance, component))
    told = without_accelerators(exactly - there)  # those missing there are missing here again
    anywhere = without_accelerators(there)
    for (component, option, instance), wanted in Counter(loose_place(stand, row) for row in rows).items():
        found = anywhere[component, option, instance]
        if wanted - found > told[component, option, instance]:
            message = f"{wanted} pinned by option {option}, {found} planned there"
            figures = Figures(found, wanted, "copies")
            yield Violation("pinned", f"{component} on {instance}", message, figures, Spot(instance, component))


def most_moves(stand: Standing) -> Iterator[Violation]:
    """All components together move at most `max_moves` copies."""
    most, moved = stand.problem.objective.max_moves, sum(moved_copies(stand).values())
    if most is not None and moved > most:
        message = f"moves {count(moved, 'copy', 'copies')}, at most {most}"
        yield Violation("max-moves", "plan", message, Figures(moved, most, "copies"))

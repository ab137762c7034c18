"""What a plan costs: its price an hour less what is committed, its moves, and the wanted copies it leaves out."""

from collections import Counter
from collections.abc import Iterable

from placement.documents import Commitment, Placement, Problem
from placement.referee.standing import Standing
from placement.units import micro_dollars

ExactPlace = tuple[str, int, str, tuple[int, ...]]  # component, option, instance, accelerators ascending
LoosePlace = tuple[str, int, str]  # the same, but for accelerators


def hourly_price(stand: Standing) -> int:
    """Micro-dollars per hour: every machine the plan lists, and what `min_instances` adds, less what is committed."""
    total = sum(stand.paid(name) * stand.price(name) for name in stand.pools)
    return total - sum(_committed(stand, commitment) for commitment in stand.problem.commitments)


def _committed(stand: Standing, commitment: Commitment) -> int:
    """Micro-dollars per hour that a commitment pays of a plan's machines: the dearest N, or up to its own amount."""
    paid = {name: stand.paid(name) for name in commitment.pools}
    if commitment.price_per_hour is not None:
        rent = sum(count * stand.price(name) for name, count in paid.items())
        return min(rent, micro_dollars(commitment.price_per_hour))
    left, total = commitment.instances or 0, 0
    for name in sorted(paid, key=stand.price, reverse=True):
        free = min(left, paid[name])
        left, total = left - free, total + free * stand.price(name)
    return total


def moved_copies(stand: Standing) -> dict[str, int]:
    """Moved copies by component: of those that run now and will run, the ones that are not kept."""
    now = Counter(row.component for row in stand.problem.placements)
    kept = kept_copies(stand)
    return {name: min(now[name], stand.placed(name)) - kept[name] for name in stand.components}


def kept_copies(stand: Standing) -> Counter[str]:
    """Kept copies by component: matched at known accelerators first, then unknown ones with what is left there."""
    rows = stand.problem.placements
    there = planned_there(stand, rows)
    exactly = Counter(place for row in rows if (place := known_place(stand, row)) is not None) & there
    kept: Counter[str] = Counter()
    for (component, *_), count in exactly.items():
        kept[component] += count
    unknown = Counter(loose_place(stand, row) for row in rows if row.accelerators is None)
    if unknown:
        left = without_accelerators(there) - without_accelerators(exactly)
        for (component, _, _), count in (unknown & left).items():
            kept[component] += count
    return kept


def planned_there(stand: Standing, rows: Iterable[Placement]) -> Counter[ExactPlace]:
    """The planned copies on machines of some copies that run now."""
    return Counter(
        (copy.component, copy.option, machine, copy.accelerators)
        for machine in dict.fromkeys(row.instance for row in rows)
        for copy in stand.standing(machine)
    )


def known_place(stand: Standing, row: Placement) -> ExactPlace | None:
    """The running copy as a planned one would stand there; None when its accelerators are unknown."""
    if row.accelerators is None:
        return None
    return (*loose_place(stand, row), tuple(sorted(row.accelerators)))


def loose_place(stand: Standing, row: Placement) -> LoosePlace:
    """The running copy as a planned one, accelerators aside."""
    return row.component, stand.components[row.component].option_index(row.option), row.instance


def without_accelerators(places: Counter[ExactPlace]) -> Counter[LoosePlace]:
    """Places counted as if accelerators did not matter."""
    found: Counter[LoosePlace] = Counter()
    for (component, option, instance, _), count in places.items():
        found[component, option, instance] += count
    return found


def move_cost(problem: Problem, moves: dict[str, int]) -> int:
    """Micro-dollars for the moves, each component at its own price or the objective's."""
    common = problem.objective.move_cost
    each = {row.name: micro_dollars(common if row.move_cost is None else row.move_cost) for row in problem.components}
    return sum(each[name] * count for name, count in moves.items())


def left_out(stand: Standing) -> dict[str, int]:
    """Wanted copies that are not placed, by component; only components that lack some."""
    wanted = ((name, component.copies or 0) for name, component in stand.components.items())
    return {name: copies - stand.placed(name) for name, copies in wanted if copies > stand.placed(name)}


def left_out_by_priority(stand: Standing) -> dict[int, int]:
    """Wanted copies that are not placed, by priority, highest first."""
    found: Counter[int] = Counter()
    for name, copies in left_out(stand).items():
        found[stand.components[name].priority] += copies
    return dict(sorted(found.items(), reverse=True))

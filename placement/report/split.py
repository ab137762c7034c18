"""The price of a plan's machines split among its components, so that the parts add up to it."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import TYPE_CHECKING

from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from placement.report.facts import MachineLoad, PlacedCopy, PlanFacts


def split_price(facts: PlanFacts) -> tuple[dict[str, int], int]:
    """Micro-dollars an hour by component, and what machines without copies cost. They add up to the machines' prices.

    A machine's price is split among its copies by what each takes most of: the largest of its parts of the machine's
    accelerators, vCPUs and host memory. Free room is so paid for by those who stand beside it. O(copies).
    """
    parts: dict[str, Fraction] = defaultdict(Fraction)
    empty = 0
    for load, number in facts.loads.items():
        price = load.price * number
        if not load.standing:
            empty += price
            continue
        weights = [(row.kind.component, _weight(load, row)) for row in load.standing]
        whole = sum((weight for _, weight in weights), Fraction())
        for component, weight in weights:
            parts[component] += price * (weight / whole if whole else Fraction(1, len(weights)))
    return _whole(parts, facts.list_price - empty), empty


def _weight(load: MachineLoad, row: PlacedCopy) -> Fraction:
    """The largest part that a copy takes of anything of its machine."""
    option = row.option
    parts = [
        Fraction(need, room)
        for need, room in ((option.vcpus, load.vcpus.room), (option.host_mib, load.host.room))
        if room
    ]
    if load.devices and option.accelerators:
        room = load.devices[0].memory.room
        of_one = Fraction(1)
        if option.shared:
            of_one = max(Fraction(option.memory_mib, room) if room else Fraction(), Fraction(option.share, WHOLE_SHARE))
        parts.append(of_one * option.accelerators / len(load.devices))
    return max(parts, default=Fraction())


def _whole(parts: dict[str, Fraction], total: int) -> dict[str, int]:
    """Whole micro-dollars that add up: rounded down, and what is then left to those who lost most by it."""
    found = {name: int(part) for name, part in parts.items()}
    lost = sorted(parts, key=lambda name: (found[name] - parts[name], name))
    for name in lost[: total - sum(found.values())]:
        found[name] += 1
    return found

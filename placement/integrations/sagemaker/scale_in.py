"""Which machines a variant gives back, and what may be on them: SageMaker chooses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from placement.integrations.sagemaker import labels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Pool
    from placement.integrations.sagemaker.groups import PlanView, ServingGroup
    from placement.integrations.sagemaker.reconstruction import Amounts


def when_machines_go(pools: Sequence[Pool]) -> str:
    """When machines of a variant are given back, by the policy that it was read with."""
    settings = labels.unpacked(pools[0].labels, labels.SETTINGS) or {}
    strategy = settings.get("ScaleInPolicy", {}).get("Strategy")
    if strategy == "CONSOLIDATION":
        return "SageMaker moves copies so that machines are empty, and gives those back (CONSOLIDATION)"
    why = f" ({strategy})" if strategy else ""
    return f"a machine goes only once it holds no copy, and no copy is moved for that{why}"


def copies_at_risk(view: PlanView, group: ServingGroup, machines: int) -> dict[str, tuple[int, int]]:
    """Of each component of a group, how many copies so many of its machines may hold at most, and how many it has."""
    has: Counter[str] = Counter()
    on_one: Counter[str] = Counter()
    for unit, copies in group.copies.items():
        has[unit.component] += copies
        rooms = [view.room(pool.instance_type) for pool in group.pools if view.may_stand(unit, pool)]
        most = max((_how_many(view.needs(unit), room) for room in rooms), default=0)
        on_one[unit.component] = max(on_one[unit.component], most)
    return {name: (min(copies, machines * on_one[name]), copies) for name, copies in has.items() if copies}


def _how_many(need: Amounts, room: Amounts) -> int:
    """Copies that fit on one machine by each resource alone."""
    return min(there // one for one, there in zip(need, room, strict=True) if one)

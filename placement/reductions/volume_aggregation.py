"""Alike pools as one and components that need the same as one: for arguments about volumes alone.

Whatever adds up counts copies and machines, and for that nothing is lost either way: a plan of the whole is one of the
relaxation, and machines and copies (in parts) of the relaxation can be dealt back.
"""

from dataclasses import dataclass, replace
from typing import Self

from placement.compiled.alike_pools import alike_pools, sum_of_quotas
from placement.compiled.fleet import Fleet, FleetComponent
from placement.reductions.base import CarriedBound, RelaxingReduction
from placement.reductions.fixed_counts import without_company

RELAXES = (
    "spread; max_per_instance, avoid, dedicated; machines that run now; moves; optional copies; "
    "limits over groups of pools; losses of a pool or an instance"
)


@dataclass(frozen=True, slots=True)
class VolumeAggregation(RelaxingReduction):
    """What can't be added up is not kept: zones, what runs, rules of a component, which copies are optional.

    Nor are rules over the whole plan and commitments. Machines that can't be released are in `min_instances`. The names
    are those of the first of each.
    """

    @classmethod
    def of(cls, fleet: Fleet) -> Self:
        """O(options x distinct sets of pools + pools)."""
        groups = alike_pools(fleet)
        pools = tuple(
            replace(
                fleet.pools[group[0]],
                index=k,
                min_instances=sum(fleet.fewest(p) for p in group),
                max_instances=sum_of_quotas(fleet.pools[p].max_instances for p in group),
            )
            for k, group in enumerate(groups)
        )
        group_of = {p: k for k, group in enumerate(groups) for p in group}
        sets: dict[frozenset[int], frozenset[int]] = {}
        found: dict[object, FleetComponent] = {}
        for c in fleet.components:
            for option in c.options:
                if option.pools not in sets:
                    sets[option.pools] = frozenset(group_of[p] for p in option.pools)
            options = tuple(replace(option, pools=sets[option.pools]) for option in c.options)
            same = (options, c.index if c.demand else None)
            first = found.get(same)
            if first is None:
                found[same] = replace(without_company(c), index=len(found), options=options, level=None)
            else:
                found[same] = replace(first, required=first.required + c.required, copies=first.copies + c.copies)
        small = replace(
            fleet,
            pools=pools,
            components=tuple(found.values()),
            instances=(),
            places=(),
            running=(0,) * len(found),
            levels=(),
            limits=(),
            commitments=(),
            max_moves=None,
        )
        return cls(fleet, small)

    @property
    def keeps_bound(self) -> CarriedBound | None:
        """Every plan of the whole is one of the relaxation, at the same price where no machine is committed."""
        return None if self.whole.commitments else CarriedBound(RELAXES)

"""Rules of one machine but for its accelerators: copies need it in use, at most so many, and room on the host."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from placement.direct.variables import Variables


def copies_on_used_machines(model: Variables) -> None:
    """No copy on a machine that is not in use; of a component no more than `max_per_instance` and a cordon allow."""
    for (c, s), here in model.here.items():
        most = model.most_copies(model.fleet.components[c], model.slots[s])
        model.program.switch(here, most, model.used[s])


def host_capacity(model: Variables) -> None:
    """vCPUs and host memory of a machine hold what its copies need."""
    for slot in model.slots:
        s, shape = slot.index, model.fleet.pools[slot.pool].shape
        needs = [(var, option) for _, _, var, option in model.free(s)]
        needs += [(var, option) for _, var, option in model.may_stay(s)]
        model.program.within([(var, option.vcpus) for var, option in needs], shape.vcpus, model.used[s])
        model.program.within([(var, option.host_mib) for var, option in needs], shape.host_mib, model.used[s])

"""Rules of a pool: its quota, the order of its new machines, and what these hold together.

`min_instances` forbids nothing: it is part of what a plan costs (`DirectModel.ticks`).
"""

from itertools import pairwise

from placement.direct.variables import Variables
from placement.direct.volume import add_volume_rows
from placement.grouping import grouped


def quotas(model: Variables) -> None:
    """Machines in use, and those that can't be released, are at most `max_instances`."""
    for pool in model.fleet.pools:
        if pool.max_instances is not None:
            rented, limit = model.rented[pool.index], pool.max_instances - len(model.fleet.forced(pool.index))
            if rented.high > limit:
                model.program.at_most(rented, limit)


def alike_machines_in_order(model: Variables) -> None:
    """New machines of a pool are alike: those in use come first.

    Ordering them by load as well cost more search than it saved in trials.
    """
    for pool in model.fleet.pools:
        for left, right in pairwise(model.new_slots[pool.index]):
            model.program.at_least(model.used[left.index], model.used[right.index])


def totals_of_new_machines(model: Variables) -> None:
    """What all new machines of a pool hold together, where the form of the model has such totals."""
    needs = grouped((p, (var, model.fleet.components[c].options[o])) for (c, o, p), var in model.on_new.items())
    for p, copies in needs.items():
        add_volume_rows(model.program, model.fleet.pools[p].shape, copies, model.new[p])

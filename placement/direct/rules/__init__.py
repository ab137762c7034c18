"""The rules of the format, each a function that adds its rows to the variables of a direct model.

`RULES` are all of them, in the order in which their rows are written. A new rule is one more function in the module of
its family, and one more entry here.
"""

from collections.abc import Callable

from placement.direct.rules.accelerators import accelerator_capacity
from placement.direct.rules.components import demand, max_per_zone, max_skew, min_zones
from placement.direct.rules.groups import limits
from placement.direct.rules.losses import instance_loss_floor, pool_loss_floor, zone_loss_floor
from placement.direct.rules.machines import avoid, copies_on_used_machines, dedicated, host_capacity
from placement.direct.rules.pools import alike_machines_in_order, quotas, totals_of_new_machines
from placement.direct.rules.running import pins
from placement.direct.variables import Variables

RULES: tuple[Callable[[Variables], None], ...] = (
    copies_on_used_machines,
    host_capacity,
    accelerator_capacity,
    dedicated,
    avoid,
    demand,
    max_per_zone,
    max_skew,
    min_zones,
    zone_loss_floor,
    pool_loss_floor,
    instance_loss_floor,
    quotas,
    limits,
    alike_machines_in_order,
    totals_of_new_machines,
    pins,
)

"""How much each GPU type is asked for by name.

The pressure on a type is the GPU amount that pods which name types are expected to take of it, when all pods together
ask for the whole cluster, over the amount there is. A pod that names several types is divided among them by their
size; a pod that names none counts nowhere. Above 1 the type can't serve those who must have it.

A linear program over types would price only what runs out in the optimum, where every pod that has a choice already
leaves the scarce types alone; tried as prices, its dual values kept unnamed pods off far fewer of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement_bench.openb.trace import MILLI

if TYPE_CHECKING:
    from placement_bench.openb.replay import Floats
    from placement_bench.openb.trace import Cluster, Demand, Trace


def named_pressure(cluster: Cluster, trace: Trace) -> Floats:
    """(M,) the pressure on each GPU type, from 0 up. O(K x M)."""
    room = np.bincount(cluster.model, cluster.gpus * MILLI, len(cluster.models))
    counted = list(zip(trace.kinds, trace.counts().tolist(), strict=True))
    asked = sum(count * demand.gpu_milli for demand, count in counted)
    named = np.zeros(len(cluster.models))
    for demand, count in counted:
        allowed = room * [demand.allows(model) for model in cluster.models]
        if demand.gpus and demand.spec and allowed.any():
            named += count * taken(demand) * allowed / allowed.sum()
    pressure: Floats = named * (cluster.gpu_milli / max(asked, 1)) / room
    return pressure


def taken(demand: Demand) -> int:
    """GPU that a pod makes useless for most others: all of one that it takes more than half of."""
    return MILLI * demand.gpus if 2 * demand.milli > MILLI else demand.gpu_milli

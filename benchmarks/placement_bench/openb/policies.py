"""Every policy by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placement_bench.openb.expected_use import ExpectedUse
from placement_bench.openb.fgd import Fgd
from placement_bench.openb.published import BestFit, DotProduct, GpuClustering, GpuPacking, RandomNode

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement_bench.openb.replay import Policy
    from placement_bench.openb.trace import Cluster, Trace

# Each is made from the cluster, the pod list (for the mix it expects; never the order) and a seed.
POLICIES: dict[str, Callable[[Cluster, Trace, int], Policy]] = {
    "random": lambda cluster, trace, seed: RandomNode(np.random.default_rng(seed)),
    "dot-product": lambda cluster, trace, seed: DotProduct(),
    "gpu-clustering": lambda cluster, trace, seed: GpuClustering(),
    "gpu-packing": lambda cluster, trace, seed: GpuPacking(),
    "best-fit": lambda cluster, trace, seed: BestFit(),
    "fgd": lambda cluster, trace, seed: Fgd.of(cluster, trace),
    "expected-use": lambda cluster, trace, seed: ExpectedUse.of(cluster, trace),
}

# What the published result files call them.
PUBLISHED = {
    "random": "Random",
    "dot-product": "DotProd",
    "gpu-clustering": "GpuClustering",
    "gpu-packing": "GpuPacking",
    "best-fit": "BestFit",
    "fgd": "FGD",
}

"""Libraries that take long to load: whether there is time for one.

The first solve of a process loads what its phases need within its time. A phase that would begin to load with less time
left than that takes is not begun: it would end long after the limit, with nothing.
"""

import sys

from placement.engines.parameters import LoadingParameters as _PARAMS
from placement.solving.budget import Budget

HIGHS, CP_SAT, PULP, NETWORKX = "highspy", "ortools", "pulp", "networkx"  # as they are imported


def can_load(library: str, budget: Budget) -> bool:
    """Whether a library is loaded, or can be in the time left; without a time limit always."""
    # What it takes, with the modules of ours that use it.
    seconds = {HIGHS: _PARAMS.highs, CP_SAT: _PARAMS.cp_sat, PULP: _PARAMS.pulp, NETWORKX: _PARAMS.networkx}
    return library in sys.modules or budget.left() >= seconds[library]

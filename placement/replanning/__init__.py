"""Few moves on a running fleet: the frontier of cost against moves, and the best plan within limits on moves.

`find_frontier` answers what each move buys, `replan_within` what the best plan within some limits is. Both ask the
planner, whose plans are verified and whose bounds are proofs, and combine what it says.
"""

from placement.replanning.frontier import find_frontier
from placement.replanning.point import Frontier, FrontierPoint
from placement.replanning.within import MoveLimits, Replanned, replan_within

__all__ = ["Frontier", "FrontierPoint", "MoveLimits", "Replanned", "find_frontier", "replan_within"]

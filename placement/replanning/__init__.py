"""Few moves on a running fleet: the frontier of cost against moves, plans within limits, and room for one more wish.

`find_frontier` answers what each move buys, `replan_within` what the best plan within some limits is, and `make_room`
what has to move or to stop so that a component gets more copies. All ask the planner, whose plans are verified and
whose bounds are proofs, and combine what it says.
"""

from placement.replanning.frontier import find_frontier
from placement.replanning.point import Frontier, FrontierPoint
from placement.replanning.room import RoomFound, make_room
from placement.replanning.within import MoveLimits, Replanned, replan_within

__all__ = [
    "Frontier",
    "FrontierPoint",
    "MoveLimits",
    "Replanned",
    "RoomFound",
    "find_frontier",
    "make_room",
    "replan_within",
]

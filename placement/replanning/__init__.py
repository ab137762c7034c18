"""Few moves on a running fleet: the frontier of cost against moves, plans within limits, and room for one more wish.

*Formulation.* The problem of `placement.solve` with a limit on moves (`find_frontier`: for several of them), on what
they move or on what each saves (`replan_within`); or the fewest evictions and moves that let copies in (`make_room`),
as a problem whose price is moves.

*Method and source.* The epsilon-constraint method for two goals (Haimes, Lasdon and Wismer 1971, IEEE Trans. Syst. Man
Cybern. 1): each limit is a solve, and plans and bounds of one are of use to the others (`sharing`). All ask the
planner, whose plans are verified and whose bounds are proofs, and combine what it says.

*Inputs.* A problem that says what runs, limits as whole moves, GiB or dollars per hour, seconds, a seed.
*Returns.* A `Frontier`, a `Replanned` or a `RoomFound`, each with plans and bounds.
*Errors.* `UsageError` for arguments that mean nothing, and what the planner raises.
*Complexity.* A solve a limit, or two for room; what is asked of each is a share of the time.
"""

from placement.replanning.frontier import FrontierWatcher, find_frontier
from placement.replanning.point import Frontier, FrontierPoint
from placement.replanning.room import RoomFound, make_room
from placement.replanning.within import MoveLimits, Replanned, replan_within

__all__ = [
    "Frontier",
    "FrontierPoint",
    "FrontierWatcher",
    "MoveLimits",
    "Replanned",
    "RoomFound",
    "find_frontier",
    "make_room",
    "replan_within",
]

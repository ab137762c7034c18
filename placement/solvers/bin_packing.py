"""The solver `bin-packing`: fleets that are vector packing, by the exact packing core.

See `fleet_bins` for which those are and `vector_packing` for how they are solved. Any other fleet ends at once, with
the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.reductions.vector_packing import FleetBins
from placement.solving.result import Outcome, Stop
from placement.vector_packing import solve_vector_packing

if TYPE_CHECKING:
    from placement.solving.context import Solve
    from placement.vector_packing.state import PackingEvent

NAME = "bin-packing"
NOT_PACKING = (
    "not a bin packing problem: copies share accelerators of machines with several, or a rule couples machines "
    "(zones, running copies, optional copies, demand); use auto"
)
NO_PACKING = "the machines within their quotas can't hold the copies"


@dataclass(frozen=True, slots=True)
class BinPackingOptions:
    """Nothing to set."""


def solve_bin_packing(solve: Solve, *, options: BinPackingOptions = BinPackingOptions()) -> Outcome:
    """Pack machines exactly; plans and bounds are reported as they come."""
    del options
    found = FleetBins.of(solve.fleet)
    if found is None:
        return Outcome(NAME, solve.why_stop() or Stop.STUCK, reason=NOT_PACKING)
    seen = None

    def report(event: PackingEvent) -> None:
        nonlocal seen
        if event.bins is not None and event.bins is not seen:
            seen = event.bins
            solve.incumbent.offer(found.packing(event.bins), event.by)
        solve.incumbent.raise_bound(solve.fleet.tick_price * event.bound, event.by)

    known = (solve.incumbent.ticks_bound or 0) // max(1, solve.fleet.tick_price)
    result = solve_vector_packing(found.problem, budget=solve.budget, seed=solve.seed, known=known, listener=report)
    if result.infeasible:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=NO_PACKING, stats=result.stats)
    return Outcome(NAME, solve.why_stop() or result.stop, stats=result.stats)

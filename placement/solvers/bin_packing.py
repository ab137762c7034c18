"""The solver `bin-packing`: fleets whose copies own whole accelerators, by the exact packing core.

See `FleetBins` (`reductions/vector_packing.py`) for which those are and `vector_packing` for how they are solved. What
machines by themselves do not know is put before: optional copies stand as the best plan has them, what runs is matched
afterwards where moves are cheap, and rules over zones become copies that must stand in one (`zone_floors`). Where that
leaves out a part of a rule the packing core's bound holds all the same, and its packings are plans when they happen to
keep the rule. Any other fleet ends at once, with the reason.
"""

from dataclasses import dataclass
from functools import partial
from typing import Self

from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.heuristics.first_plan import first_plan
from placement.reductions.base import CarriedBound, Chain
from placement.reductions.greenfield import Greenfield
from placement.reductions.required import RequiredAsPlaced
from placement.reductions.vector_packing import FleetBins, owns_accelerators
from placement.reductions.zone_floors import ZoneFloors
from placement.solving.context import Solve
from placement.solving.result import Outcome, Stop
from placement.vector_packing import solve_vector_packing
from placement.vector_packing.state import PackingEvent

NAME = "bin-packing"
NOT_PACKING = (
    "not a bin packing problem: copies share accelerators of machines with several, or a rule looks at the whole plan "
    "(limits, commitments, demand, losses of a pool or an instance, dear moves); use auto"
)
NO_PACKING = "the machines within their quotas can't hold the copies"
NO_PLAN = "the cheapest packing of the machines breaks a rule over zones, and no plan was found; use auto"
NOT_ALL = "the machines within their quotas can't hold all optional copies, and bin packing leaves none out; use auto"


@dataclass(frozen=True, slots=True)
class BinPackingOptions:
    """Nothing to set."""


def solve_bin_packing(solve: Solve, *, options: BinPackingOptions = BinPackingOptions()) -> Outcome:
    """Pack machines exactly; plans and bounds are reported as they come."""
    del options
    if solve.packing is None and _is_coupled(solve.fleet):
        first_plan(solve)  # bins may be no plans, and which copies are left out and what moves cost is read off one
    found = PackedFleet.of(solve)
    if found is None:
        return Outcome(NAME, solve.why_stop() or Stop.STUCK, reason=NOT_PACKING)
    seen, bound = None, found.chain.keeps_bound

    def report(event: PackingEvent) -> None:
        nonlocal seen
        if event.bins is not None and event.bins is not seen:
            seen = event.bins
            packing = found.chain.lift(found.bins.packing(event.bins))
            if packing is not None:
                solve.incumbent.offer(packing, event.by)
        if bound is not None:
            ticks = solve.fleet.tick_price * event.bound - bound.less
            solve.incumbent.raise_bound(ticks, event.by, bound.given, bound.relaxes)

    result = solve_vector_packing(
        found.bins.problem,
        budget=solve.budget,
        seed=solve.seed,
        known=_known(solve),
        beaten=lambda: _beaten(solve, bound),
        listener=report,
    )
    if result.infeasible and bound is not None:
        if bound.given is None:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=NO_PACKING, stats=result.stats)
        return Outcome(NAME, Stop.STUCK, reason=NOT_ALL, stats=result.stats)
    # The best bins may be no plan: then nothing is proven of the best plan, and nothing is left to try.
    if result.stop is Stop.PROVED and solve.packing is None:
        return Outcome(NAME, Stop.STUCK, reason=NO_PLAN, stats=result.stats)
    stop = Stop.DONE if result.stop is Stop.PROVED else result.stop
    return Outcome(NAME, solve.why_stop() or stop, stats=result.stats)


@dataclass(frozen=True, slots=True)
class PackedFleet:
    """A fleet as bins: what was rewritten before, and the packing problem."""

    chain: Chain
    bins: FleetBins

    @classmethod
    def of(cls, solve: Solve) -> Self | None:
        """From the best plan so far; None where the fleet is not bin packing. O(components x options x pools)."""
        packing, value = solve.packing, solve.value
        chain = Chain.of(
            solve.fleet,
            RequiredAsPlaced.all_copies if packing is None else partial(RequiredAsPlaced.of, packing=packing),
            lambda fleet: Greenfield.of(fleet, value),
            ZoneFloors.of,
        )
        bins = None if chain is None else FleetBins.of(chain.fleet)
        return None if chain is None or bins is None else cls(chain, bins)


def _is_coupled(fleet: Fleet) -> bool:
    """Whether zones, optional copies or what runs are all that keeps a fleet from being vector packing."""
    knows = owns_accelerators(fleet) and not named_fleet_rules(fleet) and not fleet.has_demand
    return knows and FleetBins.of(fleet) is None


def _known(solve: Solve) -> int:
    """A bound on the price of the machines, micro-dollars per hour; where copies run, one of plans is of moves, too."""
    return 0 if solve.fleet.instances else (solve.incumbent.ticks_bound or 0) // max(1, solve.fleet.tick_price)


def _beaten(solve: Solve, bound: CarriedBound | None) -> int | None:
    """The price from which on machines can't be those of a better plan than the best; None where nobody can say."""
    value = solve.value
    if value is None or bound is None or bound.given not in {None, value.left_out}:
        return None
    return -(-(value.ticks + bound.less) // max(1, solve.fleet.tick_price))

"""The instant bounds, reported: by volumes, by components that never share a machine, by machines that are over.

Each is told with what it does not count: what it never counts, and of the rules over the whole plan those that the
fleet has. With commitments a machine has no price of its own: the bounds are those at list prices, less all that
commitments can pay.
"""

from typing import NamedTuple

from placement.bounds.cliques import RELAXES as CLIQUES_RELAX
from placement.bounds.cliques import clique_bound
from placement.bounds.moves import RELAXES as MOVES_RELAX
from placement.bounds.overload import RELAXES as OVERLOAD_RELAXES
from placement.bounds.overload import overload_ticks
from placement.bounds.volume import RELAXES as VOLUME_RELAXES
from placement.bounds.volume import volume_bound
from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.reductions.linear_prices import LinearPrices, Multipliers
from placement.solving.budget import Budget
from placement.solving.context import Solve

_INSTANCE_LOSS = "min_available_on_instance_loss"
_COMMITTED = "commitments that pay less than they can"


class InstantBound(NamedTuple):
    """Ticks that no plan can beat, the name of the bound, and the rules that it leaves out, between semicolons."""

    name: str
    ticks: int
    relaxes: str


def raise_instant_bounds(solve: Solve) -> None:
    """Report the instant bounds, unless a bound is known already; weaker ones when the budget ends meanwhile."""
    if solve.incumbent.ticks_bound is not None:
        return
    for bound in instant_bounds(solve.fleet, solve.budget):
        solve.incumbent.raise_bound(bound.ticks, bound.name, relaxes=bound.relaxes)


def instant_bounds(fleet: Fleet, budget: Budget | None = None) -> tuple[InstantBound, ...]:
    """By cliques, by volumes, and the better of the two with the moves that neither counts.

    Where commitments pay, those that something is left of.
    """
    linear = LinearPrices.of(fleet, Multipliers.none(fleet)) if fleet.commitments else None
    plain, less = (linear.fleet, linear.keeps_bound.less) if linear else (fleet, 0)
    rules = tuple(_COMMITTED if rule == "commitments" else rule for rule in named_fleet_rules(fleet))
    of_cliques = (f"{rule}, but for the most on any machine" if rule == _INSTANCE_LOSS else rule for rule in rules)
    prices = (
        ("cliques", clique_bound(plain, budget), "; ".join((CLIQUES_RELAX, *of_cliques))),
        ("volume", volume_bound(plain, budget=budget), "; ".join((VOLUME_RELAXES, *rules))),
    )
    found = [InstantBound(name, ticks, f"{relaxes}; {MOVES_RELAX}") for name, ticks, relaxes in prices]
    more = overload_ticks(plain)
    if more:  # moves that the two do not count
        _, ticks, relaxes = max(prices, key=lambda bound: bound[1])
        found.append(InstantBound("overload", ticks + more, f"{relaxes}; {OVERLOAD_RELAXES}"))
    return tuple(bound._replace(ticks=bound.ticks - less) for bound in found if linear is None or bound.ticks > less)

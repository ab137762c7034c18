"""What packings of reduced fleets are worth once they are lifted: what `test_all` holds each reduction to."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from placement.compiled.packing import Packing, Value, evaluate, machine_price
from placement.reductions.base import Chain, Reduction
from placement.reductions.greenfield import Greenfield, all_moves
from placement.reductions.linear_prices import LinearPrices
from placement.reductions.partition import Part
from placement.reductions.preassigned import Preassigned
from placement.reductions.required import RequiredAsPlaced
from placement.reductions.restricting_aggregation import RestrictingAggregation
from placement.reductions.subproblem import Subproblem
from tests.reductions.zones import ZoneOfPlan


@singledispatch
def lifted_value(reduction: Reduction, value: Value) -> Value | None:
    """What a packing of that value is worth once it is lifted, or a little less; None when nothing is known of it.

    As much, if not said otherwise.
    """
    del reduction
    return value


@lifted_value.register
def _(reduction: Chain, value: Value) -> Value | None:
    """As all steps say, the last one first."""
    found: Value | None = value
    for step in reversed(reduction.steps):
        found = None if found is None else lifted_value(step, found)
    return found


@lifted_value.register
def _(reduction: Greenfield, value: Value) -> Value:
    """At most so much: all that runs may have to move."""
    return value if reduction.fleet is reduction.whole else _moved(reduction, value)


@lifted_value.register
def _(reduction: RestrictingAggregation, value: Value) -> Value:
    """At most so much: copies that ran on machines which are gone may count as moved."""
    return _moved(reduction, value)


def _moved(reduction: Reduction, value: Value) -> Value:
    return Value(value.left_out, value.ticks + all_moves(reduction.whole))


@lifted_value.register
def _(reduction: LinearPrices, value: Value) -> None:
    """Nothing is known: it is no packing of the whole."""
    del reduction, value


@lifted_value.register
def _(reduction: RequiredAsPlaced, value: Value) -> Value:
    """It leaves out what the packing at hand does."""
    return value if reduction.left_out is None else Value(reduction.left_out, value.ticks)


@lifted_value.register
def _(reduction: Part, value: Value) -> Value | None:
    """As much more as the plan at hand, where neither minima nor moves are shared by the parts."""
    if any(reduction.whole.running) or any(pool.min_instances for pool in reduction.whole.pools):
        return None
    here = evaluate(reduction.fleet, reduction.packing)
    return _shifted(value, here, evaluate(reduction.whole, reduction.plan))


@lifted_value.register
def _(reduction: Subproblem, value: Value) -> Value:
    """As much more as the plan at hand."""
    here = evaluate(reduction.fleet, reduction.packing)
    return _shifted(value, here, evaluate(reduction.whole, reduction.lift(reduction.packing)))


def _shifted(value: Value, here: Value, there: Value) -> Value:
    """A value of the small problem as one of the whole, when what is worth `here` in the one is worth `there`."""
    left_out = tuple(n - a + b for n, a, b in zip(value.left_out, here.left_out, there.left_out, strict=True))
    return Value(left_out, value.ticks - here.ticks + there.ticks)


@lifted_value.register
def _(reduction: ZoneOfPlan, value: Value) -> Value | None:
    """The machines of the other zones are paid for too; of what is committed these may need less, or more."""
    whole = reduction.whole
    if whole.commitments:
        return None
    pools = tuple(replace(p, min_instances=0) if p.zone == reduction.one.zone else p for p in whole.pools)
    price = machine_price(replace(whole, pools=pools), Packing(reduction.others))
    return Value(value.left_out, value.ticks + whole.tick_price * price)


@lifted_value.register
def _(reduction: Preassigned, value: Value) -> Value:
    """The machines cost what they cost, and so does moving the copies there, as far as any ran."""
    fleet = reduction.whole
    price = sum(pool.price * n for pool, n in zip(fleet.pools, reduction.used, strict=True))
    pairs = zip(fleet.running, fleet.components, strict=True)
    moved = sum(min(n, c.required) * c.move_cost for n, c in pairs if c.dedicated)
    return Value(value.left_out, value.ticks + fleet.tick_price * price + fleet.tick_move * moved)

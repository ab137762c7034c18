"""A scenario as a problem of its own, and that problem with machines committed.

What runs now is set aside: commitments are for months, and a scenario is planned as it would be found then.
"""

import math
from collections.abc import Sequence
from typing import Any

from placement.documents import Component, Problem
from placement.documents.problem import revised
from placement.documents.rows import asking_for
from placement.errors import DocumentError, UsageError
from placement.scenarios.document import Scenario
from placement.scenarios.terms import Term
from placement.units import exact

_SPREAD = ("max_skew", "min_zones")
_OF_NOW = ("instances", "placements", "objective")


def scenario_problem(problem: Problem, scenario: Scenario) -> Problem:
    """The problem as it is in a scenario: for an hour, with nothing running.

    Raises UsageError: its numbers are no problem, such as more than 1e9 copies.
    """
    rows = {row.name: row for row in scenario.components}
    components = []
    for component in problem.components:
        row = rows.get(component.name)
        if row is not None and row.copies is not None:
            least = component.min_copies
            changed = asking_for(component, row.copies, None if least is None else min(row.copies, least))
        elif row is not None and row.demand is not None:
            changed = _with_demand(component, row.demand)
        else:
            factor = scenario.factor if row is None else row.factor
            changed = component if factor is None else scaled(component, factor)
        components.append(_waived(changed, scenario.waive))
    failed_zones, failed_pools = set(scenario.failed_zones), set(scenario.failed_pools)
    pools = [
        pool.model_copy(update={"max_instances": 0, "min_instances": 0})
        if pool.name in failed_pools or pool.zone in failed_zones
        else pool
        for pool in problem.pools
    ]
    name = f"{problem.name}: {scenario.name}" if problem.name else scenario.name
    try:
        return revised(problem, *_OF_NOW, name=name, components=components, pools=pools)
    except DocumentError as error:
        raise UsageError(f"scenario {scenario.name} is no problem: {error.faults[0]}") from None


def scaled(component: Component, factor: float) -> Component:
    """The component with its demand, or its copies rounded up, times a factor."""
    if component.demand is not None:
        return _with_demand(component, float(exact(factor) * exact(component.demand)))
    assert component.copies is not None
    least = None if component.min_copies is None else _times(component.min_copies, factor)
    return asking_for(component, _times(component.copies, factor), least)


def _times(copies: int, factor: float) -> int:
    """Rounded up, by what was written: 10 copies times 1.1 are 11."""
    return math.ceil(exact(factor) * copies)


def _with_demand(component: Component, demand: float) -> Component:
    if demand > 0:
        return component.model_copy(update={"demand": demand})
    return asking_for(component, 0)


def _waived(component: Component, rules: Sequence[str]) -> Component:
    changed: dict[str, Any] = {rule: 0 for rule in rules if rule not in _SPREAD}
    spread = {rule: None for rule in rules if rule in _SPREAD}
    if spread:
        changed["spread"] = component.spread.model_copy(update=spread)
    return component.model_copy(update=changed) if changed else component


def with_copies_placed(problem: Problem, placed: Sequence[int]) -> Problem:
    """The problem with just so many copies of each component (C,), none optional; those with a demand as they are."""
    components = [
        row if row.demand is not None else asking_for(row, n) for row, n in zip(problem.components, placed, strict=True)
    ]
    return revised(problem, components=components)


def with_committed(problem: Problem, terms: Sequence[Term], machines: Sequence[int]) -> Problem:
    """The problem with so many machines of each term (J,) committed: these cost nothing on top."""
    rows = [
        {"name": term.name, "pools": list(term.pool_names), "instances": n}
        for term, n in zip(terms, machines, strict=True)
        if n
    ]
    return revised(problem, commitments=[*problem.commitments, *rows]) if rows else problem


def at_committed_prices(problem: Problem, terms: Sequence[Term]) -> Problem:
    """The problem as if each machine that may be committed were, for just the hours that it is used."""
    price = {name: term.dollars for term in terms for name in term.pool_names}
    pools = []
    for pool in problem.pools:
        own = problem.price_of(pool)
        least = min(own, price.get(pool.name, own))
        pools.append(pool if least == own else pool.model_copy(update={"price_per_hour": least}))
    return revised(problem, pools=pools)

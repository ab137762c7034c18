"""The problem as a simulation plays it: nothing runs at first, and copies come and go up to a most.

Also with each component on one instance type, as an endpoint is: the one that costs it least. What it costs on a type
is found by placing its most copies there, each on accelerators of its own, on machines of its own, with the rules over
zones and losses. Quotas and limits are not looked at: they are of the whole fleet.
"""

from collections.abc import Iterable, Sequence

from placement.compiled.fleet import compile_fleet
from placement.demand import ScalingRules
from placement.demand.rows import MachineTimes
from placement.documents import Component, Problem
from placement.documents.problem import revised
from placement.documents.rows import asking_for
from placement.simulation.cluster import Cluster


def simulated(
    problem: Problem,
    most: Sequence[int],
    *,
    dedicated: bool = False,
    whole: bool = False,
    alone: frozenset[str] = frozenset(),
) -> Problem:
    """The problem with up to `most` (C,) copies of each component, none of them required, and nothing that runs.

    `dedicated`: each component on machines of its own; else those in `alone`, beside those of the problem itself.
    `whole`: no two copies share an accelerator.
    """

    def changed(row: Component, copies: int) -> Component:
        found = asking_for(row, int(copies), 0)
        if dedicated or row.name in alone:
            found = found.model_copy(update={"dedicated": True})
        return _owning(found) if whole else found

    return _at_first(problem, map(changed, problem.components, most))


def with_copies(problem: Problem, copies: Iterable[int]) -> Problem:
    """The problem with just so many copies (C,) of each component, and nothing that runs."""
    rows = zip(problem.components, copies, strict=True)
    return _at_first(problem, (asking_for(row, int(n)) for row, n in rows))


def of_one(problem: Problem, c: int) -> Problem:
    """The problem with one of its components, and nothing that runs."""
    return _at_first(problem, [problem.components[c].model_copy(update={"avoid": ()})])


def _at_first(problem: Problem, components: Iterable[Component]) -> Problem:
    """The problem with these components and without a state that moves could be counted from."""
    objective = problem.objective.model_copy(update={"max_moves": None})
    return revised(problem, "instances", "placements", components=list(components), objective=objective)


def _owning(row: Component) -> Component:
    """The component with each copy on accelerators of its own."""
    if row.options is None:
        return row.model_copy(update={"shared": None, "accelerator_share": None})
    owning = {"shared": False, "accelerator_share": 0}
    return row.model_copy(update={"options": tuple(option.model_copy(update=owning) for option in row.options)})


_OF_THE_FLEET = ("limits", "commitments", "instances", "placements")


def one_type_each(problem: Problem, rules: ScalingRules, times: MachineTimes, most: Sequence[int]) -> Problem:
    """The problem with each component held to the instance type on which `most` (C,) copies cost least alone.

    A component that no type takes as a whole keeps to the one that takes most of it; among equals the first is taken.
    O(types x placing all copies).
    """
    count = len(problem.components)
    best: list[tuple[int, int, str] | None] = [None] * count  # copies without a place, price, type
    for name in dict.fromkeys(pool.instance_type for pool in problem.pools):
        for c, (placed, price) in enumerate(_alone_on(problem, rules, times, most, name)):
            found = (max(0, most[c] - placed), price, name)
            before = best[c]
            if placed and (before is None or found[:2] < before[:2]):
                best[c] = found
    rows = zip(problem.components, best, strict=True)
    return revised(problem, components=[row if found is None else _held_to(row, found[2]) for row, found in rows])


def _alone_on(
    problem: Problem, rules: ScalingRules, times: MachineTimes, most: Sequence[int], name: str
) -> list[tuple[int, int]]:
    """Copies of each component that machines of one type hold, each component on its own, and what those cost."""
    unlimited = {"max_instances": None, "min_instances": 0}
    pools = [row.model_copy(update=unlimited) for row in problem.pools if row.instance_type == name]
    alone = revised(problem, *_OF_THE_FLEET, pools=pools)
    fleet = compile_fleet(simulated(alone, most, dedicated=True, whole=True))
    cluster = Cluster(fleet, rules, times)
    prices = [0] * len(most)
    for c in range(len(most)):
        before = set(cluster.ledger.rented)
        cluster.grow(c, int(most[c]), 0, 0, running=True)
        new = [row for m, row in cluster.ledger.rented.items() if m not in before]
        prices[c] = sum(fleet.pools[row.pool].price for row in new)
    return [(cluster.placed(c), prices[c]) for c in range(len(most))]


def _held_to(row: Component, name: str) -> Component:
    """The component with those of its options that may run on the type, on that alone."""
    held = {"instance_types": (name,)}
    if row.options is None:
        return row.model_copy(update=held)
    options = [option for option in row.options if option.instance_types is None or name in option.instance_types]
    return row.model_copy(update={"options": tuple(option.model_copy(update=held) for option in options)})

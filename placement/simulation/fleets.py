"""The problem as a simulation plays it: nothing runs at first, and copies come and go up to a most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.documents.problem import revised
from placement.documents.rows import asking_for

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from placement.documents import Component, Problem


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

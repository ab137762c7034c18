"""``--set milp.engine=cbc``: a solver's own options from the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import UsageError
from placement.solvers.registry import find_solver

if TYPE_CHECKING:
    from collections.abc import Iterable


def read_settings(solver: str, given: Iterable[str]) -> dict[str, str]:
    """The options of `solver` that are set, as text; the registry reads them as the type of their default.

    ``OPTION=VALUE`` and ``SOLVER.OPTION=VALUE`` mean the same when SOLVER is the one that runs.

    Raises
    ------
    UsageError
        Text of another form, an option of a solver that does not run, or one set twice.

    Examples
    --------
    >>> read_settings("greedy", ["greedy.restarts=3", "rounds=10"])
    {'restarts': '3', 'rounds': '10'}
    """
    settings: dict[str, str] = {}
    for text in given:
        place, equals, value = text.partition("=")
        owner, dot, option = place.rpartition(".")
        if not equals or not option or (dot and not owner):
            raise UsageError(f'--set {text}: write SOLVER.OPTION=VALUE; "placement solvers" lists the options')
        if owner and find_solver(owner).name != solver:
            raise UsageError(f"--set {text}: the solver that runs is {solver}; add --solver {owner}")
        if option in settings:
            raise UsageError(f"--set {text}: {option} is set twice")
        settings[option] = value
    return settings

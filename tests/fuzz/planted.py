"""Bugs to be found: what the fuzzer is tested by. Each is planted until the process ends, or by a `setattr` given."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from placement.direct.cp_sat import search as cp_sat
from placement.heuristics import workspace
from placement.solving import incumbent as track
from placement.solving.result import Outcome, Stop

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.solving.context import Solve

    Set = Callable[[Any, str, Any], None]


def bound_too_high(set_to: Set = setattr) -> None:
    """Every bound by patterns is one tick higher than what was proven, unless that shows at once."""
    real = track.Incumbent.raise_bound

    def raised(self: track.Incumbent, ticks: int, by: str, *args: Any, **kwargs: Any) -> None:
        best = self.best
        more = by == "patterns" and best is None
        real(self, ticks + more, by, *args, **kwargs)

    set_to(track.Incumbent, "raise_bound", raised)


def rule_dropped(set_to: Set = setattr) -> None:
    """First-fit knows nothing of caps per machine and of who avoids whom."""
    set_to(workspace.Workspace, "welcomes", lambda self, c, m: True)
    real = workspace.Workspace.fits

    def fits(self: workspace.Workspace, c: int, *args: Any, **kwargs: Any) -> Any:
        kept = self.fleet
        self.fleet = _without_company(kept)
        try:
            return real(self, c, *args, **kwargs)
        finally:
            self.fleet = kept

    set_to(workspace.Workspace, "fits", fits)


def _without_company(fleet: Any) -> Any:
    from dataclasses import replace

    alone = tuple(replace(c, max_per_instance=None, avoids=frozenset(), dedicated=False) for c in fleet.components)
    return replace(fleet, components=alone)


def proof_lies(set_to: Set = setattr) -> None:
    """CP-SAT's search says that there is no plan where it has none after little work."""
    real = cp_sat.solve_cp_sat

    def solve(context: Solve, **kwargs: Any) -> Outcome:
        if any(component.zone_loss_floor for component in context.fleet.components):
            return Outcome("cp-sat", Stop.PROVED, infeasible=True, reason="so it says")
        return real(context, **kwargs)

    set_to(cp_sat, "solve_cp_sat", solve)
    from placement.direct import cp_sat as room

    set_to(room, "solve_cp_sat", solve)


def commits_nothing(set_to: Set = setattr) -> None:
    """The master program of scenarios takes no machine to be worth a commitment."""
    from placement.scenarios import master, search

    def none(terms: Any, recourses: Any) -> tuple[int, ...]:
        del recourses
        return (0,) * len(terms)

    for module in (master, search):
        set_to(module, "most_machines", none)


def hangs() -> None:
    """A search on a component that is dedicated never ends, and does not look at the clock."""
    _when_dedicated(lambda: time.sleep(3600))


def spins() -> None:
    """As `hangs`, and it takes a processor for that."""
    _when_dedicated(lambda: sum(iter(int, 1)))


def dies() -> None:
    """It takes the process along."""
    _when_dedicated(lambda: os._exit(9))


def _when_dedicated(act: Callable[[], object]) -> None:
    from placement import planner

    real = vars(planner)["compile_fleet"]

    def compile_fleet(problem: Any) -> Any:
        fleet = real(problem)
        if any(component.dedicated for component in fleet.components):
            act()
        return fleet

    vars(planner)["compile_fleet"] = compile_fleet

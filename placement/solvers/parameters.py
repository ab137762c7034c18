"""Parameters of the room, by module: the solvers auto and demand."""

from __future__ import annotations

from dataclasses import dataclass

from placement.solving.parameters import parameter


@dataclass(frozen=True, slots=True)
class DemandParameters:
    """The solver demand (`demand.py`)."""

    tries: int = parameter(12, "counts", "that are packed, in a row")
    tries_by_work: int = parameter(2, "counts", "that are packed, in a row, under a limit on work")
    least_spare: float = parameter(0.004, "part of the room", "left free after the first failure")
    less: float = parameter(0.5, "factor", "of it, after counts that were packed")
    more: float = parameter(1.7, "factor", "of it, after counts that were not")
    most_spare: float = parameter(0.2, "part of the room", "left free at most")
    again: int = parameter(
        3, "calls", "of the packing solver for the same counts, each with a bound that the one before raised"
    )
    steps: int = parameter(1_000_000, "steps", "of the variable-neighbourhood search: no limit")
    steps_by_work: int = parameter(10, "steps", "of it under a limit on work")


@dataclass(frozen=True, slots=True)
class PortfolioParameters:
    """The solver auto (`portfolio.py`)."""

    dear: float = parameter(0.03, "part of the rent of what runs", "moving all of it costs more, then moves are dear")


@dataclass(frozen=True, slots=True)
class SolverParameters:
    """The solvers auto and demand."""

    demand: DemandParameters = DemandParameters()
    auto: PortfolioParameters = PortfolioParameters()


SOLVER_PARAMETERS = SolverParameters()

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
    rounds: int = parameter(1_000, "rounds", "of counts and packings: no limit")
    rounds_by_work: int = parameter(3, "rounds", "of them under a limit on work")
    wholes: int = parameter(2, "programs", "of all components beside the rounds, one after the other")
    near: float = parameter(2e-3, "part", "of the price of counts, that a packing of them may cost more at first")
    idle: int = parameter(8, "rounds", "without counts to pack, in a row, after which nothing is left to try")
    shortest: float = parameter(0.3, "part of the first", "that a round must have time for")
    again: int = parameter(
        3, "calls", "of the packing solver for the same counts, each with a bound that the one before raised"
    )
    steps: int = parameter(1_000_000, "steps", "of the variable-neighbourhood search: no limit")
    steps_by_work: int = parameter(10, "steps", "of it under a limit on work")


@dataclass(frozen=True, slots=True)
class ObstacleParameters:
    """Which rule over the whole plan is an obstacle (`obstacles.py`)."""

    limits: int = parameter(20, "limits", "that are left out one by one")
    told: int = parameter(3, "rules", "in one answer")
    terms: int = parameter(20_000, "terms", "of a direct model that is asked where greedy has no plan")
    work: int = parameter(2_000, "0.001 deterministic s", "of CP-SAT for that")


@dataclass(frozen=True, slots=True)
class SolverParameters:
    """The solvers auto and demand."""

    demand: DemandParameters = DemandParameters()
    obstacles: ObstacleParameters = ObstacleParameters()


SOLVER_PARAMETERS = SolverParameters()

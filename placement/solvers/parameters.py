"""Parameters of the room, by module: the solver demand, and what names obstacles."""

from placement.solving.parameters import MethodParameters, parameter


class DemandParameters(MethodParameters):
    """The solver demand (`demand/solve.py`, `demand/rounds.py`)."""

    tries: int = parameter(8, "counts", "packed in a row, and rounds in a row without counts to pack")
    wholes: int = parameter(2, "programs", "of all components beside the rounds, one after the other")
    shortest: float = parameter(0.3, "part of the first", "that a round must have time for")
    again: int = parameter(
        3, "calls", "of the packing solver for the same counts, each with a bound that the one before raised"
    )


class ObstacleParameters(MethodParameters):
    """Which rule over the whole plan is an obstacle (`obstacles.py`)."""

    limits: int = parameter(20, "limits", "that are left out one by one")
    told: int = parameter(3, "rules", "in one answer")
    terms: int = parameter(20_000, "terms", "of a direct model that is asked where greedy has no plan")
    work: float = parameter(5.0, "units of work", "of CP-SAT, to find any plan")


class SolverParameters(MethodParameters):
    """The solver demand, and what names obstacles."""

    demand = DemandParameters
    obstacles = ObstacleParameters


SOLVER_PARAMETERS = SolverParameters

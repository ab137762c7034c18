"""Parameters of the room, by module: integer programs of searches, steps that engines count, and time to load one."""

from placement.solving.parameters import MethodParameters, parameter


class IntegerProgramParameters(MethodParameters):
    """One integer program of a search (`highs.py`)."""

    nodes: int = parameter(100_000, "nodes", "of one program")
    gap: float = parameter(1e-3, "part", "of the cost, at which a solution is good enough")


class StepParameters(MethodParameters):
    """What engines do, in steps of a nanosecond, about (`solving/steps.py`).

    Measured: docs/notes/2026-11-parameters.md, "Steps".
    """

    program: int = parameter(200_000, "steps", "of HiGHS, for one run")
    iteration: int = parameter(50_000, "steps", "for each iteration of the simplex method")
    whole_iteration: int = parameter(600_000, "steps", "for each of an integer program, with all that is beside it")
    coefficient: int = parameter(10_000, "steps", "for each coefficient of an integer program, before that")
    row: int = parameter(
        50_000, "steps", "for each row of one, between two of HiGHS's questions whether to go on, or for a node of CBC"
    )
    second: int = parameter(2_500_000_000, "steps", "for one of CP-SAT's deterministic seconds")


class LoadingParameters(MethodParameters):
    """Libraries that are loaded when they are first used, with the modules of ours that do (`loading.py`).

    Measured on one core of a slow machine, with the files in memory: 0.06 to 0.10, 0.40 to 0.45, 0.31 to 0.40, and 0.15
    to 0.20 seconds of the processor.
    """

    highs: float = parameter(0.1, "s", "left, for a phase to load HiGHS")
    cp_sat: float = parameter(0.45, "s", "left, for one to load CP-SAT")
    pulp: float = parameter(0.4, "s", "left, for one to load PuLP and the direct model")
    networkx: float = parameter(0.2, "s", "left, for one to load networkx")


class EnginesParameters(MethodParameters):
    """Engines."""

    steps = StepParameters
    loading = LoadingParameters

    integer_program = IntegerProgramParameters


ENGINE_PARAMETERS = EnginesParameters

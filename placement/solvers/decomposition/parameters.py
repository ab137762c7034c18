"""Parameters of the room, by module: the solver decomposition."""

from placement.solving.parameters import MethodParameters, parameter


class DecompositionSolveParameters(MethodParameters):
    """Rounds of parts (`solve.py`)."""

    patience: int = parameter(4, "rounds", "without a gain after which it ends")
    offers: int = parameter(16, "plans", "offered in one round at most")


class TaskParameters(MethodParameters):
    """Tasks that may run elsewhere (`tasks.py`)."""

    groups: tuple[int, ...] = parameter(
        (100, 200, 400, 800, 1_600, 3_200), "components", "of the coarser problems whose bounds are taken in turn"
    )
    nodes: int = parameter(20, "nodes", "of the pattern bound's tree: at this size the root has nearly all of it")
    grace: float = parameter(2.0, "s", "after its deadline when one is given up")


class ZoneParameters(MethodParameters):
    """Zone by zone (`zones.py`)."""

    groups: int = parameter(150, "groups", "of components without rules over zones, in the LP that counts by zone")
    finer: tuple[int, ...] = parameter((150, 250), "groups", "of the bounds that a second process finds meanwhile")


class DecompositionParameters(MethodParameters):
    """The solver decomposition."""

    zones = ZoneParameters
    solve = DecompositionSolveParameters
    tasks = TaskParameters


DECOMPOSITION = DecompositionParameters

"""Parameters of the room, by module: bounds that need no engine."""

from placement.solving.parameters import MethodParameters, parameter


class CliqueParameters(MethodParameters):
    """Cliques of components that never share a machine (`cliques.py`)."""

    starts: int = parameter(12, "components", "from which a clique is grown, those that need most first")
    work: int = parameter(3_000_000, "neighbours", "looked at in all: some tenths of a second")
    prices: int = parameter(200, "prices", "of a copy that are told apart")


class DualFeasibleParameters(MethodParameters):
    """Dual feasible functions of the volume bound (`dual_feasible.py`).

    Measured: finer ones moved no bound in trials.
    """

    finest: int = parameter(8, "functions", "at most: the k-th splits what a machine has in k + 1 parts")


class OverloadParameters(MethodParameters):
    """Moves off machines that are over what they have (`overload.py`)."""

    nodes: int = parameter(20_000, "nodes", "of one machine's search; beyond, the relaxation's bound stands")


class QuotaParameters(MethodParameters):
    """Quotas against copies that may run nowhere else (`infeasible.py`)."""

    groups: int = parameter(16, "sets of pools", "that most components share, looked at beside all pools")


class VolumeParameters(MethodParameters):
    """The volume bound (`volume.py`)."""

    most_modes: int = parameter(
        30_000,
        "modes x pools",
        "up to which there are dual feasible functions: beyond, the bound of patterns uses those seconds better",
    )


class BoundsParameters(MethodParameters):
    """Bounds that need no engine.

    Measured at half and twice, nine cases: `cliques` and `volume` move nothing; half of `dual_feasible` is 0.78 % off
    the bound (docs/notes/2026-11-parameters.md).
    """

    cliques = CliqueParameters
    dual_feasible = DualFeasibleParameters
    overload = OverloadParameters
    quotas = QuotaParameters
    volume = VolumeParameters


BOUNDS = BoundsParameters

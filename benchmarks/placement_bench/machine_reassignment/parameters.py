"""Parameters of the room, by module: machine reassignment."""

from __future__ import annotations

from placement.solving.parameters import MethodParameters, parameter


class AnnealingParameters(MethodParameters):
    """Annealing (`annealing.py`). docs/notes/2026-11-machine-reassignment.md has what was measured."""

    look: int = parameter(8, "rounds", "between looks at the clock and at the best assignment")
    descent: float = parameter(0.03, "of the search", "at temperature 0, in the end")
    repair: float = parameter(1e6, "first temperatures", "that a mean demand above a capacity costs at temperature 0")
    mend: float = parameter(0.05, "of an annealing with prices", "to mend what is left above capacities")
    mend_hot: float = parameter(0.05, "of its first temperature", "where mending begins")
    sample: int = parameter(4096, "moves", "of each kind, for the scale of temperatures")


class ArrayAnnealingParameters(MethodParameters):
    """Annealing in arrays (`array_annealing.py`)."""

    fewest: int = parameter(64, "moves", "drawn in a round, at least")
    most: int = parameter(4096, "moves", "drawn in a round, at most: enough to share what a call costs")
    costly: int = parameter(64, "rounds", "between lists of processes on machines that cost something, and away")


class CompiledAnnealingParameters(MethodParameters):
    """Annealing in a compiled loop (`compiled_annealing.py`)."""

    draws: int = parameter(2048, "processes", "drawn in a round: some milliseconds")
    block: int = parameter(256, "processes", "that one may change with and that are scored at once")
    home: float = parameter(0.1, "of processes drawn", "of which only the way home is looked at")
    home_held: float = parameter(0.6, "of processes drawn", "the same, where those away from home cost something")
    shifts: float = parameter(0.5, "of the others", "of which all machines are looked at; of the rest, swaps")


class ReassignmentFileParameters(MethodParameters):
    """Files (`read.py`)."""

    longest: int = parameter(40, "characters", "of a wrong word that are shown")


class ReassignmentCheckParameters(MethodParameters):
    """The checker (`check.py`)."""

    told: int = parameter(20, "faults", "of one assignment that are told")


class ReassignmentSolveParameters(MethodParameters):
    """Which annealings, in which order (`solve.py`)."""

    hot: float = parameter(0.95, "quantile", "of what the first moves change, where the first annealing begins")
    warm: float = parameter(0.02, "of that temperature", "where annealing begins again from the best assignment")
    cold: float = parameter(0.001, "of that temperature", "where it ends; what is colder is for the last annealings")
    coldest: float = parameter(2.0, "cost", "the last temperature of those: less than a single move")
    away: float = parameter(2.0, "temperatures", "that a process away from home costs beside its true cost, or none")
    priced_hot: float = parameter(2.0, "of that temperature", "where annealing with load above capacities begins")
    priced_cold: float = parameter(0.0005, "of its first temperature", "where it ends")
    firm: tuple[float, float] = parameter(
        (20.0, 60_000.0),
        "first temperatures",
        "that a mean demand above a capacity costs, from beginning to end, where processes are held at home",
    )
    soft: tuple[float, float] = parameter((2.0, 60_000.0), "first temperatures", "the same, where none are held")
    walks: int = parameter(8, "walks", "of those, at most")
    walk_seconds: float = parameter(
        0.008, "s a process", "that each walk takes half-way at least, where there are several"
    )
    walk_rounds: float = parameter(4.0, "rounds a process", "the same, where work is limited")
    select: float = parameter(0.6, "of their limits", "for all walks half-way")
    select_at: float = parameter(0.02, "of the first temperature", "where the best are chosen")
    selected: int = parameter(3, "walks", "that go on from there")
    last: float = parameter(0.2, "of the limits", "for annealings from the best assignment")
    reserve: float = parameter(0.5, "s", "for the way back from the second process")


class MachineReassignmentParameters(MethodParameters):
    """Processes moved to other machines."""

    annealing = AnnealingParameters
    array_annealing = ArrayAnnealingParameters
    compiled_annealing = CompiledAnnealingParameters
    read = ReassignmentFileParameters
    check = ReassignmentCheckParameters
    solve = ReassignmentSolveParameters


MACHINE_REASSIGNMENT = MachineReassignmentParameters

"""Parameters of the room, by module: rewrites of a fleet."""

from placement.solving.parameters import MethodParameters, parameter


class GreenfieldParameters(MethodParameters):
    """As if nothing ran (`greenfield.py`)."""

    cheap: float = parameter(0.1, "part of the best plan's cost", "that moving every copy may cost")
    dear: float = parameter(0.03, "part of the rent of what runs", "moving all of it costs more, then moves are dear")


class PreassignedParameters(MethodParameters):
    """Dedicated components given their machines first (`preassigned.py`)."""

    most_splits: int = parameter(5_000, "splits", "of copies over the zones so far that are kept, the cheapest ones")


class RestrictingAggregationParameters(MethodParameters):
    """Alike components merged for plans (`restricting_aggregation.py`)."""

    few: float = parameter(0.75, "part of the components", "that groups may be at most, to be worth it")


class RelaxingAggregationParameters(MethodParameters):
    """Alike components merged for bounds (`relaxing_aggregation.py`).

    Measured: mixed 3,000, seed 2: merged, 400 groups prove 8,944 $; with 211 components alone, 140 groups prove
    9,189 $.
    """

    zoned: float = parameter(2.0, "times the groups", "that components with rules over zones may be, to stay alone")


class PartitionParameters(MethodParameters):
    """Machines of a plan in parts (`partition.py`)."""

    noise: float = parameter(0.1, "machine's unused part", "at most, added to each: parts differ from round to round")


class ReductionParameters(MethodParameters):
    """Rewrites of a fleet."""

    greenfield = GreenfieldParameters
    preassigned = PreassignedParameters
    relaxing_aggregation = RelaxingAggregationParameters
    restricting_aggregation = RestrictingAggregationParameters
    partition = PartitionParameters


REDUCTIONS = ReductionParameters

"""Parameters of the room, by module: exact packing of items with several sizes."""

from placement.solving.parameters import MethodParameters, parameter


class CoverParameters(MethodParameters):
    """Covers by listed patterns (`cover.py`)."""

    most_loads: int = parameter(15_000, "columns", "of the program")
    few: int = parameter(8, "steps", "from bound to packing that are taken one by one")
    least_part: float = parameter(1e-3, "part of the gap", "to aim at, at least")
    unknown: float = parameter(0.1, "part of the bound", "where to look for a packing while there is none")


class VectorDiveParameters(MethodParameters):
    """Diving (`dive.py`)."""

    rest_loads: int = parameter(2_500, "columns", "of the exact program of what some bins leave, decided in no time")
    rest_seconds: float = parameter(2.0, "s", "of that program")
    rounds: int = parameter(30, "rounds", "of generation for what is left, once loads are fixed")
    round_up: tuple[float, ...] = parameter(
        (1.0, 0.7, 0.5, 0.3), "part of a load", "in the program, from which it is rounded up; one after the other"
    )
    least_value: float = parameter(1e-3, "times its volume", "that an item is worth at least, where prices are 0")
    taken_back: int = parameter(6, "bins", "at first; a third more each time")
    unknown: float = parameter(1.05, "times the bound", "that a packing may cost while there is none")
    noise: float = parameter(0.2, "part", "by which a load's weight is lessened at random")
    least_waste: float = parameter(0.05, "part of the most wasteful bin", "added to each: full bins go, too")


class FullBinsParameters(MethodParameters):
    """Covers by full bins (`full_bins.py`)."""

    listed: int = parameter(
        3, "factor", "times as many may be listed, before those with too many copies of a row are left out"
    )
    pairs: int = parameter(60_000_000, "pairs", "of what is begun and a row that may join it, in all")
    begun: int = parameter(300_000, "patterns", "begun at one time")


class GenerationParameters(MethodParameters):
    """Column generation (`generation.py`)."""

    smoothing: float = parameter(0.6, "weight", "of the best prices so far, in prices to price at")
    most_alone: int = parameter(7_000, "columns", "of one item and bin type each to begin with")
    extra: int = parameter(4, "columns", "more a round, for what the best one leaves")
    penalty: float = parameter(10.0, "dearest bins", "that an artificial column costs at first, for each copy")
    dearer: float = parameter(30.0, "factor", "of the penalty of artificial columns, as long as any is used")
    most_penalty: float = parameter(1e9, "units of the program", "beyond which what they cover fits nowhere")


class KnapsackParameters(MethodParameters):
    """Bounded knapsacks (`knapsack.py`)."""

    cell: int = parameter(
        5, "steps of `solving/steps.py`", "for a cell of the table and a part of the items; for a pair in lists"
    )


class ListedParameters(MethodParameters):
    """All patterns of a bin type (`listed.py`)."""

    most: int = parameter(1_500_000, "patterns", "listed")
    cells: int = parameter(8_000_000, "patterns x copies in the largest", "that are listed: memory grows with these")
    widest: int = parameter(12, "copies", "in one pattern, of which others could still hold more")
    surely: int = parameter(
        4, "times too many", "that patterns must be by the first of a level, whose part is too large, to be given up"
    )
    at_once: int = parameter(
        1_000_000, "pairs", "of a pattern and a row that may join it, looked at between two looks at the clock"
    )


class BinMixParameters(MethodParameters):
    """The cheapest counts of bins, and of copies by group (`mix.py`, `counts.py`, `groups.py`)."""

    effort: float = parameter(1.0, "deterministic s", "of CP-SAT")
    attempts: int = parameter(6, "attempts", "to pack into them, from the third on with prices bent at random")
    noise: float = parameter(0.1, "part", "by which these are bent, up and down")
    # sagemaker-whole-gpu needs 3, exclusive 20 8 of them; where costs are fine (belov-2) counts of one cost are many.
    patience: int = parameter(20, "counts", "in turn that no listed loads fit, at one cost")
    most_loads: int = parameter(30_000, "columns", "of the linear program that counts are asked for")
    cells: int = parameter(16_000_000, "loads x items", "of it, for memory")
    most_shares: int = parameter(1_000, "items and groups", "of bin types, in one integer program of counts")
    lacking: float = parameter(1e-6, "part", "of the dearest price, that an inequality must be broken by")


class StateParameters(MethodParameters):
    """Pricing by states of a beam (`patterns.py`)."""

    most_states: int = parameter(150_000, "states", "of the exact search")
    beams: tuple[int, ...] = parameter(
        (1_500, 10_000), "states", "kept, in turn: narrow first, a column is mostly found there"
    )
    best: int = parameter(300, "patterns", "handed back, unless all are asked for")
    row: int = parameter(200_000, "steps of `solving/steps.py`", "for a row that is added to states, or not")
    state: int = parameter(300, "steps of `solving/steps.py`", "for each state that comes of it")


class PricingParameters(MethodParameters):
    """Pricing by tables (`pricing.py`)."""

    most_columns: int = parameter(40, "columns", "that one pricing by states hands on, over all bin types")
    most_cells: int = parameter(150_000_000, "cells", "of a table, room x rows")


class VectorSolveParameters(MethodParameters):
    """The order of its parts (`solve.py`)."""

    dives: int = parameter(8, "dives", "in all")
    patience: int = parameter(25, "steps", "without gain of an improvement between dives")
    last_patience: int = parameter(300, "steps", "without gain of the last improvement")
    most_bits: int = parameter(2_000_000, "units of a bin", "up to which exact fills by bit sets are tried")


class VectorPackingParameters(MethodParameters):
    """Exact packing of items with several sizes."""

    cover = CoverParameters
    dive = VectorDiveParameters
    full_bins = FullBinsParameters
    generation = GenerationParameters
    knapsack = KnapsackParameters
    listed = ListedParameters
    mix = BinMixParameters
    states = StateParameters
    pricing = PricingParameters
    solve = VectorSolveParameters


VECTOR_PACKING = VectorPackingParameters

"""Parameters of the room, by module: the bound from patterns."""

from placement.solving.parameters import MethodParameters, parameter


class BendersParameters(MethodParameters):
    """Separation of fleet mixes that cannot hold all copies (`benders.py`)."""

    rounds: int = parameter(20, "rounds", "of pricing, for one answer")


class PatternBoundParameters(MethodParameters):
    """Column generation and branching (`bound.py`)."""

    mix_effort: float = parameter(0.4, "deterministic s", "of CP-SAT, for the cheapest mix")
    mixes: int = parameter(20, "mixes", "held against the room that they have")
    node_rounds: int = parameter(30, "rounds", "of column generation in one node")
    nodes: int = parameter(2_000, "nodes", "of the tree, or as many more when it goes on, unless it is told otherwise")
    cuts: int = parameter(30, "cuts", "kept of the tree")
    near: float = parameter(1e-4, "part of the LP's value", "that its bound may lack in a node that is branched on")
    news: float = parameter(1.002, "factor", "by which a bound must be higher for a report")
    rise: float = parameter(
        1.0005, "factor", "by which it must be higher to be worth more branching, when time is short"
    )
    # With 10 two fleets of 100 and 1,000 components are proven that are not where each node is enumerated, and two of 8
    # in half of the time; with none enumerated a fleet of 8 has a bound 8 % lower (docs/notes/2026-11-bounds.md).
    nodes_of_program: int = parameter(10, "nodes", "of the tree, that an integer program counts for")
    useful: float = parameter(0.1, "part of an accelerator's dual value", "that a useful pattern may lack")
    meanwhile: float = parameter(0.5, "s", "of column generation at a time, while another process is waited for")
    stake: float = parameter(
        0.02,
        "part of the rent of what runs",
        "that moving all of it must cost for the other LP to have a part of the time",
    )


class RootParameters(MethodParameters):
    """Column generation at the root (`root.py`, `one_place.py`)."""

    enough: float = parameter(1e-7, "part of the LP's value", "that its bound may lack when column generation ends")
    enough_in_one_place: float = parameter(0.03, "part of it", "as if all machines stood in one place, for a start")


class PatternColumnParameters(MethodParameters):
    """Patterns found by prices (`columns.py`)."""

    extra: int = parameter(8, "patterns", "more of a device class and round, without the items of those before")
    drop: float = parameter(0.6, "part of the items", "that are left out, where patterns are to be many")
    hurry: float = parameter(4.0, "times the LP's time", "that must be left for another round of pricing")


class CoarsePriceParameters(MethodParameters):
    """Prices of groups for the whole (`coarse_prices.py`)."""

    rounds: int = parameter(6, "rounds", "in which prices are raised; 9 gain 0.01 %")
    blends: int = parameter(8, "prices", "tried of an item's from its groups' highest down, above their lowest")


class CountParameters(MethodParameters):
    """The count program (`counts/bound.py`, `counts/search.py`)."""

    rounds: int = parameter(20, "programs", "each with the inequalities that the solution of the one before breaks")
    tight: float = parameter(0.999, "part of what machines hold", "that an inequality must say to be kept")
    near: float = parameter(2e-3, "part of its bound", "by which a program's solution may be dearer, at first")
    over: int = parameter(20, "machines", "above a quota that a search may have on its way, and as many as the quota")
    over_price: float = parameter(4.0, "times the price", "of a machine, that one above a quota costs on top")
    free: float = parameter(0.6, "part of the components", "counted anew at a time among few modes, at first")
    fewer_free: float = parameter(
        0.2, "part of the components", "the same among all modes, and where a solution breaks something"
    )
    mends: int = parameter(4, "programs", "to mend one solution")
    least_free: float = parameter(0.1, "part of the components", "that are at least")
    wider: float = parameter(1.1, "factor", "of that part, where the engine says that nothing is cheaper")
    less: float = parameter(0.7, "factor", "of that part, where it was too large for the engine")
    failures: int = parameter(12, "neighbourhoods", "without cheaper counts, after which the search ends")


class WeightParameters(MethodParameters):
    """Inequalities that counts break, or new machines of an outline (`counts/weights.py`)."""

    rounds: int = parameter(30, "rounds", "of pricing, for one pool")
    more: float = parameter(1e-6, "part more than an accelerator", "that a pattern must weigh to be worth a column")
    broken: float = parameter(1e-4, "accelerators", "that a cut must ask for more than there are")


class DemandRoundingParameters(MethodParameters):
    """Inequalities of demands (`counts/rounding.py`)."""

    rates: int = parameter(3, "parts", "that the throughput of a copy is divided into at most, for a unit")
    parts: int = parameter(24, "parts", "that a demand is divided into at most, for a unit")
    broken: float = parameter(1e-3, "part", "of an inequality that must be lacking")


class DedicatedParameters(MethodParameters):
    """Dedicated components (`dedicated.py`)."""

    most_copies: int = parameter(64, "copies", "of a dedicated component whose machines are counted whole")


class ListingParameters(MethodParameters):
    """Patterns of one device class, listed (`enumeration/listing.py`)."""

    most_table: int = parameter(2**22, "entries", "of the tables of one device class")
    parts: int = parameter(4, "times the patterns that may be found", "of which parts may be open")


class EnumerationParameters(MethodParameters):
    """Nodes decided by listing patterns (`enumeration/nodes.py`).

    Measured: 118 of 1,063 nodes decided in 23 CPU s (docs/notes/2026-11-ablation.md).
    """

    most_patterns: int = parameter(2_000, "patterns", "of one program")
    narrower: float = parameter(0.7, "factor", "of a gap with too many patterns, that the next may have")
    wider: float = parameter(1.02, "factor", "of that, after each node that is passed over")
    nodes: int = parameter(200, "nodes", "of one program's search")


class GivenMachinesParameters(MethodParameters):
    """Given copies on given machines (`enumeration/given_machines.py`)."""

    most_patterns: int = parameter(20_000, "patterns", "of all machines together")
    contents: int = parameter(10, "times the patterns that there may be", "of contents of accelerators looked at")


class OpenNodeParameters(MethodParameters):
    """Counts of machines left out of the tree (`open_nodes.py`)."""

    most_copies: int = parameter(
        250,
        "copies",
        "up to which mixes are decided one by one; beyond, whole solutions come of narrow programs",
    )


class PatternProgramParameters(MethodParameters):
    """The integer program over listed patterns (`enumeration/program.py`)."""

    most_counts: int = parameter(40, "counts", "of machines, that are looked at one by one")
    most_halves: int = parameter(2_000_000, "counts", "of the machines of half the prices, that are listed for that")
    last_digits: float = parameter(2e-7, "part", "of the money, within which others are looked at in one program")
    nodes: int = parameter(1_000, "nodes", "for each of them")


class FormulationParameters(MethodParameters):
    """The relaxation (`formulation.py`)."""

    most_apart: int = parameter(
        150, "rows", "of one component on one pool; with more the LP takes longer than they are worth"
    )
    most_aggregates: int = parameter(10_000, "aggregates", "that are branched on; with more there are none")
    most_items: int = parameter(8_000, "items", "of all device classes, beyond which pools share rows of one class")


class GridParameters(MethodParameters):
    """Grids of sizes (`grid.py`)."""

    finest: int = parameter(2048, "units", "of one dimension; finer grids cost time and bring little")
    states: int = parameter(16_000, "states", "of the table of several dimensions")


class GroupParameters(MethodParameters):
    """Limits and commitments over groups of pools (`group_bound.py`)."""

    rounds: int = parameter(
        6, "rounds", "of prices; most fleets end after two or three, when the multipliers are those of before"
    )
    nodes: int = parameter(50, "nodes", "of the tree")
    mix_effort: float = parameter(2.0, "deterministic s", "of CP-SAT, for the small program")
    prices: int = parameter(6, "prices", "of a move that are tried")
    first_price: float = parameter(0.25, "part of a copy's rent", "that the first of them is")
    dearer: float = parameter(3.0, "factor", "from one of them to the next")


class MasterParameters(MethodParameters):
    """The linear program (`master.py`)."""

    penalty: float = parameter(
        8.0, "factor", "times its price, of a machine beyond the quota; multiplied by itself until none is used"
    )
    most_penalty: float = parameter(
        8.0**4, "times its price", "at which it is no longer raised: more would not make what is over fit"
    )
    # With 0.7 the roots of mixed 400 and 1,000, two seeds each, took a tenth more of the processor, and a bound that is
    # stopped after a few rounds is lower (docs/notes/2026-12-patterns.md).
    smoothing: float = parameter(0.4, "weight", "of the best prices so far, in prices to price at (Wentges)")


class LeftOutParameters(MethodParameters):
    """How few optional copies are left out (`left_out.py`)."""

    near: float = parameter(0.02, "part", "of the linear program's value that the bound may lack where it is no proof")
    rounds: int = parameter(15, "rounds", "of pricing where a part of each machine is spare")


class KeptCopiesParameters(MethodParameters):
    """The linear program with what runs (`running/kept_copies.py`)."""

    rounds: int = parameter(300, "rounds", "of pricing")


class RunningStateParameters(MethodParameters):
    """Rewards of copies that stay (`running/state.py`)."""

    dear: int = parameter(8, "dearest machines", "rewards beyond that say no more, and are too large for the LP")
    dearer: float = parameter(0.01, "part", "of the cost: copies that cost more are looked for on other machines, too")
    effort: float = parameter(0.2, "part", "of the time, that HiGHS gives its own heuristics in the whole program")


class WholeBoundParameters(MethodParameters):
    """The linear relaxation of the whole program with what runs (`running/whole_bound.py`)."""

    most_copies: int = parameter(1_000, "copies", "beyond which the program takes too long")
    rounds: int = parameter(40, "rounds", "of pricing, at most")
    rise: float = parameter(1e-4, "part", "of the bound, that is left when pricing ends")
    # With 0.4, 100 components and 10 moves: 37,956 in place of 41,802 after 12 units of work; 50 moves: 1 % more.
    smoothing: float = parameter(0.7, "weight", "of the best prices so far, in prices to price at (Wentges)")


class SizeParameters(MethodParameters):
    """How long the relaxation takes to write (`size.py`)."""

    mode_seconds: float = parameter(1.5e-5, "s", "to write one component by one option on one pool")
    zone_seconds: float = parameter(1.5e-7, "s", "more, of a component with rules over zones, for each of them")


class PatternsParameters(MethodParameters):
    """The bound from patterns.

    Measured at half and twice, seven fleets: neither `bound`, nor `columns` with `master`, nor `formulation`, `grid`,
    `dedicated` and `size`, nor enumeration and its programs move gaps further than chance does
    (docs/notes/2026-11-parameters.md).
    """

    benders = BendersParameters
    bound = PatternBoundParameters
    root = RootParameters
    columns = PatternColumnParameters
    coarse_prices = CoarsePriceParameters
    counts = CountParameters
    rounding = DemandRoundingParameters
    weights = WeightParameters
    dedicated = DedicatedParameters
    listing = ListingParameters
    enumeration = EnumerationParameters
    open_nodes = OpenNodeParameters
    program = PatternProgramParameters
    given_machines = GivenMachinesParameters
    formulation = FormulationParameters
    grid = GridParameters
    groups = GroupParameters
    master = MasterParameters
    kept_copies = KeptCopiesParameters
    left_out = LeftOutParameters
    running = RunningStateParameters
    size = SizeParameters
    whole_bound = WholeBoundParameters


PATTERNS = PatternsParameters

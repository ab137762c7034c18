"""Parameters of the room, by module: the solver column-generation."""

from placement.solving.parameters import MethodParameters, parameter


class CombinatorialBendersParameters(MethodParameters):
    """Fleet mixes decided one by one (`combinatorial_benders.py`)."""

    nodes: int = parameter(2_000, "nodes", "of the tree, from one mix to the next")
    mixes: int = parameter(1_000, "mixes", "one after the other, at most")


class TemplateParameters(MethodParameters):
    """Templates of machines with copies on several accelerators (`diving/machine_templates.py`)."""

    half: float = parameter(
        0.9, "copies in the LP", "of a copy on several accelerators, from which it comes before smaller ones"
    )
    urgent: float = parameter(
        0.5, "part of the most copies on all machines that are left", "in the LP, from which it comes first"
    )
    wide: float = parameter(0.2, "score", "of an accelerator of copies on several, when the next machine is chosen")


class WideStepParameters(MethodParameters):
    """Machines fixed one by one (`diving/machines.py`)."""

    rounds: int = parameter(4, "rounds", "of pricing after each step, at least")
    steps: int = parameter(15, "solutions of the LP", "about, for all machines")
    noise: float = parameter(0.01, "score", "that is random")


class ResidualParameters(MethodParameters):
    """Residuals filled (`diving/residual_patterns.py`)."""

    zone_steps: int = parameter(8, "solutions of the LP", "about, to decide all zones")
    steps: int = parameter(30, "solutions of the LP", "about, to fill all residuals")
    nearly: float = parameter(0.01, "part of a residual", "that a whole residual pattern may lack")
    tries: int = parameter(8, "machines", "for one residual pattern")
    fruitless: int = parameter(3, "steps", "in a row with nothing placed")


class RestrictedMasterParameters(MethodParameters):
    """The linear program of a dive (`diving/restricted_master.py`)."""

    most_rounds: int = parameter(60, "rounds", "of pricing, for one solution")
    stall: int = parameter(4, "rounds", "over which the gain is looked at")
    little: float = parameter(0.03, "part", "that they must bring, or they are the last")
    safe: float = parameter(2.0, "times the last round", "that must be left for another")
    full: float = parameter(0.9, "part of a residual", "that a pattern's part must fill to be tried there")
    paid: float = parameter(
        0.1, "part of its price", "that a machine counts in the LP: what is left free should be cheap to do without"
    )


class SecondProcessParameters(MethodParameters):
    """The second process (`helper.py`)."""

    least: float = parameter(5.0, "s", "left: with fewer a process is hardly up before it ends")
    shortest_turn: float = parameter(1.0, "s", "of a turn at the best plan")


class MixParameters(MethodParameters):
    """Fleet mixes near the bound's (`mixes.py`)."""

    rounds: int = parameter(8, "rounds", "of pricing before each mix")
    nodes: int = parameter(2_000, "nodes and branchings", "of the tree: with two LPs each about as long as an offer")


class PackParameters(MethodParameters):
    """Packing at fleet mixes (`pack.py`)."""

    dive_from: int = parameter(50, "copies", "from which a mix is dived for: of fewer the heuristics leave little out")
    most_spare: float = parameter(0.2, "part", "more than a mix needs, where there is no gap yet")
    dive_spare: float = parameter(
        0.003, "part", "more than it needs, of the first mix that is dived for: less is rarely enough"
    )
    less: float = parameter(0.6, "factor", "of what is spare, after a mix that was packed")
    more: float = parameter(1.6, "factor", "of what is spare, after one that was not")
    tries: int = parameter(12, "mixes", "in a row that do not pay, and in all without a limit on time")
    worthwhile: float = parameter(0.6, "part of the time that the last mix took", "that must be left for another")
    counted: int = parameter(5_000_000, "steps of `solving/steps.py`", "for a mix, beside what is placed, about 5 ms")


class PenaltyParameters(MethodParameters):
    """The penalty of a missing copy (`penalties.py`)."""

    alone: float = parameter(
        0.25, "part of its price", "that a machine for the copy alone counts, beside the part of one that it takes"
    )


class WholeSolutionsParameters(MethodParameters):
    """Whole solutions of the pattern program, packed part by part (`whole_solutions.py`).

    Measured: with narrow programs the worst of six seeds of 100 components under limits went from 6.1 to 1.4 %, and on
    spot machines from 3.7 to 1.7 % (docs/notes/2026-11-operators.md); `nodes`: docs/notes/2026-11-diving.md.
    """

    narrow: tuple[float, ...] = parameter(
        (1e-3, 3e-3, 5e-4), "part of the LP's value", "of reduced costs that a narrow program has, one after the other"
    )
    bent: int = parameter(
        40, "patterns", "of each device class, at the prices of a part of the items, before the first"
    )
    solutions: int = parameter(100, "solutions", "of a program, tried to be packed")
    nodes: int = parameter(10, "nodes", "of a program: many solutions that are good are worth more than a better one")
    tree_nodes: int = parameter(50, "nodes", "of the bound's tree, after each better plan of a fleet that is not large")
    placed_failed: int = parameter(
        3, "solutions", "in a row that bring no better plan, of those that place most copies of a level"
    )
    looser: float = parameter(0.003, "part", "less memory that copies take next time, where a part was not decided")


class ScarceParameters(MethodParameters):
    """How few optional copies are left out (`scarce.py`)."""

    dives: int = parameter(
        3, "dives", "in a row that bring no better plan; mixed 100, 3: 38, 32 and 26 copies left out after one to three"
    )
    most_dived: int = parameter(
        1500,
        "copies",
        "of fleets that are dived for; in 60 s: 48 left out for 65 at mixed 400, 1; 340 for 313 at shared 3,000, 1",
    )
    spare: tuple[float, ...] = parameter(
        (0.0, 0.02, 0.04),
        "of a machine",
        "is not for wanted copies, dive by dive; mixed 100, 2 and 3: 12 and 25, not 13 and 26",
    )
    most_copies: int = parameter(
        500, "copies", "for programs over patterns: at 900 they end without a solution in 8 to 19 units of work"
    )
    groups: int = parameter(
        500, "components", "about, in groups of alike ones; shared 3,000: 216 of 300 in 1.2 CPU s, 244 of 600 in 3.5"
    )


class RunningSolutionsParameters(MethodParameters):
    """Whole solutions with what runs (`running_solutions.py`)."""

    idle: int = parameter(3, "solutions", "in a row that bring no better plan")
    spare: int = parameter(10, "parts", "of the moves allowed: one more is left to packing after each of those")
    missing: float = parameter(2.0, "penalties", "of a copy that a solution lacks")


class ZonePackingParameters(MethodParameters):
    """Packing zone by zone (`zone_packing.py`).

    Measured: mixed 400 goes from 2.8 and 6.1 % to 0.58 and 2.00 % (docs/notes/2026-11-rooms.md).
    """

    copies_from: int = parameter(
        600, "copies", "from which zones are packed alone: in smaller fleets the split costs more than it brings"
    )
    components_from: int = parameter(1_000, "components", "with copies in a zone, that is packed in groups first")
    groups: int = parameter(600, "groups", "of alike components then")
    pricings: int = parameter(2, "rounds", "of pricing, at most, of the LP that splits a fleet (`zone_split.py`)")
    rounds: int = parameter(8, "rounds", "of the same where the second process splits it, from the patterns of a plan")
    dear: float = parameter(0.001, "part", "of all machines' cost, from which one is dear: dear ones are counted whole")
    whole_to: int = parameter(
        4_000, "copies", "up to which a split is dived for: of larger fleets the LP is rounded at once"
    )
    dives: int = parameter(4, "dives", "for a split, at most; replan 400, 6: 0.59 % above the LP by one, 0.39 by four")
    noise: float = parameter(0.3, "part", "that sizes are more or less in all dives but the first")
    alike: float = parameter(0.8, "part", "of the largest copy left, from which copies are made whole in the same step")
    news: float = parameter(
        0.005, "part", "of the best plan's cost, that zones must save for their plan to be told early"
    )
    lacks: float = parameter(0.02, "part", "of the LP's value, from which the bound goes on before zones are packed")
    coarse_from: int = parameter(
        600, "components", "from which it goes on by groups: 400 have their own LP in the time that groups take"
    )
    coarse: int = parameter(100, "groups", "of components without rules over zones, there")


class ColumnGenerationParameters(MethodParameters):
    """The solver column-generation.

    Measured at half and twice, seven fleets: neither fleet mixes and their packing, nor whole solutions, nor packing
    zone by zone, nor the dive move gaps further than chance does (docs/notes/2026-11-parameters.md).
    """

    combinatorial_benders = CombinatorialBendersParameters
    templates = TemplateParameters
    machines = WideStepParameters
    residuals = ResidualParameters
    master = RestrictedMasterParameters
    helper = SecondProcessParameters
    mixes = MixParameters
    pack = PackParameters
    penalties = PenaltyParameters
    running_solutions = RunningSolutionsParameters
    scarce = ScarceParameters
    whole_solutions = WholeSolutionsParameters
    zone_packing = ZonePackingParameters


COLUMN_GENERATION = ColumnGenerationParameters

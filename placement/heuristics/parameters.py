"""Parameters of the room, by module: constructions and repair."""

from placement.solving.parameters import MethodParameters, parameter


class BinFillingParameters(MethodParameters):
    """Machines filled one by one at prices (`bin_filling.py`)."""

    least: float = parameter(0.6, "part of its price", "that a machine must be filled to")
    thin: float = parameter(0.7, "part of the components", "with copies left, below which arrays are made anew")
    pools: int = parameter(2, "pools", "tried for each machine, those where the biggest copy is cheapest")


class ConsolidateParameters(MethodParameters):
    """Machines closed or replaced one by one (`consolidate.py`)."""

    pools: int = parameter(6, "pools", "of which one more machine is tried in place of one, the cheapest that may do")
    tolerance: float = parameter(1e-9, "part of a machine", "beyond all of it that copies may take, as it is rounded")


class ConstructParameters(MethodParameters):
    """Copies put one by one (`construct.py`)."""

    look: int = parameter(1_000, "copies", "on one machine, from one look at the clock to the next")


class FirstFitParameters(MethodParameters):
    """First-fit decreasing (`first_fit_decreasing.py`)."""

    flat_noise: float = parameter(0.35, "part", "by which a restart may bend sizes and costs")


class FirstPlanParameters(MethodParameters):
    """The plan that a solver begins with, where there is none (`first_plan.py`)."""

    restarts: int = parameter(2, "restarts", "of each heuristic")


class PricedGreedyParameters(MethodParameters):
    """Price-guided greedy (`greedy.py`).

    Measured: `room_used` of 0.4 to 0.7 does as well.
    """

    noise: float = parameter(0.1, "part", "by which what copies cost is bent at random in a restart, up and down")
    room_used: float = parameter(
        0.55, "part of free room", "on machines in use, that the load to come is expected to use"
    )


class RuinParameters(MethodParameters):
    """Machines of a plan taken apart (`ruin.py`).

    Measured: docs/notes/2026-11-parameters.md, "Ruin and recreate".
    """

    most_machines: int = parameter(16, "machines", "taken apart at once")
    randomness: float = parameter(0.5, "part of its price", "scale of the noise on what a machine wastes")
    aimed: float = parameter(
        0.5, "part of the rounds", "for copies that are left out, that take apart machines where one may run alone"
    )


class ExchangeParameters(MethodParameters):
    """Machines exchanged while copies are unassigned (`exchange.py`).

    Measured: docs/notes/2026-11-operators.md, "First plans within limits".
    """

    first: float = parameter(0.5, "part of the rounds", "in which unassigned copies are placed before all others")
    beside: int = parameter(6, "machines", "at most that an aimed round takes apart beside those it has to")
    lacks: float = parameter(10.0, "times its price", "that an unassigned copy counts for beside the price of the plan")
    tolerance: float = parameter(0.01, "part of price and lack", "mean of what a round may add to both")


class GroupCompletionParameters(MethodParameters):
    """Constructions brought to their end under limits and commitments (`group_completion.py`)."""

    constructions: int = parameter(2, "constructions", "by price, where one of `ffd` or `best-fit` is stuck")
    many_constructions: int = parameter(8, "constructions", "by price, where one of `greedy` is stuck")
    complete: int = parameter(4, "plans", "of `greedy` that are complete, of which the cheapest is taken")
    whole_exchanges: int = parameter(
        25, "rounds", "of an exchange for a construction in one turn, with optional copies required"
    )
    turns: int = parameter(2, "turns", "that each construction has, the second where none became complete")
    exchanges: int = parameter(400, "rounds", "of an exchange for required copies alone, where that fails")
    brought_in: int = parameter(50, "rounds", "for optional copies that one complete construction leaves out")


class PriceParameters(MethodParameters):
    """Prices of resources by multiplicative weights (`prices.py`)."""

    rounds: int = parameter(80, "rounds", "of new weights, the best of which are taken")
    smoothing: float = parameter(0.15, "weight", "of the newest load in the average")
    step: float = parameter(0.6, "exponent", "of a weight, for a load twice the mean")
    first: tuple[float, ...] = parameter(
        (0.8, 0.1, 0.1), "part of a machine's price", "that accelerators, vCPUs and host memory have at first"
    )
    least: float = parameter(1e-4, "part of a machine's price", "that each has at least")
    scarcer: float = parameter(0.1, "part of its price", "by which a machine gets dearer where twice its quota is used")
    many: int = parameter(1_000_000, "modes x pools", "beyond which alike pools are one")


class RelabelParameters(MethodParameters):
    """Which machine of a plan is which that runs (`relabel.py`)."""

    most_pairs: int = parameter(
        20_000, "pairs", "of a machine and an instance of one pool, beyond which matching takes longer than it is worth"
    )


class RepairParameters(MethodParameters):
    """Ejections for copies that are stuck (`repair.py`)."""

    ejections: int = parameter(100, "ejections", "of one repair, where no option says how many")
    machines: int = parameter(24, "machines", "looked at by an ejection, drawn at random where there are more")
    reset_chance: float = parameter(
        0.1, "chance", "of an ejection that takes off all copies of the stuck component instead"
    )
    turn_chance: float = parameter(0.2, "chance", "after an ejection, that another component that waits is next")
    moved: float = parameter(4.0, "factor", "of a copy's penalty where moves are limited, and it stays so far")
    counted: int = parameter(10_000, "steps of `solving/steps.py`", "for a copy on a machine that is tried")


class ShareParameters(MethodParameters):
    """Parts of machines that copies take (`shares.py`)."""

    entries: int = parameter(1_000_000, "entries", "of a table, multiplied out at once")


class HeuristicSolveParameters(MethodParameters):
    """Restarts and improvement (`solve.py`)."""

    counted: int = parameter(150_000, "steps of `solving/steps.py`", "for a copy that is placed, about 0.15 ms")
    turn: int = parameter(1_000, "rounds", "of an improvement between two offers; one turn without a gain is its last")
    rounds: int = parameter(
        6,
        "rounds a copy",
        "of an improvement at most: of 355 random plans of about 4 copies 5 became cheaper, the last after 2.6, and 9 "
        "of 16 plans of 28 to 100 copies, the last after 5.8",
    )
    pressed: int = parameter(10, "attempts", "of one restart to force an optional copy in")


class HeuristicsParameters(MethodParameters):
    """Constructions and repair.

    Measured at half and twice, 24 cases: `consolidate`, `construct`, `group_completion`, `relabel` and `shares` move
    nothing, `first_fit_decreasing`, `prices` and `solve` 0.2 % at most, `greedy` 0.8 %
    (docs/notes/2026-11-parameters.md).
    """

    bin_filling = BinFillingParameters
    consolidate = ConsolidateParameters
    construct = ConstructParameters
    first_fit_decreasing = FirstFitParameters
    first_plan = FirstPlanParameters
    greedy = PricedGreedyParameters
    ruin = RuinParameters
    exchange = ExchangeParameters
    group_completion = GroupCompletionParameters
    prices = PriceParameters
    relabel = RelabelParameters
    repair = RepairParameters
    shares = ShareParameters
    solve = HeuristicSolveParameters


HEURISTICS = HeuristicsParameters

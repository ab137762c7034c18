"""Parameters of the room, by module: search around a plan."""

from placement.solving.parameters import MethodParameters, parameter


class ClosingParameters(MethodParameters):
    """Machines that run and close, chosen by a small program (`closing.py`)."""

    factors: tuple[float, ...] = parameter(
        (1.0, 0.6, 1.5, 0.3, 2.0, 0.0), "times a copy's share", "that a copy counts in the program, in turn"
    )
    effort: float = parameter(0.5, "deterministic s", "of the program")
    noise: float = parameter(0.3, "part", "by which shares are bent at random, once all factors were tried")
    most_places: int = parameter(50_000, "places", "of a fleet for which the program is written")
    left_out: int = parameter(4, "dearest machines", "that a copy left out is charged, for each level from the lowest")


class EliminateParameters(MethodParameters):
    """Machines closed, others opened in their place (`eliminate.py`)."""

    closed: tuple[int, ...] = parameter((1, 1, 1, 2, 2, 3), "machines", "closed at once: one of these, at random")
    opened: tuple[int, ...] = parameter(
        (0, 0, 1, 1, 1, 2), "machines", "opened in their place: one of these, at random"
    )
    first_patience: int = parameter(300, "steps", "of refilling without gain, at first")
    last_patience: int = parameter(20_000, "steps", "of refilling without gain, at most")
    more: float = parameter(1.02, "factor", "of patience after a failure")
    noise: float = parameter(
        0.3, "part of its price", "scale of a Gumbel variable, added to the part that a machine puts to use"
    )
    draws: int = parameter(20, "draws", "of machines to open, until they are cheaper than those that close")
    counted: int = parameter(10_000_000, "steps of `solving/steps.py`", "to begin a turn, about 10 ms")


class LargeNeighbourhoodParameters(MethodParameters):
    """A few machines freed and packed anew by CP-SAT (`large_neighbourhood.py`)."""

    work: float = parameter(2.5, "units of work", "of CP-SAT for one neighbourhood")
    counted: int = parameter(50_000_000, "steps of `solving/steps.py`", "for one, beside CP-SAT's, about 50 ms")
    first: float = parameter(5.0, "machines", "freed at once, at first")
    more: float = parameter(0.5, "machines", "more, after a step that CP-SAT came to the end of")
    less: float = parameter(1.0, "machines", "fewer, after any other")
    fewest: int = parameter(2, "machines", "freed at once, at least")
    most: int = parameter(30, "machines", "freed at once, at most")
    most_copies: int = parameter(120, "copies", "freed at once, beyond the first machine's")
    drift_chance: float = parameter(
        0.5, "chance", "that CP-SAT is not told the plan: it keeps that otherwise, where no other is better"
    )
    alike: float = parameter(0.5, "score", "of a machine in the same zone, and of one of the same shape")
    noise: float = parameter(1.5, "machines' unused part", "at most, added to how near a machine is")
    least_waste: float = parameter(0.1, "machine's unused part", "added to each: full machines are chosen first, too")


class RefillParameters(MethodParameters):
    """Accelerators filled again at a fixed fleet mix (`refill.py`).

    Measured: 2,501 copies brought in by 2,387 calls, 151 CPU s (docs/notes/2026-11-ablation.md).
    """

    whole_chance: float = parameter(0.15, "chance", "of a step that empties whole machines")
    machines: tuple[int, ...] = parameter((1, 2, 2, 3), "machines", "emptied by such a step: one of these, at random")
    accelerators: tuple[int, ...] = parameter(
        (1, 2, 2, 3, 3, 4), "accelerators", "emptied by any other: one of these, at random"
    )
    focus_chance: float = parameter(
        0.5, "chance", "of such a step that one of them is where an unassigned copy may stand"
    )
    rezone_chance: float = parameter(
        0.3, "chance", "of an unassigned copy to change its zone for one of those emptied, if it may"
    )
    most_looked_at: int = parameter(24, "unassigned copies that differ", "looked at in a step")
    noise: float = parameter(0.4, "part", "by which what a copy counts in a step is bent at random, up and down")
    every: int = parameter(200, "steps", "without gain between two rises of the weights")
    rise: float = parameter(0.05, "weight", "added by such a rise")
    heat: float = parameter(0.02, "mean copies", "mean worsening that is accepted")
    look: int = parameter(16, "steps", "between two looks at the clock")
    counted: int = parameter(100_000, "steps of `solving/steps.py`", "for each of its own, about 0.1 ms")
    steps: int = parameter(100, "steps a copy", "without gain, that end a search")
    most_steps: int = parameter(20_000, "steps", "without gain, that end a search, at most")


class RefillStateParameters(MethodParameters):
    """Penalties of unassigned copies (`state.py`)."""

    least_penalty: float = parameter(1e-6, "dollars an hour", "where machines are free, copies still count")


class OptionalCopiesParameters(MethodParameters):
    """Optional copies brought in where machines are scarce (`optional_copies.py`)."""

    required: float = parameter(1e5, "copies", "that one counts which is required")
    ratio: float = parameter(100.0, "factor", "by which a copy counts more than one at the next level")
    beside: int = parameter(50, "machines", "of a pool that are looked at beside those of a plan, at most")
    most_copies: int = parameter(20_000, "copies", "of plans that are looked at; of 4,400 it takes 0.1 s")
    tries: int = parameter(4, "turns", "without gain, that end the search")


class SetCoveringParameters(MethodParameters):
    """The cheapest of the machines that packings had (`set_covering.py`).

    Programs of up to 600 columns end at their optimum within 3 s, most within 1 s (docs/notes/2026-11-set-covering.md).
    """

    most_columns: int = parameter(20_000, "columns", "of the program; of more there is none")


class VariableNeighbourhoodParameters(MethodParameters):
    """Machines closed and neighbourhoods packed anew, in turns (`variable_neighbourhood.py`)."""

    tries: int = parameter(30, "tries", "to close machines, in a row without gain, that end a turn")
    steps: int = parameter(8, "steps", "of the large-neighbourhood search, likewise")


class WholePlanParameters(MethodParameters):
    """Improving plans where rules look at the whole of them (`whole_plan.py`)."""

    closings: int = parameter(40, "tries", "of which machines close, at the beginning of each turn")
    steps: int = parameter(12, "steps", "of the large-neighbourhood search without gain, that end its turn")


class LocalSearchParameters(MethodParameters):
    """Search around a plan.

    Measured at half and twice, three cases: `set_covering` moves nothing, `large_neighbourhood` and `refill` 1.4 % at
    most (docs/notes/2026-11-parameters.md).
    """

    closing = ClosingParameters
    eliminate = EliminateParameters
    large_neighbourhood = LargeNeighbourhoodParameters
    optional_copies = OptionalCopiesParameters
    refill = RefillParameters
    set_covering = SetCoveringParameters
    state = RefillStateParameters
    variable_neighbourhood = VariableNeighbourhoodParameters
    whole_plan = WholePlanParameters


LOCAL_SEARCH = LocalSearchParameters

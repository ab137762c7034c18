"""Who gets which share of the time, and when: all of it, as data.

A `Phase` has a part of the time that is left, when it begins, to the phase that it belongs to; what it does not use is
left to those after it. A phase ends early when a plan meets its bound. Nothing else in the package has a share of its
own: `tests/test_schedule.py` says so, and `placement solvers --schedule` prints this module.

`TURNS` is the order of solvers in `auto`, by what a fleet is; `SCHEDULE` is what each of them does with its time.
Where a part was found by a measurement the comment names it; the others were chosen and have not moved an answer since.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from placement.solving.budget import Budget
from placement.solving.context import Solve


@dataclass(frozen=True, slots=True)
class Phase:
    """A phase of a search.

    Attributes
    ----------
    what : what it is for, a few words.
    part : of the time left to what it belongs to, 0 to 1.
    when : of which fleets or solves; "" for all.
    seconds : at most so many.
    """

    what: str
    part: float
    when: str = ""
    seconds: float = math.inf

    def of(self, budget: Budget) -> Budget:
        """Its part of a budget."""
        return budget.share(self.part, seconds=self.seconds)

    def within(self, solve: Solve, seed: int | None = None) -> Solve:
        """The same problem with its part of the budget."""
        return solve.within(self.of(solve.budget), seed=seed)

    @property
    def inside(self) -> tuple[tuple[str, Phase], ...]:
        """The phases that belong to it, by name, in their order."""
        fields = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return tuple((name, value) for name, value in fields if isinstance(value, Phase))


@dataclass(frozen=True, slots=True)
class BoundPhase(Phase):
    """The pattern bound; `news` is the part of the whole limit in which it must rise to go on branching."""

    news: float = 0.05
    left_out: Phase = Phase("how few optional copies can be left out", 0.5, "a bound alone, copies are left out")
    root: Phase = Phase("the linear program as if nothing ran", 0.5, "moves are dear")
    # Rounds there take a fifth of the time: where there is none for the rest, more of them bring more.
    one_place: Phase = Phase("of it: as if all machines stood in one place, for a start", 0.8, "there are zones")
    kept_copies: Phase = Phase("the linear program with what runs", 0.8, "moves cost something")
    # Alone, the tree with what runs proves more after 2.4 units of work at replan 100, and from the first on at
    # replan 20; the other proves up to 0.2 % more before that (docs/notes/2026-11-bounds.md).
    kept_tree: Phase = Phase("of the time for branching: with what runs", 0.7, "moves cost something")
    # Mixed and replan 100 in 20 s: with 0.2 of the time for root and tree eight of nine gaps were better than with 0.3;
    # mixed 1,000 in 120 s, whose root takes all of it, had a bound 1 % lower.
    tree: Phase = Phase("of what the linear program leaves: branching", 0.4, "packing follows")
    listed: Phase = Phase("each integer program over all patterns of a node", 0.3, "patterns are few")


@dataclass(frozen=True, slots=True)
class DivePhase(Phase):
    """A dive at one fleet mix."""

    wide: Phase = Phase("machines with copies on several accelerators", 0.5)
    zones: Phase = Phase("how many copies each zone has", 0.4, "zones")


@dataclass(frozen=True, slots=True)
class OfferPhase(Phase):
    """A fleet mix: pricing first, which large fleets need, then whole machine counts."""

    # Small fleets are packed at more mixes so, which set covering puts together.
    whole: Phase = Phase("of what pricing leaves: make machine counts whole", 0.3)


@dataclass(frozen=True, slots=True)
class MixPhase(Phase):
    """Packing at fleet mixes: each part is of what is left for all of them, and for one mix."""

    offer: OfferPhase = OfferPhase("find a mix", 0.25)
    # A dive cut short is worth nothing: 2,601 copies in 34 s ended 4.0 % above the LP with 0.45, 1.4 % with 0.7.
    dive: DivePhase = DivePhase("dive for it", 0.7, "a dive knows all rules")
    refill: Phase = Phase("bring in what the dive left out", 0.15, "a dive knows all rules")
    fill: Phase = Phase("bring in what the heuristics left out", 0.55, "no dive")


@dataclass(frozen=True, slots=True)
class ZoneCountsPhase(Phase):
    """How many copies go to each zone."""

    lp: Phase = Phase("their LP; dives have the rest", 0.5)
    one_place: Phase = Phase("of it: as if all machines stood in one place", 0.5, "no patterns are known")


@dataclass(frozen=True, slots=True)
class ZonesPhase(Phase):
    """Packing zone by zone; each zone then has its part by copies."""

    counts: ZoneCountsPhase = ZoneCountsPhase("decide how many copies go to each zone", 0.2)
    # mixed 1,000, seed 2, one core: the bound of 100 groups is there after 6 s, as high as the whole's after 40 s.
    coarse: Phase = Phase("before that: a bound by groups of components", 0.2, "the bound's LP is far from its optimum")
    # Mixed and replan 400, five fleets, 10 s: gaps of 7.0, 9.6, 11.9, 14.2, 3.1 % without it and 3.1, 10.1, 4.1, 8.9,
    # 4.2 % with it; the plans are as good.
    bound: Phase = Phase("before that: the bound's LP", 0.4, "the same, and components are few")
    groups: Phase = Phase("of a zone: pack groups of alike components", 0.5, "many components")


@dataclass(frozen=True, slots=True)
class DecidePhase(Phase):
    """Fleet mixes decided one by one."""

    one: Phase = Phase("each of them", 0.5)


@dataclass(frozen=True, slots=True)
class WholeSolutionsPhase(Phase):
    """Whole solutions of the pattern program, packed part by part."""

    program: Phase = Phase("each integer program", 0.5, seconds=8.0)
    narrow: Phase = Phase("each narrow one of a larger fleet", 0.4, seconds=8.0)
    pack: Phase = Phase("each part of a solution", 0.2, seconds=2.0)
    pack_large: Phase = Phase("each part of a larger fleet's", 0.1, seconds=0.8)
    complete: Phase = Phase("a plan of what was packed", 0.5, "parts were not")
    large: Phase = Phase("in place of its share: larger fleets", 0.75, "from 250 copies")
    # With 0.4 and without it gaps were worse at 20 components (docs/notes/2026-11-fleets.md).
    before_dives: Phase = Phase("in place of its share: before dives", 0.3, "zones, no rules over the whole plan")


@dataclass(frozen=True, slots=True)
class RunningSolutionsPhase(Phase):
    """Whole solutions of the pattern program with what runs, packed part by part."""

    patterns: Phase = Phase("the linear program as if nothing ran, then with what runs", 0.3)
    bound: Phase = Phase("the whole program's linear relaxation", 0.5)
    program: Phase = Phase("each integer program", 0.5, seconds=12.0)
    machines: Phase = Phase("of that: with whole machines alone", 0.4)
    copies: Phase = Phase("of the rest: with whole copies on these machines", 0.6)
    complete: Phase = Phase("a plan of what was packed", 0.5, "parts were not")
    fill: Phase = Phase("of that: on the machines of the solution", 0.5, seconds=2.5)


@dataclass(frozen=True, slots=True)
class PlacedSolutionsPhase(Phase):
    """Whole solutions that place as many copies as they can; what is left of each turn is for local search."""

    program: Phase = Phase("each integer program", 0.4, seconds=8.0)
    pack: Phase = Phase("each packed", 0.4)


@dataclass(frozen=True, slots=True)
class WantedPhase(Phase):
    """Copies that the bound's linear program wants; what is left of it is for local search."""

    dive: Phase = Phase("packed by a dive", 0.6, "a dive knows all rules")


@dataclass(frozen=True, slots=True)
class ScarcePhase(Phase):
    """Copies left out, before money."""

    large: Phase = Phase("in place of its share: larger fleets, without dives", 0.4, "from 1,500 copies")
    bound: Phase = Phase("how few can be: column generation at each level; what is left once more at the end", 0.4)
    wanted: WantedPhase = WantedPhase("copies brought in that its solution places", 0.6)
    solutions: PlacedSolutionsPhase = PlacedSolutionsPhase(
        "whole solutions over its patterns", 0.6, "nothing runs, up to 500 copies"
    )
    any: Phase = Phase("any copies brought in", 0.7)
    groups: Phase = Phase("the bound of groups, of what the best plan leaves out", 0.6, "from 500 components")


@dataclass(frozen=True, slots=True)
class HelperPhase(Phase):
    """What the second process does."""

    bound: Phase = Phase("patterns of its own", 0.35, "no zone by zone")
    turn: Phase = Phase("each turn at the best plan", 0.5)


@dataclass(frozen=True, slots=True)
class ColumnGenerationPhase(Phase):
    """The solver `column-generation`; the part of the bound is an option. Closing machines and so on have the rest."""

    bound: BoundPhase = BoundPhase("the pattern bound", 0.3)
    whole_solutions: WholeSolutionsPhase = WholeSolutionsPhase(
        "whole solutions of the pattern program, packed", 0.5, "nothing runs, up to 1,000 copies"
    )
    decide: DecidePhase = DecidePhase("fleet mixes one by one; again after packing", 0.4, "up to 250 copies")
    # replan 400, seeds 1, 5, 6, and mixed 400, seed 2, in 60 s: 3.60, 3.21, 2.82, 1.73 % with 0.8 of the time, and
    # 3.17, 2.02, 3.02, 1.32 % with 0.95: what comes after it gains next to nothing.
    zones: ZonesPhase = ZonesPhase("packing zone by zone", 0.95, "zones, from 600 copies")
    scarce: ScarcePhase = ScarcePhase("fewer optional copies left out, before all else", 0.6, "copies are left out")
    demand: Phase = Phase("the solver demand, before all else", 0.5, "demands, and it was not asked before")
    running: Phase = Phase("whole solutions with what runs, before all else", 0.7, "moves are dear")
    recreate: Phase = Phase("plans made cheaper as where rules look at the whole of them", 0.5, "moves are dear")
    mixes: MixPhase = MixPhase("packing at fleet mixes by diving", 0.7, "a dive knows all rules")
    plain: Phase = Phase("packing at fleet mixes", 0.5, "no dive")
    helper: HelperPhase = HelperPhase("the second process, beside all this", 1.0, "a second core")


@dataclass(frozen=True, slots=True)
class ZoneCountPhase(Phase):
    """How many copies each zone has, where groups of components are counted."""

    bound: Phase = Phase("the bound of the groups", 0.7)


@dataclass(frozen=True, slots=True)
class WholeZonesPhase(Phase):
    """The whole zone by zone; each zone then has its part by copies."""

    counts: ZoneCountPhase = ZoneCountPhase("decide how many copies go to each zone", 0.4)


@dataclass(frozen=True, slots=True)
class AlikePhase(Phase):
    """The whole in groups of alike components, beside its bound: parts of the time that the bound leaves."""

    coarse: Phase = Phase("so many groups as the option says", 0.1)
    middle: Phase = Phase("twice as many", 0.2)
    fine: Phase = Phase("four times as many", 0.7)


@dataclass(frozen=True, slots=True)
class DecompositionPhase(Phase):
    """The solver `decomposition`. Tasks of one round share its time by their size."""

    start: Phase = Phase("a first plan", 0.3, "heuristics are stuck")
    zones: WholeZonesPhase = WholeZonesPhase("the whole zone by zone", 0.9, "zones")
    whole: AlikePhase = AlikePhase("the whole in groups of alike components", 0.8, "groups are few, no zones")
    bound: Phase = Phase("of that, or of the first round: the bound", 0.25)
    improve: Phase = Phase("before each round: machines of the whole taken apart", 0.3)
    round: Phase = Phase("each round of parts", 0.4)


@dataclass(frozen=True, slots=True)
class CountPhase(Phase):
    """The count program, to about its bound."""

    separate: Phase = Phase("inequalities that solutions in parts break", 0.3)
    program: Phase = Phase("each integer program", 0.5)


@dataclass(frozen=True, slots=True)
class CountedPhase(Phase):
    """Counts are packed, and others found that leave more room free: each part is of what is left for all of them."""

    one: Phase = Phase("pack counts", 0.7)
    first: Phase = Phase("of that: find out whether they fit", 0.15)
    other: Phase = Phase("find others", 0.2, "copies share accelerators")


@dataclass(frozen=True, slots=True)
class CheaperPhase(Phase):
    """Cheaper counts, from those at hand."""

    program: Phase = Phase("each integer program", 0.5)


@dataclass(frozen=True, slots=True)
class DemandPhase(Phase):
    """The solver `demand`. The count program's end and packing are taken in turns; what is left improves the plan."""

    anywhere: CountPhase = CountPhase("counts, wherever zones are", 0.15, "alike pools in several zones")
    by_zone: CountPhase = CountPhase("counts by zone", 0.05, "alike pools in several zones")
    count: CountPhase = CountPhase("counts", 0.25, "no such pools")
    begin: Phase = Phase("counts that fit, by pool", 0.3, "those at hand do not fit, or are dear")
    cheaper: CheaperPhase = CheaperPhase("cheaper ones, in each round as long as in the first", 0.1, "the same")
    whole: Phase = Phase(
        "each program of all components, beside the rounds", 0.35, "the same; beside with a second core"
    )
    try_to_pack: Phase = Phase("pack them, until they fit or it is proven that they do not", 0.12, "the same")
    one_pool: Phase = Phase("of that or of a search: the accelerators of one pool", 0.1, "copies share them")
    improve: Phase = Phase("a better plan, where nothing cheaper is found", 0.12, "the same")
    beside: Phase = Phase("the count program to its end, after that", 0.95, "the same, and a second core")
    prove: Phase = Phase("the count program, from the best counts", 0.2)
    finish: Phase = Phase("the same to its end", 0.8, "the best counts are packed")
    pack: CountedPhase = CountedPhase("counts packed", 0.7)


@dataclass(frozen=True, slots=True)
class VectorPackingPhase(Phase):
    """The exact packing core of the solver `bin-packing`."""

    packings: Phase = Phase("all first packings but the first", 0.1)
    full_bins: Phase = Phase("covers by full bins: the list, then the cover", 0.1, "one size")
    root: Phase = Phase("the first bound", 0.4)
    master: Phase = Phase("the integer program over the columns so far", 0.2, seconds=10.0)
    listed: Phase = Phase("each integer program over listed patterns", 0.3)
    groups: Phase = Phase("counts of bins and of copies by group of bin types", 0.9, "bins of several kinds")


@dataclass(frozen=True, slots=True)
class OutlinePhase(Phase):
    """The outline: running machines one by one, new ones by pool."""

    prices: Phase = Phase("before it: prices of the pattern bound", 0.15, "moves are few or dear")
    search: Phase = Phase("branch and cut; what is left is for its last solutions", 0.93)
    same: Phase = Phase("each search for another solution with the same machines", 0.2)
    check: Phase = Phase("each pool: pack what a solution puts on new machines", 0.1, seconds=1.0)
    digits: Phase = Phase("prove the last digits", 0.9)


@dataclass(frozen=True, slots=True)
class DirectPhase(Phase):
    """The direct models, `cp-sat` and `milp`."""

    level: Phase = Phase("each level of copies left out, before money", 0.5, "optional copies")
    prepare: Phase = Phase("each of outline, scouting and the first phase of cp-sat", 0.1)
    outline: OutlinePhase = OutlinePhase("the outline of the direct model", 1.0, "moves are few or dear")


@dataclass(frozen=True, slots=True)
class WholePlanPhase(Phase):
    """Improving plans where rules look at the whole of them; large neighbourhoods have the rest of each turn."""

    close: Phase = Phase("choose machines that close", 0.3, "machines run")
    recreate: Phase = Phase("ruin and recreate, at the beginning of each turn", 0.2)


@dataclass(frozen=True, slots=True)
class CertificatePhase(Phase):
    """`certify`, where a solve left an argument out."""

    claim: Phase = Phase("each claim", 0.7)
    again: Phase = Phase("a pattern bound made anew; then what engines decide", 0.5)


@dataclass(frozen=True, slots=True)
class ScenariosPhase(Phase):
    """`plan_scenarios`; solves of several scenarios share a part evenly."""

    search: Phase = Phase(
        "the search; the rest is for the comparison, for moves and for what is proven of the answer", 0.8
    )
    first: Phase = Phase("of the search: each scenario on demand, and at committed prices", 0.35)
    patterns: Phase = Phase("patterns of each scenario", 0.3)
    on_demand: Phase = Phase("of its patterns: those at prices on demand", 0.6)
    master: Phase = Phase("each master program", 0.2)
    proposal: Phase = Phase("each scenario for one proposal; twice as much each time again", 0.25)
    mean: Phase = Phase("the mean scenario", 0.25, "what is compared")
    compared: Phase = Phase("what others would commit", 0.4, "what is compared")
    proven: Phase = Phase("what is proven of each scenario and of what others would commit; then moves", 0.8)


@dataclass(frozen=True, slots=True)
class FrontierPhase(Phase):
    """`frontier`; points with a limit on moves share what is left evenly, and what is left then is for the worst."""

    unlimited: Phase = Phase("the plan without a limit", 0.3)
    # A solve with few moves gets its first good bound and plan late: replan 20, seed 1, in 30 s for nine points ended
    # at 38 % within 50 moves, and alone in 20 s at 0.3 %.
    point: Phase = Phase(
        "of the whole limit, at least: each other point; the last limits are left out", 0.15, "no --moves"
    )
    fewer: Phase = Phase("of the whole limit, kept to the end: fewer moves at the same price", 0.15, "moves are free")


@dataclass(frozen=True, slots=True)
class MovedMemoryPhase(Phase):
    """`replan` where the memory of moves is limited; solves at prices of memory share what is left evenly."""

    unlimited: Phase = Phase("without a price of memory", 0.3)


@dataclass(frozen=True, slots=True)
class RoomPhase(Phase):
    """`make_room`."""

    evictions: Phase = Phase("the fewest evictions", 0.7)
    moves: Phase = Phase("the fewest moves with so many", 0.6)


@dataclass(frozen=True, slots=True)
class ReplanningPhase(Phase):
    """What is asked of a fleet that runs."""

    frontier: FrontierPhase = FrontierPhase("frontier", 1.0)
    moved_memory: MovedMemoryPhase = MovedMemoryPhase("replan within a limit on moved memory", 1.0)
    room: RoomPhase = RoomPhase("make_room", 1.0)


@dataclass(frozen=True, slots=True)
class Schedule(Phase):
    """All of it."""

    first_plan: Phase = Phase("best-fit and greedy each", 0.1, "a solver is called without a plan")
    column_generation: ColumnGenerationPhase = ColumnGenerationPhase("the solver column-generation", 1.0)
    decomposition: DecompositionPhase = DecompositionPhase("the solver decomposition", 1.0)
    demand: DemandPhase = DemandPhase("the solver demand", 1.0, "demands")
    vector_packing: VectorPackingPhase = VectorPackingPhase("the solver bin-packing", 1.0)
    direct: DirectPhase = DirectPhase("the solvers cp-sat and milp", 1.0)
    coarse: Phase = Phase("of a bound by groups of components: their own, before their prices are the whole's", 0.7)
    groups: Phase = Phase("the pattern bound at each set of linear prices", 0.5, "limits or commitments")
    prices: Phase = Phase("of a bound, at first: all sets of linear prices", 0.15, "machines have a price each, too")
    running_solutions: RunningSolutionsPhase = RunningSolutionsPhase(
        "whole solutions with what runs", 1.0, "moves are dear or few, up to 1,000 copies"
    )
    covering: Phase = Phase("each set-covering program over the machines that packings had", 0.25, seconds=3.0)
    whole_plan: WholePlanPhase = WholePlanPhase("improving plans", 1.0, "rules over the whole plan")
    obstacles: Phase = Phase("which rule leaves no plan", 0.5, "it is proven that there is none", seconds=5.0)
    certificate: CertificatePhase = CertificatePhase("certify", 1.0)
    scenarios: ScenariosPhase = ScenariosPhase("plan_scenarios", 1.0)
    replanning: ReplanningPhase = ReplanningPhase("what is asked of a fleet that runs", 1.0)


SCHEDULE = Schedule("the whole limit", 1.0)


@dataclass(frozen=True, slots=True)
class Turn:
    """One solver's turn in `auto`.

    Attributes
    ----------
    solver : by name.
    part : of the time left, or of the work.
    work : units of work at most.
    beside : whether it goes on beside those that follow, in a thread.
    cores : whether it is taken with a second core only (2), without one only (1), or in any case (0).
    options : of the solver, others than its defaults; of `IMPROVE`, of `improve_whole_plan`.
    """

    solver: str
    part: float
    work: float | None = None
    beside: bool = False
    cores: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)


STUCK = "small enough for the direct models, without a plan after best-fit"
BOUND = "bound"  # in place of a solver: the bound from patterns alone
OUTLINE = "outline"  # in place of a solver: running machines one by one, new ones by pool
RUNNING = "running"  # in place of a solver: whole solutions of the pattern program with what runs
IMPROVE = "improve"  # in place of a solver: a plan made cheaper where rules look at the whole of it
FIRST, SINGLE, WHOLE = "every fleet", "vector packing, bins of one accelerator", "vector packing, whole machines"
AFTER_FIRST = "vector packing, bins of one accelerator, after the first plan"
AFTER_FIRST_HUGE = "solved in parts, after the first plan"
DEMANDS, DEMANDS_TINY = "demands", "demands, very small direct models"
RULES_SMALL = "rules over the whole plan, small enough for the direct models"
RULES_MIDDLE = "rules over the whole plan, direct models that can still be written"
RULES_LARGE = "rules over the whole plan, all others"
FEW_SMALL = "a limit on moves, small enough for the direct models"
FEW_LARGE = "a limit on moves, all others"
ZONED = "small, and vector packing but for zones, optional copies or what runs"
DEAR = "moves are dear, too large for the direct models"
_FEW = {"restarts": 2}
HUGE, SMALL, LARGE = "from 3,000 copies", "small enough for the direct models", "all others"
# What `auto` takes (`solvers/portfolio.py`):
#
# - rules over the whole plan: `FIRST`, then one of `FEW_SMALL` and `FEW_LARGE` where moves are limited, of
#   `RULES_SMALL`, `RULES_MIDDLE` and `RULES_LARGE` where they are not;
# - else the first turn of `FIRST`, then `AFTER_FIRST` where `SINGLE` follows, `AFTER_FIRST_HUGE` where `HUGE` does, or
#   the rest of `FIRST`; then `SINGLE` or `WHOLE` where the fleet is vector packing, one of `DEMANDS_TINY` and `DEMANDS`
#   where there are demands, and the first of `HUGE`, `ZONED`, `SMALL`, `DEAR`, `LARGE` that it is.
#
# `STUCK` comes before greedy where a small problem has no plan yet.
# `AFTER_FIRST` has no ruin and recreate: bin packing proves what is easy in less time than that takes (crainic-1: 0.19
# and 0.47 s of the processor in all). Before `WHOLE` it pays: column generation proves at once what it has found
# (exclusive 20, seed 2: 0.6 and 1.5 s). Restarts of first-fit and best-fit are few: a problem that is hard to pack, or
# infeasible, must not be kept waiting. Greedy has all of its restarts, as when it is alone, so that no plan of its own
# is missed; cut short it would not come to its improvement, which matters most where restarts are slow.
TURNS: Mapping[str, tuple[Turn, ...]] = {
    FIRST: (Turn("ffd", 1.0, options=_FEW), Turn("best-fit", 0.2, options=_FEW), Turn("greedy", 0.4)),
    AFTER_FIRST: (Turn("best-fit", 0.2, options=_FEW), Turn("greedy", 0.4, options={"rounds": 0})),
    # Greedy has 0.4 of the time for its restarts, and where there is no plan it takes all of that.
    STUCK: (Turn(BOUND, 0.1), Turn("cp-sat", 0.2, 0.5, options={"start": False})),
    # Restarts of greedy after the third were no better at mixed 3,000, seeds 2 and 3, and took 6 s of 60.
    AFTER_FIRST_HUGE: (Turn("best-fit", 0.2, options=_FEW), Turn("greedy", 0.4, options={"restarts": 3})),
    RULES_SMALL: (
        Turn("milp", 1.0, beside=True, cores=2),
        Turn("column-generation", 0.8, options={"second": False}),
        Turn("cp-sat", 0.2, 2.5),
        Turn(IMPROVE, 0.3, options={"steps": 10}),
        Turn("cp-sat", 1.0),
    ),
    # A fleet with a savings plan is proven by CP-SAT after 2 s, and has a gap of 5 % after 20 s without it; others end
    # as well or as badly with it (docs/notes/2026-11-fleets.md). Larger ones have no such turn: not even a model of
    # totals by pool was of any use to them, and cost 8 to 16 s of the processor at 400 components.
    RULES_MIDDLE: (Turn("cp-sat", 0.2, 2.5), Turn("column-generation", 1.0)),
    RULES_LARGE: (Turn("column-generation", 1.0),),
    FEW_SMALL: (
        Turn(OUTLINE, 1.0, beside=True, cores=2),
        Turn("cp-sat", 0.04),
        Turn(IMPROVE, 0.06, options={"steps": 10}),
        Turn(OUTLINE, 0.85, cores=1),
        Turn(RUNNING, 0.3),
        Turn(IMPROVE, 0.4, options={"steps": 20}),
        Turn(BOUND, 0.1),
        Turn("cp-sat", 1.0),
    ),
    FEW_LARGE: (
        Turn(IMPROVE, 0.1),
        Turn(RUNNING, 0.4),
        Turn(OUTLINE, 1.0, beside=True, cores=2),
        Turn(OUTLINE, 0.6, cores=1),
        Turn("cp-sat", 0.6, options={"max_terms": 1_000_000}),  # 100 components have about 700,000
        Turn(BOUND, 0.3),
        Turn(IMPROVE, 1.0),
    ),
    DEAR: (
        Turn(OUTLINE, 1.0, beside=True, cores=2),
        Turn(IMPROVE, 0.05, cores=1),
        Turn("column-generation", 1.0, options={"second": False, "bound_share": 0.15}),
    ),
    SINGLE: (Turn("bin-packing", 0.7),),
    # exclusive 20 to 400 are proven in the first turn; at exclusive 1,000, seed 1, bin packing has the optimum after
    # 3 s, which column generation alone took 75 s to pack.
    WHOLE: (
        Turn("column-generation", 0.1),
        Turn("bin-packing", 0.05),
        Turn("column-generation", 0.4),
        Turn("bin-packing", 0.4),
    ),
    DEMANDS: (Turn("demand", 0.95),),
    # kubernetes-mixed-gpus, 30 s: proven by CP-SAT after 9 s (one thread) and 12 s (two); without it 6 % were open.
    DEMANDS_TINY: (Turn("cp-sat", 0.5), Turn("demand", 0.95)),
    HUGE: (Turn("decomposition", 1.0),),
    SMALL: (
        Turn("milp", 1.0, beside=True, cores=2),
        Turn("cp-sat", 0.2, 2.5),
        Turn("column-generation", 0.6, options={"second": False}),  # a core has one search
        Turn("milp", 0.5, cores=1),
        Turn("cp-sat", 1.0),
    ),
    # sagemaker-whole-gpu: bin packing proves the plan that column generation or `milp` has found; by itself column
    # generation stays 1.9 % open. Larger ones (mixed 100 without shared accelerators, three seeds, 12 units of work)
    # ended 0.4 % dearer with such a turn.
    ZONED: (
        Turn("milp", 1.0, beside=True, cores=2),
        Turn("cp-sat", 0.2, 2.5),
        Turn("column-generation", 0.2, options={"second": False}),
        Turn("bin-packing", 0.8),
        Turn("column-generation", 0.9, options={"second": False}),
        Turn("milp", 0.5, cores=1),
        Turn("cp-sat", 1.0),
    ),
    LARGE: (Turn("column-generation", 1.0),),
}


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """A phase as it is printed: its name, its level, and the seconds it would have.

    Those are of a limit of which each phase before it that has no condition, in the same one, takes its part in full.
    """

    name: str
    depth: int
    phase: Phase
    seconds: float


def rows(limit: float, phase: Phase = SCHEDULE, depth: int = 0) -> Iterator[ScheduleRow]:
    """All phases inside one, in their order, as they would share out so many seconds."""
    left = limit
    for name, part in phase.inside:
        seconds = min(part.seconds, part.part * left)
        yield ScheduleRow(name.replace("_", " "), depth, part, seconds)
        yield from rows(seconds, part, depth + 1)
        if not part.when and part.part < 1:
            left -= seconds

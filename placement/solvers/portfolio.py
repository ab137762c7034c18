"""The solver `auto`: what is cheap first, and no further than the proof.

1. Instant proofs of infeasibility.
2. Heuristics, cheapest first, each handing its plan on; after the first of them the instant bounds (volumes, cliques,
   machines that are over), unless rules look at the whole plan. Where first-fit and best-fit have no
   plan of a small problem, the pattern bound and CP-SAT are asked whether there is one, before greedy's restarts.
3. Exact search by turns, each from the best plan so far. A fleet that is vector packing gets the exact packing core:
   before all others where bins are single accelerators, after a turn of column generation where they are machines.
   One with demands gets `demand` first, which counts copies by option and has the counts packed; before it, where the
   direct models are very small, CP-SAT.
   A problem small enough for the direct models gets a short turn of CP-SAT first, then column generation, then CP-SAT's
   portfolio for what time is left. A larger one gets column generation alone, a very large one is solved in parts.
4. Beside all turns of a small problem, where there is a second core, HiGHS on the direct model in a thread of its own:
   it is strong where CP-SAT is weak (dedicated components, whole accelerators with host limits), and hardly needs
   Python, which runs one thread at a time. Where there is no second core it gets a turn after column generation.

Where moves are dear or few, machines that close are chosen first (`local_search.closing`), whole solutions of the
pattern program with what runs bound and make plans (`column_generation.running_solutions`), and so does the outline of
the direct model, which has running machines one by one (`direct.milp.outline`): where moves are dear beside the other
turns on a second core, where they are few on one core, too.

Where rules look at the whole plan (limits and commitments over groups of pools, losses of a pool or an instance),
column generation has most of the time at any size, and ends with ruin and recreate and large neighbourhoods. Where the
problem is small CP-SAT has the rest, and where its model can still be written, a short turn before. Where moves are
limited the outline comes first in small problems, as it proves most, and has most of the time, or runs beside the
others where there is a second core.

It ends as soon as the plan meets the bound (or the gap that was asked for), and when the time left is too short to load
the engines of all turns that are left (`engines.loading`).

A limit on work is one on all turns together, of which each has the same part as of the time, on one core.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from placement.bounds import raise_instant_bounds, why_infeasible
from placement.compiled.fleet import Fleet
from placement.compiled.fleet_rules import named_fleet_rules
from placement.direct.slots import direct_terms, most_new_machines
from placement.engines.loading import CP_SAT, HIGHS, PULP, can_load
from placement.errors import failure, ran_out_of_memory
from placement.parallel.thread import BackgroundSearch, may_search_in_background
from placement.reductions.greenfield import moves_are_dear
from placement.solving.context import Solve
from placement.solving.parameters import option
from placement.solving.result import Outcome, Stop, said_infeasible
from placement.solving.schedule import (
    AFTER_FIRST,
    AFTER_FIRST_HUGE,
    BOUND,
    DEAR,
    DEMANDS,
    DEMANDS_TINY,
    FEW_LARGE,
    FEW_SMALL,
    FIRST,
    HUGE,
    IMPROVE,
    LARGE,
    OUTLINE,
    RULES_LARGE,
    RULES_MIDDLE,
    RULES_SMALL,
    RUNNING,
    SINGLE,
    SMALL,
    STUCK,
    TURNS,
    WHOLE,
    ZONED,
    Turn,
)

NAME = "auto"
# What a turn loads: HiGHS, or what stands here; heuristics load nothing.
_LOADS = {"ffd": "", "best-fit": "", "greedy": "", "cp-sat": CP_SAT, "milp": PULP, OUTLINE: PULP}


@dataclass(frozen=True, slots=True)
class AutoOptions:
    """Which solvers get a turn, by the size of the problem."""

    direct_terms: int = option(
        20_000,
        "size of the direct model up to which `cp-sat` and `milp` get turns too. Its size is its number of terms, "
        "about options x machines x accelerators.",
    )
    direct_terms_few_moves: int = option(
        100_000,
        "the same where `max_moves` limits the moves. Most copies then stay where they are, so larger models can be "
        "solved.",
    )
    direct_terms_rules: int = option(
        100_000, "the same for a short turn of `cp-sat` where other rules look at the whole plan."
    )
    direct_terms_demand: int = option(
        5_000, "the same for a turn of `cp-sat` before `demand`, which is better at all that is larger."
    )
    decompose_from: int = option(3_000, "number of copies from which `decomposition` solves the problem in parts.")


def solve_auto(solve: Solve, *, options: AutoOptions = AutoOptions()) -> Outcome:
    """Bounds, heuristics, then exact search by turns; see the module's text."""
    reason = why_infeasible(solve.fleet, solve.budget)
    if reason is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    search = _Turns(solve)
    for turn in _turns(solve, options):
        if search.over:
            break
        if not search.can_load(turn):
            continue
        if turn.beside:
            search.begin(turn)
        else:
            search.take(turn)
    return search.outcome()


class _Turns:
    """One run of `auto`: the first reason for having no plan, statistics, the first error, searches in threads."""

    def __init__(self, solve: Solve) -> None:
        self.solve, self._incumbent = solve, solve.incumbent
        self._stuck = ""
        self._stats: dict[str, int | float | str] = {}
        self._infeasible: Outcome | None = None
        self._error: Exception | None = None  # the first
        self._too_short = False  # the time left, for a turn to load its engine
        self._beside: list[tuple[str, BackgroundSearch[Outcome]]] = []

    @property
    def over(self) -> bool:
        """Whether no further turn makes sense."""
        return self._infeasible is not None or self.solve.why_stop() is not None

    def can_load(self, turn: Turn) -> bool:
        """Whether there is time to load what a turn needs."""
        library = _LOADS.get(turn.solver, HIGHS)
        if not library or can_load(library, self.solve.budget):
            return True
        self._too_short = True
        return False

    def take(self, turn: Turn) -> None:
        """One turn from the best plan so far."""
        self._note(turn.solver, self._run(turn))

    def begin(self, turn: Turn) -> None:
        """A turn beside those that follow."""
        self._beside.append((turn.solver, BackgroundSearch(lambda: self._run(turn), self.solve.budget)))

    def outcome(self) -> Outcome:
        """The end of all turns."""
        for solver, beside in self._beside:
            found = beside.end()
            if found is not None:
                self._note(f"beside {solver}", found)
        best = self.solve.packing
        if self._infeasible is not None:  # that a plan contradicts it after all is for the planner to say
            return self._infeasible
        if best is None and self._error is not None:  # nothing to keep: the bug is all that there is to tell
            raise self._error
        stop = self.solve.why_stop()
        if stop is None:
            stop = Stop.TIME if self._too_short else Stop.STUCK if best is None else Stop.DONE
        return Outcome(NAME, stop, reason="" if best is not None else self._stuck, stats=self._stats)

    def _ask(self, turn: Turn) -> Outcome:
        if turn.solver == BOUND:
            from placement.patterns.group_bound import raise_bounds_by_rules

            return raise_bounds_by_rules(self._part(turn))
        if turn.solver == OUTLINE:
            from placement.direct.milp import may_outline, solve_outline

            if not may_outline(self.solve.fleet):
                return Outcome(OUTLINE, Stop.STUCK)
            return solve_outline(self._part(turn))
        if turn.solver == RUNNING:
            from placement.solvers.column_generation.running_solutions import solve_running

            return solve_running(self._part(turn))
        if turn.solver == IMPROVE:
            from placement.local_search.whole_plan import improve_whole_plan

            steps = improve_whole_plan(self._part(turn), **turn.options)
            return Outcome(IMPROVE, Stop.DONE, stats={"neighbourhoods": steps})
        from placement.solvers.registry import find_solver

        return find_solver(turn.solver).run(self._part(turn), **turn.options)

    def _part(self, turn: Turn) -> Solve:
        """The problem with a turn's part of the time and of the work."""
        return self.solve.share(turn.part, work=turn.work)

    def _run(self, turn: Turn) -> Outcome:
        """A turn; one that fails, or denies a plan that is there, ends, and takes what it proved with it."""
        reports = self._incumbent.reports
        try:
            outcome = self._ask(turn)
        except Exception as error:
            if self._incumbent.strict or ran_out_of_memory(error):
                raise
            self._error = self._error or error
            return self._failed(turn.solver, failure(error), reports)
        if outcome.infeasible and self._incumbent.best is not None:
            return self._failed(turn.solver, said_infeasible(self._incumbent.found_by), reports)
        return outcome

    def _failed(self, solver: str, said: str, reports: int) -> Outcome:
        self._incumbent.withdraw(reports)
        self._incumbent.blame(solver, said)
        return Outcome(solver, Stop.STUCK)

    def _note(self, solver: str, outcome: Outcome) -> None:
        if outcome.infeasible:
            self._infeasible = outcome
        self._stuck = self._stuck or outcome.reason
        self._stats.update({f"{solver} {key}": value for key, value in outcome.stats.items()})


def _turns(solve: Solve, options: AutoOptions) -> Iterator[Turn]:
    """Who searches when."""
    if named_fleet_rules(solve.fleet):  # rules that look at the whole plan: those who know them
        yield from _heuristics(TURNS[FIRST], solve, options)
        yield from _possible(TURNS[_by_rules(solve, options)], solve)
        return
    first, *more = TURNS[FIRST]
    yield first
    packers: tuple[Turn, ...] = ()
    if can_load(HIGHS, solve.budget):  # a first plan comes sooner
        raise_instant_bounds(solve)
        packers = _packers(solve.fleet)
    if _copies(solve) >= options.decompose_from:
        more = [*TURNS[AFTER_FIRST_HUGE]]
    yield from _heuristics(TURNS[AFTER_FIRST] if packers == TURNS[SINGLE] else more, solve, options)
    yield from _possible(packers, solve)
    if solve.fleet.has_demand:
        tiny = min(options.direct_terms_demand, options.direct_terms)
        is_tiny = _size(solve, tiny, options.decompose_from) == SMALL
        yield from _possible(TURNS[DEMANDS_TINY if is_tiny else DEMANDS], solve)
    size = _size(solve, options.direct_terms, options.decompose_from)
    if size == LARGE and moves_are_dear(solve.fleet):
        size = DEAR
    elif size == SMALL and not packers and _may_pack(solve):
        size = ZONED
    yield from _possible(TURNS[size], solve)


def _by_rules(solve: Solve, options: AutoOptions) -> str:
    """Which turns a fleet gets whose rules look at the whole plan."""
    most = options.decompose_from
    if solve.fleet.has_few_moves:
        return FEW_SMALL if _size(solve, options.direct_terms_few_moves, most) == SMALL else FEW_LARGE
    sizes = ((RULES_SMALL, options.direct_terms), (RULES_MIDDLE, options.direct_terms_rules))
    return next((size for size, terms in sizes if _size(solve, terms, most) == SMALL), RULES_LARGE)


def _heuristics(turns: Iterable[Turn], solve: Solve, options: AutoOptions) -> Iterator[Turn]:
    """Those of heuristics; before the last of them, where there is no plan, it is asked whether there can be one."""
    for turn in turns:
        stuck = turn.solver == "greedy" and solve.packing is None
        if stuck and _size(solve, options.direct_terms, options.decompose_from) == SMALL:
            yield from TURNS[STUCK]
        yield turn
    solve.incumbent.heuristics_failed = solve.packing is None


def _possible(turns: Iterable[Turn], solve: Solve) -> Iterator[Turn]:
    """Those for the cores at hand; under a limit on work there is one, so that no answer depends on a clock."""
    cores = 2 if may_search_in_background(solve.budget) else 1
    return (turn for turn in turns if turn.cores in (0, cores))


def _size(solve: Solve, terms: int, decompose_from: int) -> str:
    """SMALL up to so many terms of the direct model, HUGE from so many copies."""
    fleet, best = solve.fleet, solve.value
    if _copies(solve) >= decompose_from:
        return HUGE
    new = most_new_machines(fleet, best.ticks if best and not any(best.left_out) else None)
    return SMALL if direct_terms(fleet, new) <= terms else LARGE


def _copies(solve: Solve) -> int:
    """Copies that a plan has, about: of a demand as many as the best plan, as the most that may be is far off."""
    placed = Counter(seat.component for _, seat in solve.packing.seats()) if solve.packing is not None else None
    components = solve.fleet.components
    return sum(c.copies if placed is None or not c.demand else placed[c.index] for c in components)


def _may_pack(solve: Solve) -> bool:
    """Whether the fleet is vector packing but for zones, optional copies and what runs."""
    if not can_load(HIGHS, solve.budget):
        return False
    from placement.solvers.bin_packing import PackedFleet  # loads an engine

    return PackedFleet.of(solve) is not None


def _packers(fleet: Fleet) -> tuple[Turn, ...]:
    """Solvers for a fleet that is vector packing: the stronger first, which depends on what the bins are."""
    from placement.reductions.vector_packing import FleetBins  # loads an engine

    if FleetBins.of(fleet) is None:
        return ()
    return TURNS[SINGLE if all(pool.shape.accelerators <= 1 for pool in fleet.pools) else WHOLE]

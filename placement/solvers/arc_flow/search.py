"""The solver `arc-flow`: bound by patterns, then the arc-flow program on ever finer grids, its solutions completed.

1. Heuristics for a first plan, which the program starts from.
2. The pattern bound. The program's own bound is never reported: it holds for aligned blocks on its grid alone.
3. The program in HiGHS. Each of its solutions is decoded, completed and offered while the search goes on.
4. When the grid lost something and time is left: the same on a finer grid.

Steps 3 and 4 look first only at the ways that are nearly the cheapest at the bound's prices (`ModeFilter`), then
at all.

Running machines are no blocks of their own. Where moves are cheap the program packs all as if nothing ran; else they
stand still as the best plan has them, and it packs what stands on new machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import highspy
import numpy as np

from placement.bounds.infeasible import why_infeasible
from placement.bounds.instant import raise_instant_bounds
from placement.compiled.packing import evaluate
from placement.engines.highs import EngineError, load_lp, run, stopped_when
from placement.heuristics.first_plan import first_plan
from placement.local_search.completion import Completion
from placement.patterns.bound import TOO_SMALL, PatternBound
from placement.patterns.size import may_build
from placement.reductions.base import Chain
from placement.reductions.greenfield import Greenfield, Matched, without_running
from placement.reductions.mode_filter import ModeFilter
from placement.reductions.subproblem import Subproblem, may_be_freed
from placement.solvers.arc_flow.blocks import blocks_of
from placement.solvers.arc_flow.decode import decode
from placement.solvers.arc_flow.encode import encode
from placement.solvers.arc_flow.grid import Grids
from placement.solvers.arc_flow.program import MICRO, FlowProgram
from placement.solving.incumbent import why_stop
from placement.solving.result import Outcome, Stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from placement.compiled.fleet import Fleet
    from placement.compiled.packing import Packing
    from placement.solvers.arc_flow.grid import Grid
    from placement.solving.budget import Budget
    from placement.solving.incumbent import Track

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NAME = "arc-flow"
_FINER = 2  # times the arcs, from one grid to the next
_GRIDS = 4
_LEAST_LOSS = 1e-6  # of a grid, from which a finer one may be worth it
_NEAR = 0.1  # gap of a plan whose ways are among those looked at first
_MUCH_LOSS = 0.005  # of a grid, from which a finer one is to have its time too
_BIG = 4_000  # columns from which the root is solved by interior point
_FEW_ARCS = 1_500  # up to so many, a program is solved as it is
_RUNGS = (0.01, 0.06)  # most reduced cost of an arc, in prices of the cheapest machine
_RUNG_GAPS = (4e-4, 2e-4, 1e-5)  # relative gap at which a run ends
_RUNG_SHARE = 0.3  # of the time that is left, for a run that is not the last, or whose grid loses much
_LAST_SHARE = 0.9  # the rest is for completing its solution
_RUNG_NODES = 2_000
_FILL_STEPS = 20


@dataclass(frozen=True, slots=True)
class ArcFlowOptions:
    """How large the program may be, and how the time is shared out.

    Attributes
    ----------
    max_arcs : about so many arcs the first program may have; grids are coarsened until it does.
    bound_share : part of the time for the pattern bound.
    nodes : most of the pattern bound, after its root.
    """

    max_arcs: int = 25_000
    bound_share: float = 0.2
    nodes: int = 2_000


def solve_arc_flow(
    fleet: Fleet,
    track: Track,
    *,
    budget: Budget,
    seed: int = 0,
    hint: Packing | None = None,
    options: ArcFlowOptions = ArcFlowOptions(),
) -> Outcome:
    """Bound by patterns, plans by the arc-flow program; see the module's text. Work is counted in nodes."""
    if (reason := why_infeasible(fleet, budget)) is not None:
        return Outcome(NAME, Stop.PROVED, infeasible=True, reason=reason)
    if hint is not None:
        track.offer(hint, NAME)
    first_plan(fleet, track, budget, seed)
    stats: dict[str, int | float | str] = {}
    raise_instant_bounds(fleet, track, budget)
    if not _ended(track, budget) and may_build(fleet, budget):
        best = track.best
        given = best[1].left_out if best is not None and fleet.levels else None
        bound = PatternBound(fleet, budget.share(options.bound_share), given, seed)
        bound.run(track, options.nodes)
        if bound.infeasible and given is None:
            return Outcome(NAME, Stop.PROVED, infeasible=True, reason=TOO_SMALL)
        filters = [ModeFilter(fleet, fleet)]
        if bound.reduced:
            gap = track.gap()
            plan = best[0] if best is not None and gap is not None and gap <= _NEAR else None
            narrow = ModeFilter.of(fleet, bound.relaxation.ways, bound.reduced, plan)
            if narrow.fleet.components != fleet.components:
                filters.insert(0, narrow)
        nodes = 0
        for some in filters:
            if _ended(track, budget):
                break
            search = _Search(fleet, some, track, budget, seed, options, nodes)
            search.run()
            stats.update(search.stats)
            nodes = search.nodes
    return Outcome(NAME, why_stop(track, budget) or (Stop.STUCK if track.best is None else Stop.DONE), stats=stats)


def _loss(grids: Sequence[Grid]) -> float:
    return max(grid.loss for grid in grids)


def _ended(track: Track, budget: Budget) -> bool:
    return track.good_enough or budget.over()


class _Search:
    """The programs of one solve, one after the other."""

    def __init__(
        self,
        fleet: Fleet,
        narrow: ModeFilter,
        track: Track,
        budget: Budget,
        seed: int,
        options: ArcFlowOptions,
        nodes: int = 0,
    ) -> None:
        """`narrow` leaves some ways out; `nodes` are those of searches before."""
        self.fleet, self.track, self.budget, self.seed, self.options = fleet, track, budget, seed, options
        self.reduction = _reduced(fleet, narrow, track)
        self.small = self.reduction.fleet
        self.blocks = blocks_of(self.small)
        self.completion = Completion(self.small, seed)
        self.nodes, self.runs = nodes, 0
        self.stats: dict[str, int | float | str] = {}
        self._lossy = False

    def run(self) -> None:
        """Grids from coarse to fine, until nothing is lost or the budget is over."""
        if not self.blocks.blocks or self._ended():
            return
        arcs = self.options.max_arcs
        ladders = Grids(self.blocks)
        grids = ladders.within(arcs, self.budget.over)
        if _loss(grids) > _LEAST_LOSS:  # the first plans come sooner from a coarser grid
            arcs //= 2
            grids = ladders.within(arcs, self.budget.over)
        previous = None
        for turn in range(_GRIDS):
            units = [grid.unit for grid in grids]
            if units != previous and not self._ended():
                program = FlowProgram(self.blocks, grids)
                self._lossy = _loss(grids) > _MUCH_LOSS and turn < _GRIDS - 1
                self.stats.update(grids=turn + 1, grid_loss=round(_loss(grids), 6))
                self.stats.update(columns=program.columns, rows=program.rows)
                self._solve(program)
                if _loss(grids) <= _LEAST_LOSS:
                    return
            if self._ended():
                return
            previous = units
            arcs *= _FINER
            grids = ladders.within(arcs, self.budget.over)

    def _ended(self) -> bool:
        return _ended(self.track, self.budget) or self._nodes_left() == 0

    def _nodes_left(self) -> int | None:
        return None if self.budget.work is None else max(0, self.budget.work - self.nodes)

    def _solve(self, program: FlowProgram) -> None:
        """What is left out, level by level where the best plan leaves out more than was proved; then money."""
        for level in range(len(self.small.levels)):
            best = self.track.best
            if best is None or best[1].left_out[level] > self.track.left_out_bound()[level]:
                self._stage(program, program.left_out(level), levels=level)
        self._stage(program, program.prices(), levels=len(self.small.levels))

    def _stage(self, program: FlowProgram, cost: Floats, levels: int) -> None:
        """One objective, within what the best plan leaves out at the first `levels`: ever more arcs, cheapest first."""
        if self._ended():
            return
        plan = self.plan()
        lp = program.to_lp(cost, self._placed(plan, levels))
        values = encode(program, plan) if plan is not None and self._knows(plan) else None
        is_money = levels == len(self.small.levels)
        order, ladder = self._ladder(program, lp)
        for rung, arcs in enumerate(ladder):
            if self._ended():
                return
            last = rung == len(ladder) - 1
            shut = order[arcs:]
            start = None if values is None or values[shut].any() else values
            gap = _RUNG_GAPS[-1 if last else rung]
            found = self._run(program, lp, shut, start, gap=gap, last=last, is_money=is_money)
            if found is not None:
                values = found if values is None or found @ cost < values @ cost else values
                self.take(program, found, steps=_FILL_STEPS)

    def _ladder(self, program: FlowProgram, lp: highspy.HighsLp) -> tuple[Ints, list[int]]:
        """Columns of arcs by reduced cost in the relaxation, and how many of them each run may use.

        Nearly all arcs of good solutions are among the cheapest, a tenth of them, and a program on these alone is
        solved many times faster. The relaxation is solved by interior point without crossover: in the middle of its
        optimal face, arcs that some optimal solution uses cost nothing.
        """
        first = min(program.arcs, default=program.columns)
        columns = np.arange(first, program.columns)
        columns = columns[: program.flow_columns]
        if len(columns) < _FEW_ARCS:
            return columns, [len(columns)]
        integrality, lp.integrality_ = lp.integrality_, []
        solver = load_lp(lp, solver="ipm", run_crossover="off", **self._limits(1.0))
        lp.integrality_ = integrality
        try:
            with stopped_when(self._over, solver):
                solved = run(solver) == highspy.HighsModelStatus.kOptimal
        except EngineError:
            solved = False
        if not solved:
            return columns, [len(columns)]
        reduced = np.array(solver.getSolution().col_dual)[columns]
        order = np.argsort(reduced, kind="stable")
        unit = min((price for price in lp.col_cost_ if price > 0), default=1.0)
        counts = [int(np.searchsorted(reduced[order], unit * part)) for part in _RUNGS]
        return columns[order], [*(n for n in counts if n < 0.7 * len(order)), len(order)]

    def _run(
        self,
        program: FlowProgram,
        lp: highspy.HighsLp,
        shut: Ints,
        start: Floats | None,
        *,
        gap: float,
        last: bool,
        is_money: bool,
    ) -> Floats | None:
        """HiGHS with the arcs `shut` closed; the best column values, None without."""
        high = program.high.copy()
        high[shut] = 0.0
        lp.col_upper_ = high
        share = _LAST_SHARE if last and not self._lossy else _RUNG_SHARE
        options = {**self._limits(share), "mip_rel_gap": max(self.budget.gap, gap)}
        if not last:
            options["mip_max_nodes"] = min(_RUNG_NODES, options.get("mip_max_nodes", _RUNG_NODES))
        if program.columns - len(shut) >= _BIG:
            options["mip_lp_solver"] = "ipm"
        solver = load_lp(lp, random_seed=self.seed % 2**31, **options)
        if start is not None:
            solution = highspy.HighsSolution()
            solution.col_value = start.tolist()
            solver.setSolution(solution)
        listener = _Listener(self, program, is_money=is_money)
        solver.cbMipImprovingSolution.subscribe(listener)
        try:
            with stopped_when(lambda: listener.error is not None or self._over(), solver):
                run(solver)
        except EngineError as error:
            self.stats["failed"] = str(error)
        if listener.error is not None:
            raise listener.error
        info = solver.getInfo()
        self.nodes += max(1, info.mip_node_count)
        self.runs += 1
        self.stats.update(nodes=self.nodes, runs=self.runs)
        if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
            return None
        return np.array(solver.getSolution().col_value)

    def _over(self) -> bool:
        return _ended(self.track, self.budget)

    def _limits(self, share: float) -> dict[str, Any]:
        """Time and nodes of one run, as HiGHS takes them."""
        options: dict[str, Any] = {}
        left, nodes = self.budget.left() * share, self._nodes_left()
        if np.isfinite(left):
            options["time_limit"] = max(left, 1e-3)
        if nodes is not None:
            options["mip_max_nodes"] = min(max(1, int(nodes * share)), 2**31 - 1)
        return options

    def plan(self) -> Packing | None:
        """The best plan, as far as the program packs it."""
        best = self.track.best
        if best is None:
            return None
        part = self.reduction.steps[0]
        if not isinstance(part, Subproblem):
            return best[0]
        now = Subproblem.of(self.fleet, best[0], _freed(self.fleet, best[0]))
        return now.packing if now.keys == part.keys else None

    def _knows(self, plan: Packing) -> bool:
        """Whether all its copies stand by ways that are left."""
        components = self.small.components
        return all(m.pool in components[s.component].options[s.option].pools for m, s in plan.seats())

    def _placed(self, plan: Packing | None, levels: int) -> dict[int, int]:
        """The fewest copies of components with optional ones, per level."""
        if plan is None:
            return {}
        found = dict.fromkeys(range(levels), 0)
        for _, seat in plan.seats():
            level = self.small.components[seat.component].level
            if level is not None and level < levels:
                found[level] += 1
        return found

    def take(self, program: FlowProgram, values: Floats, steps: int = 0) -> None:
        """Decode, complete (with so many steps of CP-SAT, if it comes to that) and offer a solution, in time only."""
        if _ended(self.track, self.budget):
            return
        decoded = decode(program, values, self.seed, self.budget.over)
        if self.budget.over():
            return
        placed = program.placed(values)
        packing = self.completion.run(decoded, placed, self.budget, self.track, steps=steps)
        whole = None if packing is None else self.reduction.lift(packing)
        if whole is not None:
            self.track.offer(whole, NAME)


def _freed(fleet: Fleet, packing: Packing) -> list[int]:
    """Machines that do not run yet, and whose copies keep their rules in a problem of their own."""
    return [
        m for m, machine in enumerate(packing.machines) if machine.instance is None and may_be_freed(fleet, machine)
    ]


def _reduced(fleet: Fleet, narrow: ModeFilter, track: Track) -> Chain:
    """What the program packs: all as if nothing ran, or the best plan's new machines, or the fleet as it is."""
    best = track.best
    value = None if best is None else best[1]
    fresh = Chain.of(fleet, lambda _: narrow, lambda fleet: Greenfield.of(fleet, value))
    if fresh is not None:
        return fresh
    if best is None:
        return Chain(fleet, narrow.fleet, (narrow, Matched.of(narrow.fleet)))
    part = Subproblem.of(fleet, best[0], _freed(fleet, best[0]))
    bare = Greenfield(part.fleet, without_running(part.fleet))  # all its machines are new, and moves the same for all
    return Chain(fleet, bare.fleet, (part, bare))


class _Listener:
    """Takes solutions of one run. An error can't cross HiGHS: it is kept, the run stopped, the error raised after."""

    def __init__(self, search: _Search, program: FlowProgram, *, is_money: bool) -> None:
        self._search, self._program, self._is_money = search, program, is_money
        self.error: BaseException | None = None

    def __call__(self, event: Any) -> None:
        try:
            if self._is_worth_it(event.data_out.objective_function_value):
                self._search.take(self._program, np.array(event.data_out.mip_solution))
        except BaseException as error:
            self.error = self.error or error

    def _is_worth_it(self, objective: float) -> bool:
        """Whether the solution, completed without more machines, could be better than the best plan."""
        plan = self._search.plan()
        if plan is None or not self._is_money:
            return True
        fleet = self._search.small
        return objective * MICRO * fleet.tick_price < evaluate(fleet, plan).ticks * (1 - 1e-9)

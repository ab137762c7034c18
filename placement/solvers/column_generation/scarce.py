"""Where machines are scarce: how few optional copies can be left out, then as few as a search can.

Copies left out come before money, so all of this is done before plans are made cheaper.

1. The pattern program with copies in place of money bounds each level, and its solution says how many copies of each
   component are worth wanting.
2. A dive packs these as if they were required (`wanted_copies`); local search brings in what it leaves out
   (`local_search.optional_copies`), there and then from the best plan.
3. In fleets that are not large, whole solutions of the program over the patterns that are known, level by level, each
   packed device class by device class (`solution_parts`); local search goes on from what was packed.
4. Local search brings any copies in.
5. What the best plan leaves out is bounded again; of large fleets first by groups of alike components, whose linear
   program converges in time.
"""

import itertools
from dataclasses import replace

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing, optional_copies
from placement.local_search.optional_copies import OptionalCopies
from placement.patterns.enumeration.placing_program import PlacingProgram
from placement.patterns.left_out import NAME as PATTERNS
from placement.patterns.left_out import LeftOutBound, raise_left_out_bounds
from placement.patterns.size import may_build
from placement.reductions.capped import CappedInstances
from placement.reductions.relaxing_aggregation import RelaxingAggregation
from placement.solvers.column_generation.parameters import COLUMN_GENERATION
from placement.solvers.column_generation.parameters import WholeSolutionsParameters as _PARAMS
from placement.solvers.column_generation.solution_parts import SolutionParts
from placement.solvers.column_generation.wanted_copies import pack_wanted
from placement.solvers.column_generation.whole_solutions import is_large, may_pack_solutions
from placement.solving.context import Solve
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.column_generation.scarce


def bring_in_optional(solve: Solve) -> None:
    """Leave fewer optional copies out of the best plan, and prove how few must be, in a part of the time.

    Nothing is done where none is left out, or it is known that so many must be.
    """
    if not _leaves_out_more(solve):
        return
    large = solve.fleet.copies > COLUMN_GENERATION.scarce.most_dived
    part = (_TIME.large if large else _TIME).within(solve)
    bound = None
    if may_build(solve.fleet, part.budget):
        bound = raise_left_out_bounds(_TIME.bound.within(part), at_best=True)
    if bound is not None and _leaves_out_more(solve):
        _bring_in_wanted(_TIME.wanted.within(part), bound, dives=not large)
        if _may_pack_solutions(solve.fleet):
            _pack_solutions(_TIME.solutions.within(part), bound)
    if _leaves_out_more(solve):
        OptionalCopies(part).run(_TIME.any.of(part.budget))
    raise_bounds_of_groups(_TIME.groups.within(part))
    if bound is not None:
        raise_left_out_bounds(part, before=bound)


def raise_bounds_of_groups(solve: Solve) -> None:
    """Bound what plans leave out at each open level, given what the best plan does before it, by alike components.

    A group has components of one level, which need no more than any of them. So every plan is one of the groups that
    leaves out as many at each level.
    """
    fleet, value = solve.fleet, solve.value
    coarse = RelaxingAggregation.of(fleet, COLUMN_GENERATION.scarce.groups)
    if value is None or coarse.fleet is fleet or not may_build(coarse.fleet, solve.budget):
        return
    part, found = solve.reduced(coarse.fleet), None
    for level, (missing, known) in enumerate(zip(value.left_out, solve.incumbent.left_out_bound(), strict=True)):
        if missing > known and not solve.ended:
            before = value.left_out[:level]
            found = LeftOutBound(part, level, before, found)
            found.run(part.budget, missing)
            solve.incumbent.raise_left_out(level, found.least, PATTERNS, before or None)


def _bring_in_wanted(solve: Solve, bound: LeftOutBound, *, dives: bool) -> None:
    """The copies that the linear program wants: by `dives`, then by local search.

    A dive places less than the linear program, and what it lacks are rather many small copies than a few large ones. So
    some dives are for what the program wants on a part of each machine.
    """
    wanted, spare = bound.wanted, itertools.cycle(COLUMN_GENERATION.scarce.spare)
    turn = failed = 0
    while dives and failed < COLUMN_GENERATION.scarce.dives and _leaves_out_more(solve):
        budget = _TIME.wanted.dive.of(solve.budget)
        bound.want(next(spare), budget)
        packing = pack_wanted(solve, bound, budget, solve.seed + turn)
        if packing is None:
            break
        better = OptionalCopies(solve, bound.wanted).go_on(packing, len(solve.fleet.levels) - 1, solve.budget)
        turn, failed = turn + 1, 0 if better else failed + 1
    OptionalCopies(solve, wanted).run(solve.budget)


def _pack_solutions(solve: Solve, bound: LeftOutBound) -> None:
    """Whole solutions that leave out fewer than the best plan at its first open level, then at the next, packed."""
    fleet, optional = solve.fleet, optional_copies(solve.fleet)
    parts = SolutionParts(solve, CappedInstances.of(fleet).fleet, bound.relaxation, large=is_large(fleet))
    for level in range(len(fleet.levels)):
        failed = 0
        while failed < _PARAMS.placed_failed and not solve.ended:
            value = solve.value
            if value is None or value.left_out[level] <= solve.incumbent.left_out_bound()[level]:
                break
            within = (*value.left_out[:level], value.left_out[level] - 1, *optional[level + 1 :])
            program = PlacingProgram(replace(bound.relaxation, given=within), level, bound.patterns)
            parts.restrict(program)
            answer = program.most_placed(_TIME.solutions.program.of(solve.budget), _PARAMS.nodes)
            if answer is None:
                break
            packed = parts.pack_all(answer, _TIME.solutions.pack.of(solve.budget))
            parts.loosen_undecided(answer, packed)
            search = OptionalCopies(solve, parts.wanted(answer))
            failed = 0 if search.go_on(Packing(packed.machines), level, solve.budget) else failed + 1


def _may_pack_solutions(fleet: Fleet) -> bool:
    small = fleet.copies <= COLUMN_GENERATION.scarce.most_copies
    return small and may_pack_solutions(fleet) and not fleet.commitments


def _leaves_out_more(solve: Solve) -> bool:
    value = solve.value
    return value is not None and value.left_out != solve.incumbent.left_out_bound() and not solve.ended

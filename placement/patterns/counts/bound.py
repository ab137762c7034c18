"""The bound of the count program, and the counts that cost the least.

1. Inequalities: amounts first; then, while the program's solution in parts breaks them, prices of the pattern LP of
   single pools (`weights`).
2. The integer program by HiGHS; what it proves is a bound (`engines.highs` says how far its word goes).
3. Whole copies on whole machines may break inequalities that parts did not: these are added, and the program is solved
   again. The counts that are left are likely to have a packing.
"""

from collections.abc import Callable
from functools import partial

from placement.bounds.moves import least_move_ticks
from placement.compiled.packing import Packing
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.patterns.counts.model import Choice, CountModel, merging_of
from placement.patterns.counts.program import CountProgram, Counts
from placement.patterns.formulation import Relaxation
from placement.patterns.history import EngineVerdict
from placement.patterns.parameters import CountParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.incumbent import Incumbent
from placement.solving.schedule import SCHEDULE

NAME = "counts"
TOO_FEW = "no counts of copies and machines within the quotas and limits serve every demand as the rules ask"
_PHASE = SCHEDULE.demand.count
RELAXES = (
    "which accelerators are in one machine, with its vCPUs and host memory; patterns in parts; "
    "max_per_instance of several components together; avoid; machines that run now; moves not forced"
)
ENGINE = "HiGHS"
ABOUT = "machines of each pool and copies by each option on each, with inequalities on what accelerators hold"


class CountBound(CountModel):
    """The bound of one relaxation. `bound` is of the machines' price, micro-dollars per hour."""

    def __init__(self, relaxation: Relaxation, *, anywhere: bool = False) -> None:
        """O(modes).

        With `anywhere` zones do not count, and alike pools are one: a smaller program, with a bound that may come
        sooner.
        """
        super().__init__(relaxation, merging_of(relaxation, anywhere=anywhere), anywhere=anywhere)
        self.relaxes = f"{RELAXES}; rules over zones" if anywhere else RELAXES
        self.bound = 0
        self.infeasible = False
        self.counts: Counts | None = None
        self.fitting = False  # whether `counts` break no inequality that could be found
        self.choices: set[Choice] = set()  # what copies run by in any solution so far
        self.programs = 0
        self.solved = False  # whether the last program had a solution at about the bound
        self._separated = False
        self._proof: CountProgram | None = None

    @property
    def given(self) -> tuple[int, ...] | None:
        """Of which plans the bound is one, as in `Incumbent.raise_bound`."""
        return self.relaxation.given

    @property
    def near(self) -> bool:
        """Whether the counts break no inequality that could be found, and cost little more than the bound."""
        return self.counts is not None and self.fitting and self.price(self.counts) <= self.bound * (1 + _PARAMS.near)

    @property
    def merges(self) -> bool:
        """Whether there are pools that differ by their zone alone."""
        return any(len(pools) > 1 for pools in self.merging.groups.values())

    @property
    def ticks(self) -> int:
        """No plan costs fewer: machines, and the moves that no plan avoids."""
        fleet = self.relaxation.fleet
        return fleet.tick_price * self.bound + least_move_ticks(fleet)

    @property
    def verdict(self) -> EngineVerdict | None:
        """The engine's word on the bound; None when it has not said anything."""
        if self._proof is None:
            return None
        return EngineVerdict(ENGINE, self.ticks, partial(self._proof.to_mps, self.bound - 1), ABOUT)

    def report(self, incumbent: Incumbent) -> None:
        """Tell of the bound, and of why it holds."""
        if not self.infeasible:
            incumbent.evidence.append(self)
            incumbent.raise_bound(self.ticks, NAME, self.given, self.relaxes)

    def begin_at(self, packing: Packing) -> None:
        """Take the counts of a plan, to find better ones from there."""
        self.counts = self.counts_of(packing)

    def run(self, budget: Budget, *, once: bool = False) -> None:
        """Bring the bound near its end, and look for counts; by one program where that does not come to its end."""
        if not self._separated:
            self.separate(_PHASE.separate.of(budget))
            self._separated = True
        for _ in range(_PARAMS.rounds):
            if not self._solve(_PHASE.program.of(budget), _PARAMS.near) or (once and not self.solved):
                return

    def prove(self, budget: Budget, until: Callable[[], bool] = bool) -> None:
        """Go on to the end, from the counts at hand, or until `until` says that nobody needs it."""
        for _ in range(_PARAMS.rounds):
            if not self._solve(budget, 0.0, until):
                return

    def _solve(self, budget: Budget, gap: float, until: Callable[[], bool] = bool) -> bool:
        """One program; says whether it is worth solving again, as its solution breaks inequalities found now."""
        if budget.over() or self.infeasible:
            return False
        program = self.program()
        self.programs += 1
        nodes = ENGINE_PARAMETERS.integer_program.nodes
        start = None if self.counts is None else program.start_at(*self.counts)
        answer = program.solve(program.most_rent, budget, nodes, gap=gap, start=start, until=until)
        self._raise(program, answer.bound)
        rent = sum(n * pool.price for n, pool in zip(answer.machines, self.relaxation.fleet.pools, strict=False))
        self.solved = rent <= self.bound * (1 + _PARAMS.near)
        if not answer.machines or answer.bound is None:
            return False
        self.choices |= self.choices_of(answer.copies)
        broken = self.broken(answer.machines, answer.copies)
        self.weights += broken
        if not broken or self.counts is None or not self.fitting:
            self.counts, self.fitting = Counts(answer.machines, answer.copies), not broken
        return bool(broken)

    def _raise(self, program: CountProgram, bound: int | None) -> None:
        """Take a bound that a program proves; None: it has no solution."""
        if bound is None:
            self.infeasible = True
        elif bound > self.bound:
            self.bound, self._proof = bound, program


def raise_count_bound(solve: Solve, relaxation: Relaxation) -> list[CountBound]:
    """Report what the count program proves, first without zones where that is a smaller program.

    All that were tried, for the counts that they have; those of the last are by zone.
    """
    budget, phase = solve.budget, SCHEDULE.demand
    counting, tried = CountBound(relaxation), []
    if counting.merges:
        anywhere = CountBound(relaxation, anywhere=True)
        tried.append(anywhere)
        limits = phase.anywhere.of(budget)
        anywhere.run(limits, once=True)
        if anywhere.solved:
            anywhere.prove(limits)
        anywhere.report(solve.incumbent)
    if solve.packing is not None:
        counting.begin_at(solve.packing)
    if not solve.ended and all(one.solved for one in tried):
        counting.run((phase.by_zone if counting.merges else phase.count).of(budget))
        counting.report(solve.incumbent)
    return [*tried, counting]


def is_counted(solve: Solve) -> bool:
    """Whether a count program has proven something of the problem before, for plans like the best one."""
    return any(
        isinstance(one, CountBound) and one.relaxation.fleet is solve.fleet and one.relaxation.given == solve.left_out
        for one in solve.incumbent.evidence
    )

r"""The search for commitments: a master program over counts, and each scenario solved for what it proposes.

1. Each scenario is solved on demand, and at committed prices: first plans, and first floors.
2. Patterns of each scenario give cuts on its machine counts.
3. The master program (`master`) proposes commitments and counts. While counts lack room by the patterns of their
   scenario, that is a cut more (Benders 1962).
4. Then each scenario is solved for the proposed commitments. Its plan is an upper bound on what they cost; its bound is
   a floor on the counts of every plan, at any commitments. This is the place of the optimality cuts of Laporte and
   Louveaux (1993), who know nothing of the recourse but its value; a floor says the same of the proposed commitments,
   and more of those near it.
5. It ends when the master's bound is the cost of the best commitments found. No commitments are proposed twice once
   their scenarios are proven, so without a limit it ends.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from placement.errors import SolverBugError
from placement.scenarios.master import MasterProgram, most_machines
from placement.scenarios.recourse import Asking, Recourse
from placement.scenarios.result import Weighted
from placement.scenarios.terms import Term
from placement.solving.budget import Budget
from placement.solving.incumbent import Listener
from placement.solving.result import Event, Stop, relative_gap
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.scenarios
_MASTER_WORK = 5.0  # deterministic seconds of a master program, with a limit on work
_BOUND_SECONDS = 2.0  # of a program of some scenarios, or with fixed commitments
_SEPARATIONS = 40  # rounds of cuts between two proposals that are solved
_AGAIN = 3  # times that a proposal is solved with more time, when its scenarios were not proven
_FEWEST_SECONDS = 0.05  # in which a scenario is asked for, or a program of the end solved


class Best(NamedTuple):
    """Commitments (J,), and what they cost with the best plans known: micro-dollars times weights."""

    machines: tuple[int, ...]
    total: int


class ScenarioSearch:
    """What is known of all scenarios, and of commitments for them."""

    def __init__(
        self,
        terms: Sequence[Term],
        recourses: Sequence[Recourse],
        budget: Budget,
        asking: Asking,
        listener: Listener | None = None,
    ) -> None:
        """Nothing is known yet; the listener hears of costs on average."""
        self.terms, self.recourses, self.budget, self.asking = tuple(terms), tuple(recourses), budget, asking
        self._listener = listener
        self.weights = sum(recourse.weight for recourse in recourses)
        self.bound: int | None = None  # micro-dollars per hour times weights
        self.best: Best | None = None
        self.rounds = 0
        self.stop: Stop | None = None
        self._exact = False  # whether the last master program was solved to its end
        self._asked: dict[tuple[int, ...], int] = {}

    @property
    def infeasible(self) -> bool:
        """Whether a scenario has no plan, as is proven: then nothing serves them all."""
        return any(recourse.infeasible for recourse in self.recourses)

    @property
    def proved(self) -> bool:
        """Whether nothing is cheaper than the best."""
        return self.best is not None and self.bound is not None and self.bound >= self.best.total

    # -- what is known

    def committed_cost(self, machines: Sequence[int]) -> int:
        """Of committed machines (J,), micro-dollars per hour."""
        return sum(term.price * n for term, n in zip(self.terms, machines, strict=True))

    def total(self, machines: Sequence[int]) -> int | None:
        """What commitments cost with the best plans known, micro-dollars times weights; None while one is missing."""
        costs = [recourse.cost(machines) for recourse in self.recourses]
        if any(cost is None for cost in costs):
            return None
        on_top = sum(recourse.weight * (cost or 0) for recourse, cost in zip(self.recourses, costs, strict=True))
        return self.weights * self.committed_cost(machines) + on_top

    def offer(self, machines: tuple[int, ...], by: str = "commitments") -> None:
        """Take commitments as the best, if they are."""
        total = self.total(machines)
        if total is not None and (self.best is None or total < self.best.total):
            self.best = Best(machines, total)
            self._check()
            self.tell(by)

    def raise_bound(self, bound: int) -> None:
        """Take a bound, micro-dollars times weights, if it is better."""
        if self.bound is None or bound > self.bound:
            self.bound = bound
            self._check()
            self.tell("counts")

    def _check(self) -> None:
        if self.best is not None and self.bound is not None and self.bound > self.best.total:
            raise SolverBugError(
                f"commitments {self.best.machines} cost {self.best.total} on average, and a bound says {self.bound}"
            )

    def tell(self, by: str) -> None:
        """Tell the listener what costs are on average, and what comes next or found them."""
        if self._listener is not None:
            cost = None if self.best is None else Weighted(self.best.total, self.weights).micro
            bound = None if self.bound is None else self.bound // self.weights
            self._listener(Event(self.budget.elapsed(), cost, bound, by))

    @property
    def ended(self) -> bool:
        """Whether to stop now; says why in `stop`."""
        if self.stop is not None:
            return True
        if self.interrupted:
            self.stop = Stop.INTERRUPTED
        elif self.infeasible or self.proved:
            self.stop = Stop.PROVED
        elif self.best is not None and self._gap() <= self.budget.gap:
            self.stop = Stop.GAP
        elif self.budget.left() < _FEWEST_SECONDS:
            self.stop = Stop.TIME
        return self.stop is not None

    @property
    def interrupted(self) -> bool:
        """Whether Ctrl-C came."""
        return self.stop is Stop.INTERRUPTED or any(recourse.interrupted for recourse in self.recourses)

    def _why_not_proven(self) -> Stop:
        """Time, where a limit on it left a program or a scenario open; else everything was tried."""
        machines = (0,) * len(self.terms) if self.best is None else self.best.machines
        answers = [recourse.answers.get(machines) for recourse in self.recourses]
        cut_short = not self._exact or any(answer is None or answer.stop is Stop.TIME for answer in answers)
        return Stop.TIME if cut_short and self.budget.seconds is not None else Stop.DONE

    def _gap(self) -> float:
        gap = None if self.best is None else relative_gap(self.best.total, self.bound)
        return math.inf if gap is None else gap

    # -- the steps

    def run(self) -> None:
        self.first_plans()
        if self.ended:
            return
        self._patterns()
        while not self.ended:
            if not self.step():
                self.stop = self.stop or self._why_not_proven()
                return

    def first_plans(self) -> None:
        """Each scenario on demand, also beside one that has no plan; then at committed prices."""
        nothing = (0,) * len(self.terms)
        kinds = 2 if self.terms else 1
        budget = _TIME.first.of(self.budget)
        for k, recourse in enumerate(self.recourses):
            if self.interrupted or self.budget.left() < _FEWEST_SECONDS:
                break
            self.tell(f"scenario {recourse.name}")
            recourse.ask(nothing, self.asking, self._part(budget, kinds * len(self.recourses) - k))
        self.offer(nothing, "nothing committed")
        for k, recourse in enumerate(self.recourses if self.terms else ()):
            if self.ended:
                return
            self.tell(f"scenario {recourse.name}")
            recourse.ask_at_committed_prices(self.asking, self._part(budget, len(self.recourses) - k))
        self._first_bound()
        for machines in self._from_plans():
            self.offer(machines)
        if self.best is not None:
            self._improve(self.best.machines)

    def _first_bound(self) -> None:
        """Every machine costs at least the committed price, as committed ones are paid for in every scenario."""
        least = [recourse.least_at_committed if self.terms else _bound_at(recourse, ()) for recourse in self.recourses]
        if all(bound is not None for bound in least):
            self.raise_bound(sum(r.weight * (b or 0) for r, b in zip(self.recourses, least, strict=True)))

    def _from_plans(self) -> list[tuple[int, ...]]:
        """Commitments for what each plan at committed prices uses, and for the most that any uses."""
        found = [self.used(r.at_committed[0].paid) for r in self.recourses if r.at_committed is not None]
        return [*found, tuple(map(max, zip(*found, strict=True)))] if found else []

    def used(self, paid: Sequence[int]) -> tuple[int, ...]:
        """Machines of each term (J,) among those paid for (P,), as many as may be committed."""
        found = []
        for term in self.terms:
            worth = sum(paid[p] for p in term.pools if term.prices[p] > term.price)
            found.append(worth if term.most is None else min(worth, term.most))
        return tuple(found)

    def _patterns(self) -> None:
        budget = _TIME.patterns.of(self.budget)
        for k, recourse in enumerate(self.recourses):
            if self.ended:
                return
            self.tell(f"patterns of {recourse.name}")
            recourse.relax(self.asking, budget.share(1 / (len(self.recourses) - k)))

    def step(self) -> bool:
        """One proposal of the master program, and its scenarios solved; False when there is nothing more to do."""
        proposal = None
        for _ in range(_SEPARATIONS):
            program = MasterProgram(self.terms, self.recourses)
            self._hint(program)
            answer = program.solve(
                seconds=_TIME.master.of(self.budget).left(),
                work=None if self.asking.work is None else _MASTER_WORK,
                seed=self.asking.seed,
            )
            self.rounds += 1
            self._exact = answer.exact
            if answer.infeasible:
                self._blame()
                return False
            self.raise_bound(answer.bound)
            if not answer.counts:
                return False
            proposal = answer
            self.offer(answer.machines)
            if self.ended:
                return False
            cuts = [r.separate(n, self.budget) for r, n in zip(self.recourses, answer.counts, strict=True)]
            if not any(cuts):
                break
        assert proposal is not None
        self._improve(proposal.machines)
        asked = self.solve_for(proposal.machines)
        if self.best is not None and self.best.machines != proposal.machines and not self.ended:
            asked |= self.solve_for(self.best.machines)
        return asked

    def _blame(self) -> None:
        """Find the scenario whose counts there are not."""
        for recourse in self.recourses:
            answer = MasterProgram(self.terms, [recourse]).solve(
                seconds=self.budget.left(), work=None, seed=self.asking.seed
            )
            if answer.infeasible:
                recourse.lacks_machines()

    def _hint(self, program: MasterProgram) -> None:
        if self.best is None:
            return
        plans = [recourse.best(self.best.machines) for recourse in self.recourses]
        program.hint(self.best.machines, [plan.paid for plan in plans if plan is not None])

    def solve_for(self, machines: tuple[int, ...]) -> bool:
        """Solve each scenario that is not proven for these commitments; False when that was done often enough.

        Each time takes twice as long as the one before.
        """
        times = self._asked.get(machines, 0)
        self._asked[machines] = times + 1
        open_ones = [r for r in self.recourses if not _is_proven(r, machines)]
        if times >= _AGAIN or not open_ones:
            return times == 0  # what is proven is new to the master program the first time
        self.solve_each(machines, self.budget.share(min(1.0, _TIME.proposal.part * 2**times)))
        return True

    def solve_each(self, machines: tuple[int, ...], budget: Budget) -> None:
        """Solve each scenario that is not proven for these commitments, as far as the budget goes."""
        open_ones = [r for r in self.recourses if not _is_proven(r, machines)]
        for k, recourse in enumerate(open_ones):
            if budget.left() < _FEWEST_SECONDS or self.interrupted:
                return
            recourse.ask(machines, self.asking, self._part(budget, len(open_ones) - k))
            self.offer(machines, f"scenario {recourse.name}")

    def _improve(self, start: tuple[int, ...]) -> None:
        """Change commitments one by one for as long as the plans at hand then cost less."""
        most = most_machines(self.terms, self.recourses)
        here, total = start, self.total(start)
        better = total is not None
        while better and total is not None:
            better = False
            for j in range(len(self.terms)):
                for n in self._worth_trying(j, here[j], most[j]):
                    other = (*here[:j], n, *here[j + 1 :])
                    found = self.total(other)
                    if found is not None and found < total:
                        here, total, better = other, found, True
        self.offer(here)

    def _worth_trying(self, j: int, now: int, most: int) -> list[int]:
        """What plans at hand use of a term: cost is linear between these."""
        pools = self.terms[j].pools
        counts = {sum(plan.paid[p] for p in pools) for recourse in self.recourses for plan in recourse.plans}
        return sorted({min(n, most) for n in counts | {0}} - {now})

    def least_total(
        self, recourses: Sequence[Recourse], seconds: float, fixed: Sequence[int] | None = None
    ) -> int | None:
        """What the master program of some scenarios proves, micro-dollars times weights; with `fixed` commitments.

        None where it has no counts: there is no plan. None too after Ctrl-C, and where there is no time for it.
        """
        if self.interrupted or seconds < _FEWEST_SECONDS:
            return None
        program = MasterProgram(self.terms, recourses, fixed)
        work = None if self.asking.work is None else _MASTER_WORK
        limit = math.inf if self.budget.seconds is None else min(seconds, _BOUND_SECONDS)
        answer = program.solve(seconds=limit, work=work, seed=self.asking.seed)
        return None if answer.infeasible else answer.bound

    def _part(self, budget: Budget, parts: int) -> float | None:
        return None if self.budget.seconds is None else budget.left() / max(1, parts)


def _bound_at(recourse: Recourse, machines: tuple[int, ...]) -> int | None:
    found = recourse.answers.get(machines)
    return None if found is None else found.bound


def _is_proven(recourse: Recourse, machines: tuple[int, ...]) -> bool:
    bound, cost = _bound_at(recourse, machines), recourse.cost(machines)
    return bound is not None and cost is not None and bound >= cost

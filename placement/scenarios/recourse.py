"""One scenario once machines are committed: plans that serve it, what no plan of it beats, and cuts on its counts.

Commitments change what machines cost and not which plans there are. So a plan found for some commitments is a plan for
all of them, and a bound proven for some says something of every plan's machine counts (`Floor`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction

from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Packing, machines_paid
from placement.compiled.translate import to_plan
from placement.documents import Problem
from placement.errors import SolverBugError
from placement.patterns.benders import MixSeparation
from placement.patterns.bound import TOO_SMALL, PatternBound
from placement.patterns.certificate import Cut
from placement.patterns.size import may_build
from placement.planner import solve as solve_problem
from placement.reductions.linear_prices import LinearPrices, Multipliers
from placement.scenarios.apply import at_committed_prices, with_committed, with_copies_placed
from placement.scenarios.terms import Term
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import Result, SolverFault, Status
from placement.solving.schedule import SCHEDULE
from placement.writing import first_violation

_NODES = 40  # of the tree of patterns, at each of two prices


@dataclass(frozen=True, slots=True)
class KnownPlan:
    """A plan of a scenario: machines paid for of each pool (P,), and their rent without new commitments."""

    packing: Packing
    paid: tuple[int, ...]
    rent: int

    def cost(self, terms: Sequence[Term], machines: Sequence[int]) -> int:
        """Micro-dollars per hour on top of so many committed machines (J,)."""
        return self.rent - sum(term.pays(self.paid, n) for term, n in zip(terms, machines, strict=True))


@dataclass(frozen=True, slots=True)
class Floor:
    """Machines paid for by any plan cost at least `least` at `prices` (P,), on top of `machines` (J,) committed."""

    prices: tuple[int, ...]
    machines: tuple[int, ...]
    least: int


@dataclass(frozen=True, slots=True)
class Asking:
    """What all solves have in common, by the keywords of `solve`."""

    seed: int
    gap: float
    work: int | None
    threads: int | None


class Recourse:
    """What is known of one scenario; grows with each question."""

    def __init__(self, name: str, weight: int, problem: Problem, terms: Sequence[Term]) -> None:
        """`weight` is its part of the sum of all weights."""
        self.name, self.weight, self.problem, self.terms = name, weight, problem, tuple(terms)
        self.asked = problem.components  # (C,) as the scenario says, optional copies among them
        self.fleet: Fleet = compile_fleet(problem)
        self.plans: list[KnownPlan] = []
        self.cuts: list[Cut] = []
        self.floors: list[Floor] = []
        self.answers: dict[tuple[int, ...], Result] = {}
        self.faults: list[SolverFault] = []
        self.left_out: dict[str, int] = {}
        self.infeasible = ""
        self.at_committed: tuple[KnownPlan, int] | None = None  # the plan at committed prices, and what it costs there
        self.least_at_committed: int | None = None
        self.interrupted = False
        self._separation: MixSeparation | None = None
        self._settled = not self.fleet.levels

    # -- plans

    def best(self, machines: Sequence[int]) -> KnownPlan | None:
        """The cheapest plan known for so many committed machines (J,); None where none is known."""
        return min(self.plans, key=lambda plan: plan.cost(self.terms, machines), default=None)

    def cost(self, machines: Sequence[int]) -> int | None:
        """What it costs, micro-dollars per hour on top."""
        plan = self.best(machines)
        return None if plan is None else plan.cost(self.terms, machines)

    def bound(self, machines: tuple[int, ...]) -> int | None:
        """What nothing beats on top of so many committed machines (J,), as far as solves have proven it.

        A machine more that is committed pays for no more than the dearest of its pools costs. And at committed prices a
        plan costs no more than on top of any machines together with these.
        """
        answer, own = self.answers.get(machines), tuple(pool.price for pool in self.fleet.pools)
        found = [] if answer is None or answer.bound is None else [answer.bound]
        for floor in self.floors:
            if floor.prices == own:
                more = zip(self.terms, machines, floor.machines, strict=True)
                found.append(floor.least - sum(term.prices[term.pools[0]] * max(0, n - m) for term, n, m in more))
        if self.least_at_committed is not None:
            paid = sum(term.price * n for term, n in zip(self.terms, machines, strict=True))
            found.append(self.least_at_committed - paid)
        return max(0, *found) if found else None

    def with_committed(self, machines: Sequence[int]) -> Problem:
        """The scenario as a problem with so many machines committed."""
        return with_committed(self.problem, self.terms, machines)

    def ask(self, machines: tuple[int, ...], asking: Asking, seconds: float | None) -> Result:
        """Solve it for so many committed machines; what comes of it is kept."""
        found = self._solve(self.with_committed(machines), asking, seconds, self.best(machines))
        before = self.answers.get(machines)
        if before is None or before.bound is None or (found.bound is not None and found.bound >= before.bound):
            self.answers[machines] = found
        if found.packing is not None:
            self._settle(found.packing)
            self._keep(found.packing)
        if found.bound is not None and self._settled:
            self.floors.append(Floor(tuple(pool.price for pool in self.fleet.pools), machines, found.bound))
        return found

    def ask_at_committed_prices(self, asking: Asking, seconds: float | None) -> None:
        """Solve it as if just the machines in use were committed: what perfect foresight would cost, at least."""
        if not self._settled:
            return
        problem = at_committed_prices(self.problem, self.terms)
        found = self._solve(problem, asking, seconds, self.best([0] * len(self.terms)))
        prices = tuple(pool.price for pool in compile_fleet(problem).pools)
        if found.bound is not None:
            self.floors.append(Floor(prices, (0,) * len(self.terms), found.bound))
            self.least_at_committed = found.bound
        if found.packing is not None and found.cost is not None and not first_violation(self.fleet, found.packing):
            self.at_committed = self._keep(found.packing), found.cost

    def _solve(self, problem: Problem, asking: Asking, seconds: float | None, start: KnownPlan | None) -> Result:
        hint = None if start is None else to_plan(self.fleet, start.packing)
        found = solve_problem(problem, time_limit=seconds, hint=hint, **asdict(asking))
        self.faults += found.faults
        self.interrupted |= found.interrupted
        if found.status is Status.INFEASIBLE:
            if self.plans:
                raise SolverBugError(f"scenario {self.name} has a plan, and is called infeasible: {found.plan.reason}")
            self.infeasible = found.plan.reason or "there is no plan"
        return found

    def _settle(self, packing: Packing) -> None:
        """From its first plan on, a scenario places what that plan places: optional copies are decided before money.

        The bound that came with the plan is one of plans that leave out no more at any priority, and so of these.
        """
        if self._settled:
            return
        placed = Counter(seat.component for _, seat in packing.seats())
        counts = [placed[c.index] for c in self.fleet.components]
        left = {c.name: c.copies - n for c, n in zip(self.fleet.components, counts, strict=True) if c.optional}
        self.left_out = {name: n for name, n in left.items() if n}
        self.problem = with_copies_placed(self.problem, counts)
        self.fleet = compile_fleet(self.problem)
        self._settled = True

    def _keep(self, packing: Packing) -> KnownPlan:
        paid = tuple(machines_paid(self.fleet, packing))
        plan = KnownPlan(packing, paid, self.fleet.rent(paid))
        if all(other.paid != paid for other in self.plans):
            self.plans.append(plan)
        return plan

    # -- cuts

    @property
    def relaxed(self) -> bool:
        """Whether its patterns are there, so that `separate` can answer."""
        return self._separation is not None

    def relax(self, asking: Asking, budget: Budget) -> None:
        """Find inequalities on machine counts by patterns, at prices on demand and at committed ones.

        They hold whatever machines cost. Nothing is done where there would be no time.
        """
        if not self._settled or not may_build(self.fleet, budget):
            return
        own = LinearPrices.of(self.fleet, Multipliers.none(self.fleet)).fleet
        patterns = self._patterns(own, asking, SCHEDULE.scenarios.on_demand.of(budget))
        if self.terms and not self.infeasible:
            self._patterns(self._at_committed(), asking, budget)
        self._separation = MixSeparation(patterns.relaxation, patterns.patterns)

    def _patterns(self, fleet: Fleet, asking: Asking, budget: Budget) -> PatternBound:
        solve = Solve.of(fleet, budget, asking.seed)
        patterns = PatternBound(solve, engines=False)
        patterns.run(nodes=_NODES)
        self.cuts += patterns.cuts
        self.faults += solve.incumbent.faults
        if patterns.infeasible:
            self.lacks_machines()
        return patterns

    def _at_committed(self) -> Fleet:
        whole = compile_fleet(self.with_committed([1] * len(self.terms)))
        none = Multipliers.none(whole)
        own = len(self.fleet.commitments)
        committed = (*none.committed[:own], *(Fraction(term.price) for term in self.terms))
        return LinearPrices.of(whole, Multipliers(committed, none.limits)).fleet

    def separate(self, counts: Sequence[int], budget: Budget) -> bool:
        """Add a cut that these machines (P,) break; False where there is room for all, or no answer in time."""
        cut = None if self._separation is None else self._separation.separate(counts, budget)
        if cut is not None:
            self.cuts.append(cut)
        return cut is not None

    def lacks_machines(self) -> None:
        """Note that no machine counts hold its copies: a proof that there is no plan."""
        if self.plans:
            raise SolverBugError(f"scenario {self.name} has a plan, and its machine counts are said to hold none")
        self.infeasible = self.infeasible or TOO_SMALL

"""Which machines to commit so that every scenario is served at least cost on average: `plan_scenarios`."""

from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction

from placement import arguments
from placement.compiled.packing import machines_paid
from placement.documents import Problem
from placement.errors import SolverBugError, wrong_argument
from placement.planner import solve
from placement.referee import PROBLEM_RULE
from placement.scenarios.apply import at_committed_prices, scenario_problem
from placement.scenarios.document import Scenario, ScenarioComponent, ScenarioSet
from placement.scenarios.moves import few_moves
from placement.scenarios.recourse import Asking, Recourse
from placement.scenarios.result import CommitmentPolicy, Committed, Moves, ScenarioOutcome, ScenarioPlan, Weighted
from placement.scenarios.search import ScenarioSearch
from placement.scenarios.terms import compile_terms, whole_weights
from placement.scenarios.written import written
from placement.solving.budget import Budget
from placement.solving.incumbent import Listener
from placement.solving.result import Status, Stop
from placement.solving.schedule import SCHEDULE

_TIME = SCHEDULE.scenarios
_FEWEST_SECONDS = 0.05  # with less left nothing more is begun


def plan_scenarios(
    problem: Problem,
    scenarios: ScenarioSet,
    *,
    time_limit: float | None = arguments.A_MINUTE,
    gap: float = 0.0,
    seed: int = 0,
    work: int | None = None,
    threads: int | None = None,
    compare: bool = True,
    listener: Listener | None = None,
) -> ScenarioPlan:
    """Which machines to commit, and a plan for each scenario, at least cost on average.

    Committed machines are paid for in every scenario, used or not; what a scenario needs beyond them it rents on
    demand. What runs now is set aside, and so are the horizon and the moves of the problem's objective: all costs are
    dollars per hour. Optional copies are decided first, scenario by scenario, as `solve` decides them.

    Parameters
    ----------
    problem : what to place and where.
    scenarios : what differs, how often, and what may be committed.
    time_limit : seconds for all of it; None for no limit, as by default beside `work`. The best so far is returned when
        it ends, and on Ctrl-C.
    gap : relative gap between cost and bound at which to stop.
    seed, threads : as in `solve`.
    work : limit on work of each solve, about in seconds of one core, for answers that do not depend on the machine.
    compare : whether to find out what others would commit: nothing, for the mean scenario, for the peak.
    listener : called with each `Event`: costs on average, and who found them.

    Returns
    -------
    ScenarioPlan
        Commitments, plans, the cost on average and a bound on it. A scenario without a plan is an answer, not an error.

    Raises
    ------
    DocumentError
        The scenarios name something that the problem does not have.
    UsageError
        An argument of another type, or a scenario whose numbers are no problem.

    Notes
    -----
    A two-stage stochastic integer program (Birge and Louveaux 2011), decomposed by scenario: `docs/maths/scenarios.md`.
    Each proposal takes a solve of each scenario.

    Examples
    --------
    >>> import placement
    >>> problem = placement.read("instances/codegen-after.yaml")
    >>> day = placement.ScenarioSet(scenarios=[{"name": "now", "weight": 1}])
    >>> print(placement.plan_scenarios(problem, day, compare=False))
    optimal: $123.29 an hour on average; nothing to commit; gap 0.00%
    """
    arguments.instance("problem", problem, Problem, PROBLEM_RULE)
    arguments.instance("scenarios", scenarios, ScenarioSet, "a placement.ScenarioSet")
    if type(compare) is not bool:
        raise wrong_argument("compare", "true or false", compare)
    limit, gap = arguments.time_limit(time_limit, work), arguments.gap("gap", gap)
    asking = Asking(
        arguments.seed("seed", seed), gap / 2, arguments.work("work", work), arguments.threads("threads", threads)
    )
    if listener is not None and not callable(listener):
        raise wrong_argument("listener", "a function of one event, or None", listener)
    scenarios.check(problem)
    budget = Budget(limit, gap=gap)
    weights = whole_weights(scenarios)
    terms = compile_terms(problem, scenarios)
    recourses = [
        Recourse(row.name, weight, scenario_problem(problem, row), terms)
        for row, weight in zip(scenarios.scenarios, weights, strict=True)
    ]
    share = budget if limit is None else _TIME.search.of(budget)
    search = ScenarioSearch(terms, recourses, share, asking, listener)
    return _Planning(problem, scenarios, search, budget).run(compare=compare)


class _Planning:
    """The search, then what is compared with it, then how it is written down."""

    def __init__(self, problem: Problem, document: ScenarioSet, search: ScenarioSearch, budget: Budget) -> None:
        self._problem, self._document, self._search, self._budget = problem, document, search, budget
        self._compared: dict[str, tuple[int, ...]] = {}
        self._interrupted = False  # of a solve that is none of the search's
        # The time for programs that prove something of the answer, and how many of them are to come.
        self._proofs, self._programs = budget, 0

    def run(self, *, compare: bool) -> ScenarioPlan:
        """All of it; the first Ctrl-C ends it with what is there."""
        search = self._search
        try:
            search.run()
            if compare and search.terms and not search.infeasible and not self._over:
                self._compare()
        except KeyboardInterrupt:
            search.stop = Stop.INTERRUPTED
        return self._result()

    @property
    def _over(self) -> bool:
        return self._search.interrupted or self._interrupted or self._budget.left() < _FEWEST_SECONDS

    # -- what others would commit

    def _compare(self) -> None:
        search, recourses = self._search, self._search.recourses
        self._compared["nothing"] = (0,) * len(search.terms)
        mean = self._for_the_mean()
        if mean is not None:
            self._compared["mean"] = mean
        used = [search.used(r.at_committed[0].paid) for r in recourses if r.at_committed is not None]
        if len(used) == len(recourses):
            self._compared["peak"] = tuple(map(max, zip(*used, strict=True)))
        budget = _TIME.compared.of(self._budget)
        for k, machines in enumerate(self._compared.values()):
            if self._over:
                return
            search.solve_each(machines, budget.share(1 / (len(self._compared) - k)))

    def _for_the_mean(self) -> tuple[int, ...] | None:
        """What the mean scenario alone would commit: mean copies, rounded up, and mean demands, and nothing failed."""
        search = self._search
        weights = search.weights
        rows: list[ScenarioComponent] = []
        for c, component in enumerate(self._problem.components):
            of = [(r.weight, r.asked[c]) for r in search.recourses]
            if component.demand is None:
                total = sum(weight * (row.copies or 0) for weight, row in of)
                rows.append(ScenarioComponent(name=component.name, copies=-(-total // weights)))
            else:
                demand = sum(weight * Fraction(row.demand or 0) for weight, row in of) / weights
                rows.append(ScenarioComponent(name=component.name, demand=float(demand)))
        mean = scenario_problem(self._problem, Scenario(name="mean", weight=1, components=tuple(rows)))
        found = solve(
            at_committed_prices(mean, search.terms),
            time_limit=None if self._budget.seconds is None else _TIME.mean.of(self._budget).left(),
            **asdict(search.asking),
        )
        self._interrupted = found.interrupted
        if found.packing is None or found.fleet is None:
            return None
        return search.used(machines_paid(found.fleet, found.packing))

    def _policies(self) -> tuple[CommitmentPolicy, ...]:
        rows = []
        for name, machines in self._compared.items():
            total = self._search.total(machines)
            bounds = [self._least_total(self._search.recourses, machines), self._search.bound]
            bound = max((bound for bound in bounds if bound is not None), default=None)
            if total is not None and bound is not None:
                weights = self._search.weights
                rows.append(CommitmentPolicy(name, machines, Weighted(total, weights), Weighted(bound, weights)))
        return tuple(rows)

    # -- the answer

    def _result(self) -> ScenarioPlan:
        search = self._search
        self._proofs, self._programs = _TIME.proven.of(self._budget), len(self._compared) + 2 * len(search.recourses)
        for machines in self._compared.values():
            search.offer(machines)
        weights, best = search.weights, None if search.infeasible else search.best
        machines = (0,) * len(search.terms) if best is None else best.machines
        outcomes = [self._outcome(recourse, machines) for recourse in search.recourses]
        wait_and_see = None if best is None else self._wait_and_see()
        policies = () if search.best is None else self._policies()
        moves = None
        if best is not None and self._document.moves is not None and len(outcomes) > 1:
            moves, outcomes = self._with_few_moves(outcomes)
        cost = None if best is None else self._cost(outcomes, machines)
        if search.infeasible:
            status = Status.INFEASIBLE
        elif best is None or cost is None:
            status = Status.UNKNOWN
        else:  # plans with fewer moves may cost more than what was proven
            status = Status.OPTIMAL if search.proved and cost.total == best.total else Status.FEASIBLE
        if status in (Status.OPTIMAL, Status.INFEASIBLE):
            stop = Stop.PROVED
        else:
            stop = Stop.DONE if search.stop in (None, Stop.PROVED) else search.stop
        bound = None if search.infeasible or search.bound is None else Weighted(search.bound, weights)
        faults = tuple(dict.fromkeys(fault for r in search.recourses for fault in r.faults))
        return ScenarioPlan(
            problem=self._problem,
            document=self._document,
            committed=tuple(Committed(term, n) for term, n in zip(search.terms, machines, strict=True)),
            scenarios=tuple(outcomes),
            cost=cost,
            bound=bound,
            wait_and_see=wait_and_see,
            policies=policies,
            moves=moves,
            status=status,
            stop=stop,
            reason="; ".join(f"scenario {row.name} can't be served: {row.reason}" for row in outcomes if row.reason),
            seconds=round(self._budget.elapsed(), 3),
            seed=search.asking.seed,
            rounds=search.rounds,
            cuts=sum(len(r.cuts) + len(r.floors) for r in search.recourses),
            faults=faults,
        )

    def _cost(self, outcomes: list[ScenarioOutcome], machines: tuple[int, ...]) -> Weighted:
        """What is committed, and what these plans take on top."""
        on_top = sum(row.weight * (row.cost or 0) for row in outcomes)
        weights = self._search.weights
        return Weighted(on_top + weights * self._search.committed_cost(machines), weights)

    def _wait_and_see(self) -> Weighted | None:
        """The bound of each scenario that may choose its own commitments, on average."""
        found = 0
        for recourse in self._search.recourses:
            total, at_committed = self._least_total([recourse]), recourse.least_at_committed
            if total is None and at_committed is None:
                return None
            found += max(total or 0, recourse.weight * (at_committed or 0))  # nothing is cheaper than committed
        return Weighted(found, self._search.weights)

    def _least_total(self, recourses: Sequence[Recourse], machines: Sequence[int] | None = None) -> int | None:
        """`ScenarioSearch.least_total` in one part of the time for these programs, of which others are to come."""
        seconds = self._proofs.left() / max(1, self._programs)
        self._programs -= 1
        return self._search.least_total(recourses, seconds, machines)

    def _outcome(self, recourse: Recourse, machines: tuple[int, ...]) -> ScenarioOutcome:
        problem = recourse.with_committed(machines)
        best, share = recourse.best(machines), recourse.weight
        if best is None:
            answer = recourse.answers.get(machines)
            bound = None if answer is None or recourse.infeasible else answer.bound
            return ScenarioOutcome(recourse.name, share, problem, None, None, bound, (), {}, recourse.infeasible)
        cost = best.cost(recourse.terms, machines)
        bound = self._bound_of(recourse, machines)
        plan, priced, paid = written(problem, best.packing, bound, self._search.asking.seed)
        if priced != cost:
            raise SolverBugError(f"scenario {recourse.name} costs {priced}, and was taken to cost {cost}")
        return ScenarioOutcome(recourse.name, share, problem, plan, cost, bound, paid, dict(recourse.left_out))

    def _bound_of(self, recourse: Recourse, machines: tuple[int, ...]) -> int | None:
        """What no plan of a scenario beats with these commitments: the best that a solve or the counts prove."""
        found = recourse.bound(machines)
        total = None if found == recourse.cost(machines) else self._least_total([recourse], machines)
        if total is None:
            return found
        each = -(-total // recourse.weight)  # whole micro-dollars cost whole micro-dollars
        return max(found or 0, each - self._search.committed_cost(machines))

    def _with_few_moves(self, outcomes: list[ScenarioOutcome]) -> tuple[Moves, list[ScenarioOutcome]]:
        assert self._document.moves is not None
        asking = self._search.asking
        seconds = None if self._budget.seconds is None else self._budget.left()
        if self._over:
            seconds = 0.0
        return few_moves(outcomes, self._document.moves, asking, seconds)

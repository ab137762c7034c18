"""What `plan_scenarios` answers: what to commit, a plan for each scenario, and what nothing beats."""

from dataclasses import dataclass
from fractions import Fraction

from placement.documents import Plan, Problem
from placement.scenarios.document import ScenarioSet
from placement.scenarios.terms import Term
from placement.solving.result import SolverFault, Status, Stop, relative_gap


@dataclass(frozen=True, slots=True)
class Weighted:
    """Money an hour on average: whole micro-dollars times weights, over the sum of the weights."""

    total: int
    weights: int

    @property
    def exact(self) -> Fraction:
        """Micro-dollars per hour."""
        return Fraction(self.total, self.weights)

    @property
    def dollars(self) -> float:
        return float(self.exact / 1_000_000)

    @property
    def micro(self) -> int:
        """The nearest whole micro-dollars per hour."""
        return round(self.exact)

    @property
    def at_least(self) -> int:
        """Whole micro-dollars per hour, rounded down: what is said of a bound."""
        return self.total // self.weights


@dataclass(frozen=True, slots=True)
class Committed:
    """Machines of one term to commit, and what they cost an hour, used or not, micro-dollars."""

    term: Term
    machines: int

    @property
    def cost(self) -> int:
        """All of them, micro-dollars per hour."""
        return self.term.price * self.machines


@dataclass(frozen=True, slots=True)
class ScenarioOutcome:
    """One scenario with the machines that are committed.

    Attributes
    ----------
    name, weight : the weight as a part of the sum of all.
    problem : the scenario as a problem, with its commitments: what `plan` is verified against.
    plan : its document; None where none was found.
    cost, bound : micro-dollars per hour on top of what is committed: of the plan, and that no plan of this scenario
        beats with these commitments. None where there is none.
    paid : machines paid for of each pool (P,); empty without a plan.
    left_out : optional copies that it does not place, by component. Which they are is decided before money is.
    reason : why it has no plan, as is proven; "" where it has one, or none was found in time.
    """

    name: str
    weight: int
    problem: Problem
    plan: Plan | None
    cost: int | None
    bound: int | None
    paid: tuple[int, ...]
    left_out: dict[str, int]
    reason: str = ""

    def in_use(self, committed: Committed) -> int:
        """How many of the committed machines it uses."""
        return min(committed.machines, sum(self.paid[p] for p in committed.term.pools)) if self.paid else 0

    @property
    def gap(self) -> float | None:
        """Relative gap between cost and bound; None when either is unknown."""
        return relative_gap(self.cost, self.bound)

    @property
    def proven(self) -> bool:
        """Whether no plan of this scenario is cheaper with these commitments."""
        return self.cost is not None and self.cost == self.bound


@dataclass(frozen=True, slots=True)
class ScenarioStep:
    """From one scenario to the next: copies that move, that start and that stop."""

    before: str
    after: str
    moved: int
    started: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Moves:
    """Between all scenarios of one round; `per_hour` is what they cost on average, micro-dollars."""

    steps: tuple[ScenarioStep, ...]
    per_move: int
    round_hours: float
    per_hour: Fraction

    @property
    def moved(self) -> int:
        """Copies that move in a round."""
        return sum(step.moved for step in self.steps)


@dataclass(frozen=True, slots=True)
class CommitmentPolicy:
    """Another way to decide what to commit, and what it costs on average with the best plans found.

    `bound`: what it costs at least, whatever the plans.
    """

    name: str
    machines: tuple[int, ...]
    cost: Weighted
    bound: Weighted


@dataclass(frozen=True, slots=True)
class ScenarioPlan:
    """The answer of `placement.plan_scenarios`.

    Attributes
    ----------
    problem, document : what was asked.
    committed : one row a term.
    scenarios : one row a scenario, in the order of the document.
    cost : on average: what is committed, and on-demand machines on top; None while a scenario has no plan.
    bound : no commitments and plans cost less on average; None when nothing is proven.
    wait_and_see : no plans cost less, were each scenario known before its commitments are made.
    policies : what others would commit: nothing, for the mean scenario, for the peak.
    moves : copies that move between scenarios; None where the document does not price them.
    status, stop : what is known, and why the search ended. `reason`: why there is no plan, where there is none.
    rounds : master programs solved. `cuts`: inequalities on machine counts found, floors included.
    """

    problem: Problem
    document: ScenarioSet
    committed: tuple[Committed, ...]
    scenarios: tuple[ScenarioOutcome, ...]
    cost: Weighted | None
    bound: Weighted | None
    wait_and_see: Weighted | None
    policies: tuple[CommitmentPolicy, ...]
    moves: Moves | None
    status: Status
    stop: Stop
    reason: str
    seconds: float
    seed: int
    rounds: int
    cuts: int
    faults: tuple[SolverFault, ...]

    @property
    def gap(self) -> float | None:
        """(cost - bound) / cost, without moves; None when either is unknown."""
        if self.cost is None or self.bound is None:
            return None
        return float(max(0, self.cost.total - self.bound.total) / self.cost.total) if self.cost.total else 0.0

    @property
    def committed_cost(self) -> int:
        """Of all committed machines, micro-dollars per hour."""
        return sum(row.cost for row in self.committed)

    def policy(self, name: str) -> CommitmentPolicy | None:
        """A policy by its name; None where there was no time for it."""
        return next((row for row in self.policies if row.name == name), None)

    @property
    def stochastic_value(self) -> Weighted | None:
        """What deciding for all scenarios saves against deciding for the mean one (Birge 1982); None if not known."""
        mean = self.policy("mean")
        if mean is None or self.cost is None:
            return None
        return Weighted(mean.cost.total - self.cost.total, self.cost.weights)

    def __str__(self) -> str:
        if self.cost is None:
            return f"{self.status.value}: {self.reason or f'no plan for every scenario, stopped: {self.stop.value}'}"
        rows = ", ".join(f"{row.machines} of {row.term.name}" for row in self.committed)
        committed = f"commit {rows}" if rows else "nothing to commit"
        gap = "no bound" if self.gap is None else f"gap {self.gap:.2%}"
        return f"{self.status.value}: ${self.cost.dollars:,.2f} an hour on average; {committed}; {gap}"

"""What answers for different limits on moves say of each other: plans for fewer moves, bounds for more.

- A plan with n moves is a plan within every limit of at least n.
- Plans within a limit are some of those within a higher one, so what nothing within that beats, nothing within this
  beats. A bound on money is one on plans that leave out no more optional copies than the plan it came with, and counts
  only where the plan at hand leaves out no more either.
- Where there is no plan within a limit, there is none within a lower one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Packing, Value, evaluate, machine_price, moves
from placement.documents import Problem
from placement.errors import SolverBugError
from placement.replanning.moved_memory import moved_mib
from placement.replanning.point import FrontierPoint
from placement.solving.result import Result, Status, at_its_end, relative_gap
from placement.units import dollars
from placement.writing import check_claims


@dataclass(frozen=True, slots=True)
class Answer:
    """The result for a limit on moves (None: none but the problem's own), with what its plan is worth."""

    most: int | None
    result: Result
    packing: Packing | None
    value: Value | None
    moved: int

    @classmethod
    def of(cls, fleet: Fleet, most: int | None, result: Result) -> Self:
        """O(copies)."""
        packing = result.packing
        if packing is None:
            return cls(most, result, None, None, 0)
        return cls(most, result, packing, evaluate(fleet, packing), sum(moves(fleet, packing)))

    def limits_no_less(self, most: int | None) -> bool:
        """Whether every plan within `most` moves is one within this limit."""
        return self.most is None or (most is not None and most <= self.most)


@dataclass(frozen=True, slots=True)
class LeastMoves:
    """Proven: no plan of at most this price, micro-dollars per hour, with at most `left_out` makes fewer moves."""

    price: int
    left_out: tuple[int, ...]
    moves: int

    def counts(self, price: int, left_out: tuple[int, ...]) -> bool:
        """Whether it says something of plans that are no dearer than this and leave out no more."""
        return price <= self.price and is_no_more(left_out, self.left_out)


def is_no_more(left_out: tuple[int, ...], most: tuple[int, ...]) -> bool:
    """Whether no more copies are left out at any priority."""
    return all(n <= limit for n, limit in zip(left_out, most, strict=True))


def best_within(answers: Sequence[Answer], most: int | None) -> Answer | None:
    """The answer with the best plan within a limit; of equals that with the fewest moves. None where there is none."""
    fitting = [a for a in answers if a.value is not None and (most is None or a.moved <= most)]
    return min(fitting, key=lambda a: (a.value, a.moved), default=None)


def best_bound(answers: Sequence[Answer], most: int | None, left_out: tuple[int, ...]) -> Answer | None:
    """The answer with the best bound on plans within a limit that leave out no more than this; None: there is none."""
    bounds = [a for a in answers if a.limits_no_less(most) and a.result.bound is not None and _counts(a, left_out)]
    return max(bounds, key=lambda a: a.result.bound or 0, default=None)


def share(
    problem_within: Callable[[int | None], Problem],
    fleet: Fleet,
    answers: Sequence[Answer],
    most: int | None,
    least: Sequence[LeastMoves] = (),
) -> FrontierPoint:
    """The point of a limit, by all answers; its plan is checked against the problem with that limit.

    `least` is what else is proven of the moves at a price.
    Raises SolverBugError: a plan of one answer costs less than another answer's bound, or breaks a rule.
    """
    best = best_within(answers, most)
    above = [a for a in answers if a.limits_no_less(most)]
    own = min(reversed(above), key=lambda a: (a.most is None, a.most or 0))
    if best is None or best.packing is None or best.value is None:
        return _without_plan(most, own, above)
    cost = best.result.cost
    assert cost is not None
    prover = best_bound(answers, most, best.value.left_out)
    bound = None if prover is None else prover.result.bound
    fewest = _fewest_left_out(fleet, above, best.value.left_out)
    optimal = bound == cost and fewest == best.value.left_out
    status, stop = at_its_end(own.result.stop, optimal=optimal)
    said: dict[str, Any] = {
        "status": str(status),
        "stop": str(stop),
        "lower_bound": dollars(bound),
        "gap": relative_gap(cost, bound),
    }
    if prover is not None:
        said |= {key: getattr(prover.result.plan, key) for key in ("bound_by", "bound_relaxes")}
    if fleet.levels:
        said["left_out_bound"] = {str(p): n for p, n in zip(fleet.levels, fewest, strict=True)}
    if most is not None:
        said["within"] = {"max_moves": most}
    plan = best.result.plan.model_copy(update=said)
    name = "the plan" if most is None else f"the plan within {most} moves"
    check_claims(problem_within(most), plan, cost, bound, name)
    moved = moves(fleet, best.packing)
    return FrontierPoint(
        most,
        plan,
        status,
        stop,
        cost,
        bound,
        machine_price(fleet, best.packing),
        sum(moved),
        moved_mib(fleet, moved),
        best.value.left_out,
        least_moves(fleet, best, answers, least),
    )


def least_moves(fleet: Fleet, best: Answer, answers: Sequence[Answer], least: Sequence[LeastMoves] = ()) -> int:
    """No plan that costs no more and leaves out no more makes fewer moves: by bounds within fewer, and by `least`."""
    assert best.packing is not None
    assert best.value is not None
    cost, price = best.result.cost or 0, machine_price(fleet, best.packing)
    proven = [row.moves for row in least if row.counts(price, best.value.left_out)]
    for answer in answers:
        dearer = answer.result.bound is not None and answer.result.bound > cost
        if answer.most is not None and (
            answer.result.status is Status.INFEASIBLE or (dearer and _counts(answer, best.value.left_out))
        ):
            proven.append(answer.most + 1)
    found = max(proven, default=0)
    if found > best.moved:
        raise SolverBugError(f"a plan makes {best.moved} moves, fewer than {found}, which are proven to be needed")
    return found


def _counts(answer: Answer, left_out: tuple[int, ...]) -> bool:
    """Whether an answer's bound holds for plans that leave out no more than this; without a plan it holds for all."""
    return answer.value is None or is_no_more(left_out, answer.value.left_out)


def _fewest_left_out(fleet: Fleet, above: Sequence[Answer], left_out: tuple[int, ...]) -> tuple[int, ...]:
    """Per level the proven least left out, given as many as the plan leaves out at the levels before."""
    found = []
    for level, priority in enumerate(fleet.levels):
        proven = 0
        for answer in above:
            if answer.value is None or answer.result.plan.left_out_bound is None:
                continue
            if is_no_more(left_out[:level], answer.value.left_out[:level]):
                proven = max(proven, answer.result.plan.left_out_bound.get(str(priority), 0))
        found.append(min(proven, left_out[level]))
    return tuple(found)


def _without_plan(most: int | None, own: Answer, above: Sequence[Answer]) -> FrontierPoint:
    """No plan within the limit was found; there is none where a higher limit allows none."""
    proven = next((a for a in above if a.result.status is Status.INFEASIBLE), None)
    said = own.result if proven is None else proven.result
    plan = said.plan if most is None else said.plan.model_copy(update={"within": {"max_moves": most}})
    bound = None if proven is not None else said.bound
    return FrontierPoint(most, plan, said.status, said.stop, None, bound, None, None, None, ())

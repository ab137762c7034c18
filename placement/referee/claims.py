"""What a plan says of itself must be true: its problem, status, figures, bounds, and copies left out."""

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from placement.documents import Plan, Problem
from placement.referee.money import left_out
from placement.referee.rules import broken
from placement.referee.standing import Standing
from placement.referee.verdict import Rule, Violation
from placement.units import MICRO, count, dollars

_CLAIM_TOLERANCE = 1e-5  # of money relative, at least of one dollar: plans carry dollars, we count micro-dollars
_PROVED_GAP = Fraction(1, 10**9)  # relative; the gap at which the format calls a plan optimal


def says_none(plan: Plan) -> bool:
    """Whether the plan says that there is none. One that leaves its status out says nothing of it."""
    return "status" in plan.model_fields_set and plan.status in ("infeasible", "unknown")


def name_claim(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """A plan that names its problem names this one."""
    if "problem" in plan.model_fields_set and plan.problem != problem.name:
        here = f'"{problem.name}"' if problem.name else "one without a name"
        yield Violation("claimed-problem", "plan", f'is a plan of the problem "{plan.problem}", this is {here}')


def no_plan_claims(problem: Problem, plan: Plan) -> Iterator[Violation]:
    """The news that there is no plan comes without one; and it is not true where placing nothing keeps every rule."""
    figures = ("price_per_hour", "cost", "moves", "gap")
    said = [f"{key} {getattr(plan, key):.12g}" for key in figures if getattr(plan, key) is not None]
    said += [f"{len(rows)} rows of {key}" for key in ("instances", "unplaced") if (rows := getattr(plan, key))]
    if said:
        message = f"called {plan.status}, so there is no plan to speak of, yet it gives {', '.join(said)}"
        yield Violation("claimed-status", "plan", message)
    if plan.status == "infeasible" and not any(broken(Standing(problem, _nothing(problem)))):
        message = "called infeasible, but a plan that places 0 copies keeps every rule"
        yield Violation("claimed-status", "plan", message)
    yield from _stop_claim(plan)
    yield from _proven_claims(problem, plan, None)


def _nothing(problem: Problem) -> Plan:
    """The plan that places nothing, on the machines that can't be left."""
    stays = [row for row in problem.instances if not row.removable and row.state != "draining"]
    return Plan(instances=[{"id": row.id, "pool": row.pool, "new": False} for row in stays])


def _stop_claim(plan: Plan) -> Iterator[Violation]:
    """A search that ended with a proof says what is proven."""
    if plan.stop == "proved" and "status" in plan.model_fields_set and plan.status in ("feasible", "unknown"):
        yield Violation("claimed-status", "plan", f'its stop is "proved", yet its status is {plan.status}')


def status_claims(plan: Plan, total: int, short: dict[int, int]) -> Iterator[Violation]:
    """A plan that places copies is a plan, and an optimal one meets its bounds on both levels of the objective."""
    if says_none(plan):
        placed = count(len(plan.assignments), "copy", "copies")
        yield Violation("claimed-status", "plan", f"called {plan.status}, yet it places {placed}")
    yield from _stop_claim(plan)
    if plan.status != "optimal":
        return
    bound = plan.lower_bound
    # In whole micro-dollars, as costs are: a bound's binary fraction of dollars must not cost a proof.
    if bound is None or total - round(Fraction(bound) * MICRO) > _PROVED_GAP * total:
        shown = "none" if bound is None else f"{bound:.12g}"
        message = f"called optimal, but the lower bound is {shown} and the cost {dollars(total):.12g}"
        yield Violation("claimed-optimal", "plan", message)
    proven = _proven(plan)
    for priority, copies in short.items():
        least = proven.get(priority, 0)
        if least < copies:
            left_out = f"{count(copies, 'copy', 'copies')} of priority {priority}"
            message = f"called optimal, but leaves out {left_out} where {least} is proven"
            yield Violation("claimed-optimal", "plan", message)


def figure_claims(plan: Plan, price: int, moves: int, total: int) -> Iterator[Violation]:
    """Price, cost and moves are what was counted, a bound is not above the cost, and the gap is that of the two."""
    money: tuple[tuple[Rule, str, float | None, int], ...] = (
        ("claimed-price", "price_per_hour", plan.price_per_hour, price),
        ("claimed-cost", "cost", plan.cost, total),
    )
    for rule, key, said, counted in money:
        if said is not None and abs(said - dollars(counted)) > _slack(counted):
            yield Violation(rule, "plan", f"says {key} {said:.12g}, counted {dollars(counted):.12g}")
    if plan.moves is not None and plan.moves != moves:
        yield Violation("claimed-moves", "plan", f"says {count(plan.moves, 'move')}, counted {moves}")
    bound = plan.lower_bound
    if bound is not None and bound > dollars(total) + _slack(total):
        yield Violation("claimed-bound", "plan", f"lower bound {bound:.12g} is above the cost {dollars(total):.12g}")
    if plan.gap is not None:
        yield from _gap_claim(plan.gap, bound, total)


def _gap_claim(said: float, bound: float | None, total: int) -> Iterator[Violation]:
    """The gap is (cost - bound) / cost, 0 when the cost is 0, and none without a bound."""
    if bound is None:
        yield Violation("claimed-gap", "plan", f"says gap {said:.12g}, but its lower bound is none")
        return
    counted = (dollars(total) - bound) / dollars(total) if total else 0.0
    if abs(said - counted) > _CLAIM_TOLERANCE:
        message = f"says gap {said:.12g}, counted {counted:.12g} of cost {dollars(total):.12g} and bound {bound:.12g}"
        yield Violation("claimed-gap", "plan", message)


def left_out_claims(stand: Standing, short: dict[int, int]) -> Iterator[Violation]:
    """`unplaced`, when given, has just the copies left out; `left_out_bound` is not above what the plan leaves out."""
    if "unplaced" in stand.plan.model_fields_set:
        said: Counter[str] = Counter()
        for row in stand.plan.unplaced:
            said[row.component] += row.copies
        counted = left_out(stand)
        for name in {**counted, **said}:
            if said[name] != counted.get(name, 0):
                message = f"says {count(said[name], 'copy', 'copies')} unplaced, counted {counted.get(name, 0)}"
                yield Violation("claimed-unplaced", name, message)
    yield from _proven_claims(stand.problem, stand.plan, short)


def _proven_claims(problem: Problem, plan: Plan, short: dict[int, int] | None) -> Iterator[Violation]:
    """`left_out_bound` is not above what the plan leaves out, nor, with and without a plan, above what is optional.

    A bound at a lower priority is on plans that meet those before. Where this one does not, its copies left out say
    nothing; that no plan leaves out more than there is to leave out holds in any case.
    """
    optional: Counter[int] = Counter()
    for row in problem.components:
        optional[row.priority] += 0 if row.copies is None else row.copies - row.required_copies
    meets = short is not None
    for priority, least in sorted(_proven(plan).items(), reverse=True):
        said = f"says that every plan leaves out {count(least, 'copy', 'copies')} of priority {priority}"
        out = (short or {}).get(priority, 0)
        if meets and least > out:
            yield Violation("claimed-left-out", "plan", f"{said}, this one leaves out {out}")
        elif least > optional[priority]:
            yield Violation("claimed-left-out", "plan", f"{said}, only {optional[priority]} can be")
        meets = meets and least == out


def _proven(plan: Plan) -> dict[int, int]:
    """By priority, how many copies every plan leaves out, as the plan says."""
    return {int(priority): least for priority, least in (plan.left_out_bound or {}).items()}


def _slack(counted: int) -> float:
    """What a claim in dollars may be off."""
    return _CLAIM_TOLERANCE * max(1.0, dollars(counted))

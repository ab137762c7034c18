r"""The best plan within limits on moves: so many moves, so much memory moved, so much saved by each.

- At most N moves is a rule of the format, and the planner's business.
- A saving of at least s dollars per hour for each move is a price: with moves at s times the horizon (or their own
  cost, if that is more) no move is left in an optimal plan that saves less.
- At most X MiB moved is relaxed: for any price :math:`\lambda \ge 0` of a MiB, a plan within X costs at least
  :math:`L(\lambda) - \lambda X`, where L is the least cost with :math:`\lambda` times its memory added to the cost of
  each component's moves (Geoffrion 1974, *Lagrangean relaxation for integer programming*, Math. Program. Study 2). The
  price is that at which two plans cost the same, one within X and one beyond (`even_price`). Between the plans that
  prices can find there are others: the number of moves is bisected for these, which proves nothing. Where optional
  copies come before all money no price may do, and that is all there is. The best of the plans within X is the answer.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from placement import arguments
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Value, cost_of, evaluate, machine_price, moves
from placement.documents import Plan, Problem
from placement.documents.quantities import LARGEST
from placement.planner import solve
from placement.replanning.even_price import MovedAndCost, even_price
from placement.replanning.frontier import within_moves
from placement.replanning.moved_memory import dearer, gib, memory_of_moves, moved_mib
from placement.replanning.sharing import is_no_more
from placement.solving.budget import Budget
from placement.solving.incumbent import Listener
from placement.solving.result import Result, Status, Stop, at_its_end, relative_gap
from placement.solving.schedule import SCHEDULE
from placement.units import MIB_PER_GIB, MICRO, dollars, exact, horizon, room
from placement.writing import check_claims

_PRICES = 3  # of a MiB that are tried
_COUNTS = 3  # of moves that are tried after them
_LEFT_OUT = "no plan was found that places more of them and moves no more memory than is allowed"
_TIME = SCHEDULE.replanning.moved_memory


@dataclass(frozen=True, slots=True)
class MoveLimits:
    """What a plan may move; None for no limit.

    Attributes
    ----------
    max_moves : copies. max_moved_gib : their memory, as `moved_memory` counts it.
    min_saving_per_move : dollars per hour that each move must save.
    """

    max_moves: int | None = None
    max_moved_gib: float | None = None
    min_saving_per_move: float | None = None

    def __post_init__(self) -> None:
        if self.max_moves is not None:
            arguments.whole("max_moves", self.max_moves, rule="a whole number of at least 0, or None")
        for name in ("max_moved_gib", "min_saving_per_move"):
            value = getattr(self, name)
            if value is not None:
                arguments.number(name, value, most=LARGEST, rule="a number from 0 to 1e9, or None")

    def to_document(self) -> dict[str, float | int]:
        """Those that are set, by name."""
        names = ("max_moves", "max_moved_gib", "min_saving_per_move")
        return {name: value for name in names if (value := getattr(self, name)) is not None}


@dataclass(frozen=True, slots=True)
class Replanned:
    """The answer: a plan document, what it moves, and the result of the solve that it is of.

    The plan's `within` has the limits and what is moved. Its `lower_bound`, `gap` and `status` are of plans within the
    limits; with `min_saving_per_move` they are absent, as the bound is on another objective, which `within` has. `gap`
    is that of either. `result` is the solve that found the plan, at whichever price.
    """

    plan: Plan
    result: Result
    moved_mib: int
    gap: float | None


def replan_within(
    problem: Problem,
    limits: MoveLimits,
    *,
    time_limit: float | None = arguments.A_MINUTE,
    seed: int = 0,
    work: int | None = None,
    threads: int | None = None,
    listener: Listener | None = None,
) -> Replanned:
    """The cheapest plan found within the limits, with a bound.

    Parameters
    ----------
    problem : a fleet that runs.
    time_limit, seed, work, threads, listener : as in `solve`; the first is for all prices together, `work` for each.

    Raises
    ------
    UsageError
        As in `solve`.
    """
    arguments.instance("limits", limits, MoveLimits, "MoveLimits, from placement.replanning")
    how = {"seed": seed, "work": work, "threads": threads, "listener": listener}
    search = _WithinSearch(problem, limits, Budget(arguments.time_limit(time_limit, work)), how)
    search.run()
    return search.replanned()


class _AtPrice(NamedTuple):
    """A result, the price of a MiB it was asked at (micro-dollars), and the MiB that its plan moves.

    It `proves` nothing where it was asked with fewer moves than are allowed.
    """

    result: Result
    price: int
    moved: int
    proves: bool = True


class _WithinSearch:
    """The solves for one answer: one, or several at prices of memory."""

    def __init__(self, problem: Problem, limits: MoveLimits, budget: Budget, how: dict[str, Any]) -> None:
        """Nothing is known; `how` are keywords of every solve."""
        asked = within_moves(problem, limits.max_moves)
        if limits.min_saving_per_move is not None:
            asked = _priced(asked, limits.min_saving_per_move)
        self.problem, self.asked, self.limits, self.budget, self._how = problem, asked, limits, budget, how
        self._own, self._fleet = compile_fleet(problem), compile_fleet(asked)
        self._memory = memory_of_moves(self._own)
        most = limits.max_moved_gib
        self._most = None if most is None else room(most, MIB_PER_GIB)
        self._found: list[_AtPrice] = []
        self._stop: Stop | None = None

    def run(self) -> None:
        """Ask without a price of memory; where that moves too much, at prices and within counts, else go on."""
        first = self._take(self._solve(self.asked, 1.0 if self._most is None else _TIME.unlimited.part, None), 0)
        if not self._over(first):
            proven = first.result.status in (Status.OPTIMAL, Status.INFEASIBLE)
            if self._most is not None and self.budget.seconds is not None and self._stop is None and not proven:
                self._take(self._solve(self.asked, 1.0, first.result.plan), 0)
            return
        self._move_least()
        self._at_prices()
        self._by_moves()

    def _solve(self, asked: Problem, part: float, hint: Plan | None) -> Result:
        """Within a part of the time that is left."""
        return solve(asked, time_limit=self.budget.share(part).seconds, hint=hint, **self._how)

    def _move_least(self) -> None:
        """A plan that moves nothing; where there is none, one at a price at which moving is too dear."""
        part = 1 / (1 + _PRICES + _COUNTS)
        still = self._solve(within_moves(self.asked, 0), part, None)
        self._interrupted_by(still)
        if still.packing is not None:
            self._found.append(_AtPrice(still, 0, 0, proves=False))
        elif not self._ended():
            self._at_price(self._too_dear(), part)

    def _at_prices(self) -> None:
        """Plans at prices of a MiB, each that at which the best two cost the same, until there is no other."""
        tried = set()
        for turn in range(_PRICES):
            price = self._next_price()
            if price is None or price in tried or self._ended():
                return
            tried.add(price)
            self._at_price(price, 1 / (_PRICES + _COUNTS - turn))

    def _next_price(self) -> int | None:
        """None where no plan that moves too much is cheaper, or leaves out as few copies as the best that does not."""
        best = self._best()
        if best is None:
            return None
        left_out = self._value(best).left_out
        known = [
            (self._over(found), MovedAndCost(found.moved, self._cost(found)))
            for found in self._found
            if found.result.packing is not None and self._value(found).left_out == left_out
        ]
        assert self._most is not None
        within, beyond = ([point for over, point in known if over is is_over] for is_over in (False, True))
        price = even_price(within, beyond, self._most)
        return None if price is None else min(price, self._too_dear())

    def _at_price(self, price: int, part: float) -> None:
        best = self._best()
        costs = [c.move_cost + price * mib for c, mib in zip(self._fleet.components, self._memory, strict=True)]
        priced = dearer(self.asked, [dollars(cost) for cost in costs])
        self._take(self._solve(priced, part, None if best is None else best.result.plan), price)

    def _by_moves(self) -> None:
        """Bisect the number of moves, from as many as the best plan makes to as few as any that moves too much."""
        best = self._best()
        low = 0 if best is None else (best.result.plan.moves or 0) + 1
        high = min(found.result.plan.moves or 0 for found in self._found if self._over(found)) - 1
        turns = _COUNTS if best is not None else _PRICES + _COUNTS
        for turn in range(turns):
            if low > high or self._ended():
                return
            most = (low + high) // 2
            best = self._best()
            hint = None if best is None or (best.result.plan.moves or 0) > most else best.result.plan
            result = self._solve(within_moves(self.asked, most), 1 / (turns - turn), hint)
            self._interrupted_by(result)
            if result.packing is None:
                low = most + 1
                continue
            moved = moved_mib(self._own, moves(self._own, result.packing))
            self._found.append(_AtPrice(result, 0, moved, proves=False))
            if self._over(self._found[-1]):
                high = most - 1
            else:
                low = most + 1

    def _ended(self) -> bool:
        return self._stop is not None or self.budget.over()

    def _interrupted_by(self, result: Result) -> None:
        if result.interrupted:
            self._stop = Stop.INTERRUPTED

    def _take(self, result: Result, price: int) -> _AtPrice:
        moved = 0 if result.packing is None else moved_mib(self._own, moves(self._own, result.packing))
        found = _AtPrice(result, price, moved)
        self._found.append(found)
        if result.packing is None:
            self._stop = result.stop
        self._interrupted_by(result)
        return found

    def _over(self, found: _AtPrice) -> bool:
        return self._most is not None and found.moved > self._most

    def _too_dear(self) -> int:
        """A price of a MiB at which moving the smallest component costs more than all machines that run.

        Less where a move would cost more than a problem may say; bounds are true at any price.
        """
        fleet = self._own
        rent = fleet.cost(fleet.tick_price * sum(fleet.pools[i.pool].price for i in fleet.instances))
        dear = 1 + rent // max(1, min((mib for mib in self._memory if mib), default=1))
        dearest = max((component.move_cost for component in self._fleet.components), default=0)
        return min(dear, max(1, (int(LARGEST) * MICRO - dearest) // max(1, *self._memory, 1)))

    def _best(self) -> _AtPrice | None:
        """The best of the plans within the limit on memory; of equals one that is proven."""
        fitting = [found for found in self._found if found.result.packing is not None and not self._over(found)]
        return min(
            fitting, key=lambda found: (self._value(found), found.result.status is not Status.OPTIMAL), default=None
        )

    def _value(self, found: _AtPrice) -> Value:
        assert found.result.packing is not None
        return evaluate(self._fleet, found.result.packing)

    def _cost(self, found: _AtPrice) -> int:
        """With moves as they are asked for, and memory that costs nothing."""
        packing = found.result.packing
        assert packing is not None
        return cost_of(self._fleet, machine_price(self._fleet, packing), moves(self._own, packing))

    def replanned(self) -> Replanned:
        """The best plan with what is proven of it; where no plan moves so little, that, or that none was found."""
        first = self._found[0]
        best = self._best()
        if best is None:
            return self._none(first)
        cost, value = self._cost(best), self._value(best)
        bounds = [
            found.result.bound - found.price * (self._most or 0)
            for found in self._found
            if found.proves and found.result.bound is not None and self._counts(found, value)
        ]
        bound = max(0, *bounds) if bounds else None
        said = self._said(best, cost, bound)
        plan = best.result.plan.model_copy(update=said)
        check_claims(within_moves(self.problem, self.limits.max_moves), plan, cost, bound, "the plan within the limits")
        return Replanned(plan, best.result, best.moved, relative_gap(cost, bound))

    def _counts(self, found: _AtPrice, value: Value) -> bool:
        """Whether a bound holds for plans that leave out no more than the best plan."""
        return found.result.packing is None or is_no_more(value.left_out, self._value(found).left_out)

    def _said(self, best: _AtPrice, cost: int, bound: int | None) -> dict[str, Any]:
        """What the plan says of itself, in the problem's own money."""
        packing = best.result.packing
        assert packing is not None
        own = cost_of(self._own, machine_price(self._own, packing), moves(self._own, packing))
        gap = relative_gap(cost, bound)
        optimal = best.result.status is Status.OPTIMAL if best.price == 0 and best.proves else bound == cost
        within: dict[str, Any] = {**self.limits.to_document(), "moved_gib": gib(best.moved)}
        said: dict[str, Any] = {"cost": dollars(own)}
        if self.limits.min_saving_per_move is not None:
            within |= {"priced_cost": dollars(cost), "priced_bound": dollars(bound)}
            within["gap"] = gap
            said |= {"lower_bound": None, "gap": None, "bound_by": None, "bound_relaxes": None}
            optimal = False
        else:
            said |= {"lower_bound": dollars(bound), "gap": gap}
        if not best.proves:  # what is proven of fewer moves says nothing of less memory
            left = [row.model_copy(update={"reason": _LEFT_OUT}) for row in best.result.plan.unplaced]
            none = dict.fromkeys(best.result.plan.left_out_bound or {}, 0)
            said |= {"unplaced": tuple(left), "left_out_bound": none or None}
            said |= {"bound_by": None, "bound_relaxes": None} if bound is None else {}
        status, stop = at_its_end(best.result.stop, optimal=optimal)
        return {**said, "status": str(status), "stop": str(stop), "within": within}

    def _none(self, first: _AtPrice) -> Replanned:
        """No plan within the limits: the planner's own word, or that every plan found moves too much."""
        plan = first.result.plan
        if first.result.packing is not None:
            least = min(found.moved for found in self._found)
            stop = first.result.stop if self._stop is None else self._stop
            plan = type(plan)(
                problem=plan.problem,
                status="unknown",
                stop=str(Stop.DONE if stop is Stop.PROVED else stop),
                reason=f"each plan found moves more than {self.limits.max_moved_gib:g} GiB, at least {gib(least):g}",
            )
        plan = plan.model_copy(update={"within": self.limits.to_document()})
        return Replanned(plan, first.result, 0, None)


def _priced(problem: Problem, saving: float) -> Problem:
    """Moves at what each has to save over the horizon, or at their own cost."""
    least = min(LARGEST, float(exact(saving) * horizon(problem.objective.horizon_hours)))
    own = problem.objective.move_cost
    return dearer(problem, [max(least, own if row.move_cost is None else row.move_cost) for row in problem.components])

"""What moves buy: from each point of the frontier to the next, and where more of them are hardly worth it."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from operator import attrgetter

from placement.replanning.point import Frontier, FrontierPoint
from placement.units import count, money

_FLAT = Fraction(1, 1000)  # of the price: less than that is no saving worth a suggestion
_plan_of = attrgetter("cost", "moves", "left_out")


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the moves between two points buy.

    `before`, `after`: the points; each is the first with its plan.
    """

    before: FrontierPoint
    after: FrontierPoint
    moves: int  # how many more the second plan makes
    saved: int  # micro-dollars per hour that it costs less
    placed: int  # optional copies that it places more
    goes: tuple[str, ...]  # ids of running machines that it gives back and the first plan does not
    comes: dict[str, int]  # new machines by pool that it opens, beyond those of the first plan
    stays: tuple[str, ...]  # ids of running machines that it keeps although the first plan gives them back

    @property
    def per_move(self) -> int | None:
        """Micro-dollars per hour for each of the moves; None where there are none more."""
        return round(Fraction(self.saved, self.moves)) if self.moves > 0 else None


@dataclass(frozen=True, slots=True)
class Knee:
    """The point beyond which moves bring little, and why in a sentence."""

    point: FrontierPoint
    reason: str


def distinct(frontier: Frontier) -> list[FrontierPoint]:
    """Points with a plan, without those whose plan another one has already that allows no more moves."""
    found: list[FrontierPoint] = []
    for point in frontier.points:
        if point.cost is None:
            continue
        if not found or _plan_of(point) != _plan_of(found[-1]):
            found.append(point)
    return found


def purchases(frontier: Frontier) -> list[Purchase]:
    """What the moves from each distinct point to the next buy. O(points x machines)."""
    points = distinct(frontier)
    running = {row.id for row in frontier.problem.instances}
    return [_between(running, one, other) for one, other in pairwise(points)]


def _between(running: set[str], before: FrontierPoint, after: FrontierPoint) -> Purchase:
    kept = {row.id for row in after.plan.instances}
    goes = tuple(row.id for row in before.plan.instances if row.id in running and row.id not in kept)
    was = {row.id for row in before.plan.instances}
    stays = tuple(row.id for row in after.plan.instances if row.id in running and row.id not in was)
    comes = _new(after)
    comes.subtract(_new(before))
    return Purchase(
        before,
        after,
        (after.moves or 0) - (before.moves or 0),
        (before.price or 0) - (after.price or 0),
        sum(before.left_out) - sum(after.left_out),
        goes,
        {pool: n for pool, n in comes.items() if n > 0},
        stays,
    )


def _new(point: FrontierPoint) -> Counter[str]:
    return Counter(row.pool for row in point.plan.instances if row.new)


def suggested_knee(frontier: Frontier) -> Knee | None:
    """Where the frontier bends most, of the points that leave out as few copies as the last.

    The point that is furthest below the straight line from the first of these points to the last, with moves and price
    each counted from 0 to 1 (Satopää et al. 2011, *Finding a "kneedle" in a haystack*, ICDCSW,
    https://doi.org/10.1109/ICDCSW.2011.20): there the share of the saving is most above the share of the moves. None
    where nothing is saved, or no point is below the line.
    """
    points = distinct(frontier)
    points = [point for point in points if points and point.left_out == points[-1].left_out]
    if len(points) < 2:
        return None
    first, last = points[0], points[-1]
    moves, saved = (last.moves or 0) - (first.moves or 0), (first.price or 0) - (last.price or 0)
    if moves <= 0 or saved <= _FLAT * (first.price or 0):
        return None

    def shares(point: FrontierPoint) -> tuple[Fraction, Fraction]:
        return (
            Fraction((point.moves or 0) - (first.moves or 0), moves),
            Fraction((first.price or 0) - (point.price or 0), saved),
        )

    best = max(points, key=lambda point: (shares(point)[1] - shares(point)[0], -(point.moves or 0)))
    of_moves, of_saving = shares(best)
    if of_saving <= of_moves:
        return None
    here = (best.moves or 0) - (first.moves or 0)
    share = f"{float(of_saving):.0%} of the saving"
    reason = (
        f"{count(here, 'move')} of {moves:,} ({float(of_moves):.0%}) {'brings' if here == 1 else 'bring'} {share}, "
        f"{money(_each(first, best))} an hour each; those beyond bring {money(_each(best, last))} each"
    )
    return Knee(best, reason)


def _each(one: FrontierPoint, other: FrontierPoint) -> int:
    moves = (other.moves or 0) - (one.moves or 0)
    return round(Fraction((one.price or 0) - (other.price or 0), moves)) if moves else 0

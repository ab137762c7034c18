"""Proofs of small transitions, against trying everything: copies as tokens, one on each machine."""

from __future__ import annotations

import random
from itertools import combinations, product
from typing import TYPE_CHECKING, NamedTuple

import pytest

from placement.fleet_simulator import simulate
from placement.transition import plan_transition
from tests.corpus import first, one_by_one
from tests.transition.fleets import random_case
from tests.transition.small import fleet, plan

if TYPE_CHECKING:
    from collections.abc import Iterator


class Token(NamedTuple):
    """Of one component: where its old copy is, the one that stops over, and its new one; -1 for not there."""

    old: int
    hop: int
    new: int
    hopped: bool

    @property
    def places(self) -> list[int]:
        """Machines with a copy of it."""
        return [place for place in self[:3] if place >= 0]


State = tuple[Token, ...]


def fewest(now: list[int], then: list[int], machines: int, missing: int) -> int | None:
    """Batches of a shortest order, by breadth-first search over all states."""
    start = tuple(Token(a, -1, a if a == b else -1, False) for a, b in zip(now, then, strict=True))
    start = tuple(token._replace(old=-1) if token.new >= 0 else token for token in start)
    goal = tuple(Token(-1, -1, b, False) for b in then)
    level, seen, batches = {start}, {start}, 0
    while level:
        if any(tuple(t._replace(hopped=False) for t in state) == goal for state in level):
            return batches
        level = {after for state in level for after in batch(state, then, machines, missing)} - seen
        seen |= level
        batches += 1
    return None


def batch(state: State, then: list[int], machines: int, missing: int) -> Iterator[State]:
    """All states that one batch leads to."""
    for peak in starts(state, then, machines):
        stops = [
            (c, part)
            for c, (before, token) in enumerate(zip(state, peak, strict=True))
            for part in ("old", "hop")
            if getattr(token, part) >= 0 and (part == "old" or before.hop >= 0)
        ]
        for size in range(len(stops) + 1):
            for chosen in combinations(stops, size):
                after = list(peak)
                for c, part in chosen:
                    after[c] = after[c]._replace(old=-1) if part == "old" else after[c]._replace(hop=-1)
                if all(len(token.places) >= 1 - missing for token in after):
                    yield tuple(after)


def starts(state: State, then: list[int], machines: int) -> Iterator[State]:
    """All ways to start copies on empty machines."""
    used = {place for token in state for place in token.places}
    free = [machine for machine in range(machines) if machine not in used]
    ways = []
    for token, target in zip(state, then, strict=True):
        mine = [token]
        if token.new < 0 and target in free:
            mine.append(token._replace(new=target))
        if token.old >= 0 and not token.hopped:
            mine += [other._replace(hop=m, hopped=True) for other in list(mine) for m in free if m != other.new]
        ways.append(mine)
    for chosen in product(*ways):
        places = [place for token in chosen for place in token.places]
        if len(places) == len(set(places)):
            yield chosen


@one_by_one(range(120), 8)
def test_the_fewest_batches_are_those_of_trying_everything(seed: int) -> None:
    """Or it is proven that there is no order, where trying everything finds none."""
    rng = random.Random(seed)
    machines, copies, missing = rng.randint(2, 4), rng.randint(2, 3), rng.choice((0, 0, 1))
    copies = min(copies, machines)
    now, then = rng.sample(range(machines), copies), rng.sample(range(machines), copies)
    every = [{"id": f"i-{m}", "pool": "p", "removable": False} for m in range(machines)]
    problem = fleet([(f"c{c}", f"i-{m}", 0) for c, m in enumerate(now)], machines=every)
    target = plan([(f"c{c}", f"i-{m}", 0) for c, m in enumerate(then)])
    listed = [{"id": f"i-{m}", "pool": "p"} for m in range(machines)]
    target = type(target)(instances=listed, assignments=[row.model_dump() for row in target.assignments])

    found = plan_transition(problem, target, max_unavailable=missing, attempts=3)

    best = fewest(now, then, machines, missing)
    if best is None:
        assert found.status == "infeasible"
    else:
        assert (found.status, found.batches, found.batches_bound) == ("optimal", best, best)


@pytest.mark.parametrize("seed", first([8, 16, 40, 80, 87, 92], 3))
def test_proofs_hold_on_random_fleets(seed: int) -> None:
    """Nothing that list scheduling finds is better, and the simulator agrees with every step."""
    case = random_case(seed)
    assert case is not None
    proven = plan_transition(*case, attempts=0)
    tried = plan_transition(*case, attempts=40, exact=False)

    assert proven.status in ("optimal", "infeasible")
    assert tried.status != "infeasible" or proven.status == "infeasible"
    if tried.found and proven.found:
        assert (proven.temporary_hours, proven.batches) <= (tried.temporary_hours, tried.batches)
        assert simulate(*case, proven, each_step=True) == ()


def test_of_orders_with_as_few_batches_one_where_fewer_copies_stop_over() -> None:
    """A copy that may take its place at once does not stop over, though that would take no more batches."""
    case = random_case(187)
    assert case is not None

    found = plan_transition(*case, attempts=0)

    assert (found.status, found.batches, found.stopovers) == ("optimal", 3, 1)

"""The best of many orders, and what no order can beat."""

import random
import time
from collections.abc import Iterator

from placement.transition.answer import SearchResult, TransitionAsk
from placement.transition.batch_bound import fewest_batches
from placement.transition.batches import Order, Stuck
from placement.transition.greedy import Attempt, Manner

CHANGES = 20_000  # copies that start or stop, over all attempts: fewer attempts at large transitions
FEWEST_ATTEMPTS = 4  # also there


def search(ask: TransitionAsk) -> SearchResult:
    """Try orders until one meets the bounds, or the attempts are over. O(attempts) orders."""
    result = SearchResult()
    bound(ask, result)
    if result.impossible:
        stuck = Attempt(ask.sites, ask.due, Manner(0, eager=True), None).run()
        result.stuck = stuck if isinstance(stuck, Stuck) else None
        return result
    deadline = None if ask.seconds is None else time.monotonic() + ask.seconds
    try:
        _search(ask, result, deadline)
    except KeyboardInterrupt:
        if result.order is None:
            raise
        result.interrupted = True
        return result
    if result.value is not None and result.value.temporary_seconds and not result.is_proven:
        result.batches_bound = fewest_batches(ask.sites, ask.due, temporary=True) or 0
    return result


def _search(ask: TransitionAsk, result: SearchResult, deadline: float | None) -> None:
    """Orders in turn, then the program of small ones."""
    for number, attempt in enumerate(_attempts(ask, result)):
        found = attempt.run()
        if isinstance(found, Stuck):
            result.stuck = found
        else:
            result.take(ask, found)
            if found.stopovers:
                again = Attempt(ask.sites, ask.due, Manner(0), None).resume(found)
                if isinstance(again, Order):
                    result.take(ask, again)
        if result.is_proven or (number and deadline is not None and time.monotonic() > deadline):
            break
    if ask.exact and not result.is_proven:
        from placement.transition.exact import prove  # loads an engine

        prove(ask, result)


def bound(ask: TransitionAsk, result: SearchResult) -> None:
    """What no order can beat. Without temporary machines where that is possible at all, else with them."""
    sites, due, durations = ask.sites, ask.due, ask.durations
    without = fewest_batches(sites, due, temporary=False)
    if without is not None:
        result.batches_bound = without
        return
    with_them = fewest_batches(sites, due, temporary=True) if ask.temporary else None
    if with_them is None:
        result.impossible = True
        return
    fastest = min(durations.until_ready(stand.component) for stand in due.leaving)
    # One is opened, a copy gets ready there, the one it stands for goes, and later, in another batch, it goes itself.
    result.temporary_bound = durations.open + fastest + 2 * durations.drain
    result.batches_bound = with_them


def _attempts(ask: TransitionAsk, result: SearchResult) -> Iterator[Attempt]:
    """First without temporary machines; with them only while none was found without."""
    sites, due = ask.sites, ask.due
    for manner in (Manner(0), Manner(0, eager=True), Manner(0, hold=True)):
        yield Attempt(sites, due, manner, None)
    rng = random.Random(ask.seed)
    if result.order is None and ask.temporary:
        yield Attempt(sites, due, Manner(ask.temporary), None)
        yield Attempt(sites, due, Manner(ask.temporary, hold=True), None)
    changes = len(due.leaving) + len(due.arriving)
    for _ in range(min(ask.attempts, max(FEWEST_ATTEMPTS, CHANGES // max(1, changes)))):
        zero = result.value is not None and not result.value.temporary_seconds
        most = 0 if zero or rng.random() < 0.5 else ask.temporary
        manner = Manner(most, eager=rng.random() < 0.5, hold=rng.random() < 0.3)
        yield Attempt(sites, due, manner, rng)

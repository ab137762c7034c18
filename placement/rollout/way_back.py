"""The way back of a rolling update: its batches backwards, each in the room that it had.

A batch back opens again what its batch closed, starts the old copies where they stood, waits, stops the new ones and
closes what its batch opened. At its peak stands what stood at the peak of its batch, and when it ends what stood before
its batch began, so it breaks no rule that holds on the way there. O(copies).
"""

from collections import Counter

from placement.documents.transition import TransitionStep
from placement.errors import printable
from placement.rollout.case import RollingCase
from placement.transition import Durations
from placement.transition.batches import Batch, Order
from placement.transition.timeline import Timeline


def steps(case: RollingCase, order: Order, times: Durations) -> tuple[TransitionStep, ...]:
    """All steps back from the end, with times from when they begin; `batch` is the one that is undone."""
    back = tuple(
        Batch(opens=[*batch.closes], starts=[*batch.stops], stops=[*batch.starts], closes=[*batch.opens])
        for batch in reversed(order.batches)
    )
    found = Timeline(case.sites, case.due, Order(back, {}, ()), times).steps()
    return case.named(tuple(step.model_copy(update={"batch": len(back) + 1 - step.batch}) for step in found))


def in_words(case: RollingCase, order: Order) -> list[str]:
    """A sentence for each batch back, the last batch first."""
    told = []
    for number, batch in enumerate(order.batches, 1):
        closed, old = set(batch.closes), Counter(stand.instance for stand in batch.stops)
        steps = [
            f"open a machine of pool {printable(case.due.pools[m])} in place of {printable(m)}" for m in batch.closes
        ]
        told_off = {m: why for m in old if m not in closed and (why := case.takes_none(m))}
        steps += [f"let {printable(m)}, which {why}, take copies" for m, why in told_off.items()]
        steps += [f"start old copies again, {_on_each(old)}", "wait"]
        steps += [f"stop new ones, {_on_each(Counter(stand.instance for stand in batch.starts))}"]
        steps += [f"close {printable(machine)}" for machine in batch.opens]
        told.append(f"batch {number} back: {'; '.join(steps)}")
    return told[::-1]


def _on_each(copies: Counter[str]) -> str:
    return ", ".join(f"{count} on {printable(machine)}" for machine, count in sorted(copies.items()))

"""From rates to wanted copies, as target tracking and step scaling of Application Auto Scaling go about it.

Pure functions of the rates and of what was decided before: they know no machine. The rules, from AWS's documentation of
target tracking, step scaling and scheduled actions, read November 2026:

- Copies stay between the minimum and the maximum; a schedule may move both.
- When the rate of a copy is above the target, copies become what brings it to the target: ``ceil(rate / target)``.
  Within the cooldown after copies were added, only more are added than were then.
- When it stays below nine tenths of the target for `scale_in_after` seconds, copies become that number again, unless
  copies were taken away within the cooldown, or `disable_scale_in` is set.
- Target tracking can't leave zero, as without a copy nothing is measured: a step adds one copy when a request finds
  none. Target tracking asks for the others when the step's cooldown of a minute is over.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from placement.arrays import Bools, Ints
from placement.demand.rules import ScalingRules

STEP_COOLDOWN = 60  # seconds, of the step out of zero
LOW_TENTHS = 9  # of ten parts of the target, below which copies are taken away
_LONG_AGO = -(2**40)


@dataclass(frozen=True, slots=True)
class ScalingState:
    """What was decided so far, (C,) each; times are in seconds, `added` copies the last time that some were added."""

    copies: Ints
    added: Ints
    last_out: Ints
    last_in: Ints
    low_since: Ints

    @classmethod
    def of(cls, copies: Ints) -> Self:
        """Copies that run, with every cooldown over, and a rate that has been low for long where it is low."""
        n = len(copies)
        ago = np.full(n, _LONG_AGO, dtype=np.int64)
        return cls(copies.astype(np.int64), np.zeros(n, dtype=np.int64), ago, ago.copy(), ago.copy())


@dataclass(frozen=True, slots=True)
class Decision:
    """The state after a decision, and which components left zero for a request, (C,)."""

    state: ScalingState
    woken: Bools


def desired(rules: ScalingRules, rates: Ints) -> Ints:
    """(C,) copies that bring the rates (C,) in micro-requests a second to the targets. O(C)."""
    return -(-rates // rules.target)


def decide(rules: ScalingRules, state: ScalingState, rates: Ints, now: int, week_second: int, every: int) -> Decision:
    """The copies that are wanted at `now`. O(C + scheduled actions).

    `rates`: (C,) micro-requests a second.
    `now`, `every`: seconds: of the clock, and to the next decision.
    `week_second`: seconds since a Monday's midnight, for schedules.
    """
    floor, ceiling = rules.limits(week_second)
    copies = state.copies
    wanted = np.clip(desired(rules, rates), floor, ceiling)
    woken = (copies == 0) & (rates > 0) & (ceiling > 0)
    # A decision that comes less often than once a minute sees the step and what target tracking makes of it at once.
    from_zero = wanted if every >= STEP_COOLDOWN else np.maximum(floor, 1)
    cooling = now - state.last_out < np.where(state.added == _BY_STEP, STEP_COOLDOWN, rules.out_cooldown)
    above = (rates > copies * rules.target) & (copies > 0) & (wanted > copies)
    grows = above & (~cooling | (wanted - copies > state.added))

    low = (10 * rates < LOW_TENTHS * copies * rules.target) & (wanted < copies)
    low_since = np.where(low, np.where(state.low_since == _NOT_LOW, now, state.low_since), _NOT_LOW)
    rested = now - state.last_in >= rules.in_cooldown
    shrinks = low & (now - low_since >= rules.in_after) & rested & ~rules.holds

    after = np.where(woken, from_zero, np.where(grows | shrinks, wanted, copies))
    after = np.clip(after, floor, ceiling)
    out, back = after > copies, after < copies
    more = np.where(woken & (every < STEP_COOLDOWN), _BY_STEP, after - copies)
    return Decision(
        ScalingState(
            copies=after,
            added=np.where(out, more, state.added),
            last_out=np.where(out, now, state.last_out),
            last_in=np.where(back, now, state.last_in),
            low_since=np.where(out | back, _NOT_LOW, low_since),
        ),
        woken & out,
    )


_NOT_LOW = 2**40  # a time that does not come
_BY_STEP = 2**40  # as copies that were added: no more than those within the step's cooldown, which is its own


def follow(rules: ScalingRules, rates: Ints, every: int, week_second: int) -> tuple[Ints, Bools]:
    """(T, C) wanted copies and which components were woken from zero, for rates (T, C), one row every `every` seconds.

    It begins with what the first row of rates asks for. O(T x (C + scheduled actions)).
    """
    steps = len(rates)
    wanted = np.zeros(rates.shape, dtype=np.int64)
    woken = np.zeros(rates.shape, dtype=np.bool_)
    if not steps:
        return wanted, woken
    floor, ceiling = rules.limits(week_second)
    state = ScalingState.of(np.clip(desired(rules, rates[0]), floor, ceiling))
    for k in range(steps):
        decision = decide(rules, state, rates[k], k * every, week_second + k * every, every)
        state = decision.state
        wanted[k], woken[k] = state.copies, decision.woken
    return wanted, woken

"""Copies follow the published rules on any traffic: each rule is checked on its own, from the series alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import placement
from placement.demand import ScalingPolicy, compile_rules, follow
from placement.demand.controller import ScalingState, decide

EVERY = st.sampled_from([30, 60, 300, 600])
RATES = st.lists(st.sampled_from([0, 0, 1, 2, 5, 9, 10, 11, 17, 40, 95, 300]), min_size=1, max_size=60)


def problem() -> placement.Problem:
    """One component on one kind of machine."""
    return placement.Problem(
        accelerators={"L4": {"memory_gib": 24}},
        instance_types={
            "g6": {"accelerator": "L4", "accelerator_count": 1, "vcpus": 8, "memory_gib": 32, "price_per_hour": 1}
        },
        pools=[{"name": "a", "instance_type": "g6", "zone": "z"}],
        components=[{"name": "chat", "copies": 1}],
    )


@st.composite
def policies(draw: st.DrawFn) -> dict[str, object]:
    """A policy of one component, with limits that bind now and then."""
    low = draw(st.integers(0, 3))
    return {
        "name": "chat",
        "target_value": draw(st.sampled_from([1, 2.5, 10])),
        "min_capacity": low,
        "max_capacity": draw(st.integers(max(1, low), 30)),
        "scale_out_cooldown": draw(st.sampled_from([0, 60, 300, 900])),
        "scale_in_cooldown": draw(st.sampled_from([0, 60, 300, 900])),
        "scale_in_after": draw(st.sampled_from([0, 60, 900])),
        "disable_scale_in": draw(st.booleans()),
    }


def play(row: dict[str, object], rates: list[int], every: int) -> list[int]:
    """The copies of one component over time."""
    rules = compile_rules(problem(), ScalingPolicy(components=[row]))
    micro = np.array(rates, dtype=np.int64)[:, None] * 1_000_000
    wanted, _ = follow(rules, micro, every, 0)
    return [int(n) for n in wanted[:, 0]]


@settings(max_examples=150, deadline=None)
@given(policies(), RATES, EVERY)
def test_copies_follow_the_rules(row: dict[str, object], rates: list[int], every: int) -> None:
    """Limits, cooldowns, the margin, the wait before copies go, and zero."""
    low, high, target = int(str(row["min_capacity"])), int(str(row["max_capacity"])), float(str(row["target_value"]))
    copies = play(row, rates, every)
    need = [int(-(-rate * 10 // (10 * target))) for rate in rates]
    assert all(low <= n <= high for n in copies)
    assert copies[0] == min(high, max(low, need[0]))
    grown: list[tuple[int, int]] = []
    shrunk: list[int] = []
    for k in range(1, len(copies)):
        before, now, at = copies[k - 1], copies[k], k * every
        if now > before:
            if before and grown and at - grown[-1][0] < int(str(row["scale_out_cooldown"])):
                assert now - before > grown[-1][1] or from_zero(copies, grown[-1][0] // every)
            assert now <= max(low, need[k], 1)
            assert rates[k] > before * target
            grown.append((at, now - before))
        elif now < before:
            assert not row["disable_scale_in"]
            assert now == max(low, need[k])
            since = [j for j in range(k + 1) if j * every >= at - int(str(row["scale_in_after"]))]
            held = [j for j in since if j and all(copies[i] == before for i in range(j - 1, k))]
            assert all(10 * rates[j] < 9 * before * target for j in held)
            assert len(held) * every >= int(str(row["scale_in_after"])) or 0 in since
            assert not shrunk or at - shrunk[-1] >= int(str(row["scale_in_cooldown"]))
            shrunk.append(at)
        if now == 0:
            assert rates[k] == 0 or need[k] == 0
        if before == 0 and rates[k]:
            assert now >= 1


def from_zero(copies: list[int], k: int) -> bool:
    """Whether the copies left zero at a step: the step's cooldown is its own."""
    return k > 0 and copies[k - 1] == 0


@settings(max_examples=80, deadline=None)
@given(policies(), RATES, EVERY)
def test_what_is_overdue_is_done(row: dict[str, object], rates: list[int], every: int) -> None:
    """With no cooldown, copies are at the target whenever the rate is above it: a controller may not just sit there."""
    row = {**row, "scale_out_cooldown": 0}
    high, target = int(str(row["max_capacity"])), float(str(row["target_value"]))
    for k, n in enumerate(play(row, rates, every)):
        if every >= 60 or k == 0:
            assert n == high or n * target >= rates[k]


def test_a_low_rate_takes_copies_away_in_the_end() -> None:
    """After a quarter of an hour, and to zero when nothing comes."""
    copies = play({"name": "chat", "target_value": 10}, [95] + [15] * 20 + [0] * 20, 60)

    assert copies[:16] == [10] * 16
    assert copies[17:20] == [2, 2, 2]
    assert copies[-1] == 0


def test_near_the_target_nothing_goes() -> None:
    """Nine tenths of the target are near enough: copies do not come and go with every ripple."""
    assert set(play({"name": "chat", "target_value": 10}, [100] + [91] * 60, 60)) == {10}


def test_a_step_leads_out_of_zero_and_target_tracking_goes_on() -> None:
    """Looked at every 30 s, one copy comes first, and the others when its minute is over."""
    assert play({"name": "chat", "target_value": 10}, [0, 95, 95, 95, 95], 30) == [0, 1, 1, 10, 10]
    assert play({"name": "chat", "target_value": 10}, [0, 95], 60) == [0, 10]


def test_requests_in_flight_become_a_rate() -> None:
    """Four at a time, each for two seconds, are two a second."""
    row = {"name": "chat", "metric": "requests_in_flight", "target_value": 4, "seconds_per_request": 2}

    assert play(row, [7], 60) == [4]


def test_schedules_move_the_limits() -> None:
    """From eight on working days, until six in the evening; a week begins as the last one ended."""
    schedule = [
        {"at": "08:00", "days": ["mon", "tue", "wed", "thu", "fri"], "min_capacity": 3, "max_capacity": 9},
        {"at": "18:00", "min_capacity": 0, "max_capacity": 2},
    ]
    row = {"name": "chat", "target_value": 10, "scale_in_after": 0, "schedule": schedule}
    rules = compile_rules(problem(), ScalingPolicy(components=[row]))

    def limits(day: int, hour: int) -> tuple[int, int]:
        floor, ceiling = rules.limits((day * 24 + hour) * 3600)
        return int(floor[0]), int(ceiling[0])

    assert limits(0, 7) == (0, 2)  # Monday morning: as Sunday evening left it
    assert limits(0, 8) == limits(4, 17) == (3, 9)
    assert limits(0, 18) == limits(5, 12) == limits(12, 12) == (0, 2)


def test_what_runs_counts() -> None:
    """A decision from a state: copies that run are kept near the target, and go when it is low."""
    rules = compile_rules(problem(), ScalingPolicy(components=[{"name": "chat", "target_value": 10}]))

    def wanted(running: int, rate: int) -> int:
        state = ScalingState.of(np.array([running]))
        return int(decide(rules, state, np.array([rate * 1_000_000]), 0, 0, 60).state.copies[0])

    assert [wanted(3, 30), wanted(3, 28), wanted(3, 12), wanted(3, 31), wanted(0, 31)] == [3, 3, 2, 4, 4]


@pytest.mark.parametrize("every", [60, 600])
def test_no_traffic_is_no_error(every: int) -> None:
    """Zero steps, zero copies."""
    rules = compile_rules(problem(), ScalingPolicy(defaults={"target_value": 1}))
    wanted, woken = follow(rules, np.zeros((0, 1), dtype=np.int64), every, 0)

    assert wanted.shape == woken.shape == (0, 1)

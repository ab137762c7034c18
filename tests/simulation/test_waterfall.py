"""The waterfall: every step is a simulation of its own, and what is saved adds up."""

from __future__ import annotations

from placement.simulation import simulate
from placement.simulation.waterfall import NAMES, folds, waterfall
from tests.simulation.test_run import plain


def test_steps_add_up() -> None:
    """From the first cost, less all that is saved, to the last; endpoints for the peak are the dearest here."""
    problem, policy, traffic = plain(80)
    result = simulate(problem, policy, traffic, strategies=list(NAMES), hourly=False)
    steps = waterfall(result)

    assert [step.strategy for step in steps] == list(NAMES)
    assert steps[0].cost - sum(step.saved for step in steps[1:]) == steps[-1].cost
    assert [step.cost for step in steps] == [result.outcome(name).cost for name in NAMES]
    assert steps[0].saved == 0
    assert steps[0].cost == max(step.cost for step in steps)
    many = folds(steps)
    assert many is not None
    assert many > 2
    # Twelve components of a quarter of an accelerator: sharing accelerators must save.
    assert next(step for step in steps if step.idea == "accelerators too").saved > 0


def test_whole_accelerators_are_whole() -> None:
    """Until accelerators are shared there are no more copies than accelerators in use."""
    problem, policy, traffic = plain(40)
    result = simulate(problem, policy, traffic, strategies=list(NAMES), hourly=False)
    for name in NAMES:
        series = result.outcome(name).series
        whole = all(n == used for n, used in zip(series["copies"], series["accelerators_used"], strict=True))
        assert whole == name.startswith("whole")

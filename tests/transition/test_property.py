"""Problems drawn by Hypothesis, plans of a real solver: each order is safe at every step, or it is said why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import placement
from placement.fleet_simulator import StepFault, simulate, state_after
from placement.transition import plan_transition
from tests.strategies import problems

if TYPE_CHECKING:
    from tests.reading import Doc


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
@given(doc=problems(max_copies=6, state=True), missing=st.sampled_from((0, 1, "50%")), data=st.data())
def test_every_order_is_safe_and_may_be_asked_for_again(doc: Doc, missing: int | str, data: st.DataObject) -> None:
    """At each step; and from what a fault at any step leaves, the same plan can be asked for."""
    problem = placement.Problem(**doc)
    result = placement.solve(problem, "best-fit", time_limit=None, work=3)
    assume(result.packing is not None)

    found = plan_transition(problem, result.plan, max_unavailable=missing, attempts=4, exact=False)

    assert found.reason if not found.found else simulate(problem, result.plan, found, each_step=True) == ()
    starts = [step for step in found.steps if step.action == "start"]
    if starts:
        step = data.draw(st.sampled_from(starts))
        kind = data.draw(st.sampled_from(("start", "machine")))
        fault = StepFault(kind, step.id, step.instance or "")  # type: ignore[arg-type]
        state = state_after(problem, result.plan, found, fault)
        again = plan_transition(state, result.plan, max_unavailable=missing, attempts=4, exact=False)
        assert again.reason if not again.found else simulate(state, result.plan, again) == ()

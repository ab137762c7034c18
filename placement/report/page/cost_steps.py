"""Costs of several answers to one question side by side as a chart with steps, each with what is proven of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from placement.report import words
from placement.report.page.charts import Axis, Curve, StepChart, step_chart, value_axis
from placement.units import MICRO, micro_dollars

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.referee import Verdict


class CostStep(NamedTuple):
    """One answer as the referee counts it: what it is called, the bound that it claims, and what is told of it."""

    label: str
    verdict: Verdict
    bound: int | None
    told: str

    @classmethod
    def of(cls, label: str, verdict: Verdict, lower_bound: float | None, told: str) -> CostStep:
        """With a bound in dollars as its document has it, which is above the cost at most by rounding."""
        bound = None if lower_bound is None else min(verdict.cost, micro_dollars(lower_bound))
        return cls(label, verdict, bound, f"{words.money(verdict.cost)} {told}")

    @property
    def cost(self) -> int:
        """Micro-dollars."""
        return self.verdict.cost


def cost_steps(title: str, steps: Sequence[CostStep]) -> tuple[StepChart, list[Curve]]:
    """The chart and its curves, for the template; at least one step. Equally wide, as few answers stand beside many."""
    costs = [(float(k), step.cost / MICRO) for k, step in enumerate(steps)]
    bounds = [(float(k), step.bound / MICRO) for k, step in enumerate(steps) if step.bound]
    last = float(len(steps))
    least = min(value for _, value in costs)
    seen = [value for _, value in bounds if value >= least / 2]
    y = value_axis(min([least, *seen]), max(value for _, value in costs), words.on_axis)
    dots = [(k + 0.5, value, steps[int(k)].told) for k, value in costs]
    curves = [
        Curve("cost", "cost of the plan", [*costs, (last, costs[-1][1])], dots),
        *([Curve("bound", "proven: no plan costs less", [*bounds, (last, bounds[-1][1])])] if bounds else []),
    ]
    x = Axis(0.0, last, tuple((k + 0.5, step.label) for k, step in enumerate(steps)))
    return step_chart(title, x, y, curves), curves

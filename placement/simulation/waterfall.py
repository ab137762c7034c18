"""How the bill falls, by what: one strategy after another, each with one idea more than the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.simulation.strategies import SHARED

if TYPE_CHECKING:
    from placement.simulation.outcome import Simulation

# What is new, and the strategy that has it.
IDEAS = (
    ("endpoints for the peak", "one-type-peak"),
    ("machines are shared", "one-type-shared"),
    ("accelerators too", "one-type-packed"),
    ("types are mixed", "mixed-peak"),
    ("copies follow traffic", "mixed-scaled"),
    ("down to zero", "best-fit"),
    ("copies move", SHARED),
)
NAMES = tuple(name for _, name in IDEAS)


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One idea: its strategy's cost, what it saves of the cost before (below 0: it costs more), micro-dollars."""

    idea: str
    strategy: str
    cost: int
    saved: int
    lost: float

    @property
    def before(self) -> int:
        """The cost without it."""
        return self.cost + self.saved


def waterfall(simulation: Simulation) -> list[WaterfallStep]:
    """The steps of a simulation in which all of `NAMES` were played; `lost` is the part of requests not served."""
    found: list[WaterfallStep] = []
    for idea, name in IDEAS:
        outcome = simulation.outcome(name)
        before = found[-1].cost if found else outcome.cost
        found.append(WaterfallStep(idea, name, outcome.cost, before - outcome.cost, outcome.lost))
    return found


def folds(steps: list[WaterfallStep]) -> float | None:
    """How many times the last cost goes into the first; None when nothing is left of it."""
    return steps[0].cost / steps[-1].cost if steps and steps[-1].cost else None

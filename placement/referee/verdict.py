"""What the referee says: broken rules with their figures, and what was counted."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

Rule = Literal[
    # the rows of a plan refer to what there is
    "unique-instance", "known-pool", "known-instance", "instance-pool",
    "known-component", "listed-instance", "known-option",
    # where one copy may stand
    "allowed-type", "allowed-zone", "accelerator-set", "accelerator-range",
    # what stands on one machine
    "vcpus", "host-memory", "accelerator-owner", "accelerator-memory", "accelerator-share",
    "max-per-instance", "dedicated", "avoid",
    # how many copies, and how they are spread
    "copies", "min-copies", "demand", "max-skew", "min-zones", "max-per-zone",
    "zone-loss", "pool-loss", "instance-loss",
    # pools, and the machines and copies that run now
    "max-instances", "limit", "draining", "not-removable", "cordoned", "pinned", "max-moves",
    # what a plan says of itself
    "claimed-problem", "claimed-status", "claimed-price", "claimed-cost", "claimed-moves", "claimed-bound",
    "claimed-gap", "claimed-optimal", "claimed-unplaced", "claimed-left-out",
]  # fmt: skip


class Figures(NamedTuple):
    """What was counted and what the rule allows, in whole units of `unit`: MiB, milli-vCPU, thousandths, copies, ...

    Where a rule asks for at least so many, `counted` is below `allowed`, else above it.
    """

    counted: float
    allowed: float
    unit: str


class Spot(NamedTuple):
    """What a rule is broken at, by the names of the documents; empty where it is of something else."""

    instance: str = ""
    component: str = ""
    accelerator: int | None = None


_OF_THE_PLAN = Spot()


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule: its stable name, where it is broken, and a sentence with both figures.

    `figures` has the two figures where the rule is about amounts, `spot` what it is broken at.
    """

    rule: Rule
    where: str
    message: str
    figures: Figures | None = None
    spot: Spot = _OF_THE_PLAN

    @property
    def is_claim(self) -> bool:
        """Whether it is no rule of the problem, but what the plan says untrue of itself."""
        return self.rule.startswith("claimed-")

    def __str__(self) -> str:
        return f"{self.where}: {self.message} [{self.rule}]"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the documents say of a plan, whatever the plan says of itself.

    Attributes
    ----------
    violations : every broken rule; empty for a plan that may be carried out as it is.
    price_per_hour : micro-dollars per hour of all machines that are paid for, less what commitments pay.
    moves : copies that run now and run on, but not where they are.
    cost : micro-dollars: the price over the horizon, rounded half to even, plus the moves.
    left_out : copies left out by priority; only priorities that leave any out. Components with a demand leave none out.
    copies : placed copies.
    instances : machines that the plan lists.
    """

    violations: tuple[Violation, ...]
    price_per_hour: int
    moves: int
    cost: int
    left_out: dict[int, int]
    copies: int
    instances: int

    @property
    def ok(self) -> bool:
        """Whether every rule is kept and what the plan says of itself is true."""
        return not self.violations

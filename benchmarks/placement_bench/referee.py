"""The recount of a plan by someone else: the referee in its own file, or `placement.verify` where there is none."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from placement_bench.places import module_at, referee_file

if TYPE_CHECKING:
    from types import ModuleType

Document = dict[str, Any]


class Recount(NamedTuple):
    """What a plan costs (dollars, exact to a micro-dollar), optional copies it leaves out, and the rules it breaks."""

    cost: Fraction
    left_out: int
    faults: tuple[str, ...]
    by: str


def recount(problem: Document, plan: Document) -> Recount:
    """Read both documents afresh and count; nothing that the plan says of itself is taken for granted."""
    file = referee_file()
    return _by_verify(problem, plan) if file is None else _by_referee(module_at(file), problem, plan)


def _by_referee(module: ModuleType, problem: Document, plan: Document) -> Recount:
    broken, found = module.check(module.Problem(problem), plan)
    left_out = found["left_out"]
    total = sum(left_out.values()) if isinstance(left_out, dict) else int(left_out)
    return Recount(Fraction(round(found["cost"] * 1_000_000), 1_000_000), total, tuple(broken), "referee")


def _by_verify(problem: Document, plan: Document) -> Recount:
    from placement.documents import Problem
    from placement.documents.plan import Plan
    from placement.referee import verify

    verdict = verify(Problem(**problem), Plan(**plan))
    faults = tuple(f"{violation.where}: {violation.message}" for violation in verdict.violations)
    return Recount(Fraction(verdict.cost, 1_000_000), sum(verdict.left_out.values()), faults, "placement.verify")

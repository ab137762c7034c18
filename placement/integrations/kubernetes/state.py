"""Whether what runs keeps the rules of the problem that was made of it: the state as a plan, asked of the referee.

Where a platform does not tell which accelerators copies have, a machine breaks a rule only where no way to deal them
out keeps it. The problem itself leaves them open.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.referee import verify
from placement.running_state import DealFit, running_plan

if TYPE_CHECKING:
    from placement.documents import Problem
    from placement.integrations.notes import Notes

_EXPECTED = ("draining", "not-removable", "copies", "min-copies")
_OF_AN_ACCELERATOR = ("accelerator-owner", "accelerator-memory", "accelerator-share")


def tell_state(problem: Problem, notes: Notes) -> None:
    """A note for each rule that what runs breaks; the problem is as valid with it, and a plan must mend it."""
    now = running_plan(problem)
    unknown = {name for name, fit in now.dealt.items() if fit is DealFit.UNKNOWN}
    for broken in verify(problem, now.plan).violations:
        if broken.rule in _OF_AN_ACCELERATOR and broken.spot.instance in unknown:
            told = "whether its accelerators hold what runs there is not known: too many ways to deal them out"
            notes.assumed(f"Node {broken.spot.instance}", told)
        elif broken.rule not in _EXPECTED and not broken.is_claim:
            notes.broken(f"{broken.where}", f"{broken.message} [{broken.rule}]")

"""The count of every rule before a plan is offered, where it once said more than the referee."""

from __future__ import annotations

import placement
from placement import Problem
from placement.compiled.broken_rule import broken_rule
from placement.compiled.fleet import compile_fleet
from placement.compiled.packing import Machine, Packing, Seat
from placement.compiled.translate import to_plan
from tests.heuristics.fleets import document


def test_an_accelerator_that_nobody_uses_may_have_less_than_nothing() -> None:
    """More of its memory is reserved than there is: copies on the host alone may stand there all the same."""
    doc = document([{"name": "host", "copies": 1, "accelerators": 0, "vcpus": 1, "memory_gib": 1}])
    doc["instance_types"]["small"]["reserved"] = {"accelerator_memory_gib": 81}
    problem = Problem(**doc)
    fleet = compile_fleet(problem)
    small = next(pool.index for pool in fleet.pools if pool.instance_type == "small")
    packing = Packing((Machine(small, None, (Seat(0, 0, ()),)),))
    assert not placement.verify(problem, to_plan(fleet, packing)).violations
    assert broken_rule(fleet, packing) == ""

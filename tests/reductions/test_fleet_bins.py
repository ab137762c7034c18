"""Which fleets are packing problems of vectors: those whose plans are right as soon as each machine is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.reductions.vector_packing import FleetBins, owns_accelerators
from tests.heuristics.fleets import component, fleet_of


@pytest.mark.parametrize(
    ("more", "rows", "is_packing", "owns"),
    [
        ({}, {}, True, True),
        ({"on": ["B"], "shared": True}, {}, True, True),  # machines of one accelerator are bins
        ({"on": ["A"], "shared": True}, {}, False, False),  # of several no copy tells which it is on
        ({"shared": True}, {}, False, False),  # nor where some of them have several
        ({"shared": True, "accelerators": 0}, {}, True, True),
        ({"options": [{"on": ["A"]}, {"on": ["A"], "shared": True}]}, {}, False, False),
        ({"min_copies": 1}, {}, False, True),
        ({"copies": None, "demand": 3, "throughput": 1}, {}, False, True),
        ({"spread": {"min_zones": 1}}, {}, True, True),
        ({"spread": {"max_skew": 1}}, {}, False, True),
        ({"spread": {"max_skew": 1}, "zones": ["a"]}, {}, True, True),
        ({"spread": {"min_zones": 2}}, {}, False, True),
        ({"spread": {"max_per_zone": 2}}, {}, False, True),
        ({"min_available_on_zone_loss": 1}, {}, False, True),
        ({"min_available_on_pool_loss": 1}, {}, False, True),
        ({"spread": {"max_per_instance": 1}}, {}, True, True),
        ({}, {"instances": [{"id": "i", "pool": "a"}]}, False, True),
        ({}, {"limits": [{"name": "n", "pools": ["a"], "max_instances": 1}]}, False, True),
    ],
)
def test_which_fleets_are_packing_problems(
    more: dict[str, Any], rows: dict[str, Any], is_packing: bool, owns: bool
) -> None:
    """Each rule that looks beyond one machine makes it none."""
    row = {"name": "c", "copies": 3, "accelerators": 1, "accelerator_memory_gib": 4, **more}
    if "options" in row:
        row = {key: value for key, value in row.items() if not key.startswith("accelerator")}
    machine = {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    fleet = compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 10}, "B": {"memory_gib": 10}},
            instance_types={
                "two": {"accelerator": "A", "accelerator_count": 2, **machine},
                "one": {"accelerator": "B", "accelerator_count": 1, **machine},
            },
            pools=[
                {"name": "a", "instance_type": "two", "zone": "a"},
                {"name": "b", "instance_type": "one", "zone": "a"},
                {"name": "c", "instance_type": "one", "zone": "b"},
            ],
            components=[row, {"name": "other", "copies": 1, "accelerators": 0}],
            **rows,
        )
    )
    assert (FleetBins.of(fleet) is not None) is is_packing
    assert owns_accelerators(fleet) is owns


def test_copies_that_share_and_copies_that_own_are_counted_apart() -> None:
    """Two that share stand on an accelerator, as many as there are by memory; beside one that owns it none does."""
    machine = {"vcpus": 8, "memory_gib": 8, "price_per_hour": 1}
    fleet = compile_fleet(
        Problem(
            accelerators={"A": {"memory_gib": 10}},
            instance_types={"one": {"accelerator": "A", "accelerator_count": 1, **machine}},
            pools=[{"name": "p", "instance_type": "one", "zone": "z"}],
            components=[
                {"name": "shares", "copies": 3, "accelerator_memory_gib": 1, "shared": True},
                {"name": "large", "copies": 1, "accelerator_memory_gib": 8, "shared": True},
                {"name": "owns", "copies": 1},
                {"name": "host", "copies": 1, "accelerators": 0, "vcpus": 4},
            ],
        )
    )
    found = FleetBins.of(fleet)
    assert found is not None
    sizes = [np.array(rows)[0] for rows in found.problem.sizes]
    (capacity,) = np.array(found.problem.capacities)

    def fit(*components: int) -> bool:
        return bool(np.all(sum(sizes[c] for c in components) <= capacity))

    for together in ((0, 0, 0), (0, 0, 1, 3), (2, 3), (3,)):
        assert fit(*together), together
    for together in ((0, 0, 0, 1), (2, 0), (2, 1), (2, 2)):
        assert not fit(*together), together


def test_caps_and_minima_are_those_of_the_fleet() -> None:
    """At most one copy in a bin; two bins are paid for in any case, of the first of each type's pools."""
    fleet = fleet_of([component("a", 2, 40, shared=False, spread={"max_per_instance": 1})])
    fleet = replace(fleet, pools=tuple(replace(pool, min_instances=2) for pool in fleet.pools))
    form = FleetBins.of(fleet)
    assert form is not None
    assert list(form.problem.most) == [1]
    assert list(form.problem.least) == [2 * len(members) for members in form.members]


def test_who_avoids_whom_is_told_once_and_nobody_avoids_itself() -> None:
    """A dedicated component is in conflict with every other one."""
    rows = [component(name, 2, 40, shared=False) for name in "abc"]
    for more, pairs in (({}, []), ({"avoid": ["a"]}, [(0, 1)]), ({"dedicated": True}, [(0, 1), (1, 2)])):
        form = FleetBins.of(fleet_of([rows[0], {**rows[1], **more}, rows[2]]))
        assert form is not None
        assert form.problem.conflicts == pairs


def test_a_fleet_whose_copies_run_somewhere_is_none() -> None:
    """One component is enough: moves count, though no machine of it is there."""
    fleet = fleet_of([component(name, 2, 40, shared=False) for name in "ab"])
    assert FleetBins.of(fleet) is not None
    assert FleetBins.of(replace(fleet, running=(0, 1))) is None


def test_bins_have_what_machines_have() -> None:
    """As many copies fit in one by vCPUs and by host memory."""
    row = {"copies": 9, "accelerators": 0}
    fleet = compile_fleet(
        Problem(
            instance_types={"t": {"vcpus": 8, "memory_gib": 6, "price_per_hour": 1}},
            pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
            components=[{"name": "v", "vcpus": 3, **row}, {"name": "m", "memory_gib": 2, **row}],
        )
    )
    form = FleetBins.of(fleet)
    assert form is not None
    sizes, (capacity,) = np.array(form.problem.sizes)[:, 0], np.array(form.problem.capacities)
    most = [min(capacity[size > 0] // size[size > 0]) for size in sizes]
    assert most == [2, 3]

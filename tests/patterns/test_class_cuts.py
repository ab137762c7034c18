"""Inequalities that copies on a device class keep."""

from __future__ import annotations

from placement import Problem
from placement.compiled.fleet import compile_fleet
from placement.patterns.enumeration.class_cuts import broken_cut, cut_at
from placement.patterns.formulation import relax


def test_no_accelerator_is_worth_more_than_a_cut_says() -> None:
    """Items of 8 and 3 of 10 GiB: worth 2 and 1, no accelerator holds more than 3; four copies break it on one."""
    problem = Problem(
        accelerators={"A": {"memory_gib": 10}},
        instance_types={
            "t": {"accelerator": "A", "accelerator_count": 2, "vcpus": 8, "memory_gib": 64, "price_per_hour": 3}
        },
        pools=[{"name": "p", "instance_type": "t", "zone": "z"}],
        components=[
            {"name": name, "copies": 4, "accelerators": 1, "accelerator_memory_gib": size, "shared": True}
            for name, size in (("large", 8), ("small", 3))
        ],
    )
    (device_class,) = relax(compile_fleet(problem)).device_classes
    sizes = [item.memory_mib for item in device_class.items]
    large, small = sizes.index(max(sizes)), sizes.index(min(sizes))
    values = [2 if i == large else 1 for i in range(2)]
    cut = cut_at(device_class, values)
    assert cut is not None
    assert cut.accelerator * 2 == 3 * cut.items[large]  # three small ones, worth 3, where a large one is worth 2
    assert broken_cut(device_class, {large: 2, small: 3}, 3) is None
    broken = broken_cut(device_class, {large: 2, small: 3}, 2)
    assert broken is not None
    assert broken.items[large] * 2 + broken.items[small] * 3 > broken.accelerator * 2

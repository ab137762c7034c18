"""The comparison with machines of its own for each component is exact, or it is not given."""

from __future__ import annotations

import copy
import itertools
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import placement
from placement.compiled.fleet import FleetOption, Shape, compile_fleet
from placement.report.baseline import Baseline, Rent, dedicated_baseline
from placement.report.contents import most_served
from tests.brute import cheapest, too_big
from tests.corpus import one_by_one
from tests.strategies import problems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.reading import Doc

INSTANCES = Path(__file__).resolve().parents[2] / "instances"

H100 = {"accelerator": "H100", "accelerator_count": 8, "vcpus": 192, "memory_gib": 2048, "price_per_hour": 55.0}
HOST = {"vcpus": 8, "memory_gib": 64}
L40S = {"accelerator": "L40S", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64, "price_per_hour": 2.0}


def fleet_of(*components: Doc, zones: Sequence[str] = "abc") -> Any:
    """Components on unlimited machines of two types in each zone, compiled."""
    return compile_fleet(
        placement.Problem(
            accelerators={"H100": {"memory_gib": 80}, "L40S": {"memory_gib": 48}},
            instance_types={"big": H100, "small": L40S},
            pools=[
                {"name": f"{kind}-{zone}", "instance_type": kind, "zone": zone}
                for kind in ("big", "small")
                for zone in zones
            ],
            components=[{"name": f"c{c}", **component} for c, component in enumerate(components)],
        )
    )


def alone(doc: Doc, name: str, copies: int) -> Doc:
    """The problem of one component on machines of its own: no quotas, no state, nothing optional."""
    doc = copy.deepcopy(doc)
    (component,) = [row for row in doc["components"] if row["name"] == name]
    for key in ("avoid", "groups", "move_cost", "priority"):
        component.pop(key, None)
    if "copies" in component:
        component.update(copies=copies, min_copies=copies)
    pools = [
        {key: value for key, value in pool.items() if key != "min_instances" and (key != "max_instances" or value == 0)}
        for pool in doc["pools"]
    ]
    kept = {key: doc[key] for key in ("format", "accelerators", "instance_types")}
    return {**kept, "pools": pools, "components": [component]}


@given(doc=problems(state=False, max_copies=5), data=st.data())
def test_no_component_alone_can_be_cheaper_or_dearer(doc: Doc, data: Any) -> None:
    """Each rent equals the optimum that trying everything finds for the component alone."""
    problem = placement.Problem(**doc)
    component = data.draw(st.sampled_from(doc["components"]))
    index = doc["components"].index(component)
    copies = component.get("copies", 1)
    small = alone(doc, component["name"], copies)
    assume(not too_big(small))

    fleet = compile_fleet(problem)
    wanted = [copies if c == index else 0 for c in range(len(fleet.components))]
    rent = dedicated_baseline(fleet, wanted).rents[index]
    best = cheapest(small)

    if best is None:
        assert rent is None
    else:
        assert rent is not None
        assert rent.price == best.account.price


@pytest.mark.parametrize(
    ("component", "copies", "rent"),
    [
        ({"copies": 1}, 1, Rent(2_000_000, 1)),
        ({"copies": 0}, 0, Rent(0, 0)),
        ({"copies": 30}, 30, Rent(60_000_000, 30)),  # 30 small; 4 big would be 220
        ({"copies": 12, "shared": True, "accelerator_memory_gib": 24}, 12, Rent(12_000_000, 6)),
        ({"copies": 2, "on": ["H100"], "spread": {"min_zones": 2}}, 2, Rent(110_000_000, 2)),
        ({"copies": 3, "on": ["H100"], "min_available_on_zone_loss": 2}, 3, Rent(165_000_000, 3)),
        ({"copies": 4, "on": ["H100"], "spread": {"max_skew": 1}}, 4, Rent(165_000_000, 3)),
        ({"copies": 4, "on": ["H100"], "spread": {"max_per_instance": 1}}, 4, Rent(220_000_000, 4)),
        ({"copies": 4, "on": ["H100"], "zones": ["a"], "spread": {"max_per_zone": 4}}, 4, Rent(55_000_000, 1)),
        ({"demand": 50, "throughput": 20, "on": ["H100"]}, 1, Rent(55_000_000, 1)),
        (  # two fast copies on one big machine in one zone, and for the skew a slow one on a small machine in another
            {
                "demand": 50,
                "options": [{"throughput": 0.5, "on": ["L40S"]}, {"throughput": 40, "on": ["H100"]}],
                "zones": ["a", "b"],
                "spread": {"max_skew": 1},
            },
            3,
            Rent(57_000_000, 2),
        ),
        ({"demand": 1, "throughput": 20, "min_available_on_zone_loss": 1}, 2, Rent(4_000_000, 2)),
    ],
)
def test_rules_of_the_component_are_kept(component: Doc, copies: int, rent: Rent) -> None:
    """Worked by hand, one rule at a time."""
    assert dedicated_baseline(fleet_of(component), [copies]).rents == (rent,)


def test_what_cannot_be_said_is_not_said() -> None:
    """A component that can't keep its own rules has no rent, and then there is no total."""
    fleet = fleet_of({"copies": 2}, {"copies": 2, "min_copies": 0, "zones": ["a"], "spread": {"min_zones": 2}})

    baseline = dedicated_baseline(fleet, [2, 2])

    assert baseline.rents == (Rent(4_000_000, 2), None)
    assert baseline.total is None
    assert list(baseline.missing) == ["c1"]


@one_by_one(range(60))
def test_zones_of_few_kinds_are_dealt_as_all_of_them(seed: int) -> None:
    """By every way to deal copies to up to six zones, each with a machine of one of three types."""
    draw = random.Random(seed)
    types = [(draw.randint(1, 3), draw.randint(1, 5)) for _ in range(3)]  # copies that a machine holds, its price
    zones = [draw.choice(types) for _ in range(draw.randint(1, 6))]
    copies, loss = draw.randint(1, 5), draw.choice((0, 0, 1))
    spread = {
        key: value
        for key, value in (("max_skew", draw.randint(1, 2)), ("min_zones", draw.randint(1, 4)), ("max_per_zone", 2))
        if draw.random() < 0.5
    }
    problem = placement.Problem(
        accelerators={"gpu": {"memory_gib": 16}},
        instance_types={
            f"{holds}-{price}": {"accelerator": "gpu", "accelerator_count": holds, "price_per_hour": price} | HOST
            for holds, price in types
        },
        pools=[{"name": f"p{z}", "instance_type": f"{h}-{p}", "zone": f"z{z}"} for z, (h, p) in enumerate(zones)],
        components=[{"name": "c", "copies": copies, "spread": spread, "min_available_on_zone_loss": loss}],
    )
    best = min(
        (
            sum(-(-n // holds) * price for n, (holds, price) in zip(dealt, zones, strict=True))
            for dealt in itertools.product(range(copies + 1), repeat=len(zones))
            if sum(dealt) == copies
            and max(dealt) - min(dealt) <= spread.get("max_skew", copies)
            and sum(n > 0 for n in dealt) >= min(copies, spread.get("min_zones", 0))
            and max(dealt) <= min(copies - loss, spread.get("max_per_zone", copies))
        ),
        default=None,
    )

    (rent,) = dedicated_baseline(compile_fleet(problem), [copies]).rents

    assert (rent and rent.price) == (best and best * 1_000_000)


def test_thousands_of_zones_are_priced() -> None:
    """All alike but for their names: only as many are looked at as there are copies."""
    apart = {"copies": 6, "on": ["L40S"], "spread": {"max_skew": 1, "min_zones": 3}, "min_available_on_zone_loss": 2}
    fleet = fleet_of(*[apart] * 20, zones=[f"z{z}" for z in range(3_000)])
    assert dedicated_baseline(fleet, [6] * 20).total == Rent(20 * 12_000_000, 120)


def test_too_much_work_is_not_begun() -> None:
    """Three thousand copies dealt over zones: unknown, and the others are still priced."""
    huge = {"copies": 3_000, "on": ["H100"], "min_available_on_zone_loss": 1}

    baseline = dedicated_baseline(fleet_of(huge, {"copies": 1}), [3_000, 1])

    assert baseline.rents == (None, Rent(2_000_000, 1))
    assert "too large" in baseline.missing["c0"]


def test_total_adds_up() -> None:
    """Price and machines of all components."""
    assert Baseline((Rent(5, 1), Rent(7, 2)), {}).total == Rent(12, 3)
    assert Baseline((), {}).total == Rent(0, 0)


def test_consolidation_starts_from_the_dedicated_price() -> None:
    """The problem that asks for dedicated machines costs what the comparison of the other one says."""
    before = placement.read(INSTANCES / "codegen-before.yaml")
    after = compile_fleet(placement.read(INSTANCES / "codegen-after.yaml"))

    total = dedicated_baseline(after, [component.copies for component in after.components]).total

    assert total is not None
    plan = placement.solve(before, "greedy", work=1)
    assert plan.cost == total.price
    assert len(plan.plan.instances) == total.machines


@pytest.mark.parametrize(
    ("options", "worth", "expected"),
    [
        ([FleetOption(0, 1, True, 30, 0, 0, 0, 0, frozenset())], [1], list(range(7))),
        ([FleetOption(0, 2, True, 30, 0, 0, 0, 0, frozenset())], [1], [0, 1, 2, 3]),
        ([FleetOption(0, 1, False, 30, 0, 0, 0, 0, frozenset())], [1], [0, 1, 2]),
        ([FleetOption(0, 0, False, 0, 0, 30, 0, 0, frozenset())], [1], [0, 1, 2, 3]),
        ([FleetOption(0, 1, True, 0, 400, 0, 0, 0, frozenset())], [1], [0, 1, 2, 3, 4]),
        # 60 and 40 stand side by side on each of the two accelerators
        (
            [
                FleetOption(0, 1, True, 60, 0, 0, 0, 0, frozenset()),
                FleetOption(1, 1, True, 40, 0, 0, 0, 0, frozenset()),
            ],
            [3, 2],
            [0, 3, 6, 8, 10],
        ),
    ],
)
def test_contents_of_one_machine(options: list[FleetOption], worth: list[int], expected: list[int]) -> None:
    """Two accelerators of 100 MiB, 100 milli-vCPUs; the last entry is for as many copies as fit."""
    assert most_served(Shape(2, 100, 100, 100), options, 10, worth) == expected

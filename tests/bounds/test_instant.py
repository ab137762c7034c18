"""What the instant bounds say of themselves: each names every rule that it does not count."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

import placement
from placement import Problem
from placement.bounds.instant import instant_bounds
from placement.bounds.overload import overload_ticks
from placement.compiled.fleet import compile_fleet

Doc = dict[str, Any]


def document(components: dict[str, Doc] | None = None, each: Doc | None = None, **more: Any) -> Doc:
    """Machines of ten vCPUs in a cheap pool and a dear one, of which one runs more than it has room for.

    Two components never share a machine, so that every instant bound has something to say.
    """
    rows: dict[str, Doc] = {
        "v5": {"copies": 1, "vcpus": 5, "move_cost": 2},
        "v6": {"copies": 1, "vcpus": 6, "move_cost": 2},
        "a": {"copies": 3, "vcpus": 1, "avoid": ["b"]},
        "b": {"copies": 2, "vcpus": 1},
    }
    changed = components or {}
    machine = {"vcpus": 10, "memory_gib": 100}
    return {
        "instance_types": {"t": machine | {"price_per_hour": 1}, "u": machine | {"price_per_hour": 3}},
        "pools": [{"name": "p", "instance_type": "t", "zone": "x"}, {"name": "q", "instance_type": "u", "zone": "y"}],
        "components": [{"name": name, "accelerators": 0, **row, **changed.get(name, {})} for name, row in rows.items()],
        "instances": [{"id": "i", "pool": "p"}],
        "placements": [{"component": name, "instance": "i", **(each or {})} for name in ("v5", "v6")],
        **more,
    }


BESIDE = "components that may share machines"  # what the cliques do not count of rules on what stands together
WHOLE_PLAN = {
    "limits": document(limits=[{"name": "l", "pools": ["p"], "max_instances": 1}]),
    "objective.max_moves": document(objective={"max_moves": 0}),
    "min_available_on_pool_loss": document({"a": {"min_available_on_pool_loss": 1}}),
    "min_available_on_instance_loss": document({"a": {"min_available_on_instance_loss": 2}}),
}
RULES = [
    *((key, (key,), ruled) for key, ruled in WHOLE_PLAN.items()),
    ("min_zones", ("rules over zones",), document({"a": {"spread": {"min_zones": 2}}})),
    ("max_skew", ("rules over zones",), document({"a": {"spread": {"max_skew": 1}}})),
    ("max_per_zone", ("rules over zones",), document({"a": {"spread": {"max_per_zone": 2}}})),
    ("loss of a zone", ("rules over zones",), document({"a": {"min_available_on_zone_loss": 1}})),
    ("max_per_instance", ("max_per_instance", BESIDE), document({"a": {"spread": {"max_per_instance": 1}}})),
    ("dedicated", ("dedicated", BESIDE), document({"a": {"dedicated": True}})),
    ("avoid", ("avoid", BESIDE), document({"v5": {"avoid": ["a", "b"]}})),
    ("optional copies", ("optional copies",), document({"b": {"copies": 12, "min_copies": 2}})),
    ("pins", ("pins",), document(each={"pinned": True})),
    ("cordoned", ("machines that run now",), document(instances=[{"id": "i", "pool": "p", "state": "cordoned"}])),
]


@cache
def cheapest_plain() -> placement.Result:
    """A plan without any of the rules."""
    return placement.solve(Problem(**document()), "cp-sat", time_limit=None, work=10)


@pytest.mark.parametrize(("words", "ruled"), [row[1:] for row in RULES], ids=[row[0] for row in RULES])
def test_a_bound_names_each_rule_that_it_does_not_count(words: tuple[str, ...], ruled: Doc) -> None:
    """The rule makes plans dearer, or leaves none: a bound that stays where it was does not count it."""
    plain, problem = Problem(**document()), Problem(**ruled)
    cheapest = cheapest_plain()
    dearer = placement.solve(problem, "cp-sat", time_limit=None, work=10)
    assert cheapest.cost is not None
    assert dearer.cost is None or dearer.cost > cheapest.cost

    before = {bound.name: bound.ticks for bound in instant_bounds(compile_fleet(plain))}
    after = instant_bounds(compile_fleet(problem))
    same = [bound for bound in after if bound.ticks == before[bound.name]]

    assert set(before) == {bound.name for bound in after} == {"cliques", "volume", "overload"}
    assert "volume" in {bound.name for bound in same}
    for bound in same:
        assert any(word in bound.relaxes for word in words), f"{bound.name}: {bound.relaxes}"


@pytest.mark.parametrize(("key", "ruled"), WHOLE_PLAN.items(), ids=WHOLE_PLAN)
def test_only_rules_over_the_whole_plan_that_the_fleet_has_are_told(key: str, ruled: Doc) -> None:
    """By every bound, even where part of the rule counts."""
    for bound in instant_bounds(compile_fleet(Problem(**ruled))):
        rules = bound.relaxes.split("; ")
        assert [other for other in WHOLE_PLAN if any(rule.startswith(other) for rule in rules)] == [key]


def test_moves_that_count_are_told() -> None:
    """The overload bound counts those off a machine that is over; the others do not."""
    for bound in instant_bounds(compile_fleet(Problem(**document()))):
        assert ("have no room" in bound.relaxes) is (bound.name == "overload")
        assert "moves, but off machines that may not hold so many copies of the component" in bound.relaxes


@pytest.mark.parametrize(
    ("commitment", "most"),
    [
        ({"pools": ["p"], "instances": 1}, 1),
        ({"pools": ["p", "q"], "price_per_hour": 0.5}, 0.5),
        ({"pools": ["q"], "instances": 1}, 3),
    ],
)
def test_where_commitments_pay_all_that_they_can_is_taken_off(commitment: Doc, most: float) -> None:
    """A machine has no price of its own there: what is left at list prices is still a bound, and says what it is."""
    before = {bound.name: bound.ticks for bound in instant_bounds(compile_fleet(Problem(**document())))}
    problem = Problem(**document(commitments=[{"name": "k", **commitment}]))
    fleet = compile_fleet(problem)
    least = placement.solve(problem, "cp-sat", time_limit=None, work=10)
    assert least.status is placement.Status.OPTIMAL
    assert least.cost is not None
    found = {bound.name: bound for bound in instant_bounds(fleet)}

    off = fleet.tick_price * round(most * 1e6)
    assert {name: bound.ticks for name, bound in found.items()} == {n: t - off for n, t in before.items() if t > off}
    for bound in found.values():
        assert "commitments that pay less than they can" in bound.relaxes
        assert fleet.cost(bound.ticks) <= least.cost


@pytest.mark.parametrize(
    ("components", "better"),
    [({}, "cliques"), ({"a": {"copies": 3, "avoid": [], "vcpus": 10}}, "volume")],
)
def test_moves_come_on_top_of_the_better_bound(components: dict[str, Doc], better: str) -> None:
    """Whichever of the two that is."""
    fleet = compile_fleet(Problem(**document(components)))
    found = {bound.name: bound.ticks for bound in instant_bounds(fleet)}
    other = min(found[name] for name in ("cliques", "volume"))
    assert found[better] > other
    assert found["overload"] == found[better] + overload_ticks(fleet) > found[better]

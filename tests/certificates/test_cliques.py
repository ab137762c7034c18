"""Prices of machines for components that never share one: the dual values of sending their machines to pools."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import highspy
import pytest

from placement.certificates import cliques
from placement.certificates.cliques import CliquePrices, clique_cuts
from placement.compiled.fleet import Fleet, compile_fleet
from placement.documents import Problem
from placement.engines.highs import EngineError
from placement.patterns.branch_and_price import groups_of
from placement.patterns.certificate import UNIT, Cut
from placement.patterns.covering import any_domain
from placement.solving.budget import Budget

if TYPE_CHECKING:
    from collections.abc import Callable

    from placement.patterns.certificate import NodeDomain

DOLLAR = 1_000_000 * UNIT


def fleet_of(quota: int | None = 1, **prices: float) -> Fleet:
    """Component `two` needs two machines of pools p and q, `one` one of q; `free` shares with both, and runs on r."""
    machine = {"accelerator": "A", "accelerator_count": 1, "vcpus": 8, "memory_gib": 64}
    listed = {"p": 3.5, "q": 5.0, "r": 1.0} | prices
    on = {"two": ["p", "q"], "one": ["q"], "free": ["r"]}
    return compile_fleet(
        Problem.model_validate(
            {
                "format": "placement/v1",
                "accelerators": {"A": {"memory_gib": 80}},
                "instance_types": {name: {**machine, "price_per_hour": price} for name, price in listed.items()},
                "pools": [
                    {"name": name, "instance_type": name, "zone": "z", "max_instances": quota if name == "p" else None}
                    for name in listed
                ],
                "components": [
                    {"name": name, "copies": copies, "shared": True, "instance_types": on[name], "avoid": avoid}
                    | {"spread": {"max_per_instance": 1}}
                    for name, copies, avoid in (("two", 2, ["one"]), ("one", 1, []), ("free", 3, []))
                ],
            }
        )
    )


def found(fleet: Fleet, budget: Budget | None = None) -> list[tuple[Cut, CliquePrices]]:
    return list(clique_cuts(fleet, any_domain(fleet, groups_of(fleet)), budget or Budget()))


def least_rent(fleet: Fleet, cut: Cut, domain: NodeDomain) -> float:
    """The least rent, dollars, by a cut alone: machines that are worth most for their price first."""
    left, rent = float(cut.least), 0.0
    for p in sorted(range(len(fleet.pools)), key=lambda p: fleet.pools[p].price / max(1, cut.coefficients[p])):
        if cut.coefficients[p]:
            taken = max(0.0, min(domain.most[p], left / cut.coefficients[p]))
            left, rent = left - taken * cut.coefficients[p], rent + taken * fleet.pools[p].price / 1e6
    assert left <= 0
    return rent


def test_members_are_priced_by_the_dearest_machine_that_one_of_them_needs() -> None:
    """One machine of p is all that there is: two machines of q are rented, so each is worth what q costs."""
    fleet = fleet_of()
    ((cut, prices),) = found(fleet)
    assert prices == CliquePrices(((0, 5 * DOLLAR), (1, 5 * DOLLAR)))
    assert cut == Cut((5 * DOLLAR, 5 * DOLLAR, 0), 15 * DOLLAR)
    assert least_rent(fleet, cut, any_domain(fleet, groups_of(fleet))) == pytest.approx(3.5 + 2 * 5)


def test_where_pools_are_large_each_member_has_its_own_price() -> None:
    ((cut, prices),) = found(fleet_of(quota=None))
    assert prices == CliquePrices(((0, int(3.5 * DOLLAR)), (1, 5 * DOLLAR)))
    assert cut == Cut((int(3.5 * DOLLAR), 5 * DOLLAR, 0), 12 * DOLLAR)


def test_machines_that_cost_nothing_have_no_price() -> None:
    """What no member pays for has no price; where that is so of all, there is no inequality."""
    ((cut, prices),) = found(fleet_of(quota=None, p=0))
    assert prices == CliquePrices(((1, 5 * DOLLAR),))
    assert cut == Cut((0, 5 * DOLLAR, 0), 5 * DOLLAR)
    assert not found(fleet_of(quota=None, p=0, q=0))


def test_machines_that_are_paid_for_in_any_case_are_taken_first() -> None:
    """Of q two are paid for: one more machine of either is one of p."""
    fleet = fleet_of(quota=None)
    domain = any_domain(fleet, groups_of(fleet))
    domain = dataclasses.replace(domain, fewest=(0, 2, *domain.fewest[2:]))
    ((cut, prices),) = clique_cuts(fleet, domain, Budget())
    assert prices == CliquePrices(((0, int(3.5 * DOLLAR)), (1, int(3.5 * DOLLAR))))
    assert cut == Cut((int(3.5 * DOLLAR), int(3.5 * DOLLAR), 0), int(10.5 * DOLLAR))


def test_too_few_machines_have_a_price_above_all_others() -> None:
    """What no pool has costs ten times the dearest machine: the inequality can't be kept."""
    fleet = compile_fleet(
        fleet_of().problem.model_copy(
            update={"pools": tuple(row.model_copy(update={"max_instances": 1}) for row in fleet_of().problem.pools)}
        )
    )
    ((cut, prices),) = found(fleet)
    assert dict(prices.values) == {0: 50 * DOLLAR, 1: 50 * DOLLAR}
    assert sum(cut.coefficients) < cut.least


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("certificates.cliques._MOST_PAIRS", lambda: 2),
        ("engines.highs.load_lp", lambda: failing),
        ("engines.highs.run", lambda: lambda _: highspy.HighsModelStatus.kTimeLimit),
    ],
)
def test_without_an_answer_there_is_no_inequality(
    name: str, value: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Too many members and pools, an engine that fails, or one that does not end."""
    monkeypatch.setattr(f"placement.{name}", value())
    assert not found(fleet_of())


def test_a_fleet_may_have_one_pool() -> None:
    document = fleet_of(quota=None).problem.model_dump(by_alias=True, exclude_none=True, mode="json")
    document["pools"] = [row for row in document["pools"] if row["name"] == "q"]
    document["components"] = [row for row in document["components"] if row["name"] != "free"]
    ((cut, prices),) = found(compile_fleet(Problem.model_validate(document)))
    assert prices == CliquePrices(((0, 5 * DOLLAR), (1, 5 * DOLLAR)))
    assert cut == Cut((5 * DOLLAR,), 15 * DOLLAR)


def test_three_pairs_are_looked_at_where_three_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cliques, "_MOST_PAIRS", 3)
    assert len(found(fleet_of())) == 1


def failing(*_: object) -> None:
    raise EngineError("refused")


def test_no_clique_is_looked_at_when_the_time_is_over() -> None:
    budget = Budget()
    budget.interrupt()
    assert not found(fleet_of(), budget)

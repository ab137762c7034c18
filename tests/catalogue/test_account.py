"""Rules of an account over pools: quotas and budgets as limits, savings plans as commitments."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from placement.catalogue.account import AccountPool, account_rules
from placement.catalogue.market import Market
from placement.catalogue.readers import read_facts
from tests.catalogue import samples

if TYPE_CHECKING:
    from pathlib import Path

EAST, WEST = "us-east-1", "us-west-2"


def market_of(folder: Path, *documents: Any) -> Market:
    """The market with answers of AWS's command line."""
    files = [folder / f"{index}.json" for index in range(len(documents))]
    for file, document in zip(files, documents, strict=True):
        file.write_text(json.dumps(document))
    return Market([read_facts(file) for file in files])


def pools(market: Market, *rows: tuple[str, str, str]) -> list[AccountPool]:
    """Pools by name, type and region; spot where the name says so."""
    return [
        AccountPool(name, market.types[kind], region, "spot" if name.endswith("spot") else "on-demand")
        for name, kind, region in rows
    ]


def test_savings_plans_pay_for_a_family_first_and_never_for_spot(tmp_path: Path) -> None:
    """A pool is in one commitment; what is in another one already is left alone."""
    market = market_of(tmp_path, samples.SAVINGS_PLANS)
    rows = pools(
        market,
        ("p5", "p5.48xlarge", EAST),
        ("p5 west", "p5.48xlarge", WEST),
        ("g6", "g6.12xlarge", EAST),
        ("g6 spot", "g6.12xlarge", EAST),
        ("reserved", "g6.12xlarge", EAST),
        ("hosting", "ml.g6.12xlarge", EAST),
    )
    made = account_rules(market, rows, {"reserved"})

    assert [(row["name"], row["pools"], row["price_per_hour"]) for row in made.commitments] == [
        ("savings plans of p5 in us-east-1", ["p5"], 30),
        ("savings plans of SageMaker", ["hosting"], 4.5),
        ("savings plans of EC2", ["p5 west", "g6"], 12.25),
    ]
    assert list(made.assumed) == [row["name"] for row in made.commitments]
    alone = account_rules(market, pools(market, ("p5", "p5.48xlarge", EAST)))
    assert [row["price_per_hour"] for row in alone.commitments] == [30]
    assert list(alone.ignored) == ["savings plans of SageMaker", "savings plans of EC2"]


def in_zones(market: Market, *rows: tuple[str, str, str], kind: str = "p5.48xlarge") -> list[AccountPool]:
    """Pools by name, region and zone."""
    return [AccountPool(name, market.types[kind], region, zone=zone, row=kind) for name, region, zone in rows]


def made_of(market: Market, rows: list[AccountPool]) -> list[tuple[str, list[str], int]]:
    """The commitments by machines."""
    made = account_rules(market, rows).commitments
    return [(row["name"], row["pools"], row["instances"]) for row in made if "instances" in row]


def test_reserved_instances_are_paid_for_by_zone_then_by_region(tmp_path: Path) -> None:
    """A zone by its name or its id; a pool is in one commitment, and savings plans pay for what is left."""
    market = market_of(tmp_path, samples.RESERVED, samples.SAVINGS_PLANS)
    rows = in_zones(market, ("a", EAST, "use1-az1"), ("b", EAST, "us-east-1b"), ("c", EAST, "us-east-1c"))
    spot = AccountPool("spot", market.types["p5.48xlarge"], EAST, "spot", "us-east-1a")
    made = account_rules(market, [*rows, spot])

    assert [(row["name"], row["pools"], row.get("instances")) for row in made.commitments] == [
        ("reserved instances of p5.48xlarge in us-east-1a", ["a"], 3),
        ("reserved instances of p5.48xlarge", ["b", "c"], 4),
    ]
    assert "not counted for a: a pool is in one commitment" in made.assumed["reserved instances of p5.48xlarge"]
    assert made.ignored["reserved instances of g6.12xlarge"] == "5 machines: no pool here is of their type and place"
    assert "savings plans of p5 in us-east-1" in made.ignored


def test_reserved_instances_of_a_region_join_those_of_its_only_zone(tmp_path: Path) -> None:
    """Where no pool is left for them; of pools in two regions nobody knows which they are for."""
    market = market_of(tmp_path, samples.RESERVED)
    zone = "reserved instances of p5.48xlarge in us-east-1a"
    assert made_of(market, in_zones(market, ("a", EAST, "us-east-1a"))) == [(zone, ["a"], 7)]
    both = in_zones(market, ("a", EAST, "us-east-1a"), ("b", WEST, "us-west-2a"))
    assert made_of(market, both) == [(zone, ["a"], 3)]
    assert "their region is not told" in account_rules(market, both).ignored["reserved instances of p5.48xlarge"]


def test_reserved_instances_are_of_one_row_and_never_of_sagemaker(tmp_path: Path) -> None:
    """A commitment by machines is of one instance type of the problem."""
    market = market_of(tmp_path, samples.RESERVED)
    rows = [
        AccountPool(name, market.types["g6.12xlarge"], EAST, zone="us-east-1a", row=row)
        for name, row in (("x", "odd"), ("y", "plain"), ("z", "plain"))
    ]
    assert made_of(market, rows) == [("reserved instances of g6.12xlarge", ["y", "z"], 5)]
    made = account_rules(market, [AccountPool("hosting", market.types["ml.g6.12xlarge"], EAST)])
    assert made.commitments == []
    assert "they do not pay for machines of SageMaker" in made.ignored["reserved instances of g6.12xlarge"]


def test_budgets_count_the_machines_of_their_service(tmp_path: Path) -> None:
    """That of an account counts both; none counts machines of another cloud."""
    market = market_of(tmp_path, samples.BUDGETS)
    kinds = [("p5", "p5.48xlarge", EAST), ("hosting", "ml.g6.12xlarge", EAST), ("google", "a3-highgpu-8g", "us")]
    made = account_rules(market, pools(market, *kinds))

    assert [(row["name"], row["pools"], row["max_price_per_hour"]) for row in made.limits] == [
        ("budget all", ["p5", "hosting"], 100),
        ("budget models", ["hosting"], 10),
        ("budget machines", ["p5"], 2),
    ]
    assert "whole account" in made.assumed["budget all"]
    assert "whole account" not in made.assumed["budget models"]


def test_quotas_of_one_name_in_two_regions(tmp_path: Path) -> None:
    """Each is a limit over the pools of its region, by a name of its own."""
    here = samples.QUOTAS["Quotas"]
    there = [row | {"QuotaArn": row["QuotaArn"].replace(EAST, WEST), "Value": 1} for row in here]
    market = market_of(tmp_path, {"Quotas": here}, {"Quotas": there})
    kind = "ml.p5.48xlarge"
    made = account_rules(market, pools(market, *[(f"{r} {k}", kind, r) for r in (EAST, WEST) for k in range(2)]))

    assert [(row["name"], row["pools"], row["max_instances"]) for row in made.limits] == [
        (f"{kind} for endpoint usage", [f"{EAST} 0", f"{EAST} 1"], 3),
        (f"{kind} for endpoint usage #2", [f"{WEST} 0", f"{WEST} 1"], 1),
    ]


def test_quotas_of_a_region_without_pools_are_told(tmp_path: Path) -> None:
    """They limit nothing there; without a word the machines would look unlimited by mistake."""
    there = [row | {"QuotaArn": row["QuotaArn"].replace(EAST, WEST)} for row in samples.QUOTAS["Quotas"]]
    market = market_of(tmp_path, {"Quotas": there})

    elsewhere, here = (account_rules(market, pools(market, ("a", "p5.48xlarge", region))) for region in (EAST, WEST))

    assert elsewhere.ignored == {f"quotas of {WEST}": "no pool here is in that region"}
    assert here.ignored == {}

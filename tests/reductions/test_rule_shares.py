"""Limits and commitments dealt out to parts of a fleet: each keeps what its machines use, and all together no more."""

from __future__ import annotations

from collections import Counter
from typing import Any

from placement import Problem
from placement.compiled.fleet import Fleet, compile_fleet
from placement.compiled.packing import Machine, Packing, Seat, machines_paid
from placement.reductions.rule_shares import commitment_shares, limit_shares, zone_shares


def fleet_under(zone: str = "z", **rules: Any) -> Fleet:
    """Two pools, of which the second is dearer and paid for by at least one machine; it stands in `zone`."""
    return compile_fleet(
        Problem(
            instance_types={
                "t": {"vcpus": 2, "memory_gib": 8, "price_per_hour": 1},
                "u": {"vcpus": 4, "memory_gib": 8, "price_per_hour": 3},
            },
            pools=[
                {"name": "p", "instance_type": "t", "zone": "z"},
                {"name": "q", "instance_type": "u", "zone": zone, "min_instances": 1},
            ],
            components=[{"name": "c", "copies": 3, "accelerators": 0, "vcpus": 2}],
            **rules,
        )
    )


PARTS = [Counter({0: 2}), Counter({0: 1, 1: 1})]  # machines that each part pays for, by pool
PACKING = Packing(tuple(Machine(0, None, (Seat(0, 0, ()),)) for _ in range(3)))  # and one of q that is paid for, empty


def test_a_limit_keeps_what_each_part_has_and_deals_out_what_is_left() -> None:
    """Three machines of p are used, with two vCPUs, and one of q, with four, is paid for."""
    fleet = fleet_under(limits=[{"name": "n", "pools": ["p", "q"], "max_instances": 8, "max_vcpus": 15}])
    shares = limit_shares(fleet, machines_paid(fleet, PACKING), PARTS)
    most = [{limit.what: limit.most for limit in share} for share in shares]
    (vcpus,) = {limit.weight[0] // 2 for limit in fleet.limits if limit.what == "max_vcpus"}
    assert [row["max_instances"] for row in most] == [2 + 2, 2 + 2]  # 8 less 4, in halves
    assert [row["max_vcpus"] for row in most] == [4 * vcpus + 5 * vcpus // 2, 6 * vcpus + 5 * vcpus // 2]  # 15 less 10
    full = fleet_under(limits=[{"name": "n", "pools": ["p", "q"], "max_instances": 3}])
    assert [share[0].most for share in limit_shares(full, machines_paid(full, PACKING), PARTS)] == [
        2,
        2,
    ]  # broken as it is, not more
    odd = fleet_under(limits=[{"name": "n", "pools": ["p", "q"], "max_instances": 7}])
    assert [share[0].most for share in limit_shares(odd, machines_paid(odd, PACKING), PARTS)] == [
        3,
        3,
    ]  # halves of 3 are no more than 1
    (alone,) = limit_shares(full, machines_paid(full, PACKING), [PARTS[0] + PARTS[1]])
    assert alone[0].most == 4


def test_commitments_go_to_parts_that_use_them_and_no_machine_twice() -> None:
    """The first part takes two of p and the second one, as far as they go; what is left is dealt out."""
    for instances, expected in ((6, [4, 2]), (2, [2, 0]), (4, [3, 1]), (3, [2, 1])):
        fleet = fleet_under(commitments=[{"name": "k", "pools": ["p"], "instances": instances}])
        shares = commitment_shares(fleet, PARTS)
        assert [share[0].instances for share in shares] == expected
        assert all(share[0].money is None for share in shares)


def test_committed_money_goes_to_parts_that_spend_it() -> None:
    """Two dollars and four are spent: of five the second part has three, of nine all that it spends and a share."""
    for dollars, expected in ((5, [2, 3]), (9, [3.5, 5.5]), (1.000001, [1.000001, 0]), (6.000001, [2.000001, 4])):
        fleet = fleet_under(commitments=[{"name": "k", "pools": ["p", "q"], "price_per_hour": dollars}])
        shares = commitment_shares(fleet, PARTS)
        assert [(share[0].money or 0) / 1e6 for share in shares] == expected


def test_a_zone_has_what_an_lp_uses_there_and_its_part_of_the_rest() -> None:
    """Of 8 machines 3.75 are used, so each zone has 2 on top of its own, whole ones; 4 at most are committed."""
    limits = [{"name": "n", "pools": ["p", "q"], "max_instances": 8}]
    commitments = [{"name": "k", "pools": ["p"], "instances": 4}, {"name": "m", "pools": ["q"], "price_per_hour": 5.5}]
    fleet = fleet_under("y", limits=limits, commitments=commitments)
    (here, committed), (there, other) = zone_shares(fleet, [2.5, 1.25])
    assert [limit.most for limit in (*here, *there)] == [2 + 2, 1 + 2]
    assert [[k.instances for k in committed], [k.instances for k in other]] == [[4, 0], [0, 0]]
    assert [[k.money for k in committed], [k.money for k in other]] == [[None, 0], [None, 5_500_000]]

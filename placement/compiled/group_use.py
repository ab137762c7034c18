"""What a plan uses of the limits and commitments of its problem, and what more is worth, as rows of its document.

`used` and `most` are in the unit of the problem's key: machines, accelerators, vCPUs, dollars per hour.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from placement.compiled.fleet import Fleet
from placement.units import MICRO


def limits_used(fleet: Fleet, paid: Sequence[int]) -> list[dict[str, Any]]:
    """Each number of a limit: what the machines paid for, (P,) by pool, count against it, and whether it binds.

    It binds where one machine more, of the pool that counts least, would break it. O(limits x their pools).
    """
    rows = []
    for limit in fleet.limits:
        used = limit.sum(paid)
        binds = bool(limit.weight) and used + min(limit.weight.values()) > limit.most
        rows.append(
            {"name": limit.name, "of": limit.what, "used": limit.plain(used), "most": limit.plain(limit.most)}
            | {"binds": binds}
        )
    return rows


def commitments_used(fleet: Fleet, paid: Sequence[int]) -> list[dict[str, Any]]:
    """Each commitment: what is committed and used of it, what idles, and what the plan would pay for it otherwise.

    O(commitments x their pools).
    """
    prices = [pool.price for pool in fleet.pools]
    rows = []
    for commitment in fleet.commitments:
        pays = commitment.pays(paid, prices)
        if commitment.money is None:
            committed, unit = commitment.instances, 1
            used = min(committed, sum(paid[p] for p in commitment.pools))
        else:
            committed, used, unit = commitment.money, pays, MICRO
        row = {"committed": committed, "used": used, "idle": committed - used}
        rows.append(
            {"name": commitment.name, "of": "price_per_hour" if unit == MICRO else "instances"}
            | {key: value if unit == 1 else value / unit for key, value in row.items()}
            | {"worth_per_hour": pays / MICRO}
        )
    return rows


def one_more(
    marginal: Mapping[str, Any],
    limits: Sequence[Mapping[str, Any]],
    commitments: Sequence[Mapping[str, Any]],
    price: int,
) -> dict[str, Any]:
    """The rates that a bound found for one unit more, as far as they can be true of a plan; empty for none.

    Told of what the plan uses up: where something idles, or there is room for a machine, one more is no use to it. And
    no unit saves more than all that is paid, `price` micro-dollars per hour.
    """
    used_up = {
        "limits": {(row["name"], row["of"]) for row in limits if row["binds"]},
        "commitments": {(row["name"], row["of"]) for row in commitments if not row["idle"]},
    }
    told = {
        kind: [
            row | {"dollars_per_hour": min(row["dollars_per_hour"], price / MICRO)}
            for row in marginal.get(kind, ())
            if (row["name"], row["of"]) in those
        ]
        for kind, those in used_up.items()
    }
    return {**marginal, **told} if any(told.values()) else {}

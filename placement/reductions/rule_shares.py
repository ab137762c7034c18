"""Rules over the whole plan, dealt out to parts, or zones, that are packed at the same time.

Each part has what its machines count against a limit now, those that its minimum pays for while empty too, and its
share of what is left; so all parts together keep it. The same goes for moves. Of a commitment a part has what its
machines use, the dearest first, and its share of the rest: together no more than there is. Losses of a pool can't be
dealt out so: whoever puts parts together looks at them again.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from placement.compiled.fleet import Fleet
from placement.compiled.groups import FleetCommitment, FleetLimit

_Commitments = tuple["FleetCommitment", ...]
_Limits = tuple["FleetLimit", ...]


def limit_shares(fleet: Fleet, all_paid: Sequence[float], paid: Sequence[Mapping[int, float]]) -> list[_Limits]:
    """The limits of each part, which pays for machines by pool, empty ones too. O(limits x parts).

    `all_paid` (P,) are those of the whole. Numbers of machines may be those of a linear program.
    """
    shares: list[list[FleetLimit]] = [[] for _ in paid]
    for limit in fleet.limits:
        each = max(0, math.floor(limit.most - sum(n * all_paid[p] for p, n in limit.weight.items()))) // len(paid)
        for share, mine in zip(shares, paid, strict=True):
            own = math.floor(sum(n * mine.get(p, 0) for p, n in limit.weight.items()))
            share.append(replace(limit, most=each + own))
    return [tuple(share) for share in shares]


def zone_shares(fleet: Fleet, machines: Sequence[float]) -> list[tuple[_Limits, _Commitments]]:
    """The limits and commitments of each zone, where a linear program pays for so many machines of each pool, (P,)."""
    paid = [{p.index: machines[p.index] for p in fleet.pools if p.zone == zone} for zone in range(len(fleet.zones))]
    used = [Counter({p: math.ceil(n) for p, n in mine.items()}) for mine in paid]
    return list(zip(limit_shares(fleet, machines, paid), commitment_shares(fleet, used), strict=True))


def commitment_shares(fleet: Fleet, used: Sequence[Counter[int]]) -> list[_Commitments]:
    """The commitments of each part. O(pools of commitments x parts)."""
    shares: list[list[FleetCommitment]] = [[] for _ in used]
    for commitment in fleet.commitments:
        amounts = _instances(commitment, used) if commitment.money is None else _money(fleet, commitment, used)
        for share, amount in zip(shares, amounts, strict=True):
            instances, money = (amount, None) if commitment.money is None else (commitment.instances, amount)
            share.append(replace(commitment, instances=instances, money=money))
    return [tuple(share) for share in shares]


def _instances(commitment: FleetCommitment, used: Sequence[Counter[int]]) -> list[int]:
    left, found = commitment.instances, [0] * len(used)
    for p in commitment.pools:
        for k, mine in enumerate(used):
            taken = min(left, mine[p])
            found[k] += taken
            left -= taken
    return _dealt(found, left)


def _money(fleet: Fleet, commitment: FleetCommitment, used: Sequence[Counter[int]]) -> list[int]:
    left, found = commitment.money or 0, [0] * len(used)
    for k, mine in enumerate(used):
        found[k] = min(left, sum(mine[p] * fleet.pools[p].price for p in commitment.pools))
        left -= found[k]
    return _dealt(found, left)


def _dealt(found: list[int], left: int) -> list[int]:
    """What is left, in equal shares on top."""
    each, rest = divmod(left, len(found))
    return [n + each + (k < rest) for k, n in enumerate(found)]

"""What the program counts: blocks of machines that are alike, supplies of them by price, and ways to run copies there.

Pools whose machines have one shape and take the same options are one block; their zones keep them apart only where some
component has rules over zones. A dedicated component has blocks of its own, which draw on the same supplies: that is
how the flow keeps others off its machines.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from placement.heuristics.zones import has_zone_rules

if TYPE_CHECKING:
    from placement.fleet import Fleet, Option, Shape


@dataclass(frozen=True, slots=True)
class Supply:
    """Pools of one block and one price. `fewest` machines are paid for in any case; `most` is None without a quota."""

    index: int
    pools: tuple[int, ...]
    price: int
    fewest: int
    most: int | None


@dataclass(frozen=True, slots=True)
class Way:
    """One component by one option on one block."""

    component: int
    option: Option


@dataclass(frozen=True, slots=True)
class Block:
    """Machines of one shape that may run the same `ways`; `zone` is None where zones do not matter."""

    index: int
    shape: Shape
    zone: int | None
    owner: int | None
    supplies: tuple[int, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks of a fleet, and where a pool is found in them."""

    fleet: Fleet
    blocks: tuple[Block, ...]
    supplies: tuple[Supply, ...]
    supply_of: dict[int, int]
    block_of: dict[tuple[int, int | None], int]  # (supply, dedicated component or None) -> block


def blocks_of(fleet: Fleet) -> Blocks:
    """Group the pools that may rent anything. O(components x options x pools)."""
    zoned = any(has_zone_rules(component) for component in fleet.components)
    allowed: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for component in fleet.components:
        for option in component.options:
            for p in option.pools:
                allowed[p].append((component.index, option.index))
    alike: dict[tuple[Shape, int | None, tuple[tuple[int, int], ...]], list[int]] = defaultdict(list)
    for pool in fleet.pools:
        if pool.max_instances != 0 and allowed[pool.index]:
            alike[pool.shape, pool.zone if zoned else None, tuple(allowed[pool.index])].append(pool.index)
    supplies: list[Supply] = []
    blocks: list[Block] = []
    block_of: dict[tuple[int, int | None], int] = {}
    for (shape, zone, pairs), pools in alike.items():
        mine = _supplies(fleet, pools, len(supplies))
        supplies += mine
        for owner in _owners(fleet, pairs):
            ways = tuple(
                Way(c, fleet.components[c].options[o])
                for c, o in pairs
                if c == owner or (owner is None and not fleet.components[c].dedicated)
            )
            if ways:
                block_of.update({(s.index, owner): len(blocks) for s in mine})
                blocks.append(Block(len(blocks), shape, zone, owner, tuple(s.index for s in mine), ways))
    supply_of = {p: supply.index for supply in supplies for p in supply.pools}
    return Blocks(fleet, tuple(blocks), tuple(supplies), supply_of, block_of)


def _owners(fleet: Fleet, pairs: tuple[tuple[int, int], ...]) -> list[int | None]:
    """Nobody in particular, and each dedicated component."""
    return [None, *dict.fromkeys(c for c, _ in pairs if fleet.components[c].dedicated)]


def _supplies(fleet: Fleet, pools: list[int], first: int) -> list[Supply]:
    by_price: dict[int, list[int]] = defaultdict(list)
    for p in pools:
        by_price[fleet.pools[p].price].append(p)
    found = []
    for price, members in by_price.items():
        quotas = [fleet.pools[p].max_instances for p in members]
        limits = [quota for quota in quotas if quota is not None]
        found.append(
            Supply(
                index=first + len(found),
                pools=tuple(members),
                price=price,
                fewest=sum(fewest(fleet, p) for p in members),
                most=sum(limits) if len(limits) == len(quotas) else None,
            )
        )
    return found


def fewest(fleet: Fleet, p: int) -> int:
    """Machines of pool p that are paid for whatever the plan."""
    return max(fleet.pools[p].min_instances, len(fleet.forced(p)))


def share_out(blocks: Blocks, supply: Supply, count: int) -> list[int]:
    """Pools for `count` machines of a supply, those that are paid for anyway first; fewer when quotas end."""
    fleet = blocks.fleet
    taken = {p: 0 for p in supply.pools}
    for limit in (lambda p: fewest(fleet, p), lambda p: fleet.pools[p].max_instances):
        for p in supply.pools:
            most = limit(p)
            more = count if most is None else min(count, max(0, most - taken[p]))
            taken[p] += more
            count -= more
    return [p for p, n in taken.items() for _ in range(n)]

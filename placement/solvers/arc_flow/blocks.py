"""What the program counts: blocks of machines that are alike, supplies of them by price, and ways to run copies there.

Pools whose machines have one shape and take the same options are one block; their zones keep them apart only where some
component has rules over zones. A dedicated component has blocks of its own, which draw on the same supplies: that is
how the flow keeps others off its machines.

Blocks whose accelerators are alike, however many of them a machine has, are one *kind*, and share one flow: what stands
on four accelerators may stand on four of eight. That makes the program several times smaller.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from placement.compiled.fleet import holds
from placement.compiled.spread import is_zoned

if TYPE_CHECKING:
    from placement.compiled.fleet import Fleet, Option, Shape


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
    kind: int
    shape: Shape
    zone: int | None
    owner: int | None
    supplies: tuple[int, ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """All blocks of a fleet, by kind too, and where a pool is found in them."""

    fleet: Fleet
    blocks: tuple[Block, ...]
    kinds: tuple[tuple[Block, ...], ...]
    supplies: tuple[Supply, ...]
    supply_of: dict[int, int]
    block_of: dict[tuple[int, int | None], int]  # (supply, dedicated component or None) -> block


def blocks_of(fleet: Fleet) -> Blocks:
    """Group the pools that may rent anything. O(components x options x pools), and blocks x kinds x their ways."""
    zoned = is_zoned(fleet)
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
    kinds: list[list[Block]] = []
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
                index = sum(len(kind) for kind in kinds)
                block_of.update({(s.index, owner): index for s in mine})
                block = Block(index, 0, shape, zone, owner, tuple(s.index for s in mine), ways)
                _file(block, kinds)
    supply_of = {p: supply.index for supply in supplies for p in supply.pools}
    blocks = sorted((block for kind in kinds for block in kind), key=lambda block: block.index)
    return Blocks(fleet, tuple(blocks), tuple(tuple(kind) for kind in kinds), tuple(supplies), supply_of, block_of)


def _file(block: Block, kinds: list[list[Block]]) -> None:
    """Put a block among those of its kind, or make it the first of a new one."""
    for k, kind in enumerate(kinds):
        if all(_same_kind(block, other) for other in kind):
            kind.append(replace(block, kind=k))
            return
    kinds.append([replace(block, kind=len(kinds))])


def _same_kind(one: Block, other: Block) -> bool:
    """Whether accelerators are alike, and a way that only one of two blocks allows is too large for the other."""
    if (one.shape.memory_mib, one.zone, one.owner) != (other.shape.memory_mib, other.zone, other.owner):
        return False
    if not (_is_power(one.shape.accelerators) and _is_power(other.shape.accelerators)):
        return False
    return _only_too_large(one, other) and _only_too_large(other, one)


def _is_power(n: int) -> bool:
    return n > 0 and n & (n - 1) == 0


def _only_too_large(one: Block, other: Block) -> bool:
    there = {(way.component, way.option.index) for way in other.ways}
    return not any(
        (way.component, way.option.index) not in there and holds(other.shape, way.option) for way in one.ways
    )


def _owners(fleet: Fleet, pairs: tuple[tuple[int, int], ...]) -> list[int | None]:
    """Nobody in particular, and each dedicated component."""
    return [None, *dict.fromkeys(c for c, _ in pairs if fleet.components[c].dedicated)]


def _supplies(fleet: Fleet, pools: list[int], first: int) -> list[Supply]:
    by_price: dict[int, list[int]] = defaultdict(list)
    for p in pools:
        by_price[fleet.pools[p].price].append(p)
    found: list[Supply] = []
    for price, members in by_price.items():
        quotas = [fleet.pools[p].max_instances for p in members]
        limits = [quota for quota in quotas if quota is not None]
        found.append(
            Supply(
                index=first + len(found),
                pools=tuple(members),
                price=price,
                fewest=sum(fleet.fewest(p) for p in members),
                most=sum(limits) if len(limits) == len(quotas) else None,
            )
        )
    return found


def share_out(blocks: Blocks, supply: Supply, count: int) -> list[int]:
    """Pools for `count` machines of a supply, those that are paid for anyway first; fewer when quotas end."""
    pools = blocks.fleet.pools
    paid = {p: blocks.fleet.fewest(p) for p in supply.pools}
    taken = dict.fromkeys(supply.pools, 0)
    for limit in (paid, {p: pools[p].max_instances for p in supply.pools}):
        for p, most in limit.items():
            more = count if most is None else min(count, max(0, most - taken[p]))
            taken[p] += more
            count -= more
    return [p for p, n in taken.items() for _ in range(n)]

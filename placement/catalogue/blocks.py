"""Blocks of a problem from the market: accelerators, instance types, pools, rules of an account, nodes that run."""

from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from placement.catalogue.account import AccountPool, account_rules
from placement.catalogue.facts import Capacity
from placement.catalogue.market import Market
from placement.catalogue.names import nearest_names
from placement.catalogue.rows import accelerator_row, accelerator_words, instance_row, price_words, whole
from placement.catalogue.search import check_offered, check_one_spelling, check_zones, is_zone_name
from placement.catalogue.tables import region_of_zone
from placement.errors import UsageError, printable
from placement.units import count, dollars, micro_dollars

_ALL_ZONES = "all"  # the zone of pools that are in no region


@dataclass(frozen=True, slots=True)
class Wish:
    """What to take: types by name, the region and zones (none: all that are known), how to buy, prices as given.

    `found` are those of the types that nobody named (of nodes that run, or like a filter): without a known price they
    are left out, with a remark. `with_spot` makes pools on spot beside those on demand, wherever that price is known.
    """

    names: tuple[str, ...]
    region: str = ""
    zones: tuple[str, ...] = ()
    capacity: Capacity = "on-demand"
    prices: Mapping[str, float] = field(default_factory=dict)
    found: Container[str] = ()
    with_spot: bool = False


@dataclass
class Blocks:
    """Rows of a problem by section, and notes on them by section and name."""

    accelerators: dict[str, dict[str, Any]] = field(default_factory=dict)
    instance_types: dict[str, dict[str, Any]] = field(default_factory=dict)
    pools: list[dict[str, Any]] = field(default_factory=list)
    limits: list[dict[str, Any]] = field(default_factory=list)
    commitments: list[dict[str, Any]] = field(default_factory=list)
    instances: list[dict[str, Any]] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)  # of accelerators and instance types, by name
    remarks: list[str] = field(default_factory=list)  # what a reader should know of the whole
    left_out: list[str] = field(default_factory=list)  # of the remarks: pools that were not made, and why
    unzoned: list[str] = field(default_factory=list)  # types of which no zone is known
    unchecked: list[str] = field(default_factory=list)  # zones by name, where the market knows ids

    def to_document(self) -> dict[str, Any]:
        """The sections that have rows."""
        sections = ("accelerators", "instance_types", "pools", "limits", "commitments", "instances")
        return {name: getattr(self, name) for name in sections if getattr(self, name)}


def blocks(market: Market, wish: Wish) -> Blocks:
    """The blocks that rent what was wished for.

    A quota over several pools is a row of `limits`; each pool's `max_instances` is what the quota allows it alone.
    Raises UsageError: a type is not offered in the region, or it was named, has no known price and none was given; all
    of them are told. A zone is unknown.
    """
    made = Blocks()
    wish = _with_prices(made, market, wish)
    check_offered(wish.names, wish.region, market)
    check_zones(wish.zones, wish.region, market, wish.names, wish.capacity)
    if not wish.zones:
        check_one_spelling(wish.names, wish.region, market, wish.capacity)
    for name in wish.names:
        facts = market.types[name]
        if facts.accelerator_count:
            row = accelerator_row(facts)
            known = made.accelerators.setdefault(facts.device, row)
            known["memory_gib"] = min(known["memory_gib"], row["memory_gib"])
            made.notes.setdefault(facts.device, accelerator_words(facts))
        price = market.price(name, wish.region)
        own = wish.prices.get(name)
        listed = own if own is not None else price.per_hour if price else None
        made.instance_types[name] = instance_row(facts, listed)
        made.notes[name] = "price as given" if own is not None else price_words(price, wish.region)
        _add_pools(made, market, wish, name)
    if wish.with_spot:
        _add_spot_pools(made, market, wish)
    if made.unzoned:
        names = ", ".join(made.unzoned)
        if wish.region:
            told = f"The zones of {names} are not known: {wish.region} stands for all of them as one."
        else:
            told = (
                f"No region is given, so all zones of {names} stand as one, {_ALL_ZONES}: --region has them one by one."
            )
        made.remarks.append(told)
    if made.unchecked:
        zones = ", ".join(dict.fromkeys(made.unchecked))
        made.remarks.append(
            f"Zones by name differ from account to account: that these machines are offered in {zones} is not checked."
        )
    made.remarks += made.left_out
    _add_limits(made, market, wish)
    _add_nodes(made, market, wish)
    return made


def _with_prices(made: Blocks, market: Market, wish: Wish) -> Wish:
    """The wish for types whose price is known or given; the others are left out, unless they were named."""
    unlisted = [name for name in wish.names if name not in wish.prices and not market.price(name, wish.region)]
    priced = _without(made, wish, unlisted, "no price is known", "")
    spotless = [name for name in priced.names if _lacks_spot_prices(market, wish, name)]
    place = f" in {printable(wish.region)}" if wish.region else ""
    return _without(made, priced, spotless, f"no spot price is known{place}", ", or a file of spot prices with --facts")


def _without(made: Blocks, wish: Wish, lacking: Sequence[str], told: str, also: str) -> Wish:
    """The wish without types that lack a price. All are told; if they were named, or are all there are, as an error."""
    if not lacking:
        return wish
    named = [name for name in lacking if name not in wish.found]
    missing = named or lacking
    names, way_out = ", ".join(map(printable, missing)), f"--price {printable(missing[0])}=DOLLARS"
    if named or len(lacking) == len(wish.names):
        raise UsageError(f"{told.replace(' is known', f' is known of {names}', 1)}; give each with {way_out}{also}")
    made.left_out.append(f"Left out, as {told}: {names}. Give each with {way_out}{also} to take it in.")
    return replace(wish, names=tuple(name for name in wish.names if name not in lacking))


def _lacks_spot_prices(market: Market, wish: Wish, name: str) -> bool:
    if nodes := market.nodes_of(name, wish.region):
        return all(_lacks_price(market, wish, name, node.zone, node.capacity) for node in nodes)
    if wish.capacity != "spot" or name in wish.prices:
        return False
    zones = market.zones(name, wish.region, "spot") or ("",)
    return not any(market.price(name, wish.region, zone, "spot") for zone in zones)


def _lacks_price(market: Market, wish: Wish, name: str, zone: str, capacity: Capacity) -> bool:
    """Whether nodes of a zone are on spot, and nothing tells what they cost."""
    return capacity == "spot" and name not in wish.prices and not market.price(name, wish.region, zone, "spot")


def _add_pools(made: Blocks, market: Market, wish: Wish, name: str) -> None:
    """A pool a zone; of a cluster's nodes, one a zone and way to buy, as large as it is now."""
    nodes, zones = market.nodes_of(name, wish.region), _zones_of(made, market, wish, name)
    if nodes:
        counts = Counter((node.zone, node.capacity) for node in nodes if node.zone in zones)
        if away := len(nodes) - counts.total():
            made.remarks.append(f"Left out: {count(away, 'node')} of {name} in other zones.")
        for (zone, capacity), most in sorted(counts.items()):
            if name in wish.found and _lacks_price(market, wish, name, zone, capacity):
                way_out = f"--price {name}=DOLLARS, or a file of spot prices with --facts, takes them in"
                told = f"no spot price is known of {count(most, 'node')} of {name} in {zone}"
                made.left_out.append(f"Left out, as {told}: {way_out}.")
                continue
            made.pools.append(_pool(market, wish, name, zone, capacity) | {"max_instances": most})
        return
    if not zones:
        made.unzoned.append(name)
    for zone in zones or (wish.region or _ALL_ZONES,):
        pool = _pool(market, wish, name, zone, wish.capacity)
        quota = market.most(name, wish.region, wish.capacity)
        made.pools.append(pool if quota is None else pool | {"max_instances": quota})


def _add_spot_pools(made: Blocks, market: Market, wish: Wish) -> None:
    """Beside each pool on demand one on spot, where that price is known. Nodes that run say themselves how."""
    bought = replace(wish, prices={})  # a price that is given is of machines on demand
    unpriced: dict[str, list[str]] = {}
    sources: dict[str, None] = {}
    for pool in [pool for pool in made.pools if not market.nodes_of(pool["instance_type"], wish.region)]:
        name, zone = pool["instance_type"], pool["zone"]
        price = market.price(name, wish.region, zone, "spot")
        if price is None:
            unpriced.setdefault(name, []).append(zone)
            continue
        sources.setdefault(f"{price.source}, {price.date}" if price.date else price.source)
        quota = market.most(name, wish.region, "spot")
        row = _pool(market, bought, name, zone, "spot")
        made.pools.append(row if quota is None else row | {"max_instances": quota})
    if sources:
        made.remarks.append(
            f"Pools called -spot are at spot prices ({'; '.join(sources)}), which change. Such machines can be taken "
            "back at any time: min_available_on_pool_loss of a component keeps copies of it in other pools."
        )
        if unpriced:
            told = "; ".join(f"{name} in {', '.join(zones)}" for name, zones in unpriced.items())
            made.left_out.append(f"On demand alone, as no spot price is known: {told}.")


def _zones_of(made: Blocks, market: Market, wish: Wish, name: str) -> tuple[str, ...]:
    """The zones to make pools of a type in: of those wished for the ones that offer it, as far as that is known."""
    capacity: Capacity = "on-demand" if name in wish.prices else wish.capacity
    known = market.zones(name, wish.region, capacity)
    if capacity == "spot":
        made.left_out += _without_price(market, wish, name, known)
    if not wish.zones or not known:
        return wish.zones or known
    has_ids = any(map(region_of_zone, known))  # ids mean the same to everybody; names do not
    offered = tuple(z for z in wish.zones if z in known or (has_ids and is_zone_name(z, wish.region)))
    if not offered:
        told = nearest_names(wish.zones[0], known)
        raise UsageError(f"{_absence(market, wish, name, capacity)} in {printable(', '.join(wish.zones))}; {told}")
    made.unchecked += [zone for zone in offered if zone not in known]
    if capacity == "on-demand" and (absent := [zone for zone in wish.zones if zone not in offered]):
        words = f"{_absence(market, wish, name, capacity)} in {', '.join(absent)}."
        if market.nodes_of(name, wish.region):
            made.remarks.append(f"N{words[1:]}")
        else:
            made.left_out.append(words)
    return offered


def _absence(market: Market, wish: Wish, name: str, capacity: Capacity) -> str:
    """The words before the zones in which a type can't be had."""
    if market.nodes_of(name, wish.region):
        return f"no node of type {printable(name)} is"
    return f"no spot price is known of {printable(name)}" if capacity == "spot" else f"{printable(name)} is not offered"


def _without_price(market: Market, wish: Wish, name: str, priced: tuple[str, ...]) -> Iterator[str]:
    """That zones have no pool for want of a spot price, and how they would have one."""
    offered = wish.zones or market.zones(name, wish.region)
    absent = [zone for zone in offered if zone not in priced]
    if not absent or market.nodes_of(name, wish.region):
        return
    way_out = f"a file with prices there adds one (--facts FILE), --price {name}=DOLLARS is a price for all zones"
    if any(map(region_of_zone, absent)) == any(map(region_of_zone, priced)):
        yield f"No spot price is known of {name} in {', '.join(absent)}, so no pool is there: {way_out}."
    elif len(priced) < len(offered):  # ids and names, which can't be told apart
        yield (
            f"Spot prices of {name} are known in {len(priced)} of its {count(len(offered), 'zone')}, so no pool is in "
            f"the others: {way_out}."
        )


def pool_name(name: str, zone: str, capacity: Capacity) -> str:
    """What a pool is called: type and zone, and spot where it is."""
    return f"{name}-{zone}{'-spot' if capacity == 'spot' else ''}"


def _pool(market: Market, wish: Wish, name: str, zone: str, capacity: Capacity) -> dict[str, Any]:
    pool: dict[str, Any] = {"name": pool_name(name, zone, capacity), "instance_type": name, "zone": zone}
    if capacity == "spot" and name not in wish.prices:
        price = market.price(name, wish.region, zone, "spot")
        if price is None:
            made = f"no spot price is known of {printable(name)} in {printable(zone)}"
            raise UsageError(f"{made}; give one with --price, or a file of spot prices with --facts")
        pool["price_per_hour"] = whole(dollars(micro_dollars(price.per_hour)))
    return pool


def _add_limits(made: Blocks, market: Market, wish: Wish) -> None:
    """What the account's quotas, budgets and savings plans say of all pools."""
    pools = [
        AccountPool(pool["name"], market.types[pool["instance_type"]], wish.region, _bought(pool), pool["zone"])
        for pool in made.pools
    ]
    rules = account_rules(market, pools)
    made.limits += rules.limits
    made.commitments += rules.commitments
    made.remarks += [f"{name}: {told}." for name, told in (rules.assumed | rules.ignored).items()]


def _bought(pool: Mapping[str, Any]) -> Capacity:
    return "spot" if pool["name"].endswith("-spot") else "on-demand"


def _add_nodes(made: Blocks, market: Market, wish: Wish) -> None:
    pools = {pool["name"] for pool in made.pools}
    for node in market.nodes:
        pool = pool_name(node.instance_type, node.zone, node.capacity)
        if node.instance_type in wish.names and pool in pools:
            row = {"id": node.name, "pool": pool}
            made.instances.append(row if node.state == "active" else row | {"state": node.state})

"""Which machines of a market a user means, by accelerator, region, provider and price, and in which zones.

People write zones by id (`use1-az1`), or by the name that an account has for them (`us-east-1a`).
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from placement.catalogue.facts import Capacity, InstanceFacts, Price
from placement.catalogue.market import Market
from placement.catalogue.names import LISTED_BY, nearest_names, plain
from placement.catalogue.tables import accelerators, instance_types, matching_accelerators, region_of_zone, regions
from placement.errors import UsageError, printable

_UNTOLD = ("gcp", "azure")  # of whose types no table that we read tells the regions
PROVIDERS = ("aws", "sagemaker", "gcp", "azure", "kubernetes")


@dataclass(frozen=True, slots=True)
class Filter:
    """What a machine must be; empty and None: anything."""

    gpus: tuple[str, ...] = ()
    region: str = ""
    provider: str = ""
    max_price: float | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether it asks for some machines of a region and not for all."""
        return bool(self.gpus or self.provider) or self.max_price is not None


def check_region(region: str, market: Market) -> None:
    """Refuse a region that no row names, with the nearest ones."""
    known = sorted({*regions(), *(offer.region for found in market.findings for offer in found.offers)})
    if region and region not in known:
        told = nearest_names(region, known)
        way_out = "a file of prices there adds it: --facts FILE"
        types = [facts for facts in instance_types().values() if facts.provider in _UNTOLD and not facts.regions]
        priced = {facts.price.region for facts in types if facts.price}
        raise UsageError(
            f'no region "{printable(region)}" is in the catalogue ({way_out}); {told} Of Google Cloud and Azure it has '
            f"those of its prices alone: {_listed(priced)}"
        )


def check_provider(provider: str) -> None:
    """Refuse a provider that there is not, with the nearest ones."""
    if provider and provider not in PROVIDERS:
        told = nearest_names(provider, PROVIDERS)
        raise UsageError(f'no provider "{printable(provider)}" is in the catalogue; {told}')


def region_remarks(market: Market, wanted: Filter) -> Iterator[str]:
    """Machines like a filter that are left out of a region as nobody we read tells whether they are offered there."""
    if not wanted.region:
        return
    clouds = {_cloud(facts) for facts in market.types.values() if wanted.region in market.regions(facts.name)}
    by_place: dict[str, list[str]] = {}
    for facts, price in search(market, replace(wanted, region="")):
        is_told = bool(facts.regions) or bool(market.nodes_of(facts.name)) or price is None
        if not is_told and _cloud(facts) in clouds and wanted.region not in market.regions(facts.name):
            by_place.setdefault(_listed(market.regions(facts.name)), []).append(facts.name)
    for place, names in by_place.items():
        told = f"whether they are offered in {printable(wanted.region)} is not known, their price is of {place}"
        yield f"left out: {', '.join(map(printable, names))}: {told}"


def check_offered(names: Iterable[str], region: str, market: Market) -> None:
    """Refuse types known not to be offered in a region, with those where they are; of nodes, where they run."""
    absent = [name for name in names if _is_absent(name, region, market)] if region else []
    if absent:
        told = "; ".join(_absent_words(name, region, market) for name in absent)
        way_out = ". Where that has changed, a file of offers or prices there says so: --facts FILE"
        raise UsageError(told if all(map(market.nodes_of, absent)) else f"{told}{way_out}")


def _is_there(name: str, region: str, market: Market) -> bool:
    """Whether a type is known to be in a region; its nodes are there where nothing tells that they are elsewhere."""
    return bool(market.nodes_of(name, region)) or (not market.nodes_of(name) and region in market.regions(name))


def _absent_words(name: str, region: str, market: Market) -> str:
    nodes = {node.region for node in market.nodes_of(name)}
    if nodes:
        return f"no node of type {printable(name)} is in {printable(region)}; they are in {_listed(nodes)}"
    there = _listed(market.regions(name))
    return f"{printable(name)} is not offered in {printable(region)}; it is in {there}"


def _is_absent(name: str, region: str, market: Market) -> bool:
    """Whether a type is known not to be in a region: its regions are listed, or the region is another cloud's.

    Nodes are where their labels say.
    """
    if market.nodes_of(name):
        return not market.nodes_of(name, region)
    facts, known = market.types[name], market.regions(name)
    if not known or region in known:
        return False
    clouds = {_cloud(other) for other in market.types.values() if region in market.regions(other.name)}
    return bool(facts.regions) or (bool(clouds) and _cloud(facts) not in clouds)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(printable, sorted(names)))


def _cloud(facts: InstanceFacts) -> str:
    """SageMaker has the regions of AWS."""
    return "aws" if facts.provider == "sagemaker" else facts.provider


def devices_of(gpus: Iterable[str], market: Market) -> set[str]:
    """Names of accelerators that the user's words mean, of several sizes too; those that mean none are refused."""
    known = {facts.accelerator for facts in market.types.values() if facts.accelerator}
    found: set[str] = set()
    unknown: list[str] = []
    for word in gpus:
        same = {facts.name for facts in matching_accelerators(word)} | {n for n in known if plain(n) == plain(word)}
        if not same or not plain(word):
            machine = market.types.get(word.lower())
            names = (
                f"it is an instance type, with {machine.accelerator or 'none'}"
                if machine is not None
                else nearest_names(word, sorted(known | set(accelerators())), listed_by=LISTED_BY)
            )
            unknown.append(f'no accelerator "{printable(word)}" is in the catalogue; {names}')
        found |= same
    if unknown:
        raise UsageError("; ".join(unknown))
    return found


def search(market: Market, wanted: Filter) -> list[tuple[InstanceFacts, Price | None]]:
    """Machines with accelerators that pass a filter, with their prices there: the cheapest first, unknown prices last.

    Raises UsageError: an accelerator, a region or a provider is unknown; with the nearest names.
    """
    check_region(wanted.region, market)
    check_provider(wanted.provider)
    devices = devices_of(wanted.gpus, market)
    rows = [
        (facts, market.price(facts.name, wanted.region))
        for facts in market.types.values()
        if facts.accelerator_count
        and (not wanted.gpus or facts.accelerator in devices)
        and (not wanted.provider or facts.provider == wanted.provider)
        and (not wanted.region or _is_there(facts.name, wanted.region, market))
    ]
    if wanted.max_price is not None:
        rows = [(facts, price) for facts, price in rows if price and price.per_hour <= wanted.max_price]
    return sorted(rows, key=lambda row: (row[1] is None, row[1].per_hour if row[1] else 0, row[0].name))


def is_zone_name(zone: str, region: str) -> bool:
    """Whether a zone is named as accounts name those of a region: `us-east-1a`, of local ones `us-east-1-bos-1a`.

    >>> [is_zone_name(zone, "us-east-1") for zone in ("us-east-1a", "us-east-1-bos-1a", "use1-az1", "us-east-2a")]
    [True, True, False, False]
    """
    return re.fullmatch(re.escape(region) + r"(-[a-z]+-\d+)?[a-z]", zone) is not None


def check_one_spelling(names: Iterable[str], region: str, market: Market, capacity: Capacity = "on-demand") -> None:
    """Refuse types of which some are known in zones by id and some by name, which may be the same zone."""
    by_name, by_id = "", ""
    for name in names:
        for zone in market.zones(name, region, capacity):
            if region_of_zone(zone):
                by_id = by_id or f"{name} in {zone}, an id"
            elif is_zone_name(zone, region):
                by_name = by_name or f"{name} in {zone}, a name"
    if by_name and by_id:
        raise UsageError(
            f"{printable(by_id)}, and {printable(by_name)}, may stand in the same zone: name the zones as your account "
            f"does, such as --zones {region}a,{region}b"
        )


def check_zones(
    zones: Sequence[str], region: str, market: Market, names: Iterable[str], capacity: Capacity = "on-demand"
) -> None:
    """Refuse zones that a region has not, where the zones of any of these types are known there.

    A name as accounts have them is let pass where ids are known: which of them it is differs from account to account.
    Raises UsageError: a zone is unknown, with the nearest ones; or some are ids and some are names, which may be the
    same zone.
    """
    known = sorted({zone for name in names for zone in market.zones(name, region, capacity)})
    if not known:
        return
    there = {zone for name in market.types for zone in market.zones(name, region)}.union(known)
    has_ids = any(map(region_of_zone, there if capacity == "spot" else known))  # no price tells that a name is none
    unknown = [zone for zone in zones if zone not in there and not (has_ids and is_zone_name(zone, region))]
    if unknown:
        told = ", ".join(printable(zone) for zone in unknown)
        also = f"; or as your account names them: {region}a" if has_ids else ""
        where = f"of {printable(region)}" if region else "of these machines"
        raise UsageError(f"--zones: {told} is no zone {where}; {nearest_names(unknown[0], known)}{also}")
    by_name = [zone for zone in zones if is_zone_name(zone, region)]
    by_id = [zone for zone in zones if region_of_zone(zone)]
    if by_name and by_id:
        raise UsageError(
            f"--zones: {by_id[0]} is an id and {by_name[0]} a name, which may be the same zone: write all by id or all "
            "by name"
        )

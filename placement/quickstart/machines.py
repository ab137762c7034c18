"""Which machines a first problem rents, and in which zones."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from placement.catalogue.facts import InstanceFacts
from placement.catalogue.market import Market, reserved_memory_gib, reserved_vcpus
from placement.catalogue.names import nearest_names
from placement.catalogue.readers.kubernetes import NO_ZONE, ZONE_LABELS
from placement.catalogue.search import (
    Filter,
    check_offered,
    check_one_spelling,
    check_region,
    check_zones,
    devices_of,
    is_zone_name,
    region_remarks,
    search,
)
from placement.catalogue.tables import region_of_zone
from placement.errors import UsageError, printable
from placement.quickstart.answers import Answers

# What a copy needs of the host for each of its accelerators: ours, not measured, and told in the file.
VCPUS, MEMORY_GIB = 2, 8
# What SageMaker keeps of a host's memory is not published: our stand-in, told in the file.
SAGEMAKER_KEEPS = 0.08
_ZONES = 3
_NAMED = 5  # nodes that a message names


@dataclass(frozen=True, slots=True)
class Machines:
    """Instance types by name and zones, with what was left out in words."""

    names: tuple[str, ...]
    zones: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def choose_machines(market: Market, answers: Answers) -> Machines:
    """The types that were named, else of the wanted accelerators the cheapest host of each count; and zones.

    Of machines with the same accelerators the cheapest is taken whose host holds as many copies as it has
    accelerators. In a cluster they are its nodes.
    Raises UsageError: a name is unknown, a named type or such accelerators are not offered there, or more zones may be
    lost than there are.
    """
    check_region(answers.region, market)
    if answers.instance_types:
        found = [market.instance_type(name) for name in answers.instance_types]
        check_offered([facts.name for facts in found], answers.region, market)
    elif market.nodes:
        found = _of_nodes(market, answers)
    else:
        found = _offered(market, answers)
    against = {facts.name: _reason_against(market, facts, answers) for facts in found}
    if answers.spot and not any(_spot_price(market, facts, answers) is not None for facts in found):
        raise UsageError(_without_spot_price(market, found, answers))
    kept = [facts for facts in found if not against[facts.name]]
    left_out = tuple(reason for reason in against.values() if reason)
    if not kept:
        raise UsageError(f"no machine is left to rent: {'; '.join(left_out)}")
    if not answers.instance_types and not market.nodes:
        kept = _cheapest_hosts(market, kept, answers)
    zones = _zones(market, kept, answers)
    return Machines(tuple(facts.name for facts in kept), zones, left_out)


def provider_of_region(market: Market, region: str) -> str:
    """The provider of a region: of AWS's regions EC2 and not SageMaker."""
    for provider in ("aws", "gcp", "azure"):
        if any(facts.provider == provider and region in market.regions(facts.name) for facts in market.types.values()):
            return provider
    return ""


def _of_nodes(market: Market, answers: Answers) -> list[InstanceFacts]:
    wanted = devices_of(answers.gpus, market)
    types = [market.types[name] for name in dict.fromkeys(node.instance_type for node in market.nodes)]
    found = [facts for facts in types if not answers.gpus or facts.accelerator in wanted]
    if not found:
        raise UsageError("no node of the cluster has such accelerators")
    check_offered([facts.name for facts in found], answers.region, market)
    check_zones(answers.zones, answers.region, market, [facts.name for facts in found])
    return found


def _offered(market: Market, answers: Answers) -> list[InstanceFacts]:
    provider = answers.provider or provider_of_region(market, answers.region)
    rows = search(market, Filter(answers.gpus, answers.region, provider))
    found = [facts for facts, _ in rows if facts.accelerator_share == 1]
    missing = [gpu for gpu in answers.gpus if not any(f.accelerator in devices_of([gpu], market) for f in found)]
    if missing or not found:
        there = sorted({f.accelerator for f, _ in search(market, Filter(region=answers.region, provider=provider))})
        told = nearest_names(missing[0] if missing else "", there) if there else "nothing is known to be offered there"
        names = ", ".join(map(printable, missing)) or "such accelerators"
        unknown = region_remarks(market, Filter(tuple(missing), answers.region, provider))
        left_out = "".join(f" ({line})" for line in unknown)
        offers = "is not known to offer a" if left_out else "offers no"
        raise UsageError(
            f"{provider or 'nobody'} {offers} machine with {names} in {printable(answers.region)}{left_out}; {told}"
        )
    return found


def _reason_against(market: Market, facts: InstanceFacts, answers: Answers) -> str:
    """Why a machine can't be rented, in words; empty when it can."""
    if facts.name not in answers.prices and market.price(facts.name, answers.region) is None:
        return f"{facts.name}: no price is known (--price {facts.name}=DOLLARS gives one)"
    there = {node.zone for node in market.nodes_of(facts.name)}
    if there and answers.zones and there.isdisjoint(answers.zones):
        return f"{facts.name}: its nodes are in {', '.join(sorted(there))}"
    if market.most(facts.name, answers.region) == 0:
        return f"{facts.name}: the quota in {answers.region} is too small for one"
    return ""


def _cheapest_hosts(market: Market, found: Sequence[InstanceFacts], answers: Answers) -> list[InstanceFacts]:
    def price(facts: InstanceFacts) -> float:
        told = market.price(facts.name, answers.region)
        listed = answers.prices.get(facts.name, told.per_hour if told else 0)
        on_spot = _spot_price(market, facts, answers) if answers.spot else None
        return listed if on_spot is None else min(listed, on_spot)

    chosen: dict[tuple[str, int], InstanceFacts] = {}
    for facts in sorted(found, key=lambda facts: (price(facts), facts.name)):
        if hosted(facts) == facts.accelerator_count:
            chosen.setdefault((facts.accelerator, facts.accelerator_count), facts)
    if not chosen:
        names = ", ".join(printable(facts.name) for facts in found[:5])
        raise UsageError(
            f"no host is large enough for a copy on each accelerator; name a type with --instance-type: {names}"
        )
    return sorted(chosen.values(), key=lambda facts: (facts.accelerator, facts.accelerator_count))


def _spot_price(market: Market, facts: InstanceFacts, answers: Answers) -> float | None:
    """The least spot price of a machine in any zone; None where none is known."""
    zones = market.zones(facts.name, answers.region, "spot") or ("",)
    prices = (market.price(facts.name, answers.region, zone, "spot") for zone in zones)
    return min((price.per_hour for price in prices if price is not None), default=None)


def _without_spot_price(market: Market, found: Sequence[InstanceFacts], answers: Answers) -> str:
    """Why no pool can be at a spot price, and what would tell one."""
    if market.nodes:
        return "--spot adds pools of machines to rent, and these are the nodes of a cluster"
    names = ", ".join(printable(facts.name) for facts in found[:_NAMED]) + (", …" if len(found) > _NAMED else "")
    place = f" in {printable(answers.region)}" if answers.region else ""
    files = "aws ec2 describe-spot-price-history, SkyPilot's vms.csv or gpuhunt's CSV"
    return f"--spot: no spot price is known of {names}{place}: a file tells it, --facts FILE ({files})"


def hosted(facts: InstanceFacts) -> int:
    """The accelerators of a machine for whose copies its host has room."""
    vcpus, memory_gib = facts.vcpus - reserved_vcpus(facts), facts.memory_gib - reserved_gib(facts)
    return max(0, min(facts.accelerator_count, int(vcpus // VCPUS), int(memory_gib // MEMORY_GIB)))


def reserved_gib(facts: InstanceFacts) -> float:
    """GiB of the host that copies can't use."""
    return round(facts.memory_gib * SAGEMAKER_KEEPS, 1) if facts.provider == "sagemaker" else reserved_memory_gib(facts)


def _zones(market: Market, kept: Sequence[InstanceFacts], answers: Answers) -> tuple[str, ...]:
    """The zones that were named, else those that offer most of the machines."""
    needed = answers.survive_zones + 1
    if answers.zones:
        zones = answers.zones
    else:
        check_one_spelling([facts.name for facts in kept], answers.region, market)
        counts = Counter(zone for facts in kept for zone in _zones_of(market, facts, answers))
        if any(map(region_of_zone, counts)) and any(is_zone_name(zone, answers.region) for zone in counts):
            counts = Counter({zone: n for zone, n in counts.items() if not region_of_zone(zone)})  # as spot prices are
        runs = any(market.nodes_of(facts.name) for facts in kept)
        best = sorted(counts, key=lambda zone: (-counts[zone], zone))
        zones = tuple(sorted(best if runs else best[: max(_ZONES, needed)]))
        if not zones and answers.survive_zones:
            raise UsageError(
                f"the zones of {printable(answers.region)} are not known here: name them with --zones A,B,C"
            )
    if answers.survive_zones and NO_ZONE in zones:
        raise UsageError(f"{without_zone(market)}: label them, or lower --survive-zones to 0")
    if answers.survive_zones and len(set(zones)) < needed:
        there = ", ".join(map(printable, zones)) or "none"
        lost = "a zone" if answers.survive_zones == 1 else f"{answers.survive_zones} zones"
        raise UsageError(
            f"to survive the loss of {lost} takes at least {needed}, and there are {len(set(zones))}: {there}; "
            "name more with --zones, or lower --survive-zones"
        )
    _check_zones(market, kept, answers)
    return zones


def _zones_of(market: Market, facts: InstanceFacts, answers: Answers) -> tuple[str, ...]:
    """The zones of a machine, those with a spot price twice where that counts; as its spot prices name them."""
    offered = market.zones(facts.name, answers.region)
    priced = market.zones(facts.name, answers.region, "spot") if answers.spot else ()
    if _spot_price(market, facts, answers) is None or set(priced) == set(offered):
        return offered
    return (*offered, *priced) if not set(priced).isdisjoint(offered) else priced


def without_zone(market: Market) -> str:
    """The nodes of which nothing tells the zone, and the label that would."""
    names = [printable(node.name) for node in market.nodes if node.zone == NO_ZONE]
    more = ", …" if len(names) > _NAMED else ""
    told = ", ".join(names[:_NAMED]) + more
    return f"no zone is told of {told}: neither by the label {ZONE_LABELS[0]} nor by providerID"


def _check_zones(market: Market, kept: Sequence[InstanceFacts], answers: Answers) -> None:
    """Refuse a zone that is unknown, a zone id of another region, or one where nothing that was chosen is offered."""
    check_zones(answers.zones, answers.region, market, [facts.name for facts in kept])
    offered = {zone for facts in kept for zone in market.zones(facts.name, answers.region)}
    for zone in answers.zones:
        region = region_of_zone(zone)
        if region is not None and (region != answers.region or (offered and zone not in offered)):
            told = nearest_names(zone, sorted(offered))
            raise UsageError(f"--zones: {printable(zone)} offers none of these machines; {told}")

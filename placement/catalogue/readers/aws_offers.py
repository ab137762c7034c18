"""What AWS offers: shapes of machines, where it offers a type, and its price there on spot.

Read are answers of `aws ec2 describe-instance-types`, `describe-instance-type-offerings` and
`describe-spot-price-history`. Amounts of memory are in MiB in the first. A fractional GPU has a count of 0 there and a
`GpuPartitionSize` below 1. A zone has an id (use1-az4) and a name (us-east-1a). A name means another place in another
account; an id does not. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceTypeInfo.html
"""

from __future__ import annotations

import re
from dataclasses import replace

from placement.catalogue.facts import Findings, InstanceFacts, Offer, Price
from placement.catalogue.readers.fields import At, FieldError, each, each_but
from placement.catalogue.tables import NO_DEVICES, Devices, machine_of, named_devices, region_of_zone
from placement.units import MIB_PER_GIB

TYPES, OFFERINGS, SPOT_PRICES = "InstanceTypes", "InstanceTypeOfferings", "SpotPriceHistory"
# Where a machine's accelerators are told, and under which key each kind has its list.
_DEVICES = (("GpuInfo", "Gpus"), ("NeuronInfo", "NeuronDevices"), ("InferenceAcceleratorInfo", "Accelerators"))
_TRAINIUM2_GIB = 96  # EC2's API says 512 GiB of each; its product page, and what is sold, 96
LOCATION_TYPES = ("availability-zone-id", "availability-zone", "region", "outpost")
_ZONE_NAME = re.compile(r"(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+)(?:-[a-z]+-\d+)?[a-z]")  # also of a local zone
LINUX = ("Linux/UNIX", "Linux/UNIX (Amazon VPC)")


def region_of(zone: At) -> str:
    """The region of a zone, by its name or its id."""
    name = zone.text()
    named = _ZONE_NAME.fullmatch(name)
    region = named["region"] if named else region_of_zone(name)
    if region is None:
        raise zone.fault("names no zone of AWS: its name ends as us-east-1a does, its id as use1-az4 does")
    return region


def read_offerings(document: At, source: str) -> Findings:
    """Regions and zones of types."""
    return Findings(source, offers=tuple(each(document.key(OFFERINGS).items(), _offering, source)))


def _offering(row: At) -> Offer:
    name, place = row.key("InstanceType").text(), row.key("Location")
    kind = row.get("LocationType")
    if kind and kind.text() not in LOCATION_TYPES:
        raise kind.fault(f"must be one of {', '.join(LOCATION_TYPES)}")
    if kind and kind.text() == "region":
        return Offer(name, place.text())
    if kind and kind.text() == "outpost":
        raise kind.fault("offers on outposts are not read; ask for --location-type availability-zone-id")
    return Offer(name, region_of(place), place.text())


def read_spot_prices(document: At, source: str) -> Findings:
    """The newest spot price of each type in each zone, of machines that run Linux."""
    others = "the spot price of another system than Linux"
    rows, skipped = each_but(document.key(SPOT_PRICES).items(), _spot_price, source, others)
    newest: dict[tuple[str, str], tuple[str, Offer]] = {}
    for time, offer in rows:
        key = offer.instance_type, offer.zone
        if key not in newest or time > newest[key][0]:
            newest[key] = time, offer
    return Findings(source, offers=tuple(offer for _, offer in newest.values()), skipped=skipped)


def _spot_price(row: At) -> tuple[str, Offer] | None:
    system = row.get("ProductDescription")
    if system and system.text() not in LINUX:
        return None
    zone, time = row.get("AvailabilityZoneId") or row.key("AvailabilityZone"), row.key("Timestamp").text()
    if not re.match(r"\d{4}-\d\d-\d\d", time):
        raise FieldError(row.key("Timestamp").path, "must be a time such as 2026-11-02T10:00:00Z", time)
    region = region_of(zone)
    price = Price(row.key("SpotPrice").number_in_text(), region, time[:10], "AWS spot price history")
    return time, Offer(row.key("InstanceType").text(), region, zone.text(), "spot", price)


def read_types(document: At, source: str) -> Findings:
    """The machines that a describe-instance-types output has."""
    return Findings(source, types=tuple(each(document.key(TYPES).items(), _facts, source)))


def _facts(row: At) -> InstanceFacts:
    devices = (device for group, key in _DEVICES if (found := row.get(group)) for device in found.key(key).items())
    first = next(devices, None)  # an Inferentia2 is told twice, under Neuron and under inference
    own = _devices(first) if first else NO_DEVICES
    efa = row.get("NetworkInfo", "EfaInfo")
    name, vcpus = row.key("InstanceType").text(), row.key("VCpuInfo", "DefaultVCpus").number()
    memory = row.key("MemoryInfo", "SizeInMiB").number() / MIB_PER_GIB
    interfaces = efa.key("MaximumEfaInterfaces").whole() if efa else None
    return replace(machine_of("aws", name, own, vcpus, memory), efa_interfaces=interfaces)


def _devices(device: At) -> Devices:
    name, count = device.key("Name").text(), device.key("Count").number()
    part = device.get("GpuPartitionSize")
    share = part.number() if part else 1.0
    memory = device.key("MemoryInfo", "SizeInMiB").number() / MIB_PER_GIB
    if name == "Trainium2":
        memory = _TRAINIUM2_GIB
    found = named_devices(name, share if share < 1 else max(count, 1), memory)
    return found or NO_DEVICES

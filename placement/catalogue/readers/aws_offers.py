"""What AWS offers: shapes of machines, where it offers a type, and its prices.

Read are answers of `aws ec2 describe-instance-types`, `describe-instance-type-offerings` and
`describe-spot-price-history`, and of `aws pricing get-products`. Amounts of memory are in MiB in the first. A
fractional GPU has a count of 0 there and a `GpuPartitionSize` below 1. A zone has an id (use1-az4) and a name
(us-east-1a). A name means another place in another account; an id does not. Each product of the price list is a JSON
text inside the JSON. Kept are prices of an hour on demand: of SageMaker those of hosting, of EC2 those of Linux on
shared machines with nothing installed.

https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InstanceTypeInfo.html
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from placement.catalogue.facts import Findings, InstanceFacts, Offer, Price
from placement.catalogue.readers.fields import At, FieldError, each, each_but, parse_json
from placement.catalogue.tables import NO_DEVICES, Devices, machine_of, named_devices, region_of_zone
from placement.errors import DocumentError
from placement.units import MIB_PER_GIB

TYPES, OFFERINGS = "InstanceTypes", "InstanceTypeOfferings"
SPOT_PRICES, PRICES = "SpotPriceHistory", "PriceList"
# Where a machine's accelerators are told, and under which key each kind has its list.
_DEVICES = (("GpuInfo", "Gpus"), ("NeuronInfo", "NeuronDevices"), ("InferenceAcceleratorInfo", "Accelerators"))
_TRAINIUM2_GIB = 96  # EC2's API says 512 GiB of each; its product page, and what is sold, 96
SERVICES = ("AmazonSageMaker", "AmazonEC2")
# Attributes of the EC2 price that is meant; one that a product lacks is not looked at.
_PLAIN_EC2 = {
    "operatingSystem": ("Linux",),
    "tenancy": ("Shared",),
    "preInstalledSw": ("NA",),
    "capacitystatus": ("Used",),
    "licenseModel": ("No License required", "NA"),
    "marketoption": ("OnDemand",),
}
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
    return named_devices(name, share if share < 1 else max(count, 1), memory) or NO_DEVICES


def read_prices(document: At, source: str) -> Findings:
    """On-demand prices by type and region; products of another kind are counted and left out."""
    others = "a product that is no plain price of an hour of hosting or of Linux"
    offers, skipped = each_but(document.key(PRICES).items(), _offer, source, others)
    return Findings(source, offers=offers, skipped=skipped)


def _offer(entry: At) -> Offer | None:
    row = _product(entry)
    service = row.key("serviceCode")
    if service.text() not in SERVICES:
        raise service.fault(f"must be {' or '.join(SERVICES)}; ask for one of them with --service-code")
    attributes = row.key("product", "attributes")
    name = _hosted_type(attributes) if service.text() == SERVICES[0] else _plain_ec2_type(attributes)
    region = attributes.get("regionCode")
    if name is None or region is None:  # an older product without a region's code has only its name
        return None
    date = row.get("publicationDate")
    told = date.text()[:10] if date else ""
    for per_hour in _hourly(row):
        return Offer(name, region.text(), price=Price(per_hour, region.text(), told, "AWS price list"))
    return None


def _product(entry: At) -> At:
    """A product, which is JSON text in JSON (or JSON, where a tool has unfolded it)."""
    if not isinstance(entry.value, str):
        return entry
    try:
        return At(parse_json(entry.value, "").value, entry.way)
    except DocumentError as error:
        raise FieldError(entry.path, error.faults[0].rule) from None


def _hosted_type(attributes: At) -> str | None:
    """The type whose real-time hosting a product is: `ml.p5.48xlarge` of `USE1-Host:ml.p5.48xlarge`."""
    usage = attributes.get("usagetype")
    if usage is None or not any(mark in usage.text() for mark in ("Host:", "Hosting:")):
        return None
    return usage.text().rpartition(":")[2] or None


def _plain_ec2_type(attributes: At) -> str | None:
    name = attributes.get("instanceType")
    for key, plain in _PLAIN_EC2.items():
        found = attributes.get(key)
        if found is not None and found.text() not in plain:
            return None
    return name.text() if name else None


def _hourly(row: At) -> Iterator[float]:
    """Prices above 0 of an hour on demand, dollars."""
    demanded = row.key("terms").get("OnDemand")
    for term in demanded.values() if demanded else ():
        for dimension in term.key("priceDimensions").values():
            if dimension.key("unit").text().lower() not in ("hrs", "hours", "hour"):
                continue
            dollars = dimension.key("pricePerUnit").get("USD")
            per_hour = dollars.number_in_text() if dollars else 0
            if per_hour > 0:
                yield per_hour

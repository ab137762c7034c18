"""`aws pricing get-products`: list prices of AmazonSageMaker and AmazonEC2.

Each product is a JSON text inside the JSON. Kept are prices of an hour on demand: of SageMaker those of hosting, of EC2
those of Linux on shared machines with nothing installed.
https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/reading-service-price-list-file-for-services.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.catalogue.facts import Findings, Offer, Price
from placement.catalogue.readers.fields import At, FieldError, each_but, parse_json
from placement.errors import DocumentError

if TYPE_CHECKING:
    from collections.abc import Iterator

KEY = "PriceList"
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


def read_prices(document: At, source: str) -> Findings:
    """On-demand prices by type and region; products of another kind are counted and left out."""
    others = "a product that is no plain price of an hour of hosting or of Linux"
    offers, skipped = each_but(document.key(KEY).items(), _offer, source, others)
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

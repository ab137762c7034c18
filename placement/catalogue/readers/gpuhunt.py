"""gpuhunt's price lists, a CSV a cloud, which dstack reads.

`location` is a region, or a zone of one. Memory is in GB there, by which GiB are meant.
https://github.com/dstackai/gpuhunt
"""

from __future__ import annotations

import re

from placement.catalogue.devices import machine_of, named_devices
from placement.catalogue.facts import Findings, InstanceFacts, Offer, Price
from placement.catalogue.names import provider_of
from placement.catalogue.readers.fields import CsvRow, FieldError, each_but

COLUMNS = ("instance_name", "location", "price", "cpu", "memory", "gpu_count", "gpu_name", "gpu_memory", "spot")
_ZONE = re.compile(r"(?P<region>[a-z]+(?:-[a-z]+)*-?[a-z]*\d)-[a-z]")  # Google Cloud's: us-central1-a


def read_gpuhunt(rows: list[CsvRow], source: str) -> Findings:
    """Types with their places and prices, on demand and on spot."""
    found, skipped = each_but(rows, _row, source, "a row that names an accelerator whose memory nothing tells")
    types = {facts.name: facts for facts, _ in found}
    return Findings(source, tuple(types.values()), tuple(offer for _, offer in found), skipped=skipped)


def _row(row: CsvRow) -> tuple[InstanceFacts, Offer] | None:
    name, place = row.required("instance_name"), row.required("location")
    devices = named_devices(row.text("gpu_name"), row.value("gpu_count") or 0, row.value("gpu_memory"))
    if devices is None:
        return None
    facts = machine_of(provider_of(name), name, devices, row.required_number("cpu"), row.required_number("memory"))
    zoned = _ZONE.fullmatch(place)
    region, zone = (zoned["region"], place) if zoned else (place, "")
    price = Price(row.required_number("price"), region, "", "gpuhunt catalogue")
    return facts, Offer(name, region, zone, "spot" if _is_spot(row) else "on-demand", price)


def _is_spot(row: CsvRow) -> bool:
    word = row.text("spot").lower()
    if word not in ("true", "false", ""):
        raise FieldError(row.place("spot"), "must be True or False", row.text("spot"))
    return word == "true"

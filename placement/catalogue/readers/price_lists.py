"""Price lists of clouds in CSV, a row a type and place.

SkyPilot's `vms.csv` of a cloud, ~/.sky/catalogs/v*/CLOUD/vms.csv: `GpuInfo` has the accelerators' memory as a Python
literal, or as the name again. https://github.com/skypilot-org/skypilot-catalog
gpuhunt's, which dstack reads: `location` is a region, or a zone of one. Memory is in GB there, by which GiB are meant.
https://github.com/dstackai/gpuhunt
"""

import ast
import re
from typing import Any

from placement.catalogue.facts import Findings, InstanceFacts, Offer, Price
from placement.catalogue.names import provider_of
from placement.catalogue.readers.fields import CsvRow, FieldError, each, each_but, finite, left_out
from placement.catalogue.tables import machine_of, named_devices
from placement.units import MIB_PER_GIB

SKYPILOT = ("InstanceType", "AcceleratorName", "AcceleratorCount", "vCPUs", "MemoryGiB", "Price", "Region")
GPUHUNT = ("instance_name", "location", "price", "cpu", "memory", "gpu_count", "gpu_name", "gpu_memory", "spot")
_ZONE = re.compile(r"(?P<region>[a-z]+(?:-[a-z]+)*-?[a-z]*\d)-[a-z]")  # Google Cloud's: us-central1-a
Read = tuple[InstanceFacts, tuple[Offer, ...]]


def read_skypilot(rows: list[CsvRow], source: str) -> Findings:
    """Types with their places and prices; accelerators without a machine are counted and left out."""
    found: list[Read | str] = each(rows, _skypilot_row, source)
    types = {facts.name: facts for facts, _ in (row for row in found if not isinstance(row, str))}
    offers = tuple(offer for row in found if not isinstance(row, str) for offer in row[1])
    reasons = [row for row in found if isinstance(row, str)]
    skipped = [text for why in sorted(set(reasons)) for text in left_out(reasons.count(why), f"a row that {why}")]
    return Findings(source, types=tuple(types.values()), offers=offers, skipped=tuple(skipped))


def _skypilot_row(row: CsvRow) -> Read | str:
    name, region = row.text("InstanceType"), row.required("Region")
    vcpus, memory = row.value("vCPUs"), row.value("MemoryGiB")
    if not name or vcpus is None or memory is None:
        return "has no machine of its own"  # Google Cloud's accelerators that are put into any machine, and TPUs
    accelerator, count = row.text("AcceleratorName"), row.value("AcceleratorCount") or 0
    devices = named_devices(accelerator, count, _memory_gib(row))
    if devices is None:
        return "names an accelerator whose memory nothing tells"
    facts = machine_of(provider_of(name), name, devices, vcpus, memory)
    zone = row.text("AvailabilityZone")
    offers = [Offer(name, region, zone, price=_price(row, "Price", region))]
    spot = _price(row, "SpotPrice", region)
    if spot is not None:
        offers.append(Offer(name, region, zone, "spot", spot))
    return facts, tuple(offers)


def _price(row: CsvRow, column: str, region: str) -> Price | None:
    per_hour = row.value(column)
    return Price(per_hour, region, "", "SkyPilot catalogue") if per_hour else None


def _memory_gib(row: CsvRow) -> float | None:
    """GiB of one accelerator; None when the row does not tell."""
    text, place = row.text("GpuInfo"), row.place("GpuInfo")
    if not text.startswith("{"):
        return None
    try:
        info: Any = ast.literal_eval(text.replace(": nan", ": None"))
        device = next(group[0] for key in ("Gpus", "NeuronDevices") if (group := info.get(key)))
        mib = device["MemoryInfo"]["SizeInMiB"]
    except (ValueError, SyntaxError, MemoryError, RecursionError, StopIteration):
        raise FieldError(place, "must be a mapping with a list of Gpus", text) from None
    except (AttributeError, KeyError, IndexError, TypeError):
        raise FieldError(place, "must have Gpus with MemoryInfo and its SizeInMiB", text) from None
    return finite(mib, place) / MIB_PER_GIB


def read_gpuhunt(rows: list[CsvRow], source: str) -> Findings:
    """Types with their places and prices, on demand and on spot."""
    found, skipped = each_but(rows, _gpuhunt_row, source, "a row that names an accelerator whose memory nothing tells")
    types = {facts.name: facts for facts, _ in found}
    return Findings(source, tuple(types.values()), tuple(offer for _, offer in found), skipped=skipped)


def _gpuhunt_row(row: CsvRow) -> tuple[InstanceFacts, Offer] | None:
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

"""The shipped tables, read once a process when first asked for."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from placement import arguments
from placement.catalogue.facts import AcceleratorFacts, InstanceFacts, Price
from placement.catalogue.names import LISTED_BY, nearest_names, plain
from placement.errors import UsageError, printable

if TYPE_CHECKING:
    from collections.abc import Mapping


def accelerator(name: str) -> AcceleratorFacts:
    """Facts about an accelerator, by its name or as a driver, a cloud or Kubernetes calls it.

    Raises UsageError: it is not in the table, or the name fits several; the message has the nearest names.

    >>> accelerator("NVIDIA-H100-80GB-HBM3").usable_gib
    79.19
    >>> accelerator("A100")
    Traceback (most recent call last):
    placement.errors.UsageError: "A100" is sold in several sizes; write "A100-40GB" or "A100-80GB"
    """
    arguments.text("name", name)
    found = matching_accelerators(name)
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(f'"{facts.name}"' for facts in found)
        raise UsageError(f'"{printable(name)}" is sold in several sizes; write {names}')
    told = nearest_names(name, accelerators(), listed_by=LISTED_BY)
    raise UsageError(f'no accelerator "{printable(name)}" is in the catalogue; {told}')


def find_accelerator(name: str, memory_gib: float | None = None) -> AcceleratorFacts | None:
    """The accelerator of a name, of which the memory tells one size from another; None when there is none such."""
    found = matching_accelerators(name)
    if len(found) > 1 and memory_gib is not None:
        return min(found, key=lambda facts: abs(facts.nominal_gb - memory_gib))
    return found[0] if len(found) == 1 else None


def matching_accelerators(name: str) -> tuple[AcceleratorFacts, ...]:
    """The accelerators that a name may mean: one, or of a family without its size (`A100`) each of its sizes."""
    exact = _by_small_alias().get(name.lower())
    if exact is not None:
        return (exact,)
    wanted = plain(name)
    if not wanted:
        return ()
    sizes = tuple(facts for facts in accelerators().values() if plain(facts.name.rpartition("-")[0]) == wanted)
    same = _by_plain_name().get(wanted)
    is_whole = same is not None and (plain(same.name) == wanted or len(sizes) < 2)  # H100, beside H100-NVL and -PCIe
    return (same,) if same is not None and is_whole else sizes


def instance_type(name: str) -> InstanceFacts:
    """Facts about an instance type, in whatever case its name is written.

    Raises UsageError: it is not in the table; the message has the nearest names.

    >>> facts = instance_type("ml.p5.48xlarge")
    >>> facts.accelerator, facts.accelerator_count, facts.vcpus
    ('H100', 8, 192.0)
    """
    arguments.text("name", name)
    return type_called(name, instance_types())


def type_called(name: str, known: Mapping[str, InstanceFacts], listed_by: str = "") -> InstanceFacts:
    """Of some types the one of a name, in whatever case; else `nearest_names` tells the nearest, with `listed_by`."""
    found = known.get(name) or next((facts for facts in known.values() if facts.name.lower() == name.lower()), None)
    if found is None:
        told = nearest_names(name, known, listed_by=listed_by)
        raise UsageError(f'no instance type "{printable(name)}" is in the catalogue; {told}')
    return found


@cache
def accelerators() -> Mapping[str, AcceleratorFacts]:
    """All accelerators by name."""
    rows = (_accelerator(row) for row in _rows("accelerators.csv"))
    return MappingProxyType({facts.name: facts for facts in rows})


@cache
def instance_types() -> Mapping[str, InstanceFacts]:
    """All instance types by name, in the order of the table: AWS, SageMaker, Google Cloud, Azure."""
    rows = (_instance(row) for row in _rows("instance_types.csv"))
    return MappingProxyType({facts.name: facts for facts in rows})


@cache
def regions() -> tuple[str, ...]:
    """Every region that a row names, sorted."""
    found = {region for facts in instance_types().values() for region in facts.regions}
    return tuple(sorted(found | {facts.price.region for facts in instance_types().values() if facts.price}))


@cache
def region_of_zone(zone_id: str) -> str | None:
    """The region of a zone id of AWS (`use1-az4` is in us-east-1); None when no region has such zones."""
    return _zone_prefixes().get(zone_id.rpartition("-")[0])


@cache
def _zone_prefixes() -> dict[str, str]:
    return {row["zone_prefix"]: row["region"] for row in _rows("zone_prefixes.csv")}


@cache
def _by_small_alias() -> dict[str, AcceleratorFacts]:
    return {name.lower(): facts for facts in accelerators().values() for name in (*facts.aliases, facts.name)}


@cache
def _by_plain_name() -> dict[str, AcceleratorFacts]:
    return {plain(name): facts for facts in accelerators().values() for name in (*facts.aliases, facts.name)}


def _rows(name: str) -> list[dict[str, str]]:
    text = resources.files("placement.catalogue").joinpath(name).read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


def _accelerator(row: dict[str, str]) -> AcceleratorFacts:
    major, _, minor = row["compute_capability"].partition(".")
    return AcceleratorFacts(
        name=row["name"],
        vendor=row["vendor"],
        nominal_gb=float(row["nominal_gb"]),
        usable_gib=_known(row["usable_gib"]),
        usable_source=row["usable_source"],
        compute_capability=(int(major), int(minor)) if major else None,
        aliases=tuple(alias for alias in row["aliases"].split(";") if alias),
    )


def _instance(row: dict[str, str]) -> InstanceFacts:
    interfaces = row["efa_interfaces"]
    return InstanceFacts(
        provider=row["provider"],
        name=row["instance_type"],
        accelerator=row["accelerator"],
        accelerator_count=int(row["accelerator_count"]),
        accelerator_share=float(row["accelerator_share"]),
        accelerator_memory_gib=float(row["accelerator_memory_gib"]),
        vcpus=float(row["vcpus"]),
        memory_gib=float(row["memory_gib"]),
        kubernetes_memory_gib=_known(row["kubernetes_memory_gib"]),
        accelerator_link=row["accelerator_link"],
        network_gbps=_known(row["network_gbps"]),
        efa_interfaces=int(interfaces) if interfaces else None,
        zones=tuple(row["zones"].split()),
        regions=tuple(row["regions"].split()),
        price=_price(row),
        note=row["note"],
    )


def _price(row: dict[str, str]) -> Price | None:
    per_hour = _known(row["price_per_hour"])
    if per_hour is None:
        return None
    return Price(per_hour, row["price_region"], row["price_date"], row["price_source"], row["price_derived"])


def _known(text: str) -> float | None:
    return float(text) if text else None

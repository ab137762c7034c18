"""The shipped tables, read once a process when first asked for.

And from what an API or a node says of its accelerators to our names of them, and to rows of the catalogue.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from pydantic import TypeAdapter

from placement import arguments
from placement.catalogue.facts import AcceleratorFacts, InstanceFacts
from placement.catalogue.names import LISTED_BY, nearest_names, plain
from placement.errors import UsageError, printable


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
    rows = TypeAdapter(list[AcceleratorFacts]).validate_python(list(map(_accelerator, _rows("accelerators.csv"))))
    return MappingProxyType({facts.name: facts for facts in rows})


@cache
def instance_types() -> Mapping[str, InstanceFacts]:
    """All instance types by name, in the order of the table: AWS, SageMaker, Google Cloud, Azure."""
    rows = TypeAdapter(list[InstanceFacts]).validate_python(list(map(_instance, _rows("instance_types.csv"))))
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


def _accelerator(row: dict[str, str]) -> dict[str, Any]:
    told = {key: text for key, text in row.items() if text}
    lists = {"aliases": row["aliases"].split(";")} if row["aliases"] else {}
    capability = {"compute_capability": row["compute_capability"].split(".")} if row["compute_capability"] else {}
    return told | lists | capability


def _instance(row: dict[str, str]) -> dict[str, Any]:
    told = {key: text for key, text in row.items() if text or key == "accelerator"}  # the host of none has none
    lists = {key: row[key].split() for key in ("zones", "regions")}
    price = {key.removeprefix("price_"): text for key, text in row.items() if key.startswith("price_")}
    named = {"name": row["instance_type"], "price": price if price["per_hour"] else None}
    return told | lists | named


@dataclass(frozen=True, slots=True)
class Devices:
    """The accelerators of one machine: our name of them, how many, GiB of each, and a share below 1 of slices."""

    accelerator: str = ""
    count: int = 0
    memory_gib: float = 0
    share: float = 1.0


NO_DEVICES = Devices()


def machine_of(provider: str, name: str, devices: Devices, vcpus: float, memory_gib: float) -> InstanceFacts:
    """A machine with those accelerators, as far as a file tells it."""
    return InstanceFacts(
        provider=provider,
        name=name,
        accelerator=devices.accelerator,
        accelerator_count=devices.count,
        accelerator_share=devices.share,
        accelerator_memory_gib=devices.memory_gib,
        vcpus=vcpus,
        memory_gib=memory_gib,
    )


def named_devices(name: str, count: float, memory_gib: float | None) -> Devices | None:
    """Devices of a name and a count; a count below 1 is a slice of one. None when nothing tells their memory."""
    if not name or count <= 0:
        return NO_DEVICES
    facts = find_accelerator(name, memory_gib if count >= 1 else None)
    if memory_gib is None:
        memory_gib = facts.nominal_gb * min(count, 1) if facts else None
    if memory_gib is None:
        return None
    return Devices(facts.name if facts else name, max(1, int(count)), memory_gib, count if count < 1 else 1.0)

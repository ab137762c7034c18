"""From what an API or a node says of its accelerators to our names of them, and to rows of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass

from placement.catalogue.facts import InstanceFacts
from placement.catalogue.tables import find_accelerator


@dataclass(frozen=True, slots=True)
class Devices:
    """The accelerators of one machine: our name of them, how many, GiB of each, and a share below 1 of slices."""

    accelerator: str = ""
    count: int = 0
    memory_gib: float = 0
    share: float = 1.0


NONE = Devices()


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
        return NONE
    facts = find_accelerator(name, memory_gib if count >= 1 else None)
    if memory_gib is None:
        memory_gib = facts.nominal_gb * min(count, 1) if facts else None
    if memory_gib is None:
        return None
    share = count if count < 1 else 1.0
    return Devices(facts.name if facts else name, max(1, int(count)), memory_gib, share)

"""One machine in plain integers, so that thousands of trials a second can be made and undone.

It keeps the rules of one machine: memory, share, ownership, host, caps, dedicated, avoid.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
from placement.compiled.packing import Seat
from placement.units import WHOLE_SHARE


class Copy(NamedTuple):
    """One copy on a machine: its item, its option and the accelerators that it touches."""

    item: int
    option: FleetOption
    on: tuple[int, ...]


class MachineState:
    """One machine: what is free, and what stands on it. `fixed` copies are part of it for good and not in `copies`."""

    __slots__ = (
        "copies", "counts", "fixed", "free_memory", "frozen", "host", "instance", "memory", "pool", "share", "users",
        "vcpus",
    )  # fmt: skip

    def __init__(self, fleet: Fleet, pool: int, instance: int | None) -> None:
        shape = fleet.pools[pool].shape
        self.pool, self.instance, self.memory = pool, instance, max(1, shape.memory_mib)
        self.free_memory = [shape.memory_mib] * shape.accelerators
        self.share = [WHOLE_SHARE] * shape.accelerators
        self.users = [0] * shape.accelerators
        self.vcpus, self.host = shape.vcpus, shape.host_mib
        self.copies: list[Copy] = []
        self.fixed: tuple[Seat, ...] = ()
        self.counts: dict[int, int] = {}
        self.frozen = False

    def put(self, copy: Copy, component: int) -> None:
        self.copies.append(copy)
        self._use(copy.option, copy.on, component, 1)

    def take(self, copy: Copy, component: int) -> None:
        self.copies.remove(copy)
        self._use(copy.option, copy.on, component, -1)

    def _use(self, option: FleetOption, on: tuple[int, ...], component: int, sign: int) -> None:
        """One that owns its accelerators takes one MiB more than there is, so that nothing shared fits beside it."""
        memory, share = (option.memory_mib, option.share) if option.shared else (self.memory + 1, 0)
        self.vcpus -= sign * option.vcpus
        self.host -= sign * option.host_mib
        for k in on:
            self.users[k] += sign
            self.free_memory[k] -= sign * memory
            self.share[k] -= sign * share
        count = self.counts.get(component, 0) + sign
        if count:
            self.counts[component] = count
        else:
            del self.counts[component]

    def takes(self, option: FleetOption) -> bool:
        """Whether the host has room for one copy."""
        return self.vcpus >= option.vcpus and self.host >= option.host_mib

    def welcomes(self, component: FleetComponent, components: Sequence[FleetComponent]) -> bool:
        """Whether caps, dedication and `avoid` let one more copy of the component stand here."""
        here = self.counts
        cap = component.max_per_instance
        if cap is not None and here.get(component.index, 0) >= cap:
            return False
        for other in here:
            if other != component.index and (
                component.dedicated or other in component.avoids or components[other].dedicated
            ):
                return False
        return True

    def fits_on(self, option: FleetOption, k: int) -> bool:
        """Whether one accelerator has room for a copy."""
        if not option.shared:
            return not self.users[k]
        return self.free_memory[k] >= option.memory_mib and self.share[k] >= option.share

    def save(self) -> Saved:
        """All that changes, for `restore`."""
        return (
            *(self.free_memory[:], self.share[:], self.users[:]),
            *(self.vcpus, self.host, self.copies[:], self.counts.copy()),
        )

    def restore(self, saved: Saved) -> None:
        self.free_memory, self.share, self.users, self.vcpus, self.host, self.copies, self.counts = saved


Saved = tuple[list[int], list[int], list[int], int, int, list[Copy], dict[int, int]]


def tightest(machine: MachineState, option: FleetOption) -> tuple[int, ...] | None:
    """The accelerators with the least room that is enough for a copy."""
    found = sorted((free_memory, k) for k, free_memory in enumerate(machine.free_memory) if machine.fits_on(option, k))
    if len(found) < option.accelerators:
        return None
    return tuple(sorted(k for _, k in found[: option.accelerators]))

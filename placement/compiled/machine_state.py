"""One machine in plain integers, so that thousands of trials a second can be made and undone.

It keeps the rules of one machine: memory, share, ownership, host, caps, dedicated, avoid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from placement.units import WHOLE_SHARE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.compiled.fleet import Fleet, FleetComponent, FleetOption
    from placement.compiled.packing import Seat


class MachineMode(NamedTuple):
    """One option of an item on one pool: what a copy takes, on each accelerator and on the host.

    One that owns its accelerators takes one MiB more than there is, so that nothing shared fits beside it. `cost` is
    its part of the machine's price, dollars an hour, by what is scarce in this mix.
    """

    option: int
    accelerators: int
    owned: bool
    memory: int
    share: int
    vcpus: int
    host: int
    cost: float


class Copy(NamedTuple):
    """One copy on a machine: its item, its mode and the accelerators that it touches."""

    item: int
    mode: MachineMode
    on: tuple[int, ...]


class MachineState:
    """One machine: what is free, and what stands on it. `fixed` copies are part of it for good and not in `copies`."""

    __slots__ = (
        "copies",
        "counts",
        "fixed",
        "free_memory",
        "frozen",
        "host",
        "instance",
        "memory",
        "pool",
        "share",
        "users",
        "vcpus",
    )

    def __init__(self, fleet: Fleet, pool: int, instance: int | None) -> None:
        """An empty machine."""
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
        """Take one more copy."""
        self.copies.append(copy)
        self._use(copy.mode, copy.on, component, 1)

    def take(self, copy: Copy, component: int) -> None:
        """Lose a copy."""
        self.copies.remove(copy)
        self._use(copy.mode, copy.on, component, -1)

    def _use(self, mode: MachineMode, on: tuple[int, ...], component: int, sign: int) -> None:
        self.vcpus -= sign * mode.vcpus
        self.host -= sign * mode.host
        for k in on:
            self.users[k] += sign
            self.free_memory[k] -= sign * mode.memory
            self.share[k] -= sign * mode.share
        count = self.counts.get(component, 0) + sign
        if count:
            self.counts[component] = count
        else:
            del self.counts[component]

    def takes(self, mode: MachineMode) -> bool:
        """Whether the host has room for one copy."""
        return self.vcpus >= mode.vcpus and self.host >= mode.host

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

    def fits_on(self, mode: MachineMode, k: int) -> bool:
        """Whether one accelerator has room for a copy."""
        if mode.owned:
            return not self.users[k]
        return self.free_memory[k] >= mode.memory and self.share[k] >= mode.share

    def save(self) -> Saved:
        """All that changes, for `restore`."""
        return (
            *(self.free_memory[:], self.share[:], self.users[:]),
            *(self.vcpus, self.host, self.copies[:], self.counts.copy()),
        )

    def restore(self, saved: Saved) -> None:
        """Be as before."""
        self.free_memory, self.share, self.users, self.vcpus, self.host, self.copies, self.counts = saved


Saved = tuple[list[int], list[int], list[int], int, int, list[Copy], dict[int, int]]


def machine_mode(option: FleetOption, memory: int, cost: float = 0.0) -> MachineMode:
    """An option on machines whose accelerators have so much memory."""
    owned = not option.shared
    return MachineMode(
        option=option.index,
        accelerators=option.accelerators,
        owned=owned,
        memory=memory + 1 if owned else option.memory_mib,
        share=0 if owned else option.share,
        vcpus=option.vcpus,
        host=option.host_mib,
        cost=cost,
    )


def tightest(machine: MachineState, mode: MachineMode) -> tuple[int, ...] | None:
    """The accelerators with the least room that is enough for a copy."""
    found = sorted((free_memory, k) for k, free_memory in enumerate(machine.free_memory) if machine.fits_on(mode, k))
    if len(found) < mode.accelerators:
        return None
    return tuple(sorted(k for _, k in found[: mode.accelerators]))

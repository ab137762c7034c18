"""What tells shared copies apart on one machine: accelerators a copy, and what it takes of each of them."""

from typing import NamedTuple, Self

from placement.compiled.fleet import FleetOption


class SharedNeed(NamedTuple):
    """Shared copies that are alike on a machine: accelerators a copy, and MiB and thousandths on each of them."""

    accelerators: int
    memory_mib: int
    share: int

    @classmethod
    def of(cls, option: FleetOption) -> Self:
        return cls(option.accelerators, option.memory_mib, option.share)

    def most_in(self, memory_mib: int, share: int, copies: int) -> int:
        """How many of so many copies fit into so much of one accelerator."""
        limits = [copies]
        if self.memory_mib:
            limits.append(memory_mib // self.memory_mib)
        if self.share:
            limits.append(share // self.share)
        return min(limits)

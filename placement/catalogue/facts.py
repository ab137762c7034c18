"""One row of each table of the catalogue. `None` and empty tuples mean that nobody we read tells."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AcceleratorFacts:
    """A kind of accelerator.

    `nominal_gb` is what the vendor sells it as. `usable_gib` is what the driver hands out in all, GiB: what CUDA and
    PyTorch report as total, less than is sold, since the driver and error correction keep a part.
    """

    name: str
    vendor: str
    nominal_gb: float
    usable_gib: float | None = None
    usable_source: str = ""
    compute_capability: tuple[int, int] | None = None  # CUDA's, None on what is not NVIDIA's
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """An on-demand list price, dollars an hour for one machine, in one region at one time."""

    per_hour: float
    region: str
    date: str
    source: str
    derived: str = ""  # how, where nobody lists it: "1.25 x EC2"


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """A machine that can be rented.

    `accelerator_memory_gib` is of one accelerator, as the provider's API or size page reports it, GiB. Where a machine
    has a hardware slice of one accelerator, `accelerator_share` is that part (0.125), `accelerator_count` is 1 and the
    memory is the slice's. `kubernetes_memory_gib` is what Kubernetes leaves of the host's memory.
    """

    provider: str
    name: str
    accelerator: str
    accelerator_count: int
    accelerator_share: float
    accelerator_memory_gib: float
    vcpus: float
    memory_gib: float
    kubernetes_memory_gib: float | None = None
    accelerator_link: str = ""  # between the accelerators of one machine: NVLink, PCIe, ...
    network_gbps: float | None = None
    efa_interfaces: int | None = None
    zones: tuple[str, ...] = ()  # by zone id, which names the same place in every account
    regions: tuple[str, ...] = ()
    price: Price | None = None
    note: str = ""

    @property
    def device(self) -> str:
        """Name of what a copy gets there: the accelerator's, or of a slice `L4-1/8`."""
        if self.accelerator_share == 1:
            return self.accelerator
        return f"{self.accelerator}-1/{round(1 / self.accelerator_share)}"

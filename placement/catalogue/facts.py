"""What is known of machines: rows of the shipped tables, and what a file of the user's tells beyond them.

`None` and empty tuples mean that nobody we read tells.
"""

from dataclasses import dataclass
from typing import Literal


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


Capacity = Literal["on-demand", "spot"]
NodeState = Literal["active", "cordoned", "draining"]


@dataclass(frozen=True, slots=True)
class Offer:
    """One instance type in one place. Without a zone it is offered somewhere in the region; a price may be unknown."""

    instance_type: str
    region: str
    zone: str = ""
    capacity: Capacity = "on-demand"
    price: Price | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """The most an account may run in a region: machines of one type, or of all types, or vCPUs of families together.

    `families` are the letters before the generation: ("g", "vt") of EC2's "Running On-Demand G and VT instances".
    `provider` is whose machines of all types are counted: "sagemaker", for those of its endpoints; else it is empty.
    """

    name: str
    region: str
    most: float
    capacity: Capacity = "on-demand"
    instance_type: str = ""
    families: tuple[str, ...] = ()
    provider: str = ""

    @property
    def counts_machines(self) -> bool:
        """Whether it counts machines, not vCPUs."""
        return bool(self.instance_type or self.provider)


@dataclass(frozen=True, slots=True)
class SavingsPlan:
    """Dollars an hour that an account pays for machines of SageMaker, or of EC2 ("aws"): of a family there, or all."""

    provider: str
    per_hour: float
    region: str = ""
    family: str = ""


@dataclass(frozen=True, slots=True)
class ReservedInstances:
    """Machines of EC2 of one type that an account pays for, used or not: in a zone, by its names, or in its region."""

    instance_type: str
    count: int
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CostBudget:
    """The most that an account wants to spend, dollars an hour: on SageMaker, on EC2 ("aws"), or on everything."""

    name: str
    per_hour: float
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A machine that runs in a cluster; its region is empty where no label tells it."""

    name: str
    instance_type: str
    zone: str
    capacity: Capacity = "on-demand"
    state: NodeState = "active"
    region: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """All that one file tells. `skipped` says in words what was left out, and why."""

    source: str
    types: tuple[InstanceFacts, ...] = ()
    offers: tuple[Offer, ...] = ()
    quotas: tuple[Quota, ...] = ()
    savings_plans: tuple[SavingsPlan, ...] = ()
    reserved: tuple[ReservedInstances, ...] = ()
    budgets: tuple[CostBudget, ...] = ()
    nodes: tuple[Node, ...] = ()
    skipped: tuple[str, ...] = ()

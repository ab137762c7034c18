"""What a file of the user's tells beyond the shipped tables: prices, places, quotas and the nodes that run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from placement.catalogue.facts import InstanceFacts, Price

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

"""The shipped table and the user's own files as one: what can be rented where, at which price, and how much of it."""

import re
from collections.abc import Iterable
from dataclasses import replace

from placement.catalogue.facts import Capacity, Findings, InstanceFacts, Node, Price, Quota
from placement.catalogue.names import LISTED_BY
from placement.catalogue.tables import accelerators, instance_types, region_of_zone, type_called
from placement.grouping import grouped

_KEPT = ("kubernetes_memory_gib", "accelerator_link", "network_gbps", "efa_interfaces", "zones", "regions", "price")
_CORES = (0, 1, 2, 4)  # where each step of `reserved_vcpus` begins
_KEPT_OF_CORES = (0.06, 0.01, 0.005, 0.0025)


class Market:
    """Facts from the shipped table, where no file of the user's tells otherwise; of two files the later one counts.

    `types`: every instance type by name, the shipped ones first.
    `nodes`, `quotas`, `savings_plans`, `reserved`, `budgets`: of all files.
    """

    def __init__(self, findings: Iterable[Findings] = ()) -> None:
        """O(rows of the table and of the files)."""
        self.findings = tuple(findings)
        self.nodes = tuple(node for found in self.findings for node in found.nodes)
        self.quotas = tuple(quota for found in self.findings for quota in found.quotas)
        self.savings_plans = tuple(plan for found in self.findings for plan in found.savings_plans)
        self.reserved = tuple(row for found in self.findings for row in found.reserved)
        self.budgets = tuple(budget for found in self.findings for budget in found.budgets)
        self.types: dict[str, InstanceFacts] = dict(instance_types())
        for found in self.findings:
            for facts in found.types:
                self.types[facts.name] = _merged(self.types.get(facts.name), facts)
        self._prices: dict[tuple[str, str, str, Capacity], Price] = {}
        self._on_demand: dict[tuple[str, str], Price] = {}
        self._zones: dict[tuple[str, str], set[str]] = {}
        self._priced_on_spot: dict[tuple[str, str], set[str]] = {}
        self._regions: dict[str, set[str]] = {}
        for offer in (offer for found in self.findings for offer in found.offers):
            if offer.price:
                self._prices[offer.instance_type, offer.region, offer.zone, offer.capacity] = offer.price
                if offer.capacity == "on-demand":
                    self._on_demand[offer.instance_type, offer.region] = offer.price
            if offer.region:
                self._regions.setdefault(offer.instance_type, set()).add(offer.region)
            if offer.zone:
                zones = self._zones if offer.capacity == "on-demand" else self._priced_on_spot
                zones.setdefault((offer.instance_type, offer.region), set()).add(offer.zone)
        self._nodes = grouped((node.instance_type, node) for node in self.nodes)

    def nodes_of(self, name: str, region: str = "") -> tuple[Node, ...]:
        """The nodes of a type that run, of a region those of which nothing tells that they are elsewhere."""
        return tuple(node for node in self._nodes.get(name, ()) if not region or node.region in ("", region))

    def instance_type(self, name: str) -> InstanceFacts:
        """An instance type by its name, of the table or a file; else the nearest are told."""
        return type_called(name, self.types, listed_by=LISTED_BY)

    def regions(self, name: str) -> tuple[str, ...]:
        """Regions where a type is known to be offered."""
        facts = self.types[name]
        priced = {facts.price.region} if facts.price and not facts.regions else set()
        return tuple(sorted({*facts.regions, *self._regions.get(name, ()), *priced}))

    def zones(self, name: str, region: str, capacity: Capacity = "on-demand") -> tuple[str, ...]:
        """Zones of a region that offer a type: of its nodes, of the user's files, or of the table; none: not known.

        On spot those with a price, where prices are told by zone. On demand prices on spot count only where nothing
        else tells: they are often of a part of the zones.
        """
        running = self.nodes_of(name, region)
        if running:
            return tuple(sorted({node.zone for node in running}))
        priced = tuple(sorted(self._priced_on_spot.get((name, region), ())))
        if capacity == "spot" and priced:
            return priced
        told = self._zones.get((name, region))
        if told:
            return tuple(sorted(told))
        return tuple(zone for zone in self.types[name].zones if region_of_zone(zone) == region) or priced

    def price(self, name: str, region: str = "", zone: str = "", capacity: Capacity = "on-demand") -> Price | None:
        """What a machine costs there; on demand, where that is not told, in the region that the price names."""
        told = self._prices.get((name, region, zone, capacity)) or self._prices.get((name, region, "", capacity))
        if told or capacity == "spot":
            return told
        return self._on_demand.get((name, region)) or self.types[name].price

    def most(self, name: str, region: str, capacity: Capacity = "on-demand") -> int | None:
        """The most machines of a type that the quotas of a region allow; None when no quota tells.

        A quota of vCPUs is shared by its families: each type alone gets all of it here, see `account.account_rules`.
        """
        facts = self.types[name]
        limits = [_machines(quota, facts) for quota in self.quotas if is_of(quota, facts, region, capacity)]
        return min(limits, default=None)


def is_of(quota: Quota, facts: InstanceFacts, region: str, capacity: Capacity) -> bool:
    """Whether a quota counts machines of a type there.

    SageMaker counts machines of one type, or of all, however they are bought; EC2 counts vCPUs of families.
    """
    if quota.region != region:
        return False
    if quota.instance_type:
        return quota.instance_type == facts.name
    if quota.provider:
        return quota.provider == facts.provider
    family = facts.name.partition(".")[0]
    letters = re.match("[a-z]*", family)
    own = letters[0] if letters else ""
    known = any(family.startswith(name) if name[-1].isdigit() else name == own for name in quota.families)
    return quota.capacity == capacity and facts.provider in ("aws", "kubernetes") and known


def _machines(quota: Quota, facts: InstanceFacts) -> int:
    return int(quota.most if quota.counts_machines else quota.most // facts.vcpus if facts.vcpus else 0)


def _merged(known: InstanceFacts | None, told: InstanceFacts) -> InstanceFacts:
    """What a file tells of a type, and of the table what the file leaves open."""
    if known is None or told.provider == "other":
        return told
    empty = {key: getattr(known, key) for key in _KEPT if not getattr(told, key)}
    if told.provider == "kubernetes":  # its sizes are what is allocatable already
        empty.pop("kubernetes_memory_gib", None)
    return replace(told, **empty)


def usable_memory_gib(facts: InstanceFacts) -> float:
    """GiB that copies may use on one accelerator: what its driver hands out, else what the provider reports.

    A slice has what the provider reports: what its driver keeps of it is not known.
    """
    known = accelerators().get(facts.accelerator)
    if known is None or known.usable_gib is None or facts.accelerator_share < 1:
        return facts.accelerator_memory_gib
    return known.usable_gib


def reserved_memory_gib(facts: InstanceFacts) -> float:
    """GiB of the host that Kubernetes keeps, as far as that is known."""
    if facts.kubernetes_memory_gib is None:
        return 0
    return round(facts.memory_gib - facts.kubernetes_memory_gib, 2)


def reserved_vcpus(facts: InstanceFacts) -> float:
    """vCPUs that the kubelet keeps on EKS and with Karpenter, where Kubernetes is known to keep anything of the host.

    Of the first core 6 %, of the second 1 %, of the next two 0.5 %, of all others 0.25 %: the table of eksctl
    (`pkg/nodebootstrap/reserved.go`), which Amazon's machine images and Karpenter have too.
    """
    if facts.kubernetes_memory_gib is None:
        return 0
    steps = zip(_CORES, (*_CORES[1:], facts.vcpus), _KEPT_OF_CORES, strict=True)
    return round(sum(max(0.0, min(facts.vcpus, last) - first) * part for first, last, part in steps), 3)

"""A cluster as a problem: nodes as machines, pods as copies, and every rule that the problem can say."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from placement.catalogue.market import Market
from placement.catalogue.readers.fields import FieldError
from placement.documents import Problem
from placement.errors import DocumentError, UsageError, nearest, printable
from placement.grouping import grouped
from placement.integrations.imported import Imported, told_account_rules
from placement.integrations.kubernetes.autoscalers import tell_autoscalers
from placement.integrations.kubernetes.budgets import commitments, limits, rented_pools
from placement.integrations.kubernetes.claims import read_claims, slice_devices
from placement.integrations.kubernetes.classes import (
    NodeClass,
    NodePoolRow,
    OptionMaker,
    PodOptions,
    node_classes,
    node_pools,
)
from placement.integrations.kubernetes.indices import DeviceIndices
from placement.integrations.kubernetes.machines import NodeMachine, read_machines
from placement.integrations.kubernetes.naming import KARPENTER_POOL, ZONE
from placement.integrations.kubernetes.objects import BUT, COMMAND, KubeCluster, read_cluster
from placement.integrations.kubernetes.pods import PodRow, bound_to_volumes, read_pods
from placement.integrations.kubernetes.resource_sums import tell_resources_uncounted
from placement.integrations.kubernetes.selectors import tell_uncompared
from placement.integrations.kubernetes.spreading import Spreader
from placement.integrations.kubernetes.standing import Candidates
from placement.integrations.kubernetes.unread import tell_unread_objects
from placement.integrations.kubernetes.upkeep import Upkeep, suggest_for_spot, upkeep_of_all
from placement.integrations.kubernetes.volumes import Volumes
from placement.integrations.kubernetes.workloads import keep_memory, keep_whole, split, workloads_of
from placement.integrations.notes import Notes
from placement.referee import verify
from placement.running_state import DealFit, running_plan
from placement.units import MIB_PER_GIB, count, dollars, micro_dollars

_EXPECTED = ("draining", "not-removable", "copies", "min-copies")
_OF_AN_ACCELERATOR = ("accelerator-owner", "accelerator-memory", "accelerator-share")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the cluster does not tell: prices by instance type, what a zone is, how far pools may grow."""

    name: str = "cluster"
    zone_label: str = ZONE
    prices: Mapping[str, float] = field(default_factory=dict)
    market: Market = field(default_factory=Market)
    grow: int = 0


def import_kubernetes(paths: Sequence[str | Path], wishes: Wishes | None = None) -> Imported:
    """The problem of the cluster whose objects are in files; ``-`` is standard input.

    Notes are on each rule or field that it could not take over, on what was taken for granted, and on each rule that
    what runs breaks. O(nodes x shapes of pods + pods), and the check of the state.
    Raises DocumentError: a file can't be read, or an object in it is damaged: with file, path, object, value and rule.
    Raises UsageError: a price is of a type that no node has.
    """
    notes = Notes()
    return import_cluster(read_cluster(paths, notes), wishes or Wishes(), notes)


def import_cluster(cluster: KubeCluster, wishes: Wishes, notes: Notes) -> Imported:
    """The problem of a cluster that was read; the notes are those given, and what is added to them."""
    return _Import(cluster, wishes, notes).run()


class _Import:
    """One import: what is read first, then what is made of it."""

    def __init__(self, cluster: KubeCluster, wishes: Wishes, notes: Notes) -> None:
        self.wishes, self.notes, self.cluster = wishes, notes, cluster
        tell_unread_objects(cluster, notes)
        tell_autoscalers(cluster, notes)
        devices = slice_devices(cluster, notes)
        found, self.left_out = read_machines(cluster, devices, wishes.zone_label, notes)
        counts = cluster.read_kind("NodePool", lambda row: row.at.whole_at("spec", "replicas"))
        static = {row.name for row, count in counts if count is not None}
        unknown = set(wishes.prices) - {row.type_label for row in found}
        if unknown:
            name = min(unknown)
            told = nearest(name, sorted({row.type_label for row in found}))
            raise UsageError(f'no node is of the instance type "{printable(name)}", which has a price; {told}')
        self.machines = _same_memory([_kept(row, static) for row in found])
        by_name = {row.name: row for row in self.machines}
        pods = bound_to_volumes(read_pods(cluster, read_claims(cluster), notes), Volumes.of(cluster), notes)
        rows = [row for row in pods if row.node not in self.left_out]
        standing_taints = (toleration for row in rows for toleration in row.shape.rules.tolerations)
        tell_uncompared(((row.node.place, row.taints) for row in self.machines), standing_taints, notes)
        self._tell_gaps(rows)
        copies, self.of_node = split(rows, by_name)
        self.copies = [row if row.node in by_name else replace(row, node="") for row in copies]
        self.workloads = workloads_of(self.copies, cluster, notes)
        keep_whole(self.workloads, by_name)
        keep_memory(self.workloads, by_name)
        self.standing = Candidates(self.workloads, self.machines, self.of_node)
        self.classes = node_classes(self.standing)
        self.pools = node_pools(self.classes, wishes.zone_label, self.standing.telling)
        try:
            self.indices = DeviceIndices(by_name, devices, notes).of_all(self.copies)
        except FieldError as error:
            raise DocumentError([error.fault], cluster.source) from None

    def _tell_gaps(self, rows: Sequence[PodRow]) -> None:
        """Pods whose node was not given, and a cluster without pods."""
        if not self.cluster.has("Pod"):
            self.notes.assumed("pods", f"none were given, so nothing runs: make the file with {COMMAND}, {BUT}")
        lost = Counter(row.node for row in rows if row.node and self.cluster.get("Node", "", row.node) is None)
        for name, number in sorted(lost.items()):
            told = "the pod on it is a copy that does" if number == 1 else f"the {number} pods on it are copies that do"
            self.notes.assumed(f"Node {name}", f"was not given: {told} not run")

    def run(self) -> Imported:
        held = {row.held.accelerator: row.held.memory_mib for row in self.machines if row.held.count}
        accelerators = {name: {"memory_gib": memory / MIB_PER_GIB} for name, memory in held.items()}
        document: dict[str, Any] = {"name": self.wishes.name, "accelerators": accelerators}
        prices = {row.name: self._price(row) for row in self.classes}
        document["instance_types"] = {row.name: row.row(prices[row.name] or 0) for row in self.classes}
        document["pools"] = [self._pool(row) for row in self.pools]
        document["limits"] = limits(self.pools, self.standing, self.cluster, self.notes)
        document["commitments"] = commitments(self.pools, self.notes)
        committed = {name for row in document["commitments"] for name in row["pools"]}
        rented = rented_pools(self.pools, self.wishes.market)
        account = told_account_rules(self.wishes.market, rented, committed, self.notes, least=1)
        document["limits"] += account.limits
        document["commitments"] += account.commitments
        options = OptionMaker(self.classes, self.standing, self.notes)
        chosen = [options.options_of(w, row) for w, row in enumerate(self.workloads)]
        upkeep = upkeep_of_all(self.standing, self.cluster, self.notes)
        document["components"] = self._components(chosen, upkeep)
        document["instances"] = self._instances(prices)
        document["placements"] = self._placements(chosen)
        suggest_for_spot(self.workloads, upkeep, self.pools, self.notes)
        made = Imported.of(document, (), self.cluster.source)
        tell_resources_uncounted(made.problem, self.classes, self.standing, self.notes)
        _tell_state(made.problem, self.notes)
        return Imported(made.problem, tuple(self.notes))

    # --- machines

    def _price(self, row: NodeClass) -> float | None:
        """On demand, of the type; what is not known is nothing, and its nodes then stay."""
        label, region = row.machines[0].type_label, row.machines[0].region
        if label in self.wishes.prices:
            return self.wishes.prices[label]
        found = self.wishes.market.price(label, region) if label in self.wishes.market.types else None
        place = f"instance type {label}"
        if found is None:
            told = "its price is not known: its nodes cost nothing here and stay; give it with --price"
            self.notes.assumed(place, told)
            return None
        if found.region != region:
            self.notes.assumed(place, f"its price is that of {found.region or 'an unknown region'} ({found.source})")
        return dollars(micro_dollars(found.per_hour))

    def _pool(self, pool: NodePoolRow) -> dict[str, Any]:
        row: dict[str, Any] = {"name": pool.name, "instance_type": pool.node_class.name, "zone": pool.first.zone}
        row["max_instances"] = len(pool.machines) + (self.wishes.grow if self._can_grow(pool) else 0)
        first, label = pool.first, pool.first.type_label
        if first.buy == "spot" and label not in self.wishes.prices:
            market = self.wishes.market
            price = market.price(label, first.region, first.zone, "spot") if label in market.types else None
            if price is None:
                told = "no spot price is known: it has the price on demand, which is more"
                self.notes.assumed(f"pool {pool.name}", told)
            else:
                row["price_per_hour"] = dollars(micro_dollars(price.per_hour))
        return row | ({"labels": pool.labels} if pool.labels else {})

    def _can_grow(self, pool: NodePoolRow) -> bool:
        named = any(machine.name in self.standing.named for machine in pool.machines)
        if named and self.wishes.grow:
            self.notes.assumed(f"pool {pool.name}", "it does not grow, since rules name its nodes")
        return not named and pool.first.buy != "reserved"

    def _instances(self, prices: Mapping[str, float | None]) -> list[dict[str, Any]]:
        pool_of = {machine.name: pool for pool in self.pools for machine in pool.machines}
        found = []
        for machine in self.machines:
            pool = pool_of[machine.name]
            row: dict[str, Any] = {"id": machine.name, "pool": pool.name}
            if machine.phase != "active":
                row["state"] = machine.phase
            if (machine.stays or prices[pool.node_class.name] is None) and machine.phase != "draining":
                row["removable"] = False
                if machine.stays:
                    self.notes.assumed(machine.node.place, f"it stays: {machine.stays}")
            found.append(row)
        return found

    # --- copies

    def _components(self, chosen: Sequence[PodOptions], upkeep: Sequence[Upkeep]) -> list[dict[str, Any]]:
        spreader = Spreader(self.standing, self.wishes.zone_label, self.notes)
        # Priorities as ranks from 0: values of Kubernetes may be negative, or two thousand millions.
        ranks = sorted({workload.priority for workload in self.workloads})
        found = []
        for w, workload in enumerate(self.workloads):
            running = sum(1 for row, _ in workload.pods if row.node)
            row: dict[str, Any] = {"name": workload.name, "copies": workload.copies}
            if running < workload.copies:
                row["min_copies"] = running
                lacking, copies = workload.copies - running, count(workload.copies, "copy", "copies")
                told = f"{lacking} of {copies} {'does' if lacking == 1 else 'do'} not run"
                self.notes.assumed(workload.place, f"{told}: optional, as many as fit are placed")
            if rank := ranks.index(workload.priority):
                row["priority"] = rank
            row |= chosen[w].keys() | spreader.of(w).keys() | upkeep[w].keys()
            found.append(row | {"labels": {"owner": workload.origin, **upkeep[w].labels}})
        return found

    def _placements(self, chosen: Sequence[PodOptions]) -> list[dict[str, Any]]:
        class_of = {machine.name: row.name for row in self.classes for machine in row.machines}
        draining = {row.name for row in self.machines if row.phase == "draining"}
        found = []
        stay: dict[str, Counter[str]] = defaultdict(Counter)
        for w, workload in enumerate(self.workloads):
            for pod, shape in (row for row in workload.pods if row[0].node):
                row: dict[str, Any] = {"component": workload.name, "instance": pod.node}
                known = self.indices.get(pod.pod.key)
                option = chosen[w].index(shape, class_of[pod.node])
                if known is not None and len(known) == chosen[w].accelerators(option):
                    row["accelerators"] = list(known)
                if option:
                    row["option"] = option
                if pod.pin and pod.node in draining:
                    self.notes.ignored(pod.pod.place, f"must stay ({pod.pin}), on a node that must be left: it moves")
                elif pod.pin:
                    row["pinned"] = True
                    stay[workload.place][pod.pin] += 1
                found.append(row)
        for place, reason in ((place, reason) for place, counts in stay.items() for reason in counts):
            copies = stay[place][reason]
            told = f"{copies} of its copies must stay where {'it is' if copies == 1 else 'they are'}: {reason}"
            self.notes.assumed(place, told)
        return found


def _kept(machine: NodeMachine, static: set[str]) -> NodeMachine:
    """Nodes of a static node pool stay: Karpenter would start another for one that goes."""
    label, name = machine.group
    is_kept = label == KARPENTER_POOL and name in static and not machine.stays
    return replace(machine, stays=f"NodePool {name} is static") if is_kept else machine


def _same_memory(machines: Sequence[NodeMachine]) -> list[NodeMachine]:
    """The least memory of each kind of accelerator for all of that kind: drivers tell a few MiB more or less."""
    memory = grouped((row.held.accelerator, row.held.memory_mib) for row in machines)
    least = {name: min(of_kind) for name, of_kind in memory.items()}
    return [replace(row, held=replace(row.held, memory_mib=least[row.held.accelerator])) for row in machines]


def _tell_state(problem: Problem, notes: Notes) -> None:
    """A note for each rule that what runs breaks; the problem is as valid with it, and a plan must mend it.

    Where it is not told which accelerators copies have, a machine breaks a rule only where no way to deal them out
    keeps it. The problem itself leaves them open.
    """
    now = running_plan(problem)
    unknown = {name for name, fit in now.dealt.items() if fit is DealFit.UNKNOWN}
    for broken in verify(problem, now.plan).violations:
        if broken.rule in _OF_AN_ACCELERATOR and broken.spot.instance in unknown:
            told = "whether its accelerators hold what runs there is not known: too many ways to deal them out"
            notes.assumed(f"Node {broken.spot.instance}", told)
        elif broken.rule not in _EXPECTED and not broken.is_claim:
            notes.broken(f"{broken.where}", f"{broken.message} [{broken.rule}]")

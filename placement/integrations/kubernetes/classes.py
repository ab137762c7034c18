"""Nodes that are alike as instance types, their supplies as pools, and what a copy takes on them: its options.

Nodes are of one type when they share the type's label, accelerators, the pods that come with them, and what every copy
may do there: so taints, selectors and affinity become `instance_types` of options, and nothing of them is lost. A type
has the least room of its nodes; nodes that hold more than that are a type of their own.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from placement.catalogue.rows import whole
from placement.grouping import grouped, in_common
from placement.integrations.kubernetes.inventory import Inventory
from placement.integrations.kubernetes.machines import NodeMachine
from placement.integrations.kubernetes.naming import OF_PARTS, TYPE, ZONE, Owner, is_of_platform
from placement.integrations.kubernetes.node_names import NodesToName, TellingFacts, names_of
from placement.integrations.kubernetes.pods import PodShape
from placement.integrations.kubernetes.standing import Candidates
from placement.integrations.kubernetes.workloads import Workload
from placement.integrations.notes import Notes
from placement.units import MIB_PER_GIB, MILLI, listed

# Labels that tell nodes of one pool from others, in manifests that are written back.
_TELLING = (TYPE, ZONE, "karpenter.sh/capacity-type", "eks.amazonaws.com/capacityType", "cloud.google.com/gke-spot")


_Frozen = tuple[tuple[str, Any], ...]


@dataclass
class NodeClass:
    """An instance type: its name, its nodes, and their room in whole units, with what the system and its pods keep.

    `comes` are the owners of pods that come with each node.
    """

    name: str
    machines: list[NodeMachine]
    comes: list[str]
    cpu_milli: int
    memory_mib: int
    kept_cpu_milli: int
    kept_memory_mib: int

    @property
    def held(self) -> Inventory:
        """The accelerators of each node."""
        return self.machines[0].held

    @property
    def room(self) -> tuple[int, int]:
        """What copies may take of a node: CPU in thousandths, MiB."""
        return self.cpu_milli - self.kept_cpu_milli, self.memory_mib - self.kept_memory_mib

    def row(self, price_per_hour: float) -> dict[str, Any]:
        held = self.held
        row: dict[str, Any] = {}
        if held.count:
            row |= {"accelerator": held.accelerator, "accelerator_count": held.count}
        row |= {"vcpus": whole(self.cpu_milli / MILLI), "memory_gib": self.memory_mib / MIB_PER_GIB}
        row["price_per_hour"] = price_per_hour
        reserved = {"vcpus": whole(self.kept_cpu_milli / MILLI), "memory_gib": self.kept_memory_mib / MIB_PER_GIB}
        return row | {"reserved": {key: value for key, value in reserved.items() if value}}


@dataclass
class NodePoolRow:
    """A pool: nodes of one type, zone, way to buy and group, and the labels that all of them carry."""

    name: str
    node_class: NodeClass
    machines: list[NodeMachine]
    labels: dict[str, str]

    @property
    def first(self) -> NodeMachine:
        """One of its nodes: all have its zone, way to buy and group."""
        return self.machines[0]


def node_classes(standing: Candidates) -> list[NodeClass]:
    """Types in the order of their first nodes."""
    signature, load = standing.signatures(), _load(standing.workloads)

    def kind(machine: NodeMachine) -> object:
        alone = machine.name if machine.name in standing.named else ""
        return machine.type_label, machine.held.kind, _comes(machine, standing), signature[machine.name], alone

    groups = grouped((kind(machine), machine) for machine in standing.machines)
    classes = [_class(part, standing) for members in groups.values() for part in _by_load(members, standing, load)]
    told = [NodesToName(row.machines, row.machines[0].type_label, "", row.comes, row.room) for row in classes]
    for row, name in zip(classes, names_of(told, standing.telling), strict=True):
        row.name = name
    return classes


def _load(workloads: Sequence[Workload]) -> Mapping[str, tuple[int, int]]:
    """What copies take on each node: CPU in thousandths and MiB."""
    shapes = grouped((pod.node, pod.shape) for workload in workloads for pod, _ in workload.pods)
    return {node: (sum(s.cpu_milli for s in rows), sum(s.memory_mib for s in rows)) for node, rows in shapes.items()}


def _comes(machine: NodeMachine, standing: Candidates) -> tuple[Owner, ...]:
    """The owners of pods that come with a node."""
    return tuple(sorted({row.owner for row in standing.comes_with(machine)}))


def _by_load(
    members: list[NodeMachine], standing: Candidates, load: Mapping[str, tuple[int, int]]
) -> list[list[NodeMachine]]:
    """Nodes whose copies need more than the least room of the others apart, then again."""
    parts = []
    rest = members
    while rest:
        room = {machine.name: _room(machine, standing) for machine in rest}
        least = [min(column) for column in zip(*room.values(), strict=True)]
        fuller = {
            name
            for name, has in room.items()
            if any(low < held <= high for held, low, high in zip(load.get(name, (0, 0)), least, has, strict=True))
        }
        parts.append([machine for machine in rest if machine.name not in fuller])
        rest = [machine for machine in rest if machine.name in fuller]
    return parts


def _room(machine: NodeMachine, standing: Candidates) -> tuple[int, int]:
    shapes = [row.shape for row in standing.comes_with(machine)]
    cpu = machine.cpu_milli - sum(row.cpu_milli for row in shapes)
    return max(0, cpu), max(0, machine.memory_mib - sum(row.memory_mib for row in shapes))


def _class(members: list[NodeMachine], standing: Candidates) -> NodeClass:
    cpu, memory = min(row.capacity_cpu_milli for row in members), min(row.capacity_memory_mib for row in members)
    free_cpu, free_memory = (min(column) for column in zip(*(_room(row, standing) for row in members), strict=True))
    comes = sorted({owner.place for owner in _comes(members[0], standing)})
    return NodeClass("", members, comes, cpu, memory, cpu - free_cpu, memory - free_memory)


def node_pools(classes: Sequence[NodeClass], zone_label: str, telling: TellingFacts) -> list[NodePoolRow]:
    """Pools in the order of their types and first nodes; `zone_label` is what told their zones."""
    pools: list[NodePoolRow] = []
    own = [key for key in telling.labels if not is_of_platform(key)]
    for row in classes:
        groups = grouped(((each.zone, each.buy, each.reservation, each.group), each) for each in row.machines)
        for members in groups.values():
            parts = OF_PARTS if row.held.is_part else ()
            labels = _telling(members, (zone_label, members[0].group[0], *parts, *own))
            pools.append(NodePoolRow("", row, members, labels))
    told = [_to_name(row) for row in pools]
    for pool, name in zip(pools, names_of(told, telling), strict=True):
        pool.name = name
    return pools


def _to_name(pool: NodePoolRow) -> NodesToName:
    first = pool.first
    start = " ".join(filter(None, (first.type_label, first.group[1])))
    paid = "" if first.buy == "on-demand" else first.buy
    end = "".join(f"-{part}" for part in (first.zone, paid, first.reservation) if part)
    return NodesToName(pool.machines, start, end, pool.node_class.comes, pool.node_class.room)


def _telling(members: Sequence[NodeMachine], more: Sequence[str]) -> dict[str, str]:
    common = in_common([row.labels for row in members])
    return {key: common[key] for key in dict.fromkeys((*_TELLING, *more)) if common.get(key)}


@dataclass
class PodOptions:
    """Options of one component, and which of them a copy of a shape takes on a type."""

    rows: list[dict[str, Any]]
    index_of: dict[tuple[int, str], int]
    first_of: dict[int, int]  # by shape: for copies that stand where they may not

    def keys(self) -> dict[str, Any]:
        """The keys of a component: a single option stands on it directly."""
        return self.rows[0] if len(self.rows) == 1 else {"options": self.rows}

    def index(self, shape: int, type_name: str) -> int:
        return self.index_of.get((shape, type_name), self.first_of[shape])

    def accelerators(self, option: int) -> int:
        return int(self.rows[option].get("accelerators", 1))


class OptionMaker:
    """Options of the components of one cluster."""

    def __init__(self, classes: Sequence[NodeClass], found: Candidates, notes: Notes) -> None:
        self._classes, self._found, self._notes = classes, found, notes
        self._held = {row.name: row.held for row in classes}
        self._held_by = {machine.name: row.held for row in classes for machine in row.machines}
        self._of_kind = Counter(row.held.accelerator for row in classes)

    def options_of(self, w: int, workload: Workload) -> PodOptions:
        """Equal needs are one option, whatever the shapes; it names types where the accelerators don't tell them."""
        on: dict[_Frozen, dict[str, NodeClass]] = {}
        index_of: dict[tuple[int, str], int] = {}
        first: dict[int, int] = {}
        for s, shape in enumerate(workload.shapes):
            for row in self._classes:
                keys = self._found.keys(row.machines[0].name, (w, s))  # the first machine stands for its type
                if keys is not None:
                    frozen = tuple((keys | _host_keys(shape)).items())
                    on.setdefault(frozen, {})[row.name] = row
                    index_of[s, row.name] = [*on].index(frozen)
                    first.setdefault(s, index_of[s, row.name])
            if s not in first:
                frozen = tuple(({"accelerators": shape.ask.count} | _host_keys(shape)).items())
                on.setdefault(frozen, {})
                first[s] = [*on].index(frozen)
                told = "no node may hold a copy: by its rules, or since none has what it asks for"
                self._notes.assumed(workload.place, told)
        self._tell_kinds(workload, {name for members in on.values() for name in members})
        rows = [dict(frozen) | self._where(dict(frozen), list(members.values())) for frozen, members in on.items()]
        return PodOptions(rows, index_of, first)

    def _tell_kinds(self, workload: Workload, types: Set[str]) -> None:
        """Notes on copies that ask for so many accelerators: the scheduler gives them any, and parts of one, too."""
        asks = [shape.ask for shape in workload.shapes if shape.ask.is_of_plugin]
        names = {ask.resource for ask in asks}
        parts = {name for name, held in self._held.items() if held.is_part and held.resource in names}
        now = [self._held_by[pod.node] for pod, _ in workload.pods if pod.node]
        place = workload.place
        if parts and any(ask.keeps_whole for ask in asks):
            told = f"its copies have whole accelerators and stay on such ones: {self._kinds(parts)} are parts of one"
            self._notes.assumed(place, f"{told}; add an option where a part will do")
        elif parts & types and types - parts and not now:
            told = f"none of its copies runs, so they may have parts of accelerators: {self._kinds(parts & types)}"
            self._notes.assumed(place, f"{told}; take these out of its options where a copy needs all of one")
        moving = [self._held_by[pod.node] for pod, _ in workload.pods if pod.node and not pod.pin]
        least = min((held.memory_mib for held in moving if held.tells_memory), default=0)
        smaller = {name for name in types if self._held[name].tells_memory and self._held[name].memory_mib < least}
        if asks and smaller:
            told = f"asks for accelerators and not for memory, so it may have {self._kinds(smaller)}"
            self._notes.assumed(place, f"{told}, with less than it has now; narrow its `on` where it needs more")

    def _kinds(self, types: Set[str]) -> str:
        return listed(sorted({self._held[name].accelerator for name in types}))

    def _where(self, option: dict[str, Any], members: Sequence[NodeClass]) -> dict[str, Any]:
        """`on`, and `instance_types` where that takes more than these types."""
        names = [row.name for row in members]
        if not option["accelerators"]:
            return {} if len(members) == len(self._classes) else {"instance_types": names}
        kinds = list(dict.fromkeys(row.held.accelerator for row in members))
        where: dict[str, Any] = {"on": kinds} if kinds else {}
        is_all = kinds and sum(self._of_kind[kind] for kind in kinds) == len(members)
        return where if is_all else where | {"instance_types": names}


def _host_keys(shape: PodShape) -> dict[str, Any]:
    keys = {"vcpus": whole(shape.cpu_milli / MILLI), "memory_gib": shape.memory_mib / MIB_PER_GIB}
    return {key: value for key, value in keys.items() if value}

"""The options of a component: what a copy takes on each kind of accelerator, and the types it may stand on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.catalogue.rows import whole
from placement.units import MIB_PER_GIB, MILLI, listed

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from placement.integrations.kubernetes.classes import NodeClass
    from placement.integrations.kubernetes.pods import PodShape
    from placement.integrations.kubernetes.standing import Candidates
    from placement.integrations.kubernetes.workloads import Workload
    from placement.integrations.notes import Notes

_Frozen = tuple[tuple[str, Any], ...]


@dataclass
class PodOptions:
    """PodOptions of one component, and which of them a copy of a shape takes on a type."""

    rows: list[dict[str, Any]]
    index_of: dict[tuple[int, str], int]
    first_of: dict[int, int]  # by shape: for copies that stand where they may not

    def keys(self) -> dict[str, Any]:
        """The keys of a component: a single option stands on it directly."""
        return self.rows[0] if len(self.rows) == 1 else {"options": self.rows}

    def index(self, shape: int, type_name: str) -> int:
        """The option that a copy takes there."""
        return self.index_of.get((shape, type_name), self.first_of[shape])

    def accelerators(self, option: int) -> int:
        """How many it takes."""
        found = self.rows[option].get("accelerators", 1)
        return int(found)


class OptionMaker:
    """Options of the components of one cluster."""

    def __init__(self, classes: Sequence[NodeClass], found: Candidates, notes: Notes) -> None:
        self._found, self._notes = found, notes
        self._classes = {row.machines[0].name: row for row in classes}
        self._order = {name: index for index, name in enumerate(self._classes)}
        self._held = {row.name: row.machines[0].held for row in classes}
        self._type_of = {machine.name: row.name for row in classes for machine in row.machines}
        self._of_kind = Counter(row.machines[0].held.accelerator for row in classes)

    def options_of(self, w: int, workload: Workload) -> PodOptions:
        """Equal needs are one option, whatever the shapes; it names types where the accelerators don't tell them."""
        on: dict[_Frozen, dict[str, NodeClass]] = {}
        index_of: dict[tuple[int, str], _Frozen] = {}
        first: dict[int, _Frozen] = {}
        for s, shape in enumerate(workload.shapes):
            firsts = [row.name for row in self._found.of((w, s)) if row.name in self._classes]
            for name in sorted(firsts, key=self._order.__getitem__):  # the first machine stands for its type
                row = self._classes[name]
                frozen = tuple(((self._found.keys(name, (w, s)) or {}) | _host_keys(shape)).items())
                on.setdefault(frozen, {})[row.name] = row
                index_of[s, row.name] = frozen
                first.setdefault(s, frozen)
            if s not in first:
                frozen = tuple(({"accelerators": shape.ask.count} | _host_keys(shape)).items())
                on.setdefault(frozen, {})
                first[s] = frozen
                told = "no node may hold a copy: by its rules, or since none has what it asks for"
                self._notes.assumed(workload.place, told)
        self._tell_kinds(workload, {name for members in on.values() for name in members})
        order = {frozen: index for index, frozen in enumerate(on)}
        rows = [dict(frozen) | self._where(dict(frozen), list(members.values())) for frozen, members in on.items()]
        return PodOptions(
            rows,
            {key: order[frozen] for key, frozen in index_of.items()},
            {s: order[frozen] for s, frozen in first.items()},
        )

    def _tell_kinds(self, workload: Workload, types: Set[str]) -> None:
        """Notes on copies that ask for so many accelerators: the scheduler gives them any, and parts of one, too."""
        asks = [shape.ask for shape in workload.shapes if shape.ask.is_of_plugin]
        names = {ask.resource for ask in asks}
        parts = {name for name, held in self._held.items() if held.is_part and held.resource in names}
        now = [self._held[self._type_of[pod.node]] for pod, _ in workload.pods if pod.node]
        place = workload.place
        if parts and any(ask.keeps_whole for ask in asks):
            told = f"its copies have whole accelerators and stay on such ones: {self._kinds(parts)} are parts of one"
            self._notes.assumed(place, f"{told}; add an option where a part will do")
        elif parts & types and types - parts and not now:
            told = f"none of its copies runs, so they may have parts of accelerators: {self._kinds(parts & types)}"
            self._notes.assumed(place, f"{told}; take these out of its options where a copy needs all of one")
        moving = [self._held[self._type_of[pod.node]] for pod, _ in workload.pods if pod.node and not pod.pin]
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
        kinds = list(dict.fromkeys(row.machines[0].held.accelerator for row in members))
        where: dict[str, Any] = {"on": kinds} if kinds else {}
        is_all = kinds and sum(self._of_kind[kind] for kind in kinds) == len(members)
        return where if is_all else where | {"instance_types": names}


def _host_keys(shape: PodShape) -> dict[str, Any]:
    keys = {"vcpus": whole(shape.cpu_milli / MILLI), "memory_gib": shape.memory_mib / MIB_PER_GIB}
    return {key: value for key, value in keys.items() if value}

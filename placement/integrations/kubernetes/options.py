"""The options of a component: what a copy takes on each kind of accelerator, and the types it may stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.catalogue.rows import whole
from placement.units import MIB_PER_GIB, MILLI

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def options_of(w: int, workload: Workload, classes: Sequence[NodeClass], found: Candidates, notes: Notes) -> PodOptions:
    """Equal needs are one option, whatever the shapes; it names types where the accelerators alone don't tell them."""
    on: dict[_Frozen, list[NodeClass]] = {}
    index_of: dict[tuple[int, str], _Frozen] = {}
    first: dict[int, _Frozen] = {}
    for s, shape in enumerate(workload.shapes):
        for row in classes:
            keys = found.of[row.machines[0].name, (w, s)]
            if keys is None:
                continue
            frozen = tuple((keys | _host_keys(shape)).items())
            if row not in on.setdefault(frozen, []):
                on[frozen].append(row)
            index_of[s, row.name] = frozen
            first.setdefault(s, frozen)
        if s not in first:
            frozen = tuple(({"accelerators": shape.ask.count} | _host_keys(shape)).items())
            on.setdefault(frozen, [])
            first[s] = frozen
            notes.assumed(workload.place, "no node may hold a copy: by its rules, or since none has what it asks for")
    order = list(on)
    rows = [dict(frozen) | _where(dict(frozen), members, classes) for frozen, members in on.items()]
    return PodOptions(
        rows,
        {key: order.index(frozen) for key, frozen in index_of.items()},
        {s: order.index(frozen) for s, frozen in first.items()},
    )


def _host_keys(shape: PodShape) -> dict[str, Any]:
    keys = {"vcpus": whole(shape.cpu_milli / MILLI), "memory_gib": shape.memory_mib / MIB_PER_GIB}
    return {key: value for key, value in keys.items() if value}


def _where(option: dict[str, Any], members: Sequence[NodeClass], classes: Sequence[NodeClass]) -> dict[str, Any]:
    """`on`, and `instance_types` where that takes more than these types."""
    if not option["accelerators"]:
        return {} if len(members) == len(classes) else {"instance_types": [row.name for row in members]}
    kinds = list(dict.fromkeys(row.machines[0].held.accelerator for row in members))
    told = [row for row in classes if row.machines[0].held.accelerator in kinds]
    where: dict[str, Any] = {"on": kinds} if kinds else {}
    return where if kinds and len(told) == len(members) else where | {"instance_types": [row.name for row in members]}

"""Which accelerators of its node each pod has, as far as anything tells: claims, HAMi's annotation, KAI's groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from placement.catalogue.readers.fields import FieldError
from placement.grouping import grouped
from placement.integrations.kubernetes.claims import DRIVER, DeviceKey, SliceDevice
from placement.integrations.kubernetes.machines import NodeMachine
from placement.integrations.kubernetes.objects import KubeObject
from placement.integrations.kubernetes.pods import PodRow
from placement.integrations.notes import Notes

HAMI_POD = "hami.io/vgpu-devices-allocated"
KAI_GROUP = "runai-gpu-group"
Place = tuple[str, str]  # namespace and name of a pod


@dataclass(frozen=True)
class DeviceIndices:
    """Looks up the accelerators of pods."""

    machines: Mapping[str, NodeMachine]
    devices: Mapping[str, Sequence[SliceDevice]]
    notes: Notes

    def of_all(self, rows: Sequence[PodRow]) -> dict[Place, tuple[int, ...]]:
        """By pod the indices that are known. O(pods + devices)."""
        found: dict[Place, tuple[int, ...]] = {}
        by_node = grouped((row.node, row) for row in rows if row.node in self.machines and row.shape.ask.count)
        for node, members in by_node.items():
            groups = sorted({group for row in members for group in kai_groups(row.pod)})
            for row in members:
                known = self._claimed(node, row) or self._hami(node, row)
                if known and max(known) < self.machines[node].held.count:
                    found[row.pod.key] = known
            if groups:
                found |= self._numbered(node, members, groups)
        return found

    def _claimed(self, node: str, row: PodRow) -> tuple[int, ...]:
        if not row.shape.ask.is_claimed or self._is_elsewhere(node, row):
            return ()
        number = self._number_of(node)
        keys = {device for claim in row.claims for device in claim.devices}
        return tuple(sorted({number[key] for key in keys if key in number}))

    def _is_elsewhere(self, node: str, row: PodRow) -> bool:
        """Whether a claim of a pod holds an accelerator that its node has not, of which a note is made."""
        here = {device.key for device in self.devices.get(node, ())}
        found = False
        for claim in row.claims:
            for key in (key for key in claim.devices if key[0] == DRIVER and key not in here):
                there = next((name for name, rows in self.devices.items() if any(key == one.key for one in rows)), "")
                where = f"is of node {there}" if there else "is in no ResourceSlice that was given"
                told = f"{key[1]}/{key[2]} {where}, and {row.pod.place} runs on {node}: which it has is left open"
                self.notes.ignored(f"{claim.place} status.allocation.devices.results", told)
                found = True
        return found

    def _number_of(self, node: str) -> dict[DeviceKey, int]:
        """Of each device of a node the accelerator it is, or is part of, by its place among those that are counted."""
        rows = self.devices.get(node, ())
        whole = [row for row in rows if row.kind in ("gpu", "")]
        counted = whole or [row for row in rows if row.kind == "mig" and not row.is_possible]
        number = {row.key: index for index, row in enumerate(counted)}
        by_uuid = {row.uuid: number[row.key] for row in whole if row.uuid}
        by_number = {row.number: number[row.key] for row in whole}
        for row in rows:
            index = by_uuid.get(row.parent, by_number.get(row.number))
            if row.key not in number and index is not None:
                number[row.key] = index
        return number

    def _hami(self, node: str, row: PodRow) -> tuple[int, ...]:
        """`UUID,NVIDIA,MiB,cores:` for each accelerator, `;` after each container."""
        held = self.machines[node].held
        text = row.pod.annotations.get(HAMI_POD, "")
        if held.manager != "hami" or not text:
            return ()
        found = set()
        for part in text.replace(";", ":").split(":"):
            cells = part.split(",")
            if not part:
                continue
            if len(cells) < 4:
                raise FieldError(
                    f"annotation {HAMI_POD} of {row.pod.place}", "must be UUID,type,MiB,cores: of each", part
                )
            if cells[0] not in held.uuids:
                self.notes.ignored(f"{row.pod.place} {HAMI_POD}", f"{node} has no accelerator {cells[0][:60]}")
                return ()
            found.add(held.uuids.index(cells[0]))
        return tuple(sorted(found))

    def _numbered(self, node: str, members: Sequence[PodRow], groups: Sequence[str]) -> dict[Place, tuple[int, ...]]:
        """KAI tells which pods share an accelerator, not which one: groups are numbered, whole ones come after."""
        count = self.machines[node].held.count
        number = {group: index for index, group in enumerate(groups)}
        found: dict[Place, tuple[int, ...]] = {}
        free = len(groups)
        for row in members:
            own = tuple(sorted(number[group] for group in kai_groups(row.pod)))
            if not own and row.shape.ask.share is None and row.shape.ask.memory_mib is None:
                own = tuple(range(free, free + row.shape.ask.count))
                free += row.shape.ask.count
            if own:
                found[row.pod.key] = own
        if free > count:
            self.notes.ignored(f"Node {node} {KAI_GROUP}", f"{free} accelerators are in use by labels, it has {count}")
            return {}
        told = "its labels tell which pods share an accelerator, not which one it is: the numbers are ours"
        self.notes.reconstructed("accelerators shared by KAI", told)
        return found


def kai_groups(pod: KubeObject) -> list[str]:
    """The groups of a pod: one label, or one label for each of several devices."""
    own = [pod.labels[KAI_GROUP]] if pod.labels.get(KAI_GROUP) else []
    return own + [key.partition("/")[2] for key in pod.labels if key.startswith(f"{KAI_GROUP}/")]

"""The claims that exported pods get their devices by: those of the pod that runs, again, or one for accelerators.

What the claim of a template asks for (class, selectors, memory, constraints) is written as it was. Copies that are
pinned to accelerators have a ResourceClaim that selects these by UUID; all others a ResourceClaimTemplate.
"""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from placement.integrations.kubernetes.claims import DRIVER, PINNED, DeviceClaim, choices
from placement.integrations.kubernetes.inventory import is_accelerator
from placement.integrations.kubernetes.manifests import Workshop, names_of
from placement.integrations.kubernetes.naming import slug
from placement.integrations.kubernetes.objects import Json, applied, mapping_under, mappings_under
from placement.integrations.labels import digest
from placement.integrations.variants import PlanVariant
from placement.units import MIB_PER_GIB, need

_BARE = "accelerators"
_PARTITION = "-MIG-"


@dataclass
class GroupClaims:
    """The claims of one group of copies: what is written, how pods refer to it, and whether it names accelerators."""

    group: PlanVariant
    workshop: Workshop
    uuids: Sequence[str]
    documents: list[Json] = field(default_factory=list)
    references: dict[str, Json] = field(default_factory=dict)
    binds: bool = False

    def again(self, name: str, claims: Sequence[DeviceClaim], spec: Json) -> None:
        """The claim of a template: written again, unless its own template goes on, or all copies share it.

        `claims` are those of all copies that run by this option.
        """
        place = f"component {self.group.component.name} claim {name}"
        notes = self.workshop.notes
        if not claims:
            notes.assumed(place, "was not given with --cluster: copies refer to what it was made by")
            return
        claim = claims[0]
        other = next((row for row in claims if row.written != claim.written), None)
        if other is not None:
            notes.inexact(place, f"{claim.place} asks for something else than {other.place}: all copies ask as it does")
        is_counted = tuple(map(claim.counts, claim.requests))
        if claim.users > 1:
            notes.inexact(place, f"pods share {claim.place}, and go on to: its devices are of the node where they are")
        elif any(is_counted):
            makes_parts = any(row.is_partition for row in claim.requests if claim.counts(row))
            self.write(name, claim.written, is_counted, makes_parts=makes_parts)
        elif not _is_made(name, spec):
            notes.assumed(place, f"each copy gets a claim of its own that asks for what {claim.place} does")
            self.write(name, claim.written, is_counted)

    def write(self, name: str, devices: Json, is_counted: Sequence[bool], *, makes_parts: bool = False) -> None:
        """A claim of these devices; of its requests those for accelerators select the group's."""
        chosen = copy.deepcopy(devices)
        pin = self._pin(makes_parts=makes_parts) if any(is_counted) and self.uuids else ""
        added = [
            _select(row, pin)
            for row, counts in zip(chosen.get("requests") or (), is_counted, strict=True)
            if counts and pin
        ]
        group_name, labels = names_of(self.group)
        own = digest(json.dumps([name, chosen], sort_keys=True), 6)
        made = slug(group_name, own, most=57)  # a claim can't be changed: another one has another name
        kind, spec = "ResourceClaim", {"devices": chosen}
        if not pin:
            kind, spec = "ResourceClaimTemplate", {"spec": spec}
        space, told = self.workshop.space(self.group.component), {PINNED: pin} if any(added) else {}
        self.documents.append(applied(kind, spec, name=made, namespace=space, labels=labels, annotations=told))
        self.references[name] = {f"r{kind[1:]}Name": made}
        self.binds = self.binds or bool(pin)

    def _pin(self, *, makes_parts: bool) -> str:
        """What selects accelerators by UUID; of partitions that are made on whole ones, the parents."""
        listed = ", ".join(f"'{uuid}'" for uuid in self.uuids)
        attribute = "parentUUID" if makes_parts and not _profile(self.group, self.workshop) else "uuid"
        return f"device.attributes['{DRIVER}'].{attribute} in [{listed}]"


def claims_for(group: PlanVariant, workshop: Workshop, uuids: Sequence[str]) -> GroupClaims:
    """The claims of a group; with UUIDs those for accelerators select these. Notes say what goes on to be shared."""
    made = GroupClaims(group, workshop, uuids)
    template = workshop.templates.of(group.component, group.option)
    known = workshop.templates.claims_of(group.component, group.option)
    for name, claims in known.items():
        made.again(name, claims, template.spec if template else {})
    counted = any(not claims or any(map(claims[0].counts, claims[0].requests)) for claims in known.values())
    if not counted and workshop.is_by_claims(group) and not (template and _asks_resource(template.spec)):
        made.write(_BARE, _bare(group, workshop), is_counted=(True,))
    return made


def _asks_resource(spec: Json) -> bool:
    """Whether a container asks for accelerators by the name of a resource, which a driver of claims may serve too."""
    return any(
        is_accelerator(name)
        for container in mappings_under(spec, "containers")
        for part in ("limits", "requests")
        for name in mapping_under(container, "resources", part)
    )


def _is_made(name: str, spec: Json) -> bool:
    """Whether a claim of a template is made anew for each pod."""
    return any(row.get("name") == name and row.get("resourceClaimTemplateName") for row in spec["resourceClaims"])


def _select(request: Json, pin: str) -> bool:
    """Adds a selector to what a request asks for; whether there was none like it."""
    before = [row for each in choices(request) for row in each.get("selectors") or ()]
    own = {"cel": {"expression": pin}}
    if own in before:
        return False
    for each in choices(request):
        each["selectors"] = [*(each.get("selectors") or ()), own]
    return True


def _profile(group: PlanVariant, workshop: Workshop) -> str:
    """The profile of the partitions that nodes of a group have for accelerators; empty where these are whole."""
    return workshop.accelerator(group.pool).partition(_PARTITION)[2]


def _bare(group: PlanVariant, workshop: Workshop) -> Json:
    """What a copy takes by the problem alone."""
    mode = group.mode
    profile = _profile(group, workshop)
    name = "mig.nvidia.com" if profile else DRIVER
    exactly: Json = {"deviceClassName": name, "allocationMode": "ExactCount", "count": mode.accelerators}
    if profile:
        selector = f"device.attributes['{DRIVER}'].profile == '{profile}'"
        exactly["selectors"] = [{"cel": {"expression": selector}}]
    memory = need(mode.accelerator_memory_gib, MIB_PER_GIB)
    if mode.shared and memory:
        exactly["capacity"] = {"requests": {"memory": f"{memory}Mi"}}
    return {"requests": [{"name": _BARE, "exactly": exactly}]}

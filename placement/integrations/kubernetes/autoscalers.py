"""HorizontalPodAutoscalers and KEDA's ScaledObjects: what they scale, and what an export makes of them.

A plan has one number of copies. Where one Deployment takes the place of what is scaled, the autoscaler is pointed at
it; where several do, or none, it must go before the old copies stop, since it would start them again.
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

from placement.integrations.kubernetes.cleaning import kept_metadata
from placement.integrations.kubernetes.handovers import Handover
from placement.integrations.kubernetes.naming import Owner
from placement.integrations.kubernetes.objects import (
    Json,
    KubeCluster,
    KubeObject,
    applied,
    mapping_under,
    mappings_under,
)
from placement.integrations.kubernetes.pods import controller_of
from placement.integrations.kubernetes.templates import ExportContext
from placement.integrations.notes import Notes
from placement.integrations.variants import WrittenCopies
from placement.units import count

_FIELDS = {  # the fields of the fewest and the most copies, with their defaults
    "HorizontalPodAutoscaler": (("minReplicas", 1), ("maxReplicas", 1)),
    "ScaledObject": (("minReplicaCount", 0), ("maxReplicaCount", 100)),
}


class Autoscaler(NamedTuple):
    """What scales which object of its namespace, between how many copies."""

    found: KubeObject
    kind: str
    name: str
    least: int
    most: int

    @property
    def told(self) -> str:
        """What it does, for notes."""
        what = f"{self.kind} {self.found.namespace}/{self.name}"
        return f"scales {what} from {self.least} to {count(self.most, 'copy', 'copies')}"


def autoscalers_of(cluster: KubeCluster) -> list[Autoscaler]:
    """Those that a person wrote, rather than another object."""
    objects = [row for kind in _FIELDS for row in cluster.of(kind)]
    return [row for row in cluster.read_each(objects, _read) if row is not None]


def _read(found: KubeObject) -> Autoscaler | None:
    spec = found.at.key("spec")
    target = spec.key("scaleTargetRef")
    kind, name = target.text_at("kind") or "Deployment", target.key("name").text()
    (low, fewest), (high, many) = _FIELDS[found.kind]
    least, most = spec.whole_at(low), spec.whole_at(high)
    if controller_of(found) is not None:
        return None
    return Autoscaler(found, kind, name, fewest if least is None else least, many if most is None else most)


def tell_autoscalers(cluster: KubeCluster, notes: Notes) -> None:
    """A note on each: the problem has one number of copies."""
    for row in autoscalers_of(cluster):
        notes.ignored(row.found.place, f"{row.told}: the plan is for the copies of now")


class Rescaled(NamedTuple):
    """Autoscalers that are written, and those (namespace, kind/name) that go before old copies stop."""

    documents: list[Json]
    deleted: list[tuple[str, str]]


def rescaled(export: ExportContext, moved: Sequence[Handover], written: Sequence[WrittenCopies]) -> Rescaled:
    """What becomes of the autoscalers of all that stops."""
    notes = export.notes
    made = Rescaled([], [])
    copies = {row.key: row.variant.copies for row in written}
    # Those of what stops, and of Deployments of an earlier export that go on.
    of = {old.owner: row for row in moved for old in row.stops}
    of |= {Owner("Deployment", *key): row for row in moved for key in row.written}
    for scaler in autoscalers_of(export.templates.cluster):
        found, handover = scaler.found, of.get(Owner(scaler.kind, scaler.found.namespace, scaler.name))
        if handover is None:
            continue
        new = handover.written
        if len(new) != 1 or handover.stops_first:
            made.deleted.append((found.namespace, f"{found.kind.lower()}/{found.name}"))
        if len(new) == 1:
            made.documents.append(_pointed(scaler, new[0][1], notes))
            how = "goes on to scale it" if scaler.name == new[0][1] else f"is pointed at Deployment {new[0][1]}"
            notes.assumed(found.place, f"{scaler.told}: it {how}; copies that it adds are in no plan")
            if not scaler.least <= copies[new[0]] <= scaler.most:
                told = f"the plan has {count(copies[new[0]], 'copy', 'copies')}: it scales these into its range"
                notes.inexact(found.place, told)
        else:
            told = f"{len(new)} Deployments run its copies" if new else "the plan has none of its copies"
            way = ": write one for each, with its part of the copies" if new else ""
            notes.inexact(found.place, f"{scaler.told}, and {told}: the steps delete it{way}")
    return made


def _pointed(scaler: Autoscaler, name: str, notes: Notes) -> Json:
    """The same object, which scales a Deployment of that name."""
    found = scaler.found
    labels, annotations = kept_metadata(found, notes)
    spec = copy.deepcopy(found.at.key("spec").value)
    after = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec["scaleTargetRef"] |= after
    for metric in mappings_under(spec, "metrics"):
        described = mapping_under(metric, "object", "describedObject")
        if (described.get("kind"), described.get("name")) == (scaler.kind, scaler.name):
            described |= after
    told = {"name": found.name, "namespace": found.namespace, "labels": labels, "annotations": annotations}
    return applied(found.kind, spec, found.at.text_at("apiVersion"), **told)

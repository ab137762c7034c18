"""What limits new copies in their namespace: PodDisruptionBudgets, over all Deployments of a component, and quotas.

A budget that is there stays where it counts the new copies. Whether it lets any of them go is told here. A namespace
that grows beyond a ResourceQuota gets no more pods.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from fractions import Fraction

from placement.catalogue.readers.fields import At, FieldError
from placement.documents import Component
from placement.errors import DocumentError
from placement.grouping import grouped
from placement.integrations.kubernetes.manifests import Workshop
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, slug
from placement.integrations.kubernetes.objects import Json, KubeObject, applied
from placement.integrations.kubernetes.requests import effective_requests
from placement.integrations.kubernetes.roll_outs import asked_away
from placement.integrations.kubernetes.templates import ExportContext, Templates
from placement.integrations.kubernetes.upkeep import MADE, made_text, read_budget
from placement.integrations.variants import WrittenCopies
from placement.units import count, listed

_SHORT = {"cpu": "requests.cpu", "memory": "requests.memory", "count/pods": "pods"}


# What counts for `count/...` of a quota where an object of the kind is made.
_MADE = {
    "Deployment": ("deployments.apps", "replicasets.apps"),
    "PodDisruptionBudget": ("poddisruptionbudgets.policy",),
    "ResourceClaim": ("resourceclaims.resource.k8s.io",),
    "ResourceClaimTemplate": ("resourceclaimtemplates.resource.k8s.io",),
    "HorizontalPodAutoscaler": ("horizontalpodautoscalers.autoscaling",),
    "ScaledObject": ("scaledobjects.keda.sh", "horizontalpodautoscalers.autoscaling"),
    "InferenceService": ("inferenceservices.serving.kserve.io", "deployments.apps", "replicasets.apps"),
}


def budget_of(component: Component, workshop: Workshop) -> Json | None:
    """One budget for a component that asks for one; None where the budget that is there goes on to count its pods.

    `max_unavailable` of a budget or a person and the floors (`min_available_...`) ask for one. What a roll-out may
    take away says nothing of evictions. Two budgets of one pod stop every eviction of it.
    """
    place = f"component {component.name}"
    known = workshop.budget_that_stays(component)
    if known:
        workshop.notes.assumed(place, f"PodDisruptionBudget {known} goes on to count its pods, so none is added")
        return None
    own = asked_away(component)
    stays = max(component.min_available_on_instance_loss, component.min_available_on_pool_loss)
    if own is None and not (stays or component.min_available_on_zone_loss):
        return None
    away = 1 if own is None else own
    if stays:
        away = min(away, max(0, workshop.planned[component.name] - max(stays, component.min_available_on_zone_loss)))
    if not away:
        workshop.notes.assumed(place, "no copy may be away at once: nothing can evict one")
    name = slug(component.name)
    label = {COMPONENT_LABEL: name}
    spec: Json = {"maxUnavailable": away, "selector": {"matchLabels": dict(label)}}
    told = {MADE: made_text(away, own)}
    space = workshop.space(component)
    return applied("PodDisruptionBudget", spec, name=name, namespace=space, labels=label, annotations=told)


def tell_kept_budgets(export: ExportContext, new: Sequence[WrittenCopies]) -> None:
    """A note on each budget that stays and lets no copy of the plan go, or no longer counts a component's copies."""
    templates, notes = export.templates, export.notes
    exported = {row.component for row in new}
    for budget, read in templates.cluster.read_kind("PodDisruptionBudget", read_budget):
        if not read.key or (MADE in budget.annotations and not read.is_changed):  # which is written again
            continue
        counted = {
            name
            for name, pods in templates.by_component.items()
            if any(pod.namespace == budget.namespace and read.counts(pod.labels) for pod in pods)
        }
        if not counted & exported:
            continue
        here = [row for row in new if row.namespace == budget.namespace and read.counts(row.labels)]
        lost = sorted(counted & exported - {row.component for row in here})
        if lost:
            told = "counts their pods by labels that new copies don't have: change its selector"
            notes.inexact(budget.place, f"components {listed(lost)}: it {told}")
        copies = sum(row.variant.copies for row in here) + sum(export.planned[name] for name in counted - exported)
        if copies and not read.away(copies):
            told = f"{read.key} {read.text} of {count(copies, 'copy', 'copies')} in the plan lets none be away"
            notes.inexact(budget.place, f"{told}: nothing can evict one, and drains wait; change it")


def tell_quotas(export: ExportContext, new: Sequence[WrittenCopies], ended: Set[str]) -> None:
    """A note on each limit that new copies, beside pods that stay, go beyond; or while those of `ended` still run."""
    cluster, notes = export.templates.cluster, export.notes
    asked = _asked(new, cluster.source) if cluster.has("ResourceQuota") else []
    for quota, hard in cluster.read_kind("ResourceQuota", _hard):
        space = quota.namespace
        started = [(used, row.variant.copies) for row, used in zip(new, asked, strict=True) if row.namespace == space]
        running = [(row.pod, component) for row, component in export.templates.rows if row.pod.namespace == space]
        if not started:
            continue
        stays = _total((_used(pod.at), 1) for pod, component in running if component not in ended)
        ends = _total((_used(pod.at), 1) for pod, component in running if component in ended)
        added = _total(started)
        for name, most in hard.items():
            resource = _SHORT.get(name, name)
            more = added.get(resource, Fraction(0))
            after = stays.get(resource, Fraction(0)) + more
            before = after - more + ends.get(resource, Fraction(0))
            place = f"{quota.place} spec.hard.{name}"
            if more and after > most:
                told = f"pods of the plan ask for {_text(after)} in all: the server refuses those beyond"
                notes.inexact(place, f"{_text(most)}, and {told}; raise it")
            elif more and before + more > most:
                told = f"old and new copies together ask for {_text(before + more)}"
                notes.inexact(place, f"{_text(most)}, and {told}: some new ones start once old ones have stopped")


def tell_counts(export: ExportContext, written: Sequence[Json]) -> None:
    """A note on each limit on the number of objects that those of an export go beyond: old ones stay, at no copies."""
    quotas = export.templates.cluster.read_kind(
        "ResourceQuota", lambda row: (_hard(row), row.at.amounts("status", "used"))
    )
    for quota, (hard, used) in quotas:
        added = _added(written, quota.namespace, export.templates)
        for name, most in hard.items():
            new = added[name.removeprefix("count/")] if name.startswith("count/") else 0
            there = int(used.get(name, 0))
            if new and there + new > most:
                told = f"{there} are there, and the export makes {new} more: the server refuses those beyond"
                export.notes.inexact(f"{quota.place} spec.hard.{name}", f"{_text(most)}, {told}; raise it")


def _added(written: Sequence[Json], space: str, templates: Templates) -> Counter[str]:
    """How many objects of each kind are new in a namespace, by the names of a quota."""
    found: Counter[str] = Counter()
    for row in written:
        kind, metadata = row["kind"], row["metadata"]
        is_there = templates.cluster.get(kind, space, metadata["name"]) or (
            kind == "Deployment" and (space, metadata["name"]) in templates.exported
        )
        if metadata.get("namespace") == space and not is_there:
            found.update(_MADE.get(kind, ()))
    return found


def _asked(new: Sequence[WrittenCopies], source: str) -> list[dict[str, Fraction]]:
    """What one copy of each counts for."""
    try:
        return [_used(At({"spec": row.spec})) for row in new]
    except FieldError as error:
        raise DocumentError([error.fault], source) from None


def _hard(quota: KubeObject) -> dict[str, Fraction]:
    """Its limits; none of a quota for some pods only, which the import tells."""
    spec = quota.at.key("spec")
    return {} if spec.rows("scopes") or spec.get("scopeSelector") else spec.amounts("hard")


def _used(pod: At) -> dict[str, Fraction]:
    """What a pod counts for, by the names of a quota."""
    limits = _total((row.amounts("resources", "limits"), 1) for row in pod.rows("spec", "containers"))
    asked = {f"requests.{name}": value for name, value in effective_requests(pod).items()}
    return asked | {f"limits.{name}": value for name, value in limits.items()} | {"pods": Fraction(1)}


def _total(rows_of: Iterable[tuple[Mapping[str, Fraction], int]]) -> dict[str, Fraction]:
    amounts = grouped((name, value * copies) for used, copies in rows_of for name, value in used.items())
    return {name: sum(each, Fraction(0)) for name, each in amounts.items()}


def _text(amount: Fraction) -> str:
    """A number; of bytes in the largest unit that leaves a readable one.

    >>> _text(Fraction(3, 2)), _text(Fraction(64 * 2**30)), _text(Fraction(12))
    ('1.5', '64Gi', '12')
    """
    for unit, size in (("Gi", 2**30), ("Mi", 2**20)):
        if amount >= size:
            return f"{float(amount / size):.10g}{unit}"
    return f"{float(amount):.10g}"

"""PodDisruptionBudgets: how many copies of a component may be away at once, over all its Deployments.

One that is there stays where it counts the new copies. Whether it lets any of them go is told here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.integrations.kubernetes.naming import COMPONENT_LABEL, slug
from placement.integrations.kubernetes.upkeep import MADE, asked_away, made_text, read_budget
from placement.units import count, listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component
    from placement.integrations.kubernetes.manifests import Workshop
    from placement.integrations.kubernetes.objects import Json
    from placement.integrations.kubernetes.quotas import NewCopies
    from placement.integrations.kubernetes.templates import Templates
    from placement.integrations.notes import Notes


def budget_of(component: Component, copies: int, workshop: Workshop) -> Json | None:
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
        away = min(away, max(0, copies - max(stays, component.min_available_on_zone_loss)))
    if not away:
        workshop.notes.assumed(place, "no copy may be away at once: nothing can evict one")
    name = slug(component.name)
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {
            "name": name,
            "namespace": workshop.space(component),
            "labels": {COMPONENT_LABEL: name},
            "annotations": {MADE: made_text(away, own)},
        },
        "spec": {"maxUnavailable": away, "selector": {"matchLabels": {COMPONENT_LABEL: name}}},
    }


def tell_kept_budgets(templates: Templates, new: Sequence[NewCopies], planned: Mapping[str, int], notes: Notes) -> None:
    """A note on each budget that stays and lets no copy of the plan go, or that no longer counts a component's copies.

    `planned` is how many copies each component has in the plan.
    """
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
        copies = sum(row.copies for row in here) + sum(planned.get(name, 0) for name in counted - exported)
        if copies and not read.away(copies):
            told = f"{read.key} {read.text} of {count(copies, 'copy', 'copies')} in the plan lets none be away"
            notes.inexact(budget.place, f"{told}: nothing can evict one, and drains wait; change it")

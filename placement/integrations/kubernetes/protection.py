"""PodDisruptionBudgets: how many copies of a component may be away at once, over all its Deployments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.integrations.kubernetes.naming import COMPONENT_LABEL, slug
from placement.integrations.kubernetes.upkeep import MADE, made_text

if TYPE_CHECKING:
    from placement.documents import Component
    from placement.integrations.kubernetes.manifests import Workshop
    from placement.integrations.kubernetes.templates import Json


def budget_of(component: Component, copies: int, workshop: Workshop) -> Json | None:
    """One budget for a component; None where the budget that is there goes on to count its pods.

    Two budgets of one pod stop every eviction of it.
    """
    place = f"component {component.name}"
    known = workshop.budget_that_stays(component)
    if known:
        workshop.notes.assumed(place, f"PodDisruptionBudget {known} goes on to count its pods, so none is added")
        return None
    own = component.max_unavailable if "max_unavailable" in component.model_fields_set else None
    away = 1 if own is None else own
    stays = max(component.min_available_on_instance_loss, component.min_available_on_pool_loss)
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

"""A plan as InferenceServices of KServe (serving.kserve.io/v1beta1), in its mode of plain Deployments."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.integrations.exported import Exported
from placement.integrations.kserve.predictor import (
    FORMAT,
    IMAGE,
    RUNTIME,
    SERVING,
    STORAGE,
    KServeWish,
    node_selector,
    resources,
    service_names,
)
from placement.integrations.kserve.remarks import Services, tell_all
from placement.integrations.kserve.services import AUTOSCALER, MODE, ServiceTemplate, ServiceTemplates, read_services
from placement.integrations.kubernetes.apart import Surroundings, apart_terms, other_constraints
from placement.integrations.kubernetes.cleaning import kept_metadata
from placement.integrations.kubernetes.keeping_off import PoolNodes, affinity_of, both, digest_of, keep_off, label_of
from placement.integrations.kubernetes.manifests import KEPT_OFF_BY_LABEL, asked_of_accelerators, limits_of_hosts
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, REQUIRED, ZONE, Owner, slug
from placement.integrations.kubernetes.objects import mapping_under
from placement.integrations.kubernetes.own_rules import RULES, OwnRules, others_than_ours, rules_text, stands_for_parts
from placement.integrations.kubernetes.pods import COMPONENT, OPTION
from placement.integrations.manifests import manifest_text
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant, variants
from placement.units import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component, Pool, Problem
    from placement.documents.plan import Plan

SERVICES, SMALLER = "inference-services.yaml", "smaller-inference-services.yaml"
_OF_PODS = ("tolerations", "runtimeClassName", "priorityClassName")  # what lets a pod start on its node
_RULES = ("affinity", "nodeSelector", "topologySpreadConstraints")


def export_kserve(problem: Problem, plan: Plan, wish: KServeWish = KServeWish()) -> Exported:  # noqa: B008
    """The files for ``kubectl apply``: services, and then those that have fewer copies than now.

    The plan keeps every rule of the problem.
    """
    notes = Notes()
    known = read_services(wish.cluster) if wish.cluster else ServiceTemplates()
    named = {row.id for row in problem.instances}  # a machine that does not run has no name yet: its pool stands for it
    rows = [row for row in variants(problem, plan, wish.pin, named) if not _stays(row.component, notes)]
    names = service_names(rows)
    now = {row.component.name: known.of(row.component) for row in rows}
    documents = []
    around = Surroundings(problem, plan, known.running.by_component, ZONE, known.running.labels)
    for row, name in zip(rows, names, strict=True):
        found = next(iter(now[row.component.name]), None)
        apart, spread = _apart(around, row.component, found, known, notes)
        off = _running_beside(problem, row.pool) if wish.pin == "machine" and row.machine is None else []
        nodes = PoolNodes(
            row.pool, node_selector(row.pool), known.running.labels, known.running.cluster.has("NodePool")
        )
        more = nodes.off_those_with_more(map(node_selector, problem.pools), problem)
        term = both(_kept_off(off, nodes, notes), {"matchExpressions": more} if more else {})
        stands = {} if found else _of_pods(row.component, row.option, known)
        kept = _Kept(apart, spread, off, term, nodes.known_labels(plan, notes), stands)
        documents.append(_service(problem, row, name, wish, found, kept, notes))
    tell_all(problem, plan, Services(rows, documents, now), known, wish, notes)
    smaller = _smaller(documents, now, notes)
    files = {SERVICES: [row for row in documents if row not in smaller], SMALLER: smaller}
    texts = {name: manifest_text(found, map(str, notes)) for name, found in files.items() if found or name == SERVICES}
    return Exported(texts, tuple(notes))


def _smaller(
    documents: list[dict[str, Any]], now: dict[str, list[ServiceTemplate]], notes: Notes
) -> list[dict[str, Any]]:
    """Services that run already, with more copies: these would be gone before others run in their place."""
    running = {(each.found.namespace, each.found.name): each.copies for services in now.values() for each in services}
    found = []
    for row in documents:
        metadata, wanted = row["metadata"], row["spec"]["predictor"]["minReplicas"]
        if wanted < running.get((metadata.get("namespace", ""), metadata["name"]), 0):
            found.append(row)
    if found:
        names = listed([row["metadata"]["name"] for row in found])
        told = f"{names}: fewer copies than now, so apply it last: once those of {SERVICES} are ready"
        notes.inexact(SMALLER, f"{told} (kubectl wait --for=condition=Ready inferenceservice NAME)")
    return found


def _running_beside(problem: Problem, pool: Pool) -> list[str]:
    """Machines that run now and that the labels of a pool select: pods of new ones must not take their places."""
    alike = {row.name for row in problem.pools if node_selector(row) == node_selector(pool)}
    return [row.id for row in problem.instances if row.pool in alike]


def _kept_off(names: list[str], nodes: PoolNodes, notes: Notes) -> dict[str, Any]:
    """What keeps a predictor off these nodes, and a note with the command that labels them where that needs one."""
    is_by_label = nodes.are_of_karpenter
    if names and is_by_label:
        command = f"kubectl label node {' '.join(map(shlex.quote, names))} {label_of(names)}="
        notes.inexact(f"pool {nodes.pool.name}", f"{KEPT_OFF_BY_LABEL}: {command}")
    return keep_off(names, is_by_label=is_by_label)


def _stays(component: Component, notes: Notes) -> bool:
    """Whether its pods are of an owner that no service can replace, of which a note is made."""
    if not Owner.of(component).is_left_alone:
        return False
    told = f"its owner is a {Owner.of(component).kind}: its pods are left as they are, and no service is written of it"
    notes.inexact(f"component {component.name}", told)
    return True


def _space(component: Component, now: ServiceTemplate | None) -> str:
    """The namespace of its services; empty where nothing tells."""
    return Owner.of(component).namespace or (now.found.namespace if now else "")


def _of_pods(component: Component, option: int, known: ServiceTemplates) -> dict[str, Any]:
    """What lets its pods start where they do, of those that run and are no service's; those of its option first."""
    for index in (option, *range(len(component.modes))):
        template = known.running.of(component.name, index)
        if template is not None:
            return {key: template.spec[key] for key in _OF_PODS if key in template.spec}
    return {}


class _Kept(NamedTuple):
    """What keeps copies apart: terms about other pods, constraints of spread, nodes and what refuses them.

    `stands` is what lets pods start on their nodes, where no service tells it.
    """

    apart: list[dict[str, Any]]
    spread: list[dict[str, Any]]
    off: Sequence[str]
    off_term: Mapping[str, Any]
    selector: Mapping[str, str]
    stands: Mapping[str, Any]


def _apart(
    around: Surroundings, component: Component, now: ServiceTemplate | None, known: ServiceTemplates, notes: Notes
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Terms and constraints: of the service that runs what the problem says too or can not say, then the problem's."""
    predictor = now.predictor if now else {}
    before = others_than_ours(mapping_under(predictor, "affinity", "podAntiAffinity").get(REQUIRED))
    if before and not known.running.by_component:
        told = "no pods were given, so whom it is about is not known: what is about hosts is kept as it is"
        notes.assumed(f"component {component.name} podAntiAffinity", f"{told}; give nodes and pods with the services")
    space = _space(component, now)
    apart = apart_terms(component, before, space, around, notes)
    spread = other_constraints(component, predictor, space, around, notes)
    return apart, [*spread, *limits_of_hosts(component)]


def _service(
    problem: Problem,
    row: PlanVariant,
    name: str,
    wish: KServeWish,
    now: ServiceTemplate | None,
    kept: _Kept,
    notes: Notes,
) -> dict[str, Any]:
    labels = {COMPONENT_LABEL: slug(row.component.name)}
    if wish.sharing == "kai" and now is None:
        labels["kai.scheduler/queue"] = wish.queue
    own, told = kept_metadata(now.found, notes) if now else ({}, {})
    told |= {MODE: "RawDeployment", AUTOSCALER: wish.autoscaler}
    before = now.predictor if now else {}
    predictor: dict[str, Any] = {**kept.stands, **{key: value for key, value in before.items() if key not in _RULES}}
    predictor |= now.autoscaled(wish.autoscaler, notes) if now else {}
    predictor |= {
        "minReplicas": row.copies,
        "maxReplicas": row.copies,
        "labels": {**(now.labels if now else {}), **labels},
        "nodeSelector": {**(before.get("nodeSelector") or {}), **kept.selector},
    }
    node = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [row.machine]}]}
    place = dict(kept.off_term) if row.machine is None else node
    held = affinity_of(mapping_under(before, "affinity"), [place] if place else [], kept.apart)
    if held:
        predictor["affinity"] = held
    if kept.spread:
        predictor["topologySpreadConstraints"] = kept.spread
    if now is None and wish.sharing == "kai":
        predictor["schedulerName"] = "kai-scheduler"
    predictor |= _model(problem, row, wish, predictor)
    parts = stands_for_parts(row.component, row.pool, problem)
    rules = OwnRules(off=digest_of(kept.off) if kept.off else "", parts=parts)
    predictor["annotations"] = {
        **(now.told if now else asked_of_accelerators(row, problem, wish.sharing)[0]),
        COMPONENT: row.component.name,
        OPTION: str(row.option),
        RULES: rules_text(before, predictor, rules),
    }
    named = _space(row.component, now)
    space = {"namespace": named} if named else {}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": name, **space, "labels": {**own, **labels}, "annotations": told},
        "spec": {"predictor": predictor},
    }


def _model(problem: Problem, row: PlanVariant, wish: KServeWish, predictor: dict[str, Any]) -> dict[str, Any]:
    """What serves: as it does now, a container of its own image, or a model for one of KServe's runtimes."""
    labels, takes = row.component.labels, resources(problem, row, wish)
    if predictor.get("resourceClaims"):  # by which its accelerators are handed out
        takes = {part: {key: held[key] for key in ("cpu", "memory") if key in held} for part, held in takes.items()}
    serving = next((key for key in SERVING if isinstance(predictor.get(key), dict)), "")
    if serving:
        return {serving: {"resources": takes, **predictor[serving]}}
    if isinstance(predictor.get("containers"), list) and predictor["containers"]:
        first, *rest = predictor["containers"]
        return {"containers": [{"resources": takes, **first}, *rest]}
    if IMAGE in labels:
        return {"containers": [{"name": "kserve-container", "image": labels[IMAGE], "resources": takes}]}
    model: dict[str, Any] = {"modelFormat": {"name": labels.get(FORMAT, "huggingface")}}
    for key, label in (("storageUri", STORAGE), ("runtime", RUNTIME)):
        if label in labels:
            model[key] = labels[label]
    return {"model": {**model, "resources": takes}}

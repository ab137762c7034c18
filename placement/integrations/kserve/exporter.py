"""A plan as InferenceServices of KServe (serving.kserve.io/v1beta1), in its mode of plain Deployments."""

from __future__ import annotations

import shlex
from collections import Counter, defaultdict
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from placement.integrations.exported import Exported
from placement.integrations.kserve.predictor import (
    REQUIRED,
    ZONE,
    Sharing,
    affinity,
    most_on_one,
    node_selector,
    resources,
    sharing_annotations,
    unselected,
)
from placement.integrations.kserve.services import AUTOSCALER, MODE, ServiceTemplates, read_services
from placement.integrations.kubernetes.apart import apart_terms, other_constraints
from placement.integrations.kubernetes.deployments import kept_metadata
from placement.integrations.kubernetes.groups import is_left_alone, owner_kind
from placement.integrations.kubernetes.keeping_off import is_of_karpenter, keep_off, label_of
from placement.integrations.kubernetes.manifests import KEPT_OFF_BY_LABEL
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, OWNER, namespace_of, slug
from placement.integrations.kubernetes.objects import source_of
from placement.integrations.kubernetes.own_rules import RULES, others_than_ours, rules_text
from placement.integrations.kubernetes.owners import tell_service
from placement.integrations.kubernetes.pods import COMPONENT, OPTION
from placement.integrations.kubernetes.protection import tell_kept_budgets
from placement.integrations.kubernetes.quotas import NewCopies, tell_counts, tell_quotas
from placement.integrations.kubernetes.workloads import service_of
from placement.integrations.kubernetes.zone_rules import Surroundings
from placement.integrations.labels import ObjectNames
from placement.integrations.manifests import manifests
from placement.integrations.notes import Notes
from placement.integrations.variants import PlanVariant, most_beside, variants

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component, Pool, Problem
    from placement.documents.plan import Plan
    from placement.integrations.kserve.services import ServiceTemplate
    from placement.integrations.kubernetes.templates import Templates

# Labels of a component that say how KServe serves it.
IMAGE, FORMAT, STORAGE, RUNTIME = "kserve.image", "kserve.model_format", "kserve.storage_uri", "kserve.runtime"
_SERVING = (  # keys of a predictor that say what serves, one a format before there was `model`
    *("model", "huggingface", "triton", "pytorch", "tensorflow", "onnx", "sklearn", "xgboost", "lightgbm", "pmml"),
    "paddle",
)
SERVICES, SMALLER = "inference-services.yaml", "smaller-inference-services.yaml"
_RULES = ("affinity", "nodeSelector", "topologySpreadConstraints")
# KServe calls a service's predictor NAME-predictor-NAMESPACE.DOMAIN: the first part is a label in DNS.
_LABEL, _BETWEEN = 63, len("-predictor-")
_SPACE, _LEAST = len("default"), 10  # letters of a namespace that nothing tells, and of the shortest name
_NAMES = 8  # of pools in one note


class KServeWish(NamedTuple):
    """What the plan does not say.

    Attributes
    ----------
    pin : pods are held to the pool of the plan, or to its machine where that runs now.
    sharing : who lets pods share an accelerator: NVIDIA's device plugin by time slicing, KAI or HAMi.
    autoscaler : ``hpa`` holds each service at its copies; ``external`` leaves them to another one, such as KEDA.
    gpu : the resource that stands for an accelerator.
    queue : of KAI.
    cluster : files of ``kubectl get inferenceservices -A -o json``: what serves now, as templates.
    """

    pin: Literal["pool", "machine"] = "pool"
    sharing: Sharing = "time-slicing"
    autoscaler: Literal["hpa", "external"] = "hpa"
    gpu: str = "nvidia.com/gpu"
    queue: str = "default"
    cluster: tuple[str, ...] = ()


def export_kserve(problem: Problem, plan: Plan, wish: KServeWish = KServeWish()) -> Exported:  # noqa: B008
    """The files for ``kubectl apply``: services, and then those that have fewer copies than now.

    Parameters
    ----------
    problem, plan : the plan keeps every rule of the problem.
    """
    notes = Notes()
    known = read_services(wish.cluster) if wish.cluster else ServiceTemplates()
    rows = [row for row in _rows(problem, plan, wish) if not _stays(row.component, notes)]
    names = service_names(rows)
    now = {row.component.name: known.of(row.component) for row in rows}
    documents = []
    around = Surroundings(problem, plan, known.pods, ZONE, known.running.labels)
    for row, name in zip(rows, names, strict=True):
        found = next(iter(now[row.component.name]), None)
        kept = _kept(around, row.component, found, known, notes)
        off = _running_beside(problem, row.pool) if wish.pin == "machine" and row.machine is None else []
        kept = kept._replace(off=off, off_term=_kept_off(off, row.pool, known, notes))
        documents.append(_service(problem, row, name, wish, found, kept, notes))
    _tell(problem, plan, rows, wish, notes, {name for name, found in now.items() if found})
    _tell_long_names(documents, notes)
    _tell_replaced(now, documents, notes)
    _tell_other_owners(rows, now, notes)
    _tell_ended(problem, plan, known, notes)
    _tell_claims(rows, now, known, wish, notes)
    _tell_namespaces(rows, documents, plan, known.running, wish, notes)
    smaller = _smaller(documents, now, notes)
    files = {SERVICES: [row for row in documents if row not in smaller], SMALLER: smaller}
    texts = {name: manifests(found, map(str, notes)) for name, found in files.items() if found or name == SERVICES}
    return Exported(texts, tuple(notes))


def _smaller(
    documents: list[dict[str, Any]], now: dict[str, list[ServiceTemplate]], notes: Notes
) -> list[dict[str, Any]]:
    """Services that run already, with more copies: these would be gone before others run in their place."""
    running = {(each.namespace, each.name): each.copies for services in now.values() for each in services}
    found = []
    for row in documents:
        metadata, wanted = row["metadata"], row["spec"]["predictor"]["minReplicas"]
        if wanted < running.get((metadata.get("namespace", ""), metadata["name"]), 0):
            found.append(row)
    if found:
        names = _listed([row["metadata"]["name"] for row in found])
        told = f"{names}: fewer copies than now, so apply it last: once those of {SERVICES} are ready"
        notes.inexact(SMALLER, f"{told} (kubectl wait --for=condition=Ready inferenceservice NAME)")
    return found


def _rows(problem: Problem, plan: Plan, wish: KServeWish) -> list[PlanVariant]:
    """The copies by what they are held to; a machine that does not run has no name yet, so its pool stands for it."""
    if wish.pin == "pool":
        return variants(problem, plan, "pool")
    running = {row.id for row in problem.instances}
    found: dict[tuple[str, int, str, str | None], PlanVariant] = {}
    for row in variants(problem, plan, "machine"):
        here = row if row.machine in running else row._replace(machine=None)
        key = (row.component.name, row.option, row.pool.name, here.machine)
        before = found.get(key)
        found[key] = here if before is None else before._replace(copies=before.copies + here.copies)
    return list(found.values())


def _running_beside(problem: Problem, pool: Pool) -> list[str]:
    """Machines that run now and that the labels of a pool select: pods of new ones must not take their places."""
    alike = {row.name for row in problem.pools if node_selector(row) == node_selector(pool)}
    return [row.id for row in problem.instances if row.pool in alike]


def _kept_off(names: list[str], pool: Pool, known: ServiceTemplates, notes: Notes) -> dict[str, Any]:
    """What keeps a predictor off these nodes, and a note with the command that labels them where that needs one."""
    cluster = known.running
    is_by_label = is_of_karpenter(pool.labels, cluster.labels.values(), has_pools=cluster.cluster.has("NodePool"))
    if names and is_by_label:
        command = f"kubectl label node {' '.join(map(shlex.quote, names))} {label_of(names)}="
        notes.inexact(f"pool {pool.name}", f"{KEPT_OFF_BY_LABEL}: {command}")
    return keep_off(names, is_by_label=is_by_label)


def service_names(rows: list[PlanVariant]) -> list[str]:
    """A name for each variant, the same each time: component, option where there are several, pool, machine."""
    names = ObjectNames()
    spaces = [namespace_of(row.component.labels.get(OWNER, "")) for row in rows]
    return [names.of(*_parts(row), most=_most(space)) for row, space in zip(rows, spaces, strict=True)]


def _most(space: str) -> int:
    """Letters that a name may have in a namespace."""
    return max(_LEAST, _LABEL - _BETWEEN - (len(space) or _SPACE))


def _tell_long_names(documents: list[dict[str, Any]], notes: Notes) -> None:
    """Services that KServe can give no address."""
    for metadata in (row["metadata"] for row in documents):
        name, space = metadata["name"], metadata.get("namespace", "")
        left = _LABEL - _BETWEEN - len(name)
        if len(space) > left:
            told = f"{name}-predictor-{space} has more than {_LABEL} letters: KServe can give it no address"
            notes.inexact(f"InferenceService {space}/{name}", f"{told}; use a namespace of a shorter name")


def _parts(row: PlanVariant) -> tuple[str, ...]:
    option = (row.mode.name or str(row.option),) if len(row.component.modes) > 1 else ()
    machine = () if row.machine is None else (row.machine,)
    return (row.component.name, *option, row.pool.name, *machine)


def _stays(component: Component, notes: Notes) -> bool:
    """Whether its pods are of an owner that no service can replace, of which a note is made."""
    if not is_left_alone(component):
        return False
    told = f"its owner is a {owner_kind(component)}: its pods are left as they are, and no service is written of it"
    notes.inexact(f"component {component.name}", told)
    return True


def _space(component: Component, now: ServiceTemplate | None) -> str:
    """The namespace of its services; empty where nothing tells."""
    return namespace_of(component.labels.get(OWNER, "")) or (now.namespace if now else "")


class _Kept(NamedTuple):
    """What keeps copies apart: terms about other pods, constraints of spread, nodes and what refuses them."""

    apart: list[dict[str, Any]]
    spread: list[dict[str, Any]]
    off: Sequence[str] = ()
    off_term: Mapping[str, Any] = MappingProxyType({})


def _kept(
    around: Surroundings, component: Component, now: ServiceTemplate | None, known: ServiceTemplates, notes: Notes
) -> _Kept:
    """Of the service that runs what the problem says too or can not say, then what the problem says."""
    affinity = (now.predictor.get("affinity") or {}) if now else {}
    before = others_than_ours((affinity.get("podAntiAffinity") or {}).get(REQUIRED))
    if before and not known.pods:
        told = "no pods were given, so whom it is about is not known: what is about hosts is kept as it is"
        notes.assumed(f"component {component.name} podAntiAffinity", f"{told}; give nodes and pods with the services")
    space = _space(component, now)
    apart = apart_terms(component, before, space, around, notes)
    spread = other_constraints(component, now.predictor if now else {}, space, around, notes)
    return _Kept(apart, [*spread, *most_on_one(component)])


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
    predictor: dict[str, Any] = {key: value for key, value in before.items() if key not in _RULES}
    predictor |= now.autoscaled(wish.autoscaler, notes) if now else {}
    predictor |= {
        "minReplicas": row.copies,
        "maxReplicas": row.copies,
        "labels": {**(now.labels if now else {}), **labels},
        "nodeSelector": {**(before.get("nodeSelector") or {}), **node_selector(row.pool)},
    }
    held = affinity(row, kept.off_term, before.get("affinity") or {}, kept.apart)
    if held:
        predictor["affinity"] = held
    if kept.spread:
        predictor["topologySpreadConstraints"] = kept.spread
    if now is None and wish.sharing == "kai":
        predictor["schedulerName"] = "kai-scheduler"
    predictor |= _model(problem, row, wish, predictor)
    predictor["annotations"] = {
        **(now.told if now else sharing_annotations(row, wish.sharing)),
        COMPONENT: row.component.name,
        OPTION: str(row.option),
        RULES: rules_text(before, predictor, keeps_hosts=True, off=kept.off),
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
    labels, takes = row.component.labels, resources(problem, row, wish.sharing, wish.gpu)
    if predictor.get("resourceClaims"):  # by which its accelerators are handed out
        takes = {part: {key: held[key] for key in ("cpu", "memory") if key in held} for part, held in takes.items()}
    serving = next((key for key in _SERVING if isinstance(predictor.get(key), dict)), "")
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


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMES]) + (f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else "")


def _tell_replaced(now: dict[str, list[ServiceTemplate]], documents: list[dict[str, Any]], notes: Notes) -> None:
    """Services that run a component now and that the new ones do not overwrite, and what of them is not written."""
    written = {(row["metadata"].get("namespace", ""), row["metadata"]["name"]) for row in documents}
    names: dict[str, list[str]] = defaultdict(list)
    for row in documents:
        names[row["spec"]["predictor"]["annotations"][COMPONENT]].append(row["metadata"]["name"])
    for component, services in now.items():
        for each in services:
            place = f"InferenceService {each.namespace}/{each.name}"
            if (each.namespace, each.name) not in written:
                notes.inexact(place, _new_address(component, names[component]))
            for part in each.others:
                notes.ignored(f"{place} spec.{part}", "only predictors are written")
            for part in ("workerSpec",):
                if part in each.predictor:
                    notes.inexact(f"{place} spec.predictor.{part}", "is kept; here each pod is a copy of its own")


def _new_address(component: str, names: list[str]) -> str:
    """What becomes of a service that has its name from somebody else: clients call it by that."""
    new = f"{_listed(names)} {'takes' if len(names) == 1 else 'take'} its place under another address"
    told = f"runs {component} now, and goes on to; {new}: point clients, or a route, there"
    return f"{told} once it serves; only then delete this one, whose address goes with it"


def _tell_ended(problem: Problem, plan: Plan, known: ServiceTemplates, notes: Notes) -> None:
    """What runs components of which the plan has no copy."""
    copies, running = (Counter(row.component for row in rows) for rows in (plan.assignments, problem.placements))
    for component in (row for row in problem.components if not copies[row.name]):
        services = known.of(component)
        for each in services:
            tell_service(f"component {component.name}", f"InferenceService {each.namespace}/{each.name}", 0, notes)
        if not services and running[component.name]:
            owner = component.labels.get(OWNER, "its owner")
            told = f"the plan has none of its copies: end {owner} once clients need it no more"
            notes.inexact(f"component {component.name}", told)


def _tell_other_owners(rows: list[PlanVariant], now: dict[str, list[ServiceTemplate]], notes: Notes) -> None:
    """What runs copies now and is no service: it goes on to, and its pods have no label of a component."""
    for component in {row.component.name: row.component for row in rows}.values():
        owner = component.labels.get(OWNER, "")
        kind, _, name = owner.partition(" ")
        if not now[component.name] and namespace_of(owner) and kind != "Component" and not service_of(name):
            told = f"{owner} runs its copies now and is no service: end it once the new ones serve"
            notes.inexact(f"component {component.name}", f"{told}; until then services do not keep off its pods")


def _tell_claims(
    rows: list[PlanVariant],
    now: dict[str, list[ServiceTemplate]],
    known: ServiceTemplates,
    wish: KServeWish,
    notes: Notes,
) -> None:
    """Accelerators that are handed out by claims: which the pods of a service share, and where none is written."""
    for name in dict.fromkeys(row.component.name for row in rows if row.mode.accelerators):
        shared = [claim["resourceClaimName"] for row in now[name][:1] for claim in row.claims if _is_shared(claim)]
        for claim in shared:
            told = f"all its pods share ResourceClaim {claim}, whose devices are of one node: name a template instead"
            notes.inexact(f"component {name} resourceClaims", told)
        if not now[name] and any(pod.dig("spec", "resourceClaims") for pod in known.pods.get(name, ())):
            told = f"its pods have accelerators by claims now, and no service tells of these: {wish.gpu} is asked for"
            notes.inexact(f"component {name} resourceClaims", told)
    if not wish.cluster and any(row.mode.accelerators and OWNER in row.component.labels for row in rows):
        told = f"are asked for as {wish.gpu}: where claims hand them out, give --cluster with the services that run"
        notes.inexact("accelerators", told)


def _tell_namespaces(
    rows: list[PlanVariant],
    documents: list[dict[str, Any]],
    plan: Plan,
    running: Templates,
    wish: KServeWish,
    notes: Notes,
) -> None:
    """What budgets and quotas of their namespaces do to the new pods."""
    new = [_new_copies(row, document) for row, document in zip(rows, documents, strict=True)]
    source = source_of(wish.cluster)
    tell_kept_budgets(running, new, Counter(row.component for row in plan.assignments), notes, source)
    tell_quotas(running, new, {row.component.name for row in rows}, notes, source)
    tell_counts(running, documents, notes, source)


def _new_copies(row: PlanVariant, document: dict[str, Any]) -> NewCopies:
    """The pods that KServe makes of a service, as far as budgets and quotas look at them."""
    metadata, predictor = document["metadata"], document["spec"]["predictor"]
    name = metadata["name"]
    labels = {"serving.kserve.io/inferenceservice": name, "app": f"isvc.{name}-predictor", "component": "predictor"}
    serving = [
        {"name": "kserve-container", **predictor[key]} for key in _SERVING if isinstance(predictor.get(key), dict)
    ]
    spec = {**predictor, "containers": [*serving, *(predictor.get("containers") or ())]}
    space = metadata.get("namespace", "default")
    return NewCopies(row.component.name, space, labels | predictor["labels"], row.copies, spec)


def _is_shared(claim: dict[str, Any]) -> bool:
    return bool(claim.get("resourceClaimName"))


def _tell(
    problem: Problem, plan: Plan, rows: list[PlanVariant], wish: KServeWish, notes: Notes, templated: set[str]
) -> None:
    """What the manifests do not say, or say otherwise."""
    several = _listed(sorted({row.component.name for row in rows if _count(rows, row) > 1}))
    if several:
        notes.inexact(
            f"components {several}",
            "are several services, one a pool and option; to be one address they need a route in front of them",
        )
    bare = sorted({row.component.name for row in rows} - _served(problem) - templated)
    if bare:
        notes.assumed(
            f"components {_listed(bare)}",
            f"no label {IMAGE} or {STORAGE} says what serves them: format huggingface is taken; say where the model is",
        )
    if wish.pin == "machine":
        told = "have no name to be held to: their pods are held to the pool, off the nodes that run now"
        notes.inexact("machines that do not run yet", told)
    else:
        notes.inexact(
            "pods", "are held to type and zone of their pool; which of its nodes they are on is the scheduler's"
        )
    _tell_accelerators(problem, plan, rows, wish, notes)
    for pool in {row.pool.name: row.pool for row in rows}.values():
        for told in unselected(pool):
            notes.inexact(f"pool {pool.name}", f"{told} can be no label of a node, so nodes are not selected by it")
    alike: dict[tuple[tuple[str, str], ...], set[str]] = {}
    for row in rows:
        alike.setdefault(tuple(sorted(node_selector(row.pool).items())), set()).add(row.pool.name)
    for pools in alike.values():
        if len(pools) > 1:
            notes.inexact(
                f"pools {_listed(sorted(pools))}",
                "are of one type and zone; give them labels that their nodes differ in",
            )


def _tell_accelerators(problem: Problem, plan: Plan, rows: list[PlanVariant], wish: KServeWish, notes: Notes) -> None:
    if any(row.mode.accelerators for row in rows):
        notes.inexact(
            "accelerators", "which of its node's a pod gets is for the kubelet to choose, or the sharing scheduler"
        )
    beside = most_beside(problem, plan)
    if beside and wish.sharing == "time-slicing":
        slices = _listed([f"{pool} {count}" for pool, count in beside.items()])
        notes.inexact(
            wish.gpu,
            f"nodes need time slicing with as many replicas as copies share an accelerator ({slices}); it limits no "
            "memory, and a copy that owns accelerators is not alone on them: --sharing kai or hami count memory",
        )
    by_share = [row.mode for row in rows if row.mode.shared and row.mode.accelerator_share]
    if wish.sharing == "kai":  # which counts one of the two, and the share where there is nothing else
        by_share = [mode for mode in by_share if mode.accelerator_memory_gib]
    if by_share and wish.sharing != "hami":
        notes.ignored("accelerator_share", f"{wish.sharing} does not count it; --sharing hami does")


def _count(rows: list[PlanVariant], row: PlanVariant) -> int:
    return sum(other.component.name == row.component.name for other in rows)


def _served(problem: Problem) -> set[str]:
    return {row.name for row in problem.components if IMAGE in row.labels or STORAGE in row.labels}

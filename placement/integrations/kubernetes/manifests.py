"""Deployments of groups of copies: where each may stand, what stays apart, and what a copy asks for."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from placement.documents import Component, Plan, Pool, Problem
from placement.integrations.kubernetes.apart import apart_terms, other_constraints
from placement.integrations.kubernetes.asks import HAMI_USE, asked_of_accelerators, asked_of_host
from placement.integrations.kubernetes.claims import PINNED
from placement.integrations.kubernetes.cleaning import kept_metadata, kept_settings
from placement.integrations.kubernetes.keeping_off import affinity_of, both, digest_of, keep_off, label_of
from placement.integrations.kubernetes.naming import (
    COMPONENT_LABEL,
    GPU,
    GROUP_LABEL,
    GROUPS,
    HOSTNAME,
    KARPENTER_POOL,
    REQUIRED,
    TYPE,
    ZONE,
    Owner,
    is_label,
    labels_of_row,
    slug,
)
from placement.integrations.kubernetes.objects import Json, applied, mapping_under
from placement.integrations.kubernetes.own_rules import (
    RULES,
    OwnRules,
    others_than_ours,
    owned_mib,
    rules_text,
    stands_for_parts,
)
from placement.integrations.kubernetes.pods import COMPONENT, OPTION
from placement.integrations.kubernetes.roll_outs import BUDGET, CHANGED, MAX_SURGE, ROLLED, asked_away, strategy_of
from placement.integrations.kubernetes.templates import ExportContext
from placement.integrations.kubernetes.upkeep import read_budget
from placement.integrations.serving import PLACEHOLDER, command_of, serving_of
from placement.integrations.variants import Pin as PlanPin
from placement.integrations.variants import PlanVariant, variants

Pin = Literal["none", "node", "accelerator"]
Sharing = Literal["none", "hami", "kai", "dra"]

_MANY_DOMAINS = 5000  # more than there are: the emptiest host then counts 0, so `maxSkew` is the most of any host
WAIT_MINUTES = 30  # for copies of a Deployment: to get a node, an image and weights
KEPT_OFF_BY_LABEL = "Karpenter starts no node for pods that refuse nodes by name: those that run are labelled first"


@dataclass(frozen=True, slots=True)
class ExportWishes:
    """How a plan is written.

    `cluster` are files of `kubectl get`, from which pod templates and names of accelerators are taken. `node_class` is
    the EC2NodeClass of Karpenter's node pools; empty: none are written. `sharing` is who shares accelerators between
    copies that no template tells of. `changed` leaves out components whose copies all stay.
    """

    cluster: Sequence[str | Path] = field(default_factory=tuple)
    pin: Pin = "none"
    namespace: str = "default"
    sharing: Sharing = "none"
    node_class: str = ""
    static: bool = False
    changed: bool = False
    zone_label: str = ZONE


@dataclass
class Workshop(ExportContext):
    """The context of an export to Kubernetes."""

    wishes: ExportWishes
    node_pool_of: Mapping[str, str]  # pool -> node pool of Karpenter that is exported for it
    standing: Set[str]  # pools with machines of the plan that run now
    labelled: dict[str, list[str]] = field(default_factory=dict)  # by label the nodes that get it before copies start

    def manager(self, group: PlanVariant) -> str:
        """Who hands out accelerators on a group's node, or else on nodes of its pool; empty where nothing tells."""
        known = self.templates.machines
        nodes = [group.machine] if group.machine else self.nodes_of_pool[group.pool.name]
        return next((known[node].held.manager for node in nodes if node in known and known[node].held.count), "")

    def is_by_claims(self, group: PlanVariant) -> bool:
        """Whether a copy gets its accelerators by a claim, where no pod of it tells: its nodes do, or the sharing."""
        is_bare = self.templates.of(group.component, group.option) is None
        return bool(group.mode.accelerators) and "dra" in (self.manager(group), self.wishes.sharing if is_bare else "")

    def space(self, component: Component) -> str:
        """The namespace of a component's copies."""
        return Owner.of(component).namespace or self.wishes.namespace

    @cached_property
    def labels_of_pools(self) -> Mapping[str, Mapping[str, str]]:
        return {row.name: pool_labels(row, self) for row in self.problem.pools}

    def off_nodes(self, group: PlanVariant) -> list[str]:
        """Nodes that copies on new machines keep off, where others are held to those: none without pins."""
        pool = group.pool
        if group.machine or self.wishes.pin == "none" or pool.name in self.node_pool_of:
            return []
        wanted, known = pool_labels(pool, self).items(), self.templates.labels
        alike = {name for name, labels in known.items() if wanted <= labels.items()}
        return [row.id for row in self.problem.instances if row.pool == pool.name or row.id in alike]

    def budget_that_stays(self, component: Component) -> str:
        """The PodDisruptionBudget that goes on to count its pods; empty where there is none.

        Such is one of an export that somebody changed, and any other where the labels of the pods stay.
        """
        told, template = component.labels, self.templates.of(component, 0)
        changed, other = told.get(CHANGED, ""), told.get(BUDGET, "")
        if changed or not other or template is None:
            return changed
        known = self.templates.cluster.get("PodDisruptionBudget", self.space(component), other)
        return other if known is None or read_budget(known).counts(template.labels) else ""


def pool_labels(pool: Pool, workshop: Workshop) -> dict[str, str]:
    """Labels of the nodes of a pool that run: those it was imported with, else type and zone by the document.

    Where none of the plan runs, that of the node pool which is exported for it.
    """
    own = workshop.node_pool_of.get(pool.name)
    if own and pool.name not in workshop.standing:
        return {KARPENTER_POOL: own}
    nodes = workshop.nodes_of_pool[pool.name]
    known = [workshop.templates.labels[name] for name in nodes if name in workshop.templates.labels]
    told = {
        key: value for key, value in pool.labels.items() if is_label(key, value) and _is_of_nodes(key, value, known)
    }
    if TYPE in told or any(key.endswith(GROUPS) for key in told):
        return told
    found = labels_of_row(pool, told)
    for key, value in list(found.items()):
        without = any(labels.get(key) != value for labels in known)
        if without or not is_label(key, value):
            why = f"its nodes have no label {key}={value}" if without else f"{value} can be no label"
            workshop.notes.inexact(f"pool {pool.name}", f"{why}, so nodes are not selected by {key}")
            del found[key]
    if nodes and not known:
        listed = " and ".join(f"{key}={value}" for key, value in found.items())
        told_of = f"its nodes are taken to have the labels {listed}; label the pool, or give --cluster"
        workshop.notes.assumed(f"pool {pool.name}", told_of)
    return told | found


def _is_of_nodes(key: str, value: str, known: Sequence[Mapping[str, str]]) -> bool:
    """Whether a label of a pool is one of its nodes: a word without a domain may be about the pool alone."""
    return "/" in key or (bool(known) and all(labels.get(key) == value for labels in known))


def deployment(group: PlanVariant, workshop: Workshop, claims: Mapping[str, Json], uuids: Sequence[str]) -> Json:
    """The Deployment of a group; `claims` are references to them by name, `uuids` accelerators that HAMi is to give."""
    name, labels = names_of(group)
    found = workshop.templates.of(group.component, group.option)
    made = (found.labels, found.annotations, found.spec) if found else ({}, *_bare(group, workshop))
    own_labels, annotations, spec = made
    before_it, notes = found.deployment if found else None, workshop.notes
    place = f"component {group.component.name}"
    for told in found.remarks if found else ():
        notes.inexact(place, told)
    words, (first, *_) = command_of(group.component, group.option), spec["containers"]
    if words and words != [*first.get("command", ()), *first.get("args", ())]:
        notes.assumed(place, "its pods run by another command than its labels say: theirs goes on")
    for key in found.differing if found else ():
        notes.ignored(f"{place} annotation {key}", "its pods differ in it, so new copies have none")
    own_uuids = annotations.get(HAMI_USE, "") if uuids else ""
    annotations |= {COMPONENT: group.component.name, OPTION: str(group.option)}
    annotations |= dict.fromkeys((HAMI_USE, PINNED), ",".join(uuids)) if uuids else {}
    _add_claims(spec, claims)
    before = dict(spec)
    off = workshop.off_nodes(group)
    _add_rules(spec, group, workshop, off)
    annotations[RULES] = rules_text(before, spec, _own_rules(group, workshop, own_uuids, off))
    more, kept = kept_metadata(before_it, notes) if before_it else ({}, {})
    settings = {
        **({"progressDeadlineSeconds": 60 * WAIT_MINUTES} if words else {}),
        **(kept_settings(before_it, notes) if before_it else {}),
        "replicas": group.copies,
        "strategy": strategy_of(group, before_it, notes),
        "selector": {"matchLabels": dict(labels)},
        "template": {"metadata": {"labels": own_labels | labels, "annotations": annotations}, "spec": spec},
    }
    space = workshop.space(group.component)
    return applied("Deployment", settings, name=name, namespace=space, labels=more | labels, annotations=kept)


def _own_rules(group: PlanVariant, workshop: Workshop, uuids: str, off: Sequence[str]) -> OwnRules:
    """What an import reads beside the spec of a pod: `max_unavailable` where no budget of the export says it."""
    component = group.component
    is_set = "max_unavailable" in component.model_fields_set
    is_told = is_set and (asked_away(component) is None or workshop.budget_that_stays(component))
    return OwnRules(
        away=component.most_unavailable if is_told else None,
        surge=component.labels.get(MAX_SURGE, ""),
        rolled=component.labels.get(ROLLED, ""),
        uuids=uuids,
        off=digest_of(off) if off else "",
        parts=stands_for_parts(component, group.pool, workshop.problem),
        memory=owned_mib(group, workshop.problem),
    )


def copy_groups(problem: Problem, plan: Plan, pin: Pin) -> list[PlanVariant]:
    """The copies of a plan as groups of alike ones: what one Deployment makes. O(copies log copies).

    Without pins a group is all copies of a component, of one option, on one pool. Pinned to nodes it is those on one
    node; pinned to accelerators it is one copy. New machines have no name yet: their copies are grouped by pool.
    """
    running = {row.id for row in problem.instances}
    found: list[PlanVariant] = []
    pinned: PlanPin = "pool" if pin == "none" else "machine" if pin == "node" else pin
    for row in variants(problem, plan, pinned, running):
        alone = range(1, row.copies + 1) if row.accelerators else ()
        found += [row._replace(copies=1, number=number) for number in alone] or [row]
    return found


def names_of(group: PlanVariant) -> tuple[str, dict[str, str]]:
    """The name of a group's Deployment, and the labels that its pods have."""
    component, where = group.component.name, group.machine or group.pool.name
    # What tells it from others of its component at its place, whatever else a later plan has there.
    suffix = [f"o{group.option}"] if group.option else []
    suffix += [f"a{'-'.join(map(str, group.accelerators))}"] if group.accelerators else []
    suffix += [str(group.number)] if group.number > 1 else []
    name = slug(slug(component, most=24), slug(where, most=24), *suffix, most=57)
    return name, {COMPONENT_LABEL: slug(component), GROUP_LABEL: slug(slug(where), *suffix)}


def _bare(group: PlanVariant, workshop: Workshop) -> tuple[dict[str, str], Json]:
    """A pod of what the problem knows: where no label tells, its image is for the user to name."""
    mode, served = group.mode, serving_of(group)
    place = f"component {group.component.name}"
    if served.image == PLACEHOLDER:
        told = "nothing tells how a copy is run" if not served.container else "no label serve.image tells its image"
        way_out = "label the component serve.image, or give --cluster"
        workshop.notes.inexact(place, f"{told}: the image is {PLACEHOLDER}; {way_out}")
    if workshop.wishes.sharing == "kai" and mode.shared and mode.accelerator_memory_gib and mode.accelerator_share:
        workshop.notes.ignored(f"{place} accelerator_share", "KAI counts memory or a share: memory is asked for")
    asked: Json = asked_of_host(mode)
    made = asked_of_accelerators(group, workshop.problem, workshop.wishes.sharing)
    annotations, limits = ({}, {}) if workshop.is_by_claims(group) else made
    resources = {"requests": asked | limits, "limits": dict(limits)}
    container = {
        "name": "main",
        "image": served.image,
        **served.container,
        "resources": {key: value for key, value in resources.items() if value},
    }
    spec: Json = {"containers": [container], **served.pod}
    if workshop.wishes.sharing == "kai" and annotations:
        spec["schedulerName"] = "kai-scheduler"
    if mode.accelerators:
        kinds = sorted({GPU, *(key for key in limits if not key.startswith("nvidia.com/"))})
        spec["tolerations"] = [{"key": key, "operator": "Exists", "effect": "NoSchedule"} for key in kinds]
    return annotations, spec


def _add_claims(spec: Json, claims: Mapping[str, Json]) -> None:
    """References to claims: in place of those of the template, or new ones, which the first container uses."""
    told = {row.get("name"): row for row in spec.get("resourceClaims") or ()}
    for name, reference in claims.items():
        if name not in told:
            spec["containers"][0].setdefault("resources", {}).setdefault("claims", []).append({"name": name})
        told[name] = {"name": name, **reference}
    if told:
        spec["resourceClaims"] = [*told.values()]


def _add_rules(spec: Json, group: PlanVariant, workshop: Workshop, off: Sequence[str]) -> None:
    """Affinity to the group's nodes within what the template asks, and the rules of one machine."""
    before: Json = spec.setdefault("affinity", {}) or {}
    # The scheduler would compare a Deployment of one zone with itself: the plan's counts keep the rules over zones.
    space = workshop.space(group.component)
    spread = other_constraints(group.component, spec, space, workshop)
    spread += limits_of_hosts(group.component)
    spec.pop("topologySpreadConstraints", None)
    if spread:
        spec["topologySpreadConstraints"] = spread
    if group.machine:  # which keeps what was asked of nodes
        spec.pop("nodeSelector", None)
        before = before | {"nodeAffinity": {**mapping_under(before, "nodeAffinity"), REQUIRED: None}}
    places = _places(group, workshop, off)
    others = others_than_ours(mapping_under(before, "podAntiAffinity").get(REQUIRED))
    spec["affinity"] = affinity_of(before, places, apart_terms(group.component, others, space, workshop))


def _places(group: PlanVariant, workshop: Workshop, off: Sequence[str]) -> list[Json]:
    """Terms one of which a node of the group keeps; none where nothing tells its nodes: an empty term takes no node."""
    if group.machine:
        return [{"matchFields": [_in("metadata.name", group.machine)]}]
    pool = group.pool
    told = [_in(key, value) for key, value in workshop.selected(pool).items()]
    told += workshop.off_those_with_more(pool)
    own = workshop.node_pool_of.get(pool.name)
    if not told or not own or pool.name not in workshop.standing:
        is_by_label = bool(off) and workshop.are_of_karpenter(pool)
        if is_by_label:
            workshop.labelled[label_of(off)] = [*off]
            workshop.notes.assumed(f"pool {pool.name}", KEPT_OFF_BY_LABEL)
        term = both({"matchExpressions": told} if told else {}, keep_off(off, is_by_label=is_by_label))
        return [term] if term else []
    new = {"matchExpressions": [_in(KARPENTER_POOL, own)]}
    return [new] if workshop.wishes.pin != "none" else [{"matchExpressions": told}, new]


def _in(key: str, value: str) -> Json:
    return {"key": key, "operator": "In", "values": [value]}


def limits_of_hosts(component: Component) -> list[Json]:
    """`max_per_instance`: with more domains wanted than there are the emptiest counts 0, so the skew is the count."""
    most = component.spread.max_per_instance
    if not most:
        return []
    return [
        {
            "maxSkew": most,
            "minDomains": _MANY_DOMAINS,
            "topologyKey": HOSTNAME,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {COMPONENT_LABEL: slug(component.name)}},
        }
    ]

"""Notes of an export to KServe: what its manifests do not say, or say otherwise than the plan."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from placement.catalogue.readers.fields import At
from placement.grouping import grouped
from placement.integrations.kserve.predictor import (
    IMAGE,
    LABEL,
    STORAGE,
    KServeWish,
    image_of,
    node_selector,
    unselected,
)
from placement.integrations.kserve.services import ServiceTemplate, ServiceTemplates
from placement.integrations.kubernetes.handovers import tell_service
from placement.integrations.kubernetes.mixed import mixed_of
from placement.integrations.kubernetes.naming import OWNER, Owner
from placement.integrations.kubernetes.objects import mappings_under
from placement.integrations.kubernetes.protection import tell_counts, tell_kept_budgets, tell_quotas
from placement.integrations.kubernetes.selectors import tolerations_of
from placement.integrations.kubernetes.templates import ExportContext
from placement.integrations.kubernetes.workloads import service_of
from placement.integrations.notes import Notes
from placement.integrations.serving import IMAGE as SERVE
from placement.integrations.serving import PLACEHOLDER
from placement.integrations.variants import PlanVariant, WrittenCopies, most_beside
from placement.units import listed


@dataclass
class ServiceExport(ExportContext):
    """The context of an export to KServe: `known` are the services of the cluster, `rows` the variants of the plan."""

    wish: KServeWish
    known: ServiceTemplates
    rows: list[PlanVariant]

    @cached_property
    def labels_of_pools(self) -> Mapping[str, Mapping[str, str]]:
        return {row.name: node_selector(row) for row in self.problem.pools}

    @cached_property
    def now(self) -> Mapping[str, list[ServiceTemplate]]:
        """What runs each component of the plan now."""
        return {row.component.name: self.known.of(row.component) for row in self.rows}


def tell_all(export: ServiceExport, written: list[WrittenCopies]) -> None:
    _tell(export)
    _tell_long_names(export, written)
    _tell_replaced(export, written)
    _tell_other_owners(export)
    _tell_ended(export)
    _tell_claims(export)
    _tell_taints(export, written)
    tell_kept_budgets(export, written)
    tell_quotas(export, written, {row.component for row in written})
    tell_counts(export, [row.document for row in written])


def _tell_long_names(export: ServiceExport, written: list[WrittenCopies]) -> None:
    """Services that KServe can give no address."""
    for space, name in (row.key for row in written):
        if len(f"{name}-predictor-{space}") > LABEL:
            told = f"{name}-predictor-{space} has more than {LABEL} letters: KServe can give it no address"
            export.notes.inexact(f"InferenceService {space}/{name}", f"{told}; use a namespace of a shorter name")


def _tell_replaced(export: ServiceExport, written: list[WrittenCopies]) -> None:
    """Services that run a component now and that the new ones do not overwrite, and what of them is not written."""
    keys = {row.key for row in written}
    names = grouped((row.component, row.key[1]) for row in written)
    for component, services in export.now.items():
        for each in services:
            place = each.found.place
            if each.found.key not in keys:
                export.notes.inexact(place, _new_address(component, names[component]))
            for part in each.others:
                export.notes.ignored(f"{place} spec.{part}", "only predictors are written")
            if "workerSpec" in each.predictor:
                told = "is kept; here each pod is a copy of its own"
                export.notes.inexact(f"{place} spec.predictor.workerSpec", told)


def _new_address(component: str, names: list[str]) -> str:
    """What becomes of a service that has its name from somebody else: clients call it by that."""
    new = f"{listed(names)} {'takes' if len(names) == 1 else 'take'} its place under another address"
    told = f"runs {component} now, and goes on to; {new}: point clients, or a route, there"
    return f"{told} once it serves; only then delete this one, whose address goes with it"


def _tell_ended(export: ServiceExport) -> None:
    """What runs components of which the plan has no copy."""
    for component in (row for row in export.problem.components if not export.planned[row.name]):
        services = export.known.of(component)
        for each in services:
            tell_service(f"component {component.name}", each.found, 0, export.notes)
        if not services and export.running[component.name]:
            owner = component.labels.get(OWNER, "its owner")
            told = f"the plan has none of its copies: end {owner} once clients need it no more"
            export.notes.inexact(f"component {component.name}", told)


def _tell_other_owners(export: ServiceExport) -> None:
    """What runs copies now and is no service: it goes on to, and its pods have no label of a component."""
    for component in {row.component.name: row.component for row in export.rows}.values():
        owner = Owner.of(component)
        is_other = owner.namespace and owner.kind != "Component" and not service_of(owner.name)
        if not export.now[component.name] and is_other:
            told = f"{owner.place} runs its copies now and is no service: end it once the new ones serve"
            export.notes.inexact(f"component {component.name}", f"{told}; until then services do not keep off its pods")


def _tell_claims(export: ServiceExport) -> None:
    """Accelerators that are handed out by claims: which the pods of a service share, and where none is written."""
    now, running, gpu, notes = export.now, export.templates, export.wish.gpu, export.notes
    for name in dict.fromkeys(row.component.name for row in export.rows if row.mode.accelerators):
        rows = (mappings_under(row.predictor, "resourceClaims") for row in now[name][:1])
        for claim in filter(None, (row.get("resourceClaimName") for claims in rows for row in claims)):
            told = f"all its pods share ResourceClaim {claim}, whose devices are of one node: name a template instead"
            notes.inexact(f"component {name} resourceClaims", told)
        if not now[name] and any(pod.at.get("spec", "resourceClaims") for pod in running.by_component.get(name, ())):
            told = f"its pods have accelerators by claims now, and no service tells of these: {gpu} is asked for"
            notes.inexact(f"component {name} resourceClaims", told)
    if not export.wish.cluster and any(row.mode.accelerators and OWNER in row.component.labels for row in export.rows):
        told = f"are asked for as {gpu}: where claims hand them out, give --cluster with the services that run"
        notes.inexact("accelerators", told)


def _tell_taints(export: ServiceExport, written: list[WrittenCopies]) -> None:
    """Taints of the nodes of a pool that pods there do not tolerate: they would wait for ever."""
    known = export.templates.machines
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    unknown = False
    for row in written:
        pool = row.variant.pool.name
        nodes = [known[name] for name in export.nodes_of_pool[pool] if name in known]
        held = [{taint for taint in node.taints if not taint.is_wish} for node in nodes]
        stood = tolerations_of(At(row.spec), Notes(), "")
        unknown |= not held and not stood and not export.now[row.component]
        for taint in sorted(set.intersection(*held) if held else (), key=lambda taint: (taint.key, taint.value)):
            if not any(each.tolerates(taint) for each in stood):
                told = f"{taint.key}{f'={taint.value}' if taint.value else ''}:{taint.effect}"
                found[pool, told].append(row.component)
    for (pool, told), names in found.items():
        told = f"its nodes have the taint {told}, which pods of {listed([*dict.fromkeys(names)])} do not tolerate"
        export.notes.inexact(f"pool {pool}", told)
    if unknown:
        told = "are not known of all nodes, so services have no tolerations for them"
        export.notes.inexact("taints", f"{told}: give --cluster with nodes and pods, or add them")


def _tell(export: ServiceExport) -> None:
    rows, notes = export.rows, export.notes
    services = Counter(row.component.name for row in rows)
    several = listed(sorted(name for name, number in services.items() if number > 1))
    if several:
        told = "are several services, one a pool and option; to be one address they need a route in front of them"
        notes.inexact(f"components {several}", told)
    new = [row for row in rows if not export.now[row.component.name]]
    bare = _named(row for row in new if not image_of(row) and STORAGE not in row.component.labels)
    if bare:
        told = f"no label {SERVE}, {IMAGE} or {STORAGE} says what serves them: format huggingface is taken"
        notes.assumed(f"components {listed(bare)}", f"{told}; say where the model is")
    if unnamed := _named(row for row in new if image_of(row) == PLACEHOLDER):
        notes.inexact(f"components {listed(unnamed)}", f"no label {SERVE} tells their image: it is {PLACEHOLDER}")
    if export.wish.pin == "machine":
        told = "have no name to be held to: their pods are held to the pool, off the nodes that run now"
        notes.inexact("machines that do not run yet", told)
    else:
        told = "are held to type and zone of their pool; which of its nodes they are on is the scheduler's"
        notes.inexact("pods", told)
    _tell_accelerators(export)
    for pool in {row.pool.name: row.pool for row in rows}.values():
        for told in unselected(pool):
            notes.inexact(f"pool {pool.name}", f"{told} can be no label of a node, so nodes are not selected by it")
    alike = grouped((frozenset(export.labels_of_pools[row.pool.name].items()), row.pool.name) for row in rows)
    for pools in (sorted({*names}) for names in alike.values()):
        if len(pools) > 1:
            told = "are of one type and zone; give them labels that their nodes differ in"
            notes.inexact(f"pools {listed(pools)}", told)


def _named(rows: Iterable[PlanVariant]) -> list[str]:
    return sorted({row.component.name for row in rows})


def _tell_accelerators(export: ServiceExport) -> None:
    problem, rows, wish, notes = export.problem, export.rows, export.wish, export.notes
    if any(row.mode.accelerators for row in rows):
        told = "which of its node's a pod gets is for the kubelet to choose, or the sharing scheduler"
        notes.inexact("accelerators", told)
    kinds = {row.name: export.accelerator(row) for row in problem.pools}
    # The one accelerator of a machine may stand for two kinds, which device plugins count.
    shared = most_beside(problem, export.plan).items()
    beside = {pool: number for pool, number in shared if number > 1 and not mixed_of(kinds[pool])}
    if beside and wish.sharing == "time-slicing":
        slices = listed([f"{number} on nodes of {pool}" for pool, number in beside.items()])
        told = f"nodes need time slicing, with as many replicas of each accelerator as copies share one: {slices}"
        why = "it limits no memory, and a copy that owns accelerators is not alone on them"
        notes.inexact(wish.gpu, f"{told}; {why}: --sharing kai or hami count memory")
    by_share = [row.mode for row in rows if row.mode.shared and row.mode.accelerator_share]
    if wish.sharing == "kai":  # which counts one of the two, and the share where there is nothing else
        by_share = [mode for mode in by_share if mode.accelerator_memory_gib]
    if by_share and wish.sharing != "hami":
        notes.ignored("accelerator_share", f"{wish.sharing} does not count it; --sharing hami does")

"""A plan as InferenceServices of KServe (serving.kserve.io/v1beta1), in its mode of plain Deployments."""

import shlex
from typing import NamedTuple

from placement.documents import Component, Plan, Problem
from placement.integrations.exported import Exported
from placement.integrations.kserve.predictor import (
    FORMAT,
    RUNTIME,
    SERVING,
    STORAGE,
    KServeWish,
    image_of,
    node_selector,
    resources,
    service_names,
)
from placement.integrations.kserve.remarks import ServiceExport, tell_all
from placement.integrations.kserve.services import AUTOSCALER, MODE, ServiceTemplate, ServiceTemplates, read_services
from placement.integrations.kubernetes.apart import apart_terms, other_constraints
from placement.integrations.kubernetes.asks import asked_of_accelerators
from placement.integrations.kubernetes.cleaning import kept_metadata
from placement.integrations.kubernetes.keeping_off import affinity_of, both, digest_of, keep_off, label_of
from placement.integrations.kubernetes.manifests import KEPT_OFF_BY_LABEL, limits_of_hosts
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, REQUIRED, ZONE, Owner, slug
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
from placement.integrations.kubernetes.workloads import SERVICE
from placement.integrations.manifests import manifest_text
from placement.integrations.notes import Notes
from placement.integrations.serving import command_of, serving_of
from placement.integrations.variants import PlanVariant, WrittenCopies, variants
from placement.units import listed

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
    export = ServiceExport(problem, plan, known.running, notes, ZONE, wish, known, rows)
    written = [_Service(export, row).written(name) for row, name in zip(rows, service_names(rows), strict=True)]
    tell_all(export, written)
    smaller = _smaller(written, export)
    files = {
        SERVICES: [row.document for row in written if row.key not in smaller],
        SMALLER: [row.document for row in written if row.key in smaller],
    }
    texts = {name: manifest_text(found, map(str, notes)) for name, found in files.items() if found or name == SERVICES}
    return Exported(texts, tuple(notes))


def _smaller(written: list[WrittenCopies], export: ServiceExport) -> set[tuple[str, str]]:
    """Services that run already, with more copies: these would be gone before others run in their place."""
    running = {each.found.key: each.copies for services in export.now.values() for each in services}
    found = [row.key for row in written if row.variant.copies < running.get(row.key, 0)]
    if found:
        names = listed([name for _, name in found])
        told = f"{names}: fewer copies than now, so apply it last: once those of {SERVICES} are ready"
        export.notes.inexact(SMALLER, f"{told} (kubectl wait --for=condition=Ready inferenceservice NAME)")
    return {*found}


def _stays(component: Component, notes: Notes) -> bool:
    """Whether its pods are of an owner that no service can replace, of which a note is made."""
    if not Owner.of(component).is_left_alone:
        return False
    told = f"its owner is a {Owner.of(component).kind}: its pods are left as they are, and no service is written of it"
    notes.inexact(f"component {component.name}", told)
    return True


class _Service(NamedTuple):
    """One service of the plan."""

    export: ServiceExport
    row: PlanVariant

    @property
    def now(self) -> ServiceTemplate | None:
        """The service that it follows."""
        running, (component, option, *_) = self.export.now[self.row.component.name], self.row
        if command_of(component, option):  # each option has its own
            running = [each for each in running if each.option in ("", str(option))]
        return next(iter(running), None)

    def written(self, name: str) -> WrittenCopies:
        """The manifest, and the pods that KServe makes of it; of the service that runs it has what no plan says."""
        component, now, sharing = self.row.component, self.now, self.export.wish.sharing
        labels = {COMPONENT_LABEL: slug(component.name)}
        if sharing == "kai" and now is None:
            labels["kai.scheduler/queue"] = self.export.wish.queue
        before = now.predictor if now else {}
        apart, spread = self._apart(before)
        off = self._off()
        places, selector = self._places(off)
        own, told = kept_metadata(now.found, self.export.notes) if now else ({}, {})
        kept = {key: value for key, value in before.items() if key not in _RULES}
        predictor: Json = (
            kept | now.autoscaled(self.export.wish.autoscaler, self.export.notes) if now else self._of_pods()
        )
        predictor |= {
            "minReplicas": self.row.copies,
            "maxReplicas": self.row.copies,
            "labels": {**(now.labels if now else {}), **labels},
            "nodeSelector": {**(before.get("nodeSelector") or {}), **selector},
        }
        held = affinity_of(mapping_under(before, "affinity"), places, apart)
        predictor |= {"affinity": held} if held else {}
        predictor |= {"topologySpreadConstraints": spread} if spread else {}
        predictor |= {"schedulerName": "kai-scheduler"} if now is None and sharing == "kai" else {}
        predictor |= self._model(predictor)
        asked, _ = asked_of_accelerators(self.row, self.export.problem, sharing)
        parts = stands_for_parts(component, self.row.pool, self.export.problem)
        memory = owned_mib(self.row, self.export.problem)
        rules = OwnRules(off=digest_of(off) if off else "", parts=parts, memory=memory)
        predictor["annotations"] = {
            **(now.told if now else asked),
            COMPONENT: component.name,
            OPTION: str(self.row.option),
            RULES: rules_text(before, predictor, rules),
        }
        told |= {MODE: "RawDeployment", AUTOSCALER: self.export.wish.autoscaler}
        spec, own = {"predictor": predictor}, {**own, **labels}
        document = applied(SERVICE, spec, name=name, namespace=self._space, labels=own, annotations=told)
        made = {"serving.kserve.io/inferenceservice": name, "app": f"isvc.{name}-predictor", "component": "predictor"}
        serving = [
            {"name": "kserve-container", **predictor[key]} for key in SERVING if isinstance(predictor.get(key), dict)
        ]
        pod = {**predictor, "containers": [*serving, *(predictor.get("containers") or ())]}
        return WrittenCopies(self.row, document, made | predictor["labels"], pod)

    @property
    def _space(self) -> str:
        """Its namespace; empty where nothing tells."""
        return Owner.of(self.row.component).namespace or (self.now.found.namespace if self.now else "")

    def _of_pods(self) -> Json:
        """What lets its pods start where they do, of those that run and are no service's; those of its option first."""
        component = self.row.component
        for index in (self.row.option, *range(len(component.modes))):
            template = self.export.templates.of(component, index)
            if template is not None:
                return {key: template.spec[key] for key in _OF_PODS if key in template.spec}
        return {}

    def _apart(self, before: Json) -> tuple[list[Json], list[Json]]:
        """Terms and constraints: of the service that runs what the problem says too or can not say, then ours."""
        component = self.row.component
        others = others_than_ours(mapping_under(before, "affinity", "podAntiAffinity").get(REQUIRED))
        if others and not self.export.templates.by_component:
            told = "no pods were given, so whom it is about is not known: what is about hosts is kept as it is"
            place = f"component {component.name} podAntiAffinity"
            self.export.notes.assumed(place, f"{told}; give nodes and pods with the services")
        apart = apart_terms(component, others, self._space, self.export)
        spread = other_constraints(component, before, self._space, self.export)
        return apart, [*spread, *limits_of_hosts(component)]

    def _off(self) -> list[str]:
        """Machines that run now and that the labels of its pool select: pods of new ones must not take their places."""
        if self.export.wish.pin == "pool" or self.row.machine is not None:
            return []
        problem, labels = self.export.problem, node_selector(self.row.pool)
        alike = {row.name for row in problem.pools if node_selector(row) == labels}
        return [row.id for row in problem.instances if row.pool in alike]

    def _places(self, off: list[str]) -> tuple[list[Json], dict[str, str]]:
        """Terms and labels of its nodes, and a note with the command that labels others where that needs one."""
        pool, export = self.row.pool, self.export
        is_by_label = export.are_of_karpenter(pool)
        if off and is_by_label:
            command = f"kubectl label node {' '.join(map(shlex.quote, off))} {label_of(off)}="
            export.notes.inexact(f"pool {pool.name}", f"{KEPT_OFF_BY_LABEL}: {command}")
        more = export.off_those_with_more(pool)
        term = both(keep_off(off, is_by_label=is_by_label), {"matchExpressions": more} if more else {})
        if self.row.machine is not None:
            term = {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [self.row.machine]}]}
        return [term] if term else [], export.selected(pool)

    def _model(self, predictor: Json) -> Json:
        """What serves: as it does now, a container of its own image, or a model for one of KServe's runtimes."""
        labels, takes = self.row.component.labels, resources(self.export.problem, self.row, self.export.wish)
        if predictor.get("resourceClaims"):  # by which its accelerators are handed out
            takes = {part: {key: held[key] for key in ("cpu", "memory") if key in held} for part, held in takes.items()}
        serving = next((key for key in SERVING if isinstance(predictor.get(key), dict)), "")
        if serving:
            return {serving: {"resources": takes, **predictor[serving]}}
        if isinstance(predictor.get("containers"), list) and predictor["containers"]:
            first, *rest = predictor["containers"]
            return {"containers": [{"resources": takes, **first}, *rest]}
        if image := image_of(self.row):
            _, told, pod = serving_of(self.row)
            return {"containers": [{"name": "kserve-container", "image": image, **told, "resources": takes}], **pod}
        model: Json = {"modelFormat": {"name": labels.get(FORMAT, "huggingface")}}
        for key, label in (("storageUri", STORAGE), ("runtime", RUNTIME)):
            if label in labels:
                model[key] = labels[label]
        return {"model": {**model, "resources": takes}}

"""InferenceServices that run, as templates: what serves, and with what, by the component that it was imported as."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from placement.catalogue.readers.fields import At
from placement.documents import Component
from placement.integrations.kubernetes.cleaning import kept_annotations, written_spec
from placement.integrations.kubernetes.naming import REQUIRED, ZONE, Owner
from placement.integrations.kubernetes.neighbours import apart_of, spread_rule
from placement.integrations.kubernetes.objects import Json, KubeObject, read_cluster, texts
from placement.integrations.kubernetes.own_rules import as_written
from placement.integrations.kubernetes.pods import COMPONENT, OPTION
from placement.integrations.kubernetes.selectors import node_rules
from placement.integrations.kubernetes.templates import Templates, templates_of
from placement.integrations.kubernetes.workloads import SERVICE, service_of
from placement.integrations.notes import Notes

_OURS = ("minReplicas", "maxReplicas", "annotations", "labels")  # what the plan says in place of the service
_TARGETS = ("scaleMetric", "scaleMetricType", "scaleTarget")  # of KServe's own autoscaler
_METRICS = ("cpu", "memory")  # that it knows for plain Deployments
_DROPPED = {
    "canaryTrafficPercent": "plain Deployments have one revision, which gets all traffic",
    "autoScaling": "is for KEDA or another autoscaler: give it scaled objects of its own (export keda)",
}
MODE, AUTOSCALER = "serving.kserve.io/deploymentMode", "serving.kserve.io/autoscalerClass"
_PLAIN = ("RawDeployment", "Standard")


@dataclass(frozen=True)
class ServiceTemplate:
    """One service, and its predictor without what a plan says.

    `told` and `labels` are what its pods have; `targets` what its autoscaler aims at; `others` are its parts that are
    no predictor, and `dropped` fields of the predictor that a plan of plain Deployments can't have.
    """

    found: KubeObject
    told: Mapping[str, str]
    labels: Mapping[str, str]
    predictor: Json
    targets: Json
    others: tuple[str, ...]
    dropped: tuple[str, ...]

    def autoscaled(self, autoscaler: str, notes: Notes) -> Json:
        """What KServe's autoscaler aims at, where it goes on to; notes on this, and on what plans have no word for."""
        for name in self.dropped:
            notes.ignored(f"{self.found.place} spec.predictor.{name}", _DROPPED[name])
        before, plain = self.found.annotations, self.found.annotations.get(MODE, _PLAIN[0]) in _PLAIN
        if not plain:
            told = f"{before[MODE]}: plain Deployments take the place of its revisions"
            notes.inexact(f"{self.found.place} annotation {MODE}", told)
        if before.get(AUTOSCALER, autoscaler) != autoscaler:
            notes.inexact(f"{self.found.place} annotation {AUTOSCALER}", f"{before[AUTOSCALER]}: {autoscaler} here")
        metric = self.targets.get("scaleMetric", "cpu" if plain else "concurrency")
        why = (
            "KServe makes no autoscaler"
            if autoscaler != "hpa"
            else f"no autoscaler of plain Deployments counts {metric}"
        )
        if autoscaler == "hpa" and metric in _METRICS:
            return dict(self.targets)
        for name in self.targets:
            notes.ignored(f"{self.found.place} spec.predictor.{name}", why)
        return {}

    @property
    def option(self) -> str:
        """The index of the option that an export wrote it for; empty where none did."""
        return texts(self.found.at.key("spec").key("predictor").get("annotations")).get(OPTION, "")

    @property
    def copies(self) -> int:
        """How many it has at least."""
        told = self.found.at.key("spec").key("predictor").whole_at("minReplicas")
        return 1 if told is None else told


@dataclass(frozen=True)
class ServiceTemplates:
    """By namespace and name, and by the component that an export wrote a service for; what runs."""

    by_name: Mapping[tuple[str, str], ServiceTemplate] = field(default_factory=dict)
    by_component: Mapping[str, list[ServiceTemplate]] = field(default_factory=dict)
    running: Templates = field(default_factory=Templates)

    def of(self, component: Component) -> list[ServiceTemplate]:
        """The services that run a component now: the first is its template."""
        owner = Owner.of(component)
        own = self.by_name.get((owner.namespace, service_of(owner.name))) if owner.kind == "Deployment" else None
        return ([own] if own else []) + self.by_component.get(component.name, [])


def read_services(paths: Sequence[str | Path]) -> ServiceTemplates:
    """The InferenceServices in files of kubectl; ``-`` is standard input.

    Of ``kubectl get inferenceservices -A -o json``, or of ``nodes,pods,inferenceservices``: pods, which need their
    nodes, tell whom a term of anti-affinity is about, and by which labels those are known that are no service's.
    Raises DocumentError: a file can't be read, or a service in it is damaged.
    """
    cluster = read_cluster(paths, Notes(), needs_nodes=False)
    by_name: dict[tuple[str, str], ServiceTemplate] = {}
    by_component: dict[str, list[ServiceTemplate]] = {}
    for row, component in cluster.read_each(cluster.of(SERVICE), _service):
        if component:
            by_component.setdefault(component, []).append(row)
        else:
            by_name[row.found.namespace, row.found.name] = row
    running = templates_of(cluster, ZONE) if cluster.has("Node") else Templates()
    return ServiceTemplates(by_name, by_component, running)


def _service(found: KubeObject) -> tuple[ServiceTemplate, str]:
    spec = found.at.key("spec")
    predictor = spec.key("predictor")
    _check(predictor, found.namespace)
    told, labels = texts(predictor.get("annotations")), texts(predictor.get("labels"))
    # The pod that KServe makes of a predictor, as far as rules are read of it.
    pod = replace(found, annotations=told, at=At({"spec": predictor.value}, found.at.way))
    written = as_written(pod).at.key("spec").value
    not_kept = (*_OURS, *_TARGETS, *_DROPPED)
    kept = written_spec({key: value for key, value in written.items() if key not in not_kept})
    row = ServiceTemplate(
        found,
        kept_annotations(told),
        {key: value for key, value in labels.items() if not key.startswith("gpu-placement/")},
        kept,
        {key: predictor.value[key] for key in _TARGETS if predictor.get(key) is not None},
        tuple(sorted(key for key in spec.value if key != "predictor" and spec.get(key) is not None)),
        tuple(key for key in _DROPPED if predictor.get(key) is not None),
    )
    return row, told.get(COMPONENT, "")


def _check(predictor: At, space: str) -> None:
    """What is written again must have the shape that it is taken to have."""
    node_rules(predictor, Notes(), SERVICE)
    for container in predictor.rows("containers"):
        container.get("resources")
    predictor.rows("resourceClaims")
    for key in ("podAffinity", "podAntiAffinity"):
        for term in predictor.rows("affinity", key, REQUIRED):
            apart_of(term, space)
    for row in predictor.rows("topologySpreadConstraints"):
        spread_rule(row)

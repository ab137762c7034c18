"""InferenceServices that run, as templates: what serves, and with what, by the component that it was imported as."""

from __future__ import annotations

import copy
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from placement.catalogue.readers.fields import At
from placement.integrations.kubernetes.annotations import kept_annotations
from placement.integrations.kubernetes.cleaning import clean_spec
from placement.integrations.kubernetes.importer import ZONE_LABEL
from placement.integrations.kubernetes.naming import OWNER
from placement.integrations.kubernetes.objects import dig, of_each, read_cluster, rows, source_of, texts
from placement.integrations.kubernetes.own_rules import as_written
from placement.integrations.kubernetes.pods import COMPONENT
from placement.integrations.kubernetes.selectors import node_rules
from placement.integrations.kubernetes.templates import templates_of
from placement.integrations.kubernetes.workloads import SERVICE, service_of
from placement.integrations.notes import Notes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from placement.documents import Component
    from placement.integrations.kubernetes.objects import KubeObject

Json = dict[str, Any]
# What the plan says in place of the service.
_OURS = (
    *("minReplicas", "maxReplicas", "scaleMetric", "scaleMetricType", "scaleTarget", "autoScaling", "annotations"),
    *("labels", "canaryTrafficPercent"),
)
_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@dataclass(frozen=True)
class ServiceTemplate:
    """One service, and its predictor without what a plan says.

    `annotations` are its own, which KServe gives its pods too; `told` and `labels` are what its pods have; `others` are
    its parts that are no predictor.
    """

    namespace: str
    name: str
    annotations: Mapping[str, str]
    told: Mapping[str, str]
    labels: Mapping[str, str]
    predictor: Json
    others: tuple[str, ...]

    @property
    def claims(self) -> list[Json]:
        """References to the claims of its pods."""
        return list(self.predictor.get("resourceClaims") or ())


@dataclass(frozen=True)
class ServiceTemplates:
    """By namespace and name, and by the component that an export wrote a service for; pods by their component."""

    by_name: Mapping[tuple[str, str], ServiceTemplate] = field(default_factory=dict)
    by_component: Mapping[str, list[ServiceTemplate]] = field(default_factory=dict)
    pods: Mapping[str, Sequence[KubeObject]] = field(default_factory=dict)

    def of(self, component: Component) -> list[ServiceTemplate]:
        """The services that run a component now: the first is its template."""
        found = _DEPLOYMENT.fullmatch(component.labels.get(OWNER, ""))
        name = service_of(found["name"]) if found else ""
        own = self.by_name.get((found["space"], name)) if found and name else None
        return ([own] if own else []) + self.by_component.get(component.name, [])


_DEPLOYMENT = re.compile(r"Deployment (?P<space>[^/]+)/(?P<name>.+)")


def read_services(paths: Sequence[str | Path]) -> ServiceTemplates:
    """The InferenceServices in files of kubectl; ``-`` is standard input.

    Of ``kubectl get inferenceservices -A -o json``, or of ``nodes,pods,inferenceservices``: pods, which need their
    nodes, tell whom a term of anti-affinity is about, and by which labels those are known that are no service's.

    Raises
    ------
    DocumentError
        A file can't be read, or a service in it is damaged.
    """
    cluster = read_cluster(paths, Notes(), needs_nodes=False)
    source = source_of(paths)
    found = of_each(cluster.of(SERVICE), _service, source)
    by_name: dict[tuple[str, str], ServiceTemplate] = {}
    by_component: dict[str, list[ServiceTemplate]] = {}
    for row, component in found:
        if component:
            by_component.setdefault(component, []).append(row)
        else:
            by_name[row.namespace, row.name] = row
    pods = templates_of(cluster, ZONE_LABEL, source).by_component if cluster.has("Node") else {}
    return ServiceTemplates(by_name, by_component, pods)


def _service(found: KubeObject) -> tuple[ServiceTemplate, str]:
    spec = found.at.key("spec")
    predictor = spec.key("predictor")
    _check(predictor)
    told, labels = texts(predictor.get("annotations")), texts(predictor.get("labels"))
    written = as_written(_as_pod(found, predictor.value, told)).at.key("spec").value
    kept = clean_spec({key: copy.deepcopy(value) for key, value in written.items() if key not in _OURS})
    row = ServiceTemplate(
        found.namespace,
        found.name,
        kept_annotations(found.annotations),
        kept_annotations(told),
        {key: value for key, value in labels.items() if not key.startswith("gpu-placement/")},
        kept,
        tuple(sorted(key for key in spec.value if key != "predictor" and dig(spec, key) is not None)),
    )
    return row, told.get(COMPONENT, "")


def _check(predictor: At) -> None:
    """What is written again must have the shape that it is taken to have.

    Raises
    ------
    FieldError
        It has not.
    """
    node_rules(predictor, Notes(), SERVICE)
    for container in rows(predictor, "containers"):
        container.get("resources")
    rows(predictor, "resourceClaims")
    for key in ("podAffinity", "podAntiAffinity"):
        rows(predictor.get("affinity"), key, _REQUIRED)


def _as_pod(found: KubeObject, predictor: Json, told: Mapping[str, str]) -> KubeObject:
    """The pod that KServe makes of a predictor, as far as rules are read of it."""
    return replace(found, annotations=told, at=At({"spec": predictor}, found.at.mode))

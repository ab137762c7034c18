"""Rules that a pod had before an export put it on a pool or a node, kept in an annotation of the exported pod.

An export holds copies to the places of one plan: by affinity to nodes, and without constraints over zones. Read back
as rules, they would nail every later plan to the first one, and what the pod asked for itself would be lost. So the
exported pod carries what it asked for, and an import reads that in place of what the export added. Rules of one
machine stand in the exported pod too, by the label of its component: they are read from there.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from placement.catalogue.readers.fields import At, FieldError
from placement.documents import Component, Pool, Problem
from placement.integrations.kubernetes.asks import HAMI_USE
from placement.integrations.kubernetes.claims import PINNED
from placement.integrations.kubernetes.keeping_off import without
from placement.integrations.kubernetes.mixed import mixed_of
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, HOSTNAME, OF_PARTS, REQUIRED
from placement.integrations.kubernetes.objects import Json, KubeObject, mapping_under
from placement.integrations.labels import digest
from placement.integrations.variants import PlanVariant
from placement.units import MIB_PER_GIB, need

RULES = "gpu-placement/rules"
POLICY, IGNORE = "nodeAffinityPolicy", "Ignore"  # of a spread constraint that an export has count all zones


class OwnRules(BaseModel):
    """What the annotation of an exported pod says: the rules that it had before, and a digest of what was made of it.

    Terms about hosts that still hold stand in the spec itself. `away`, `surge`: how many copies may be away, and how
    many more there may be, where no other object of the export says it; `rolled` is how many the owner's own roll-outs
    took away. `uuids` are the accelerators that the owner's own annotation for HAMi named, where a pin of the export
    stands in its place. `off` is a digest of the nodes that the export keeps it off. `parts`: the pod has whole
    accelerators by this plan, and parts would do. `memory` is what it needs of each of those that it owns, MiB.
    """

    model_config = ConfigDict(strict=True, frozen=True, populate_by_name=True)

    selector: Json = Field(default={}, alias="nodeSelector")
    nodes: Json = {}
    spread: list[Any] = []
    apart: list[Any] = []
    made: str = ""
    away: int | None = Field(default=None, ge=0)
    surge: str = ""
    rolled: str = ""
    uuids: str = ""
    off: str = ""
    parts: bool = False
    memory: int = Field(default=0, ge=0)


def rules_text(before: Json, after: Json, told: OwnRules) -> str:
    """The annotation of an exported pod, of its spec before and after; `told` is all that these do not say."""
    apart = others_than_ours(mapping_under(before, "affinity", "podAntiAffinity").get(REQUIRED))
    rules = {
        "selector": before.get("nodeSelector") or {},
        "nodes": mapping_under(before, "affinity", "nodeAffinity", REQUIRED),
        "spread": others_than_ours(before.get("topologySpreadConstraints")),
        "apart": [row for row in apart if row.get("topologyKey") != HOSTNAME],
        "made": _digest(after),
    }
    kept = told.model_copy(update=rules).model_dump(by_alias=True, exclude_defaults=True)
    return json.dumps(kept, sort_keys=True, separators=(",", ":"))


def stands_for_parts(component: Component, pool: Pool, problem: Problem) -> bool:
    """Whether a copy on whole accelerators may have parts of some in another pool. O(options x pools)."""
    if _is_of_parts(pool):
        return False
    parts = {row.instance_type for row in problem.pools if _is_of_parts(row)}
    return any(
        (mode.on is None or problem.instance_types[name].accelerator in mode.on)
        and (mode.instance_types is None or name in mode.instance_types)
        for mode in component.modes
        for name in parts
        if mode.accelerators
    )


def owned_mib(row: PlanVariant, problem: Problem) -> int:
    """What a copy needs of each accelerator that it owns: who hands out whole ones is not asked for it."""
    kind = problem.instance_types[row.pool.instance_type].accelerator or ""
    is_owner = row.mode.accelerators and not row.mode.shared and mixed_of(kind) is None
    return need(row.mode.accelerator_memory_gib, MIB_PER_GIB) if is_owner else 0


def _is_of_parts(pool: Pool) -> bool:
    return not pool.labels.keys().isdisjoint(OF_PARTS)


def others_than_ours(rows: list[Json] | None) -> list[Json]:
    """Those that no export made."""
    return [row for row in rows or [] if COMPONENT_LABEL not in json.dumps(row.get("labelSelector"))]


def _digest(spec: Json) -> str:
    """Of what holds a pod to nodes: where somebody changed that after the export, it is a rule of its own."""
    nodes = mapping_under(spec, "affinity", "nodeAffinity").get(REQUIRED)
    return digest(json.dumps([spec.get("nodeSelector") or None, nodes or None], sort_keys=True), 12)


def own_rules(pod: KubeObject) -> OwnRules:
    """What the annotation of a pod says; nothing where there is none."""
    text = pod.annotations.get(RULES, "{}")
    try:
        return OwnRules.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = " ".join(("annotation", RULES, *map(str, first["loc"][:1])))
        rule = "must be as an export wrote it" if first["loc"] else "must be a mapping as JSON, as an export wrote it"
        raise FieldError(place, rule, first["input"] if first["loc"] else text[:60]) from None


def as_written(pod: KubeObject) -> KubeObject:
    """A pod with the rules that it had before it was exported; others as they are."""
    if RULES not in pod.annotations:
        return pod
    told = own_rules(pod)
    spec = dict(pod.at.key("spec").mapping())
    affinity = _part(pod, "affinity")
    nodes = _part(pod, "affinity", "nodeAffinity")
    apart = _part(pod, "affinity", "podAntiAffinity")
    if _digest(spec) == told.made:
        spec["nodeSelector"] = told.selector
        nodes[REQUIRED] = told.nodes
    else:  # somebody changed it: what is there is a rule, but for the nodes that the export kept it off
        nodes[REQUIRED] = without(nodes.get(REQUIRED), told.off)
    here = _without_ours(spec.get("topologySpreadConstraints"), told.spread)
    spec["topologySpreadConstraints"] = _both(here, told.spread)
    apart[REQUIRED] = _both(apart.get(REQUIRED), told.apart)
    affinity |= {"nodeAffinity": _told_of(nodes), "podAntiAffinity": _told_of(apart)}
    spec["affinity"] = _told_of(affinity)
    at = At({**pod.at.value, "spec": _told_of(spec)}, pod.at.way)
    return replace(pod, at=at, annotations=_unpinned(pod.annotations, told.uuids))


def _without_ours(here: Any, told: list[Any]) -> Any:
    """Constraints of an exported pod without those that stand for others of `told`, over all zones."""
    if not isinstance(here, list) or not told:
        return here
    own = [_bare(row) for row in told if isinstance(row, dict) and row.get(POLICY) != IGNORE]
    return [row for row in here if not (isinstance(row, dict) and row.get(POLICY) == IGNORE and _bare(row) in own)]


def _bare(row: Json) -> Json:
    return {key: value for key, value in row.items() if key != POLICY}


def _unpinned(annotations: Mapping[str, str], own: str) -> Mapping[str, str]:
    """Without the accelerators for HAMi that an export chose, as long as nobody changed them, and with the owner's."""
    chosen = annotations.get(HAMI_USE)
    if chosen is None or annotations.get(PINNED) != chosen:
        return annotations
    rest = {key: value for key, value in annotations.items() if key not in (HAMI_USE, PINNED)}
    return rest | ({HAMI_USE: own} if own else {})


def _part(pod: KubeObject, *keys: str) -> Json:
    found = pod.at.get("spec", *keys)
    return {} if found is None else dict(found.mapping())


def _both(here: Any, told: list[Any]) -> Any:
    """Rows that stand there, then those that were kept; what is no list is left for the reader to refuse."""
    if not isinstance(here, list):
        return here or told
    return [*here, *(row for row in told if row not in here)]


def _told_of(rows: Json) -> Json:
    return {key: value for key, value in rows.items() if value not in (None, {}, [])}

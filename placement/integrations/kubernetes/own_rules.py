"""Rules that a pod had before an export put it on a pool or a node, kept in an annotation of the exported pod.

An export holds copies to the places of one plan: by affinity to nodes, and without constraints over zones. Read back
as rules, they would nail every later plan to the first one, and what the pod asked for itself would be lost. So the
exported pod carries what it asked for, and an import reads that in place of what the export added. Rules of one
machine stand in the exported pod too, by the label of its component: they are read from there.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from placement.catalogue.readers.fields import At, FieldError
from placement.integrations.kubernetes.asks import HAMI_USE
from placement.integrations.kubernetes.claims import PINNED
from placement.integrations.kubernetes.keeping_off import digest_of, without
from placement.integrations.kubernetes.naming import COMPONENT_LABEL, HOSTNAME, OF_PARTS, REQUIRED
from placement.integrations.kubernetes.objects import Json, KubeObject, mapping_under
from placement.integrations.kubernetes.zone_rules import without_ours
from placement.integrations.labels import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.documents import Component, Pool, Problem


RULES = "gpu-placement/rules"
_SELECTOR, _NODES, _SPREAD, _APART, _MADE = "nodeSelector", "nodes", "spread", "apart", "made"
_AWAY, _SURGE, _ROLLED, _UUIDS, _OFF, _PARTS = "away", "surge", "rolled", "uuids", "off", "parts"
_KINDS: dict[str, type] = {
    _SELECTOR: dict,
    _NODES: dict,
    _SPREAD: list,
    _APART: list,
    _MADE: str,
    _AWAY: int,
    _SURGE: str,
    _ROLLED: str,
    _UUIDS: str,
    _OFF: str,
    _PARTS: bool,
}


class OwnRollOut(NamedTuple):
    """How many copies may be away, and how many more there may be, where no other object of the export says it.

    `rolled` is how many the owner's own roll-outs took away.
    """

    away: int | None = None
    surge: str = ""
    rolled: str = ""


def rules_text(
    before: Json,
    after: Json,
    roll_out: OwnRollOut | None = None,
    *,
    uuids: str = "",
    off: Sequence[str] = (),
    parts: bool = False,
) -> str:
    """The annotation of an exported pod: what the spec asked for before, and a digest of what the export made of it.

    Terms about hosts that still hold stand in the spec itself. `uuids` are the accelerators that the owner's own
    annotation for HAMI named, where a pin of the export stands in its place. `off` are the nodes that the export keeps
    it off. `parts`: the pod has whole accelerators by this plan, and parts would do.
    """
    away, surge, rolled = roll_out or OwnRollOut()
    apart = others_than_ours(mapping_under(before, "affinity", "podAntiAffinity").get(REQUIRED))
    told = {
        _SELECTOR: before.get("nodeSelector"),
        _NODES: mapping_under(before, "affinity", "nodeAffinity").get(REQUIRED),
        _SPREAD: others_than_ours(before.get("topologySpreadConstraints")),
        _APART: [row for row in apart if row.get("topologyKey") != HOSTNAME],
        _SURGE: surge,
        _ROLLED: rolled,
        _UUIDS: uuids,
        _OFF: digest_of(off) if off else "",
        _PARTS: parts,
        _MADE: _digest(after),
    }
    kept = {key: value for key, value in told.items() if value} | ({} if away is None else {_AWAY: away})
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


def _is_of_parts(pool: Pool) -> bool:
    return not pool.labels.keys().isdisjoint(OF_PARTS)


def may_have_parts(pod: KubeObject) -> bool:
    """Whether an exported pod had parts of accelerators before, or could have had them."""
    return bool(_told(pod).get(_PARTS))


def others_than_ours(rows: list[Json] | None) -> list[Json]:
    """Those that no export made."""
    return [row for row in rows or [] if COMPONENT_LABEL not in json.dumps(row.get("labelSelector"))]


def _digest(spec: Json) -> str:
    """Of what holds a pod to nodes: where somebody changed that after the export, it is a rule of its own."""
    nodes = mapping_under(spec, "affinity", "nodeAffinity").get(REQUIRED)
    held = json.dumps([spec.get("nodeSelector") or None, nodes or None], sort_keys=True)
    return digest(held, 12)


def own_roll_out(pod: KubeObject) -> OwnRollOut:
    """What the annotation of an exported pod says of a roll-out."""
    told = _told(pod)
    away = told.get(_AWAY)
    if away is not None and (isinstance(away, bool) or away < 0):
        raise FieldError(f"annotation {RULES} {_AWAY}", "must be a whole number, at least 0", away)
    return OwnRollOut(away, told.get(_SURGE, ""), told.get(_ROLLED, ""))


def as_written(pod: KubeObject) -> KubeObject:
    """A pod with the rules that it had before it was exported; others as they are."""
    if RULES not in pod.annotations:
        return pod
    told = _told(pod)
    spec = dict(pod.at.key("spec").mapping())
    affinity = _part(pod, "affinity")
    nodes = _part(pod, "affinity", "nodeAffinity")
    apart = _part(pod, "affinity", "podAntiAffinity")
    if _digest(spec) == told.get(_MADE):
        spec[_SELECTOR] = told.get(_SELECTOR)
        nodes[REQUIRED] = told.get(_NODES)
    else:  # somebody changed it: what is there is a rule, but for the nodes that the export kept it off
        nodes[REQUIRED] = without(nodes.get(REQUIRED), told.get(_OFF, ""))
    here = without_ours(spec.get("topologySpreadConstraints"), told.get(_SPREAD))
    spec["topologySpreadConstraints"] = _both(here, told.get(_SPREAD))
    apart[REQUIRED] = _both(apart.get(REQUIRED), told.get(_APART))
    affinity |= {"nodeAffinity": _told_of(nodes), "podAntiAffinity": _told_of(apart)}
    spec["affinity"] = _told_of(affinity)
    at = At({**pod.at.value, "spec": _told_of(spec)}, pod.at.way)
    return replace(pod, at=at, annotations=_unpinned(pod.annotations, told.get(_UUIDS, "")))


def _unpinned(annotations: Mapping[str, str], own: str) -> Mapping[str, str]:
    """Without the accelerators for HAMi that an export chose, as long as nobody changed them, and with the owner's."""
    chosen = annotations.get(HAMI_USE)
    if chosen is None or annotations.get(PINNED) != chosen:
        return annotations
    rest = {key: value for key, value in annotations.items() if key not in (HAMI_USE, PINNED)}
    return rest | ({HAMI_USE: own} if own else {})


def _told(pod: KubeObject) -> Json:
    """What the annotation says; nothing where there is none."""
    text = pod.annotations.get(RULES)
    if text is None:
        return {}
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise FieldError(f"annotation {RULES}", "must be a mapping as JSON, as an export wrote it", text[:60])
    for key, kind in _KINDS.items():
        if key in told and not isinstance(told[key], kind):
            raise FieldError(f"annotation {RULES} {key}", "must be as an export wrote it", told[key])
    return told


def _part(pod: KubeObject, *keys: str) -> Json:
    found = pod.get("spec", *keys)
    return {} if found is None else dict(found.mapping())


def _both(here: Any, told: list[Any] | None) -> Any:
    """Rows that stand there, then those that were kept; what is no list is left for the reader to refuse."""
    if not isinstance(here, list):
        return here or told
    return [*here, *(row for row in told or [] if row not in here)]


def _told_of(rows: Json) -> Json:
    return {key: value for key, value in rows.items() if value not in (None, {}, [])}

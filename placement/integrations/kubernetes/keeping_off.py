"""How copies of new machines keep off the nodes that run now, which are full of copies that are held to these.

By the names of these nodes. Karpenter starts no node for a pod that asks for, or refuses, nodes by name or by host
(https://github.com/kubernetes-sigs/karpenter/issues/3214). So where Karpenter starts them the nodes that run get a
label first, which no new one has. That is for Karpenter alone: Cluster Autoscaler takes the labels of nodes that run
for those of the nodes that it would start.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from placement.documents import Plan, Pool, Problem
from placement.integrations.kubernetes.naming import GROUPS, KARPENTER_POOL, OF_PARTS, REQUIRED
from placement.integrations.kubernetes.objects import Json, mapping_under, mappings_under
from placement.integrations.labels import digest
from placement.integrations.notes import Notes

_LATE_LABEL = (
    "Karpenter is to start nodes of it, and knows no label of shared accelerators before they run: copies are not held "
    "to nodes with it"
)
_LABEL = "gpu-placement/runs-"  # and a digest of the names of the nodes that have it
_NAME = "metadata.name"


@dataclass(frozen=True, slots=True)
class PoolNodes:
    """The nodes of a pool, for pods that are held to `labels`; `running` are those of a cluster, with their labels.

    `has_node_pools`: node pools of Karpenter were given.
    """

    pool: Pool
    labels: Mapping[str, str]
    running: Mapping[str, Mapping[str, str]]
    has_node_pools: bool

    @property
    def are_of_karpenter(self) -> bool:
        """Whether Karpenter starts the new ones, by the labels of the pool and of the nodes that run."""
        told = self.pool.labels
        if KARPENTER_POOL in told:
            return True
        is_of_another = any(key.endswith(GROUPS) for key in told)
        return not is_of_another and (
            self.has_node_pools or any(KARPENTER_POOL in labels for labels in self.running.values())
        )

    def known_labels(self, plan: Plan, notes: Notes) -> dict[str, str]:
        """The labels that pods may ask for. Of nodes that Karpenter is to start, those of parts come later."""
        is_started = self.are_of_karpenter and any(row.new and row.pool == self.pool.name for row in plan.instances)
        found = {key: value for key, value in self.labels.items() if not (is_started and key in OF_PARTS)}
        if len(found) < len(self.labels):
            notes.inexact(f"pool {self.pool.name}", _LATE_LABEL)
        return found

    def off_those_with_more(self, pools: Iterable[Mapping[str, str]], problem: Problem) -> list[Json]:
        """Requirements that keep off nodes with all of the labels and more, as a pool of `pools` has them.

        Whole accelerators and time-sliced ones have one type, zone and resource, and differ by a label of the latter.
        What one of the pool's own nodes has too is not refused.
        """
        own, found = self.labels, dict[str, set[str]]()
        nodes = [self.running.get(row.id, {}) for row in problem.instances if row.pool == self.pool.name]
        for labels in pools:
            more = [key for key in labels if key not in own and all(node.get(key) != labels[key] for node in nodes)]
            if more and own.items() < labels.items():
                found.setdefault(more[-1], set()).add(labels[more[-1]])
        return [{"key": key, "operator": "NotIn", "values": sorted(values)} for key, values in sorted(found.items())]


def label_of(names: Iterable[str]) -> str:
    """The label that these nodes get: of other nodes it is another one, so an earlier export goes on to hold."""
    return _LABEL + digest_of(names)


def digest_of(names: Iterable[str]) -> str:
    """A short text for a set of names."""
    return digest("\0".join(sorted(names)), 12)


def keep_off(names: Sequence[str], *, is_by_label: bool) -> Json:
    """What a term of node affinity has, so that it takes none of these nodes; nothing where there are none."""
    if not names:
        return {}
    if is_by_label:
        return {"matchExpressions": [{"key": label_of(names), "operator": "DoesNotExist"}]}
    # the server takes one name in each
    return {"matchFields": [{"key": _NAME, "operator": "NotIn", "values": [name]} for name in names]}


def both(left: Mapping[str, Any], right: Mapping[str, Any]) -> Json:
    """One term that asks for what two do."""
    keys = [key for key in ("matchExpressions", "matchFields") if key in {**left, **right}]
    return {key: [*left.get(key, []), *right.get(key, [])] for key in keys}


def affinity_of(before: Json, places: Sequence[Json], apart: Sequence[Json]) -> Json:
    """Affinity of a pod to nodes of `places`, within what it asked before, and with these terms about others."""
    node, others = dict(mapping_under(before, "nodeAffinity")), dict(mapping_under(before, "podAntiAffinity"))
    if places:
        terms = mappings_under(node, REQUIRED, "nodeSelectorTerms") or [{}]
        node[REQUIRED] = {"nodeSelectorTerms": [both(term, own) for term in terms for own in places]}
    others[REQUIRED] = [*apart]
    return _filled({**before, "nodeAffinity": _filled(node), "podAntiAffinity": _filled(others)})


def _filled(rows: Json) -> Json:
    return {key: value for key, value in rows.items() if value}


def names_in(rules: Any) -> list[str]:
    """The nodes that all terms of a node selector refuse by name."""
    first = mappings_under(rules, "nodeSelectorTerms")[:1]
    return [row["values"][0] for term in first for row in mappings_under(term, "matchFields") if _refuses(row)]


def without(rules: Any, digest: str) -> Any:
    """A node selector without what an export added to keep off nodes, by the digest of their names; else as it is.

    None where nothing is left of a term: such a term was there to keep off, and would take no node.
    """
    if not digest or not isinstance(rules, dict) or not isinstance(rules.get("nodeSelectorTerms"), list):
        return rules
    label, is_named = _LABEL + digest, digest_of(names_in(rules)) == digest

    def is_ours(row: Any) -> bool:
        return isinstance(row, dict) and (row.get("key") == label or (is_named and _refuses(row)))

    terms = [_less(term, is_ours) for term in rules["nodeSelectorTerms"]]
    return {**rules, "nodeSelectorTerms": terms} if all(terms) else None


def _less(term: Any, is_ours: Any) -> Any:
    if not isinstance(term, dict):
        return term
    found = {
        key: [row for row in value if not is_ours(row)] if isinstance(value, list) else value
        for key, value in term.items()
    }
    return _filled(found)


def _refuses(row: Json) -> bool:
    """Whether a requirement refuses one node by name."""
    values = row.get("values")
    is_one = isinstance(values, list) and len(values) == 1 and isinstance(values[0], str)
    return is_one and (row.get("key"), row.get("operator")) == (_NAME, "NotIn")

"""How copies of new machines keep off the nodes that run now, which are full of copies that are held to these.

By the names of these nodes. Karpenter starts no node for a pod that asks for, or refuses, nodes by name or by host
(https://github.com/kubernetes-sigs/karpenter/issues/3214). So where Karpenter starts them the nodes that run get a
label first, which no new one has. That is for Karpenter alone: Cluster Autoscaler takes the labels of nodes that run
for those of the nodes that it would start.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from placement.integrations.kubernetes.naming import REQUIRED
from placement.integrations.kubernetes.objects import Json, mapping_under, mappings_under
from placement.integrations.labels import digest

_LABEL = "gpu-placement/runs-"  # and a digest of the names of the nodes that have it
_NAME = "metadata.name"


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
    return {key: [*(left.get(key) or []), *(right.get(key) or [])] for key in keys}


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

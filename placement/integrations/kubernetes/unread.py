"""What pods ask for that a problem has no word for, told by name: nothing that may be a rule is dropped in silence.

Fields of a pod's specification are known to be read, or to be no matter of placement (`known_fields.json`). Any other
field is told, so what a later version of Kubernetes adds is told too; and so inside of rules, requests and ports.
"""

import json
from collections.abc import Mapping
from importlib import resources
from typing import Any

from placement.integrations.kubernetes.objects import KubeCluster, KubeObject
from placement.integrations.notes import Notes

_Tree = Mapping[str, "_Tree | None"]  # the keys that are known, and what may stand below; None: anything
_ANY = "*"  # among the keys of a part: of others of it nothing is told
_TABLE = json.loads(
    resources.files("placement.integrations.kubernetes").joinpath("known_fields.json").read_text("utf-8")
)


def _tree(told: str | list[Any]) -> _Tree:
    """The keys in an entry of the table: a text stands for a part, in a list for a key with anything below it."""
    if isinstance(told, str):
        return _tree(_TABLE["parts"][told])
    found: dict[str, _Tree | None] = {}
    for row in told:
        found |= {row: None} if isinstance(row, str) else {key: _tree(below) for key, below in row.items()}
    return found


_SPEC = _tree(_TABLE["pod"])
_OF_ALL = ["apiVersion", "kind", "metadata", "status"]
_OBJECTS = {kind: _tree([*_OF_ALL, *told]) for kind, told in _TABLE["objects"].items()}
_GROUP_FIELDS = ("schedulingGroup", "workloadRef")  # of Kubernetes itself, by version
_TOGETHER = "pods of one group start together; here each pod is a copy of its own"
_NOT_READ = "is not read; if it is a rule, it is not kept"


def tell_unread(pod: KubeObject, owner: str, notes: Notes) -> None:
    """A note on each field, label and annotation that is a rule elsewhere; `owner` is what the notes are about."""
    spec = pod.at.key("spec")
    for name in (name for name in _GROUP_FIELDS if name in spec.value):
        notes.ignored(f"{owner} spec.{name}", _TOGETHER)
    for place in sorted(_unknown(spec.value, _SPEC, "spec")):
        notes.ignored(f"{owner} {place}", _NOT_READ)
    told = {**pod.labels, **pod.annotations}
    for reason, names in _TABLE["rules of others"].items():
        for name in (name for name in names if name in told):
            notes.ignored(f"{owner} {name}", reason)


def tell_unread_objects(cluster: KubeCluster, notes: Notes) -> None:
    """A note on each field of objects with rules that nothing is read from, such as a mistyped one."""
    for kind, tree in _OBJECTS.items():
        for found in cluster.of(kind):
            for place in sorted(_unknown(found.at.value, tree, "")):
                notes.ignored(f"{found.place} {place.removeprefix('.')}", _NOT_READ)


def _unknown(value: Any, known: _Tree | None, place: str) -> set[str]:
    """The places below where a key stands that no rule is read from; of lists without the index."""
    if known is None:
        return set()
    if isinstance(value, list):
        return {found for row in value for found in _unknown(row, known, place)}
    if not isinstance(value, dict):
        return set()  # which is refused where it is read
    strange = (key for key, held in value.items() if key not in known and held is not None)
    found = set() if _ANY in known else {f"{place}.{key}" for key in strange}
    for key, tree in known.items():
        found |= _unknown(value.get(key), tree, f"{place}.{key}")
    return found

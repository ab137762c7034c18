"""What `kubectl get ... -o json` prints, as objects by kind. Kinds that are not read are told.

A list, a list of lists, single objects, several files, YAML and the answers of the API itself (`PodList`) are read.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

from placement.catalogue.readers.fields import At, FieldError
from placement.documents.formats import mistaken
from placement.documents.json_text import check_values, parse_json_text
from placement.documents.read import read_text
from placement.errors import DocumentError, Fault, called_file
from placement.integrations.notes import Notes

T = TypeVar("T")
Json = dict[str, Any]  # a mapping as it is written
COMMAND = "kubectl get nodes,pods,pdb,priorityclasses,resourceslices,resourceclaims -A -o json"
BUT = "without kinds that the cluster does not know"  # of them kubectl prints nothing at all
# Group and versions of the kinds that are read, as the API names them; other groups have kinds of the same names.
_RESOURCE = ("v1", "v1beta2", "v1beta1", "v1alpha3", "v1alpha2")
_VERSIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    **dict.fromkeys(("Node", "Pod", "ResourceQuota", "PersistentVolumeClaim", "PersistentVolume"), ("", ("v1",))),
    "PodDisruptionBudget": ("policy", ("v1",)),
    "PriorityClass": ("scheduling.k8s.io", ("v1",)),
    "HorizontalPodAutoscaler": ("autoscaling", ("v2", "v1")),
    "ScaledObject": ("keda.sh", ("v1alpha1",)),
    **dict.fromkeys(("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"), ("apps", ("v1",))),
    "Job": ("batch", ("v1",)),
    **dict.fromkeys(("ResourceSlice", "ResourceClaim", "DeviceClass"), ("resource.k8s.io", _RESOURCE)),
    "LeaderWorkerSet": ("leaderworkerset.x-k8s.io", ("v1",)),
    "NodePool": ("karpenter.sh", ("v1", "v1beta1")),
    "InferenceService": ("serving.kserve.io", ("v1beta1",)),
}
KINDS = tuple(_VERSIONS)
_SEVERAL = "give each as a file of its own, or all as one List, as kubectl get nodes,pods -A -o json prints it"
_MOST_FAULTS = 1000
_MOST_SAID = 300  # letters of a server's message


@dataclass(frozen=True, slots=True)
class KubeObject:
    """One object of the API: what it is called, its labels, and all of it with the way to each field."""

    kind: str
    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    at: At

    @property
    def place(self) -> str:
        """Kind and name, as a person would say it.

        >>> KubeObject("Pod", "shop", "web-0", {}, {}, At({})).place
        'Pod shop/web-0'
        """
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name, which no other object of its kind has."""
        return self.namespace, self.name

    def annotation_of(self, values: Mapping[str, str]) -> str:
        """Which of some annotations, or labels of the same names, it has with just that value; empty for none."""
        told = {**self.labels, **self.annotations}
        return next((f"annotation {key}" for key, value in values.items() if told.get(key) == value), "")


@dataclass
class KubeCluster:
    """All objects of a cluster that were given, by kind, each once; `source` is what errors call their files."""

    source: str = ""
    _rows: dict[str, dict[tuple[str, str], KubeObject]] = field(default_factory=lambda: defaultdict(dict))

    def add(self, found: KubeObject) -> None:
        """Add an object; of two of one kind and name the later one counts."""
        self._rows[found.kind][found.key] = found

    def of(self, kind: str) -> list[KubeObject]:
        """Objects of a kind, in the order in which they were given."""
        return list(self._rows.get(kind, {}).values())

    def get(self, kind: str, namespace: str, name: str) -> KubeObject | None:
        """One object; None when it was not given."""
        return self._rows.get(kind, {}).get((namespace, name))

    def has(self, kind: str) -> bool:
        return bool(self._rows.get(kind))

    def read_kind(self, kind: str, read: Callable[[KubeObject], T]) -> list[tuple[KubeObject, T]]:
        """The objects of a kind, each with what `read` makes of it; see `read_each`."""
        objects = self.of(kind)
        return list(zip(objects, self.read_each(objects, read), strict=True))

    def read_one(self, found: KubeObject, read: Callable[[KubeObject], T]) -> T:
        """What `read` makes of one object; see `read_each`."""
        return self.read_each([found], read)[0]

    def read_each(self, objects: Iterable[KubeObject], read: Callable[[KubeObject], T]) -> list[T]:
        """What `read` makes of each object; all are tried before the faults are told, each with its object's name.

        Raises DocumentError: with the faults of all objects that can't be read.
        """
        found: list[T] = []
        faults: list[Fault] = []
        for row in objects:
            try:
                found.append(read(row))
            except FieldError as error:
                fault = error.fault
                faults.append(Fault(f"{fault.path} ({row.place})", fault.rule, fault.value))
                if len(faults) >= _MOST_FAULTS:
                    break
        if faults:
            raise DocumentError(faults, self.source)
        return found


def read_cluster(paths: Sequence[str | Path], notes: Notes, *, needs_nodes: bool = True) -> KubeCluster:
    """The objects of one cluster in files, or on standard input for ``-``.

    Raises DocumentError: a file can't be read or parsed, or an object in it has no kind or no name.
    """
    cluster = KubeCluster(", ".join(called_file(path) for path in paths))
    unknown: Counter[str] = Counter()
    for path in paths:
        source, text = read_text(path)
        if not text.strip():
            raise DocumentError([Fault("$", "is empty")], source)
        is_json = text.lstrip()[:1] in "{["
        document = At(parse_json_text(text, source, way_out=_SEVERAL) if is_json else _parse_yaml(text, source))
        _check_no_document(document, source)
        faults: list[Fault] = []
        for at, kind in _objects(document, faults, notes):
            try:
                _check_answer(at, kind)
                if kind not in KINDS or _is_foreign(at, kind):
                    unknown[kind] += 1
                    continue
                row = _object(at, kind)
                known = cluster.get(kind, row.namespace, row.name)
                if known is not None and known.at.value != at.value:
                    notes.assumed(row.place, "it is given twice, and not alike: the later one counts")
                cluster.add(row)
            except FieldError as error:
                faults.append(error.fault)
        if faults:
            raise DocumentError(faults[:_MOST_FAULTS], source)
    for kind, count in sorted(unknown.items()):
        notes.ignored(f"kind {kind}", f"objects of this kind are not read ({count} of them)")
    if needs_nodes and not cluster.has("Node"):
        rule = f"has no nodes: make it with {COMMAND}, {BUT}"
        raise DocumentError([Fault("$", rule)], ", ".join(map(str, paths)) if paths else "the import")
    return cluster


def _check_no_document(at: At, source: str) -> None:
    """Refuse a document of this package: it has no kinds, which would be all that is said of it."""
    found = at.value.get("format") if isinstance(at.value, dict) else None
    rule = mistaken(found, "", f"what {COMMAND} prints")
    if rule is not None:
        raise DocumentError([Fault("$.format", rule, found)], source)


def _parse_yaml(text: str, source: str) -> Any:
    from placement.documents.yaml_text import parse_yaml

    try:
        found = parse_yaml(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError([Fault("$", f"is neither JSON nor YAML: {error}")], source) from None
    check_values(found, source)
    return found


def _objects(root: At, faults: list[Fault], notes: Notes) -> Iterator[tuple[At, str]]:
    """Every object of a document with its kind; lists are opened, however deep."""
    stack = [(root, "")]
    while stack:
        at, given = stack.pop()
        try:
            if isinstance(at.value, list):
                stack += [(row, given) for row in reversed(list(at.items()))]
                continue
            kind = given if at.get("kind") is None and given else at.key("kind").text()
            if kind.endswith("List") and (kind == "List" or at.get("items") is not None):
                rows = at.get("items")
                if at.text_at("metadata", "continue"):
                    told = "the list goes on: its other objects were not given"
                    notes.ignored(f"kind {kind} metadata.continue", told)
                stack += [(row, kind.removesuffix("List")) for row in reversed(list(rows.items() if rows else ()))]
            else:
                yield at, kind
        except FieldError as error:
            faults.append(error.fault)


def _check_answer(at: At, kind: str) -> None:
    """An answer that refuses to give anything, such as one of code 403, is told in the words of the server."""
    if kind == "Status" and at.text_at("status") != "Success":
        said, code = at.text_at("message") or at.text_at("reason"), at.whole_at("code")
        raise FieldError(at.path, f"is no object but the server's refusal ({code}): {said[:_MOST_SAID]}")


def _is_foreign(at: At, kind: str) -> bool:
    """Whether a kind is of a group that only has the name in common; a version that is not known is refused."""
    told, (group, versions) = at.text_at("apiVersion"), _VERSIONS[kind]
    other, _, version = told.rpartition("/")
    if not told or (other == group and version in versions):
        return False
    if other != group and "." in other:
        return True
    known = " or ".join(f"{group}/{row}" if group else row for row in versions)
    raise at.key("apiVersion").fault(f"must be {known}: so the API has {kind}")


def _object(at: At, kind: str) -> KubeObject:
    metadata = at.key("metadata")
    name = metadata.key("name").text()
    namespace = metadata.get("namespace")
    return KubeObject(
        kind,
        namespace.text() if namespace else "",
        name,
        texts(metadata.get("labels")),
        texts(metadata.get("annotations")),
        at,
    )


def texts(at: At | None) -> dict[str, str]:
    """A mapping of texts; numbers and truths, which YAML makes of unquoted values, as the texts they were."""
    if at is None:
        return {}
    return {str(key): _text(value, At(value, (*at.way, str(key)))) for key, value in at.mapping().items()}


def _text(value: Any, at: At) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else at.text()


def applied(kind: str, spec: Json, version: str = "", **metadata: Any) -> Json:
    """An object as a person applies it, in the newest version that is read; of its metadata what is not empty."""
    group, versions = _VERSIONS[kind.removesuffix("Template")]
    told = {key: value for key, value in metadata.items() if value}
    newest = "/".join(filter(None, (group, versions[0])))
    return {"apiVersion": version or newest, "kind": kind, "metadata": told, "spec": spec}


def mapping_under(value: Any, *keys: str) -> Json:
    """The mapping under keys of a value as it was given; empty without one, as who reads it tells what is damaged."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def mappings_under(value: Any, *keys: str) -> list[Json]:
    """The mappings in a list under keys of a value as it was given; none without such a list."""
    found = mapping_under(value, *keys[:-1]).get(keys[-1])
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


EPHEMERAL, HUGE_PAGES = "ephemeral-storage", "hugepages-"  # the kubelet's own resources, in bytes; the latter by size
ANY_AMOUNT = Fraction(10**18)  # of a resource that a node does not say how much it has of, and gives

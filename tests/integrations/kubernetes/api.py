"""An API server's stand-in on the loopback: discovery, reading, creating, applying. It is strict as the models are."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

from ruamel.yaml import YAML

from tests.integrations.kubernetes.schemas import check, check_node_pool

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]
RESOURCES = {  # group and version -> plural, kind, whether it is in a namespace
    "v1": [("nodes", "Node", False), ("pods", "Pod", True), ("namespaces", "Namespace", False)],
    "apps/v1": [("deployments", "Deployment", True)],
    "policy/v1": [("poddisruptionbudgets", "PodDisruptionBudget", True)],
    "scheduling.k8s.io/v1": [("priorityclasses", "PriorityClass", False)],
    "resource.k8s.io/v1": [
        ("resourceclaims", "ResourceClaim", True),
        ("resourceclaimtemplates", "ResourceClaimTemplate", True),
        ("resourceslices", "ResourceSlice", False),
    ],
    "karpenter.sh/v1": [("nodepools", "NodePool", False)],
}
SHORT = {"poddisruptionbudgets": ["pdb"], "priorityclasses": ["pc"]}
_PATH = re.compile(
    r"/(?:api|apis/(?P<group>[^/]+))/(?P<version>v1)(?:/namespaces/(?P<space>[^/]+))?/(?P<plural>[a-z]+)(?:/(?P<name>[^/]+))?"
)


class Store:
    """Objects by path of their kind, namespace and name; and what was asked."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Json] = {}
        self.asked: list[str] = []

    def put(self, found: Json) -> None:
        """One more object, as if it had been applied."""
        plural = next(p for rows in RESOURCES.values() for p, kind, _ in rows if kind == found["kind"])
        self.objects[plural, found["metadata"].get("namespace", ""), found["metadata"]["name"]] = found

    def of(self, kind: str) -> list[Json]:
        """Objects of a kind."""
        return [row for row in self.objects.values() if row["kind"] == kind]


def discovery(path: str) -> Json | None:
    """What an API server says it has."""
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = [name.partition("/")[0] for name in RESOURCES if "/" in name]
        versions = [{"groupVersion": f"{name}/v1", "version": "v1"} for name in groups]
        told = zip(groups, versions, strict=True)
        rows: Json = {"groups": [{"name": name, "versions": [row], "preferredVersion": row} for name, row in told]}
        return {"kind": "APIGroupList", "apiVersion": "v1"} | rows
    name = path.removeprefix("/apis/").removeprefix("/api/")
    if name in RESOURCES:
        verbs = ["get", "list", "create", "patch", "update", "delete"]
        found: list[Json] = [
            {"name": p, "kind": kind, "namespaced": spaced, "verbs": verbs, "shortNames": SHORT.get(p, [])}
            for p, kind, spaced in RESOURCES[name]
        ]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": found}
    return {"major": "1", "minor": "37", "gitVersion": "v1.37.0"} if path == "/version" else None


# What entries of lists are told apart by in a strategic merge patch; other lists are replaced.
_KEYS = {
    **dict.fromkeys(("containers", "initContainers", "volumes", "env", "resourceClaims", "imagePullSecrets"), "name"),
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "topologySpreadConstraints": "topologyKey",
}


def patched(held: Any, patch: Any, *, is_strategic: bool, name: str = "") -> Any:
    """An object with a patch applied: JSON's merge patch, or Kubernetes' strategic one."""
    if isinstance(patch, list) and is_strategic and name in _KEYS:
        key = _KEYS[name]
        rows = {row[key]: row for row in held or []}
        for row in patch:
            if row.get("$patch") == "delete":
                rows.pop(row[key], None)
            else:
                rows[row[key]] = patched(rows.get(row[key]), row, is_strategic=True)
        return [*rows.values()]
    if not isinstance(patch, dict):
        return patch
    found = dict(held) if isinstance(held, dict) else {}
    if "$retainKeys" in patch:
        found = {key: value for key, value in found.items() if key in patch["$retainKeys"]}
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            found.pop(key, None)
        else:
            found[key] = patched(found.get(key), value, is_strategic=is_strategic, name=key)
    return found


class Answer(BaseHTTPRequestHandler):
    """JSON in, JSON out. `serving` makes a class of it for each self.store."""

    store: Store

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Discovery, an object or a list."""
        path = urlparse(self.path).path
        self.store.asked.append(f"GET {path}")
        found = discovery(path)
        if found is not None:
            return self._send(200, found)
        match = _PATH.fullmatch(path)
        if match is None:
            return self._missing(path)
        plural, space, name = match["plural"], match["space"] or "", match["name"]
        if name:
            row = self.store.objects.get((plural, space, name))
            return self._send(200, row) if row else self._missing(name)
        version = f"{match['group']}/v1" if match["group"] else "v1"
        kind = next((kind for p, kind, _ in RESOURCES.get(version, []) if p == plural), None)
        if kind is None:
            return self._missing(plural)
        rows = [row for key, row in self.store.objects.items() if key[0] == plural and space in ("", key[1])]
        rows = [{"apiVersion": version, **row} for row in rows]
        return self._send(200, {"kind": f"{kind}List", "apiVersion": version, "metadata": {}, "items": rows})

    def do_POST(self) -> None:
        """Create."""
        self._store()

    def do_PATCH(self) -> None:
        """Apply on the server's side, which creates too; or a patch of what is there, by the client."""
        self._store()

    def _patched(self, found: Json, match: re.Match[str] | None) -> Json | None:
        """What is stored once a patch is applied to it; the body itself where it is an object, None where none is."""
        kind = self.headers.get("Content-Type", "")
        if self.command != "PATCH" or "merge-patch" not in kind or match is None:
            return found
        held = self.store.objects.get((match["plural"], match["space"] or "", match["name"] or ""))
        return None if held is None else patched(held, found, is_strategic="strategic" in kind)

    def _store(self) -> None:
        path = urlparse(self.path).path
        self.store.asked.append(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        match = _PATH.fullmatch(path)
        found = self._patched(YAML(typ="safe", pure=True).load(body), match)
        if found is None:
            return self._missing(path)
        wrong = check_node_pool(found) if found["kind"] == "NodePool" else check(found)
        if wrong:
            return self._send(400, _status(400, "BadRequest", "; ".join(wrong)))
        if match is None:
            return self._missing(path)
        name = match["name"] or found["metadata"]["name"]
        found["metadata"].setdefault("namespace", match["space"] or "")
        self.store.objects[match["plural"], match["space"] or "", name] = found
        return self._send(201, found)

    def _missing(self, what: str) -> None:
        self._send(404, _status(404, "NotFound", f"{what} not found"))

    def _send(self, code: int, body: Json) -> None:
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _status(code: int, reason: str, message: str) -> Json:
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "code": code,
        "reason": reason,
        "message": message,
    }


@contextmanager
def serving(store: Store) -> Iterator[str]:
    """The address of a server on the loopback, for as long as the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("StoreAnswer", (Answer,), {"store": store}))
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

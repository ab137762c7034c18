"""What manifests are held against: typed models of Kubernetes' API, and Karpenter's definition with its CEL rules.

The models are made of the API's own description (lightkube-models). They take unknown fields, so those are looked for
here, as the server does with strict validation.
"""

from __future__ import annotations

import importlib
import types
import typing
from functools import cache
from pathlib import Path
from typing import Any

import pytest

SCHEMAS = Path(__file__).resolve().parents[4] / "shared" / "published" / "platform-schemas"
MODELS = {
    ("apps/v1", "Deployment"): "apps_v1",
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "autoscaling_v2",
    ("policy/v1", "PodDisruptionBudget"): "policy_v1",
    ("resource.k8s.io/v1", "ResourceClaim"): "resource_v1",
    ("resource.k8s.io/v1", "ResourceClaimTemplate"): "resource_v1",
    ("v1", "Node"): "core_v1",
    ("v1", "Pod"): "core_v1",
}
Json = dict[str, Any]


def check(manifest: Json) -> list[str]:
    """What is wrong with a manifest by its model, with the way to each field."""
    import msgspec

    module = importlib.import_module(f"lightkube.models.{MODELS[manifest['apiVersion'], manifest['kind']]}")
    model = getattr(module, manifest["kind"])
    try:
        msgspec.convert(manifest, model, strict=True)
    except msgspec.ValidationError as error:
        return [str(error)]
    return list(unknown(manifest, model, manifest["kind"]))


def unknown(value: Any, model: Any, path: str) -> typing.Iterator[str]:
    """Fields that a model does not know, anywhere below."""
    import msgspec

    origin, arguments = typing.get_origin(model), typing.get_args(model)
    if origin in (typing.Union, types.UnionType):
        for argument in arguments:
            if argument is not type(None):
                yield from unknown(value, argument, path)
    elif not arguments and origin in (list, dict):
        return  # of anything
    elif origin is list and isinstance(value, list):
        for index, entry in enumerate(value):
            yield from unknown(entry, arguments[0], f"{path}[{index}]")
    elif origin is dict and isinstance(value, dict):
        for key, entry in value.items():
            yield from unknown(entry, arguments[1], f"{path}[{key}]")
    elif isinstance(model, type) and issubclass(model, msgspec.Struct) and isinstance(value, dict):
        fields = {row.encode_name: row for row in msgspec.structs.fields(model)}
        for key, entry in value.items():
            if key not in fields:
                yield f"{path}.{key}: is no field"
            else:
                yield from unknown(entry, fields[key].type, f"{path}.{key}")


# --- Karpenter


@cache
def node_pool_schema() -> Json:
    """The schema of a NodePool, from Karpenter's definition."""
    path = SCHEMAS / "karpenter.sh_nodepools.yaml"
    if not path.is_file():
        pytest.skip("shared/published/platform-schemas is not here")
    from ruamel.yaml import YAML

    found: Json = YAML(typ="safe", pure=True).load(path)["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return found


def check_node_pool(manifest: Json, old: Json | None = None) -> list[str]:
    """What is wrong with a NodePool by the schema, unknown fields among it, and by the CEL rules."""
    import jsonschema  # type: ignore[import-untyped]

    schema = node_pool_schema()
    plain = jsonschema.Draft202012Validator(_closed(schema))
    found = [f"{error.json_path}: {error.message}" for error in plain.iter_errors(manifest)]
    return found + list(broken_rules(manifest, schema, "$", old))


def _closed(schema: Any) -> Any:
    """The schema with all unknown fields refused, as a structural schema means them, and without CEL."""
    if isinstance(schema, list):
        return [_closed(row) for row in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _closed(value) for key, value in schema.items() if not key.startswith("x-kubernetes")}
    if schema.get("x-kubernetes-int-or-string"):
        found.pop("type", None)
    if "properties" in schema and isinstance(schema["properties"], dict) and schema.get("type") == "object":
        if schema["properties"].get("apiVersion") or "metadata" not in schema["properties"]:
            found["additionalProperties"] = False
        if schema["properties"].get("metadata") == {"type": "object"}:
            found["properties"]["metadata"] = {"type": "object"}
    return found


def broken_rules(value: Any, schema: Json, path: str, old: Any = None) -> typing.Iterator[str]:
    """CEL rules that a value breaks; rules about a change are asked where there is an old value."""
    for row in schema.get("x-kubernetes-validations", []):
        if ("oldSelf" not in row["rule"] or old is not None) and not evaluate(row["rule"], value, old):
            yield f"{path}: {row.get('message', row['rule'])}"
    if isinstance(value, dict):
        for key, entry in value.items():
            part = schema.get("properties", {}).get(key) or schema.get("additionalProperties")
            if isinstance(part, dict):
                yield from broken_rules(entry, part, f"{path}.{key}", (old or {}).get(key))
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for index, entry in enumerate(value):
            yield from broken_rules(entry, schema["items"], f"{path}[{index}]")


def evaluate(rule: str, value: Any, old: Any) -> bool:
    """The truth of a rule. `find` and `endsWith` on texts are Kubernetes' own additions to CEL."""
    import celpy

    program = _program(rule)
    given = {"self": celpy.json_to_cel(value)} | ({} if old is None else {"oldSelf": celpy.json_to_cel(old)})
    return bool(program.evaluate(given))


@cache
def _program(rule: str) -> Any:
    import re

    import celpy

    def find(text: Any, pattern: Any) -> Any:
        found = re.search(str(pattern), str(text))
        return celpy.celtypes.StringType(found[0] if found else "")

    environment = celpy.Environment()
    return environment.program(environment.compile(rule), functions={"find": find})

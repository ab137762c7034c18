"""Checks a call against botocore's model of its service, all of it.

botocore's own validator looks at types, required and unknown keys, and least numbers. The model also has enumerations,
patterns, greatest values, lengths of texts, lists and maps, and unions of which just one member may be given. The
service refuses what breaks them, after half of a deployment perhaps; here it shows before anything is sent.
"""

import math
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from placement.errors import Fault, UsageError, json_path, nearest

Way = tuple[str | int, ...]
_MAPPING = ((dict,), "must be a mapping of keys to values")
_TYPES: Mapping[str, tuple[tuple[type, ...], str]] = {  # of values, by that of their shape
    "structure": _MAPPING,
    "map": _MAPPING,
    "list": ((list, tuple), "must be a list"),
    "string": ((str,), "must be text"),
    "boolean": ((bool,), "must be true or false"),
    **dict.fromkeys(("integer", "long"), ((int,), "must be a whole number")),
    **dict.fromkeys(("float", "double"), ((int, float), "must be a number")),
}
_COUNTED = {"string": "characters", "list": "entries", "map": "entries"}
_SHOWN = 8  # values of an enumeration


class ServiceModel:
    """The shapes of one service's calls.

    `unread` are the patterns that Python's `re` can't compile: 18 of SageMaker's 491, none of inference components.
    """

    def __init__(self, description: Mapping[str, Any]) -> None:
        """From the content of a `service-2.json`."""
        self.operations: Mapping[str, Any] = description["operations"]
        self.shapes: Mapping[str, Any] = description["shapes"]
        self.unread: set[str] = set()

    def has(self, operation: str) -> bool:
        return operation in self.operations

    def faults(self, operation: str, parameters: object) -> list[Fault]:
        """All that the service's model refuses in the input of a call, with JSON paths."""
        if not self.has(operation):
            raise UsageError(f'there is no call "{operation}"; {nearest(operation, self.operations)}')
        shape = self.operations[operation].get("input", {}).get("shape")
        return list(self._look(shape, parameters, ())) if shape else []

    def output_faults(self, operation: str, answer: object) -> list[Fault]:
        """The same of an answer."""
        return list(self._look(self.operations[operation]["output"]["shape"], answer, ()))

    def answered(self, operation: str) -> tuple[str, ...]:
        """Keys that every answer to a call has."""
        output = self.operations.get(operation, {}).get("output")
        return tuple(self.shapes[output["shape"]].get("required", ())) if output else ()

    def _look(self, name: str, value: Any, way: Way) -> Iterator[Fault]:
        shape = self.shapes[name]
        kind = shape["type"]
        types, rule = _TYPES.get(kind, ((object,), ""))
        is_one = isinstance(value, types) and not (int in types and isinstance(value, bool))
        if not is_one:
            yield Fault(json_path(way), rule, value)
            return
        if kind in _COUNTED:
            yield from _length(shape, len(value), way, _COUNTED[kind])
        if kind == "structure":
            yield from self._structure(shape, value, way)
        elif kind == "list":
            for index, entry in enumerate(value):
                yield from self._look(shape["member"]["shape"], entry, (*way, index))
        elif kind == "map":
            for key, entry in value.items():
                yield from self._look(shape["key"]["shape"], key, (*way, str(key)))
                yield from self._look(shape["value"]["shape"], entry, (*way, str(key)))
        elif kind == "string":
            yield from self._string(shape, value, way)
        elif int in types:
            yield from _number(shape, value, way)

    def _structure(self, shape: Mapping[str, Any], value: Mapping[Any, Any], way: Way) -> Iterator[Fault]:
        members = shape["members"]
        for key in shape.get("required", ()):
            if key not in value:
                yield Fault(json_path((*way, key)), "is required")
        for key, entry in value.items():
            if key in members:
                yield from self._look(members[key]["shape"], entry, (*way, key))
            else:
                yield Fault(json_path((*way, key)), f"unknown key; {nearest(str(key), members)}")
        if shape.get("union") and len(value) != 1:
            yield Fault(json_path(way), f"must have just one of {', '.join(members)}", list(value))

    def _string(self, shape: Mapping[str, Any], value: str, way: Way) -> Iterator[Fault]:
        allowed = shape.get("enum")
        if allowed and value not in allowed:
            known = nearest(value, allowed) if len(allowed) > _SHOWN else f"must be one of {', '.join(allowed)}"
            yield Fault(json_path(way), f"is none of the {len(allowed)} values; {known}", value)
        pattern = shape.get("pattern")
        if pattern:
            compiled = _compiled(pattern)
            if compiled is None:
                self.unread.add(pattern)
            elif not compiled.fullmatch(value):
                yield Fault(json_path(way), f"must match {pattern}", value)


def _number(shape: Mapping[str, Any], value: float, way: Way) -> Iterator[Fault]:
    if not math.isfinite(value):
        yield Fault(json_path(way), "must be a finite number", value)
    elif "min" in shape and value < shape["min"]:
        yield Fault(json_path(way), f"must be at least {shape['min']}", value)
    elif "max" in shape and value > shape["max"]:
        yield Fault(json_path(way), f"must be at most {shape['max']}", value)


def _length(shape: Mapping[str, Any], length: int, way: Way, what: str) -> Iterator[Fault]:
    if "min" in shape and length < shape["min"]:
        yield Fault(json_path(way), f"must have at least {shape['min']} {what}, has {length}")
    if "max" in shape and length > shape["max"]:
        yield Fault(json_path(way), f"must have at most {shape['max']} {what}, has {length}")


@cache
def _compiled(pattern: str) -> re.Pattern[str] | None:
    try:
        return re.compile(pattern)
    except re.error:
        return None


@cache
def service_model(service: str) -> ServiceModel | None:
    """The model that the installed botocore has of a service (`sagemaker`, `application-autoscaling`, `cloudwatch`).

    None where botocore is not installed. SageMaker's takes about 0.1 s to load.
    """
    try:
        from botocore.loaders import Loader
    except ImportError:
        return None
    return ServiceModel(Loader().load_service_model(service, "service-2"))

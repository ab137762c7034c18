"""What labels of SageMaker must be, since people write them too: told of all, before anything is made of a plan."""

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from placement.documents import Component, Pool, Problem
from placement.errors import DocumentError, Fault, UsageError, json_path, nearest
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.names import is_name
from placement.integrations.sagemaker.variant_pools import profile_gib

START = "sagemaker."
_MOST_CAPACITY = 1_000_000


def _json(text: str) -> Any:
    """The value of a label that is JSON; None of one that is not."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_range(text: str) -> bool:
    value = _json(text)
    if not isinstance(value, list) or len(value) != 2 or not _whole(value[0], 0, _MOST_CAPACITY):
        return False
    return value[1] is None or _whole(value[1], max(1, value[0]), _MOST_CAPACITY)


def _is_layout(text: str) -> bool:
    value = _json(text)
    if not isinstance(value, list) or not value or len(set(map(str, value))) > 1 or not isinstance(value[0], str):
        return False
    try:
        return profile_gib(value[0]) > 0
    except UsageError:
        return False


def _listed(value: object) -> list[object]:
    """The entries of a list; one that is no text, where it is none."""
    return value if isinstance(value, list) else [None]


def _is_mapping(text: str) -> bool:
    return isinstance(_json(text), dict)


_A_NAME = (is_name, "must be a name that SageMaker takes: 1 to 63 letters, digits and dashes, no dash at either end")
_A_COUNT = (lambda text: _whole(_json(text), 0, _MOST_CAPACITY), f"must be a whole number from 0 to {_MOST_CAPACITY}")
_A_STATUS = (lambda text: bool(text), "must be a status that the API tells, such as Updating")
_A_MAPPING = (_is_mapping, "must be a mapping as JSON")
_MAPPINGS = (lambda text: _is_settings(_json(text)), "must be a list of mappings as JSON")
OF_POOL: Mapping[str, tuple[Callable[[str], bool], str]] = {
    labels.ENDPOINT: _A_NAME,
    labels.VARIANT: _A_NAME,
    labels.INSTANCE_TYPE: (
        lambda text: re.fullmatch(r"ml\.[\w.-]+", text, re.ASCII) is not None,
        "must be a type of SageMaker such as ml.g5.12xlarge",
    ),
    labels.PRIORITY: (
        lambda text: _whole(_json(text), 1, labels.MOST_PRIORITY),
        f"must be a whole number from 1 to {labels.MOST_PRIORITY}",
    ),
    labels.SCALING: (_is_range, "must be least and most machines as JSON such as [1,6], the most 1 or more, or null"),
    labels.CAPACITY: (
        lambda text: _is_range(text) and _json(text)[1] is not None,
        "must be least and most machines as JSON such as [1,6]",
    ),
    labels.PARTITIONS: (_is_layout, 'must be a list of one MIG profile, repeated, as JSON such as ["mig-3g.20gb"]'),
    labels.RESERVATION: (lambda text: text.startswith("arn:"), "must be the ARN of a training plan"),
    labels.CONFIGURATION: (
        lambda text: _is_mapping(text) and all(isinstance(kind, str) for kind in _listed(_json(text).get("types", []))),
        "must be a mapping as JSON: it is what the pool was read with, which an import writes; take it away where that "
        "is not known",
    ),
    labels.SETTINGS: _A_MAPPING,
    labels.ENDPOINT_SETTINGS: _A_MAPPING,
    labels.STATUS: _A_STATUS,
    labels.POLICIES: _MAPPINGS,
    labels.SCHEDULED: _MAPPINGS,
}
OF_COMPONENT: Mapping[str, tuple[Callable[[str], bool], str]] = {
    labels.ENDPOINT: _A_NAME,
    labels.VARIANT: _A_NAME,
    labels.MODEL: _A_NAME,
    labels.SETTINGS: (
        lambda text: _is_settings(_json(text)) and all(map(_is_made_of, _json(text))),
        "must be a list of mappings as JSON, one for each option or one for all, of fields as the API has them; "
        "InstanceType and ComputeResourceRequirements are none of them, as options say those",
    ),
    labels.SPECIFICATION: (
        lambda text: bool(_json(text)) and _is_settings(_json(text)) and all(map(_has_needs, _json(text))),
        "must be a list of mappings as JSON, each with ComputeResourceRequirements: it is what the component was read "
        "with, which an import writes; take it away where that is not known",
    ),
    labels.ADAPTERS: (
        lambda text: _is_mapping(text) and all(is_name(k) and isinstance(v, dict) for k, v in _json(text).items()),
        "must be a mapping as JSON, of names that SageMaker takes to mappings",
    ),
    labels.MIN_CAPACITY: _A_COUNT,
    labels.MAX_CAPACITY: _A_COUNT,
    labels.STATUS: _A_STATUS,
    labels.DESIRED: _A_COUNT,
    labels.POLICIES: _MAPPINGS,
    labels.SCHEDULED: _MAPPINGS,
}
_OF_VARIANT = (
    labels.SCALING,
    labels.CAPACITY,
    labels.PARTITIONS,
    labels.RESERVATION,
    labels.SETTINGS,
    labels.POLICIES,
    labels.SCHEDULED,
)  # one for all pools of a variant


def _is_settings(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _has_needs(row: dict[str, Any]) -> bool:
    """Whether a specification has the key that each needs, with amounts as the API has them."""
    needs = row.get("ComputeResourceRequirements")
    if not isinstance(needs, dict) or not isinstance(row.get("InstanceType", ""), str):
        return False
    cores, devices = needs.get("NumberOfCpuCoresRequired", 0), needs.get("NumberOfAcceleratorDevicesRequired", 0)
    plain = isinstance(cores, int | float) and 0 <= cores <= _MOST_CAPACITY
    return plain and _whole(devices, 0, _MOST_CAPACITY) and _whole(needs.get("MinMemoryRequiredInMb"), 1, 10**9)


def _is_made_of(row: dict[str, Any]) -> bool:
    """Whether what a component is made of has mappings where the API has some, and nothing that its options say."""
    if not row.keys().isdisjoint(("InstanceType", "ComputeResourceRequirements")):
        return False
    nested = (row.get(key, {}) for key in ("Container", "SchedulingConfig", "StartupParameters", "DataCacheConfig"))
    limit = _whole(row.get("MaxMemoryRequiredInMb", 1), 1, 10**9)
    return limit and all(isinstance(value, dict) for value in nested) and isinstance(row.get("ModelName", ""), str)


def check_labels(problem: Problem) -> None:
    """Refuse labels of SageMaker that are not what they must be: each with its path, its value, and what it must be."""
    faults = [*_each(problem.pools, "pools", OF_POOL), *_each(problem.components, "components", OF_COMPONENT)]
    faults = faults or [*_of_pools(problem.pools), *_of_components(problem)]
    if faults:
        raise DocumentError(faults, "the problem")


def _each(
    rows: Sequence[Pool | Component], section: str, rules: Mapping[str, tuple[Callable[[str], bool], str]]
) -> Iterator[Fault]:
    for index, row in enumerate(rows):
        for key, text in row.labels.items():
            if not key.startswith(START):
                continue
            path = json_path((section, index, "labels", key))
            if key not in rules:
                yield Fault(path, f"is no label of SageMaker for {section}; {nearest(key, rules)}", text)
            elif not rules[key][0](text):
                yield Fault(path, rules[key][1], text)


def _of_pools(pools: Sequence[Pool]) -> Iterator[Fault]:
    """Labels that need another, and those that pools of one variant, or of one endpoint, must have alike."""
    first: dict[tuple[str, ...], tuple[Pool, str | None]] = {}
    for index, pool in enumerate(pools):
        told = pool.labels
        for key in (labels.VARIANT, labels.SCALING, labels.CAPACITY):
            if key in told and labels.ENDPOINT not in told:
                path = json_path(("pools", index, "labels", key))
                yield Fault(path, f"says nothing without {labels.ENDPOINT}: give both, or neither", told[key])
        if labels.ENDPOINT not in told:
            continue
        endpoint, variant = told[labels.ENDPOINT], told.get(labels.VARIANT, labels.MAIN)
        alike: list[tuple[str, tuple[str, ...]]] = [(key, (key, endpoint, variant)) for key in _OF_VARIANT]
        if labels.ENDPOINT_SETTINGS in told:  # a pool without them takes those of the others
            alike.append((labels.ENDPOINT_SETTINGS, (labels.ENDPOINT_SETTINGS, endpoint)))
        for key, of in alike:
            other, theirs = first.setdefault(of, (pool, told.get(key)))
            if theirs != told.get(key):
                what = "endpoint" if key == labels.ENDPOINT_SETTINGS else "variant"
                rule = f"must be as that of pool {other.name}, which is of the same {what}"
                yield Fault(json_path(("pools", index, "labels", key)), rule, told.get(key))


def _of_components(problem: Problem) -> Iterator[Fault]:
    """Homes that no pool is labelled with, settings for other options, and ranges that are none."""
    homes: dict[str, set[str]] = defaultdict(set)
    for pool in problem.pools:
        if labels.ENDPOINT in pool.labels:
            homes[pool.labels[labels.ENDPOINT]].add(pool.labels.get(labels.VARIANT, labels.MAIN))
    for index, component in enumerate(problem.components):
        told = component.labels

        def fault(key: str, rule: str, at: int = index, told: Mapping[str, str] = told) -> Fault:
            return Fault(json_path(("components", at, "labels", key)), rule, told[key])

        endpoint, variant = told.get(labels.ENDPOINT), told.get(labels.VARIANT)
        if endpoint is not None and endpoint not in homes:
            yield fault(labels.ENDPOINT, f"no pool has this label; {nearest(endpoint, homes)}")
        elif endpoint is None and variant is not None:
            yield fault(labels.VARIANT, f"says nothing without {labels.ENDPOINT}: give both, or neither")
        elif endpoint is not None and variant is not None and variant not in homes[endpoint]:
            yield fault(labels.VARIANT, f"no pool of endpoint {endpoint} has it; {nearest(variant, homes[endpoint])}")
        if labels.SETTINGS in told and len(_json(told[labels.SETTINGS])) not in (1, len(component.modes)):
            rule = f"must have one mapping for all options, or one for each: {len(component.modes)}"
            yield fault(labels.SETTINGS, rule)
        least, most = (told.get(key) for key in (labels.MIN_CAPACITY, labels.MAX_CAPACITY))
        if (least is None) != (most is None):
            key, other = (labels.MIN_CAPACITY, labels.MAX_CAPACITY)[:: 1 if most is None else -1]
            yield fault(key, f"says nothing without {other}: give both, or neither")
        elif least is not None and most is not None and int(least) > int(most):
            yield fault(labels.MAX_CAPACITY, f"must not be below {labels.MIN_CAPACITY}, which is {least}")

"""Labels under which a problem carries what an export needs again and the format has no key for.

Those of a pool: its endpoint and variant, the type as SageMaker calls it, its priority among the pools of its variant,
least and most machines where the platform manages their number, MIG profiles, a reservation's ARN, and the settings of
endpoint and variant as JSON. Those of a component: its endpoint, its variant where it is bound to one, its settings by
option as JSON (never its environment), what it was read with, its adapters, and the range of its autoscaling. A user
may write them by hand.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

ENDPOINT = "sagemaker.endpoint"
VARIANT = "sagemaker.variant"
INSTANCE_TYPE = "sagemaker.instance_type"
PRIORITY = "sagemaker.priority"
MOST_PRIORITY = 5  # from 1
SCALING = "sagemaker.scaling"  # [least, most]; most may be null
CAPACITY = "sagemaker.capacity"  # [least, most], which Application Auto Scaling keeps
PARTITIONS = "sagemaker.partitions"  # MIG profiles on each accelerator
RESERVATION = "sagemaker.reservation"
SETTINGS = "sagemaker.settings"
ENDPOINT_SETTINGS = "sagemaker.endpoint_settings"
CONFIGURATION = "sagemaker.configuration"  # digests of what a pool was read with, which an export compares with
SPECIFICATION = "sagemaker.specification"  # what a component was read with, by type, which an export compares with
STATUS = "sagemaker.status"  # of an endpoint or a component that was not in service
DELETING = "Deleting"  # the status of what the platform takes away
DESIRED = "sagemaker.desired_copies"  # asked for already, where fewer or more run
POLICIES = "sagemaker.scaling_policies"  # by what copies or machines are scaled, as put
SCHEDULED = "sagemaker.scheduled_actions"  # other ranges of copies or machines by the clock, as put
MIN_CAPACITY, MAX_CAPACITY = "sagemaker.min_capacity", "sagemaker.max_capacity"
MAIN = "main"  # the variant where no label names one
ADAPTERS = "sagemaker.adapters"  # that live in a component's copies: what each is made of, by name
MODEL = "sagemaker.model"  # the model that a component serves, where settings do not tell


def written(values: Mapping[str, object]) -> dict[str, str]:
    """Labels of the values that are there: a text as it is, all else as JSON."""
    told = ((key, value) for key, value in values.items() if value is not None)
    as_json = partial(json.dumps, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return {key: value if isinstance(value, str) else as_json(value) for key, value in told}


def unpacked(labels: Mapping[str, str], key: str) -> Any:
    """The value in a label, None without one; what it must be is checked by then (`label_rules.py`)."""
    return json.loads(labels[key]) if key in labels else None

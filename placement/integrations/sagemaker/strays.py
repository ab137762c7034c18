"""What a file is that is given where answers of the API are wanted, in words: of the error that says what is wanted."""

from __future__ import annotations

import re
from typing import Any

from placement.catalogue.readers import command_of_facts, price_list_of
from placement.catalogue.readers.fields import parse_json
from placement.documents.formats import FORMATS
from placement.errors import DocumentError, printable

# A format in YAML, which is not read for this: on a line of its own.
_FORMAT_LINE = re.compile(r"^format:[ ]+[\"']?(placement[a-z-]*/v[0-9]{1,3})[\"']?[ ]*$", re.MULTILINE)
# The calls of the answers that are read, by a key that only they have.
_CALLS = {
    "InferenceComponents": "sagemaker list-inference-components",
    "InferenceComponentName": "sagemaker describe-inference-component",
    "EndpointStatus": "sagemaker describe-endpoint",
    "ProductionVariants": "sagemaker describe-endpoint-config",
    "ScalableTargets": "application-autoscaling describe-scalable-targets",
    "ScheduledActions": "application-autoscaling describe-scheduled-actions",
    "ScalingPolicies": "application-autoscaling describe-scaling-policies",
}


def what_it_is(text: str) -> str:
    """What a text of a file is, as a noun with its article.

    >>> what_it_is('{"format": "placement-plan/v1"}'), what_it_is("component,time,rate"), what_it_is("[]")
    ('a plan (placement-plan/v1)', 'no JSON', 'a list')
    """
    try:
        return stray(parse_json(text, "").value)
    except DocumentError:
        told = _FORMAT_LINE.search(text)
        return _of_format(told[1]) if told else price_list_of(text) or "no JSON"


def stray(value: Any) -> str:
    """As `what_it_is`, of a JSON value."""
    if not isinstance(value, dict):
        return "a list" if isinstance(value, list) else "one value"
    if isinstance(value.get("format"), str):
        return _of_format(value["format"])
    call = next((f"aws {call}" for key, call in _CALLS.items() if key in value), command_of_facts(value))
    return f"an answer of {call}" if call else "JSON of another kind"


def _of_format(name: str) -> str:
    return f"{FORMATS.get(name, 'a document')} ({printable(name)})"

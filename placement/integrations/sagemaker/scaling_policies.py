"""Scaling policies of Application Auto Scaling: by what copies, or machines of a variant, are added and taken away.

A label keeps those of a component or of a variant as they are put.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from placement.demand.application_auto_scaling import NAMESPACE
from placement.errors import printable
from placement.integrations.notes import listed
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.fields import SCALING_POLICY, kept_of, tell_fields
from placement.integrations.sagemaker.inference_components import rows_of
from placement.integrations.sagemaker.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from placement.catalogue.readers.fields import At
    from placement.documents import Component, Pool
    from placement.integrations.notes import Notes
    from placement.integrations.sagemaker.answers import ApiAnswer

Policy = dict[str, Any]
STEP = "StepScaling"


def read_policies(answers: Sequence[ApiAnswer], notes: Notes) -> dict[str, list[Policy]]:
    """The policies in answers of `describe-scaling-policies` by resource, as they are put; each is told.

    Raises
    ------
    DocumentError
        An answer is damaged.
    """
    found: dict[str, list[Policy]] = defaultdict(list)
    for answer in answers:
        with answer.reading() as at:
            for row in rows_of(at, "ScalingPolicies"):
                if row.get("ResourceId") is None:  # EC2's own autoscaling has policies of that name too
                    notes.ignored(answer.source, "it has policies of none of SageMaker's resources")
                else:
                    _read(row, found, notes)
    return found


def _read(row: At, found: dict[str, list[Policy]], notes: Notes) -> None:
    name, kind, resource = (row.key(key).text() for key in ("PolicyName", "PolicyType", "ResourceId"))
    place = f"scaling policy {name}"
    tell_fields(row, SCALING_POLICY, place, notes)
    words = f"{kind} of {resource}: the plan is for now; an export leaves it where it runs, and puts it with what it "
    alarms = [alarm.key("AlarmName").text() for alarm in rows_of(row, "Alarms")] if kind == STEP else []
    without = f", without the alarms that start it, which are not read: {listed(alarms)}" if alarms else ""
    notes.ignored(place, f"{words}makes anew{without}")
    found[resource].append({"PolicyName": name, "PolicyType": kind, **kept_of(row, SCALING_POLICY)})


def scaling_policies(row: Component | Pool) -> list[Policy]:
    """The policies that a component, or the variant of a pool, was read with."""
    return labels.unpacked(row.labels, labels.POLICIES) or []


def names_of(policies: Sequence[Policy]) -> str:
    """Their names, for a person."""
    return listed([printable(str(policy.get("PolicyName", ""))) for policy in policies])


def put_policies(policies: Sequence[Policy], resource: str, dimension: str, of_what: str) -> list[Step]:
    """The calls that put policies of a resource."""
    of = {"ServiceNamespace": NAMESPACE, "ResourceId": resource, "ScalableDimension": dimension}
    return [
        Step("application-autoscaling", "PutScalingPolicy", {**of, **policy}, purpose_of(policy, of_what))
        for policy in policies
    ]


def purpose_of(policy: Mapping[str, Any], of_what: str) -> str:
    """What a policy that was read is put for."""
    return f"scale {of_what} as its policy {policy.get('PolicyName', '')} says"


def measuring(policies: Sequence[Policy], dimensions: Mapping[str, tuple[str, str]]) -> list[Policy]:
    """Policies for something of another name: what they measure of the old one is measured of the new one.

    Parameters
    ----------
    dimensions : old and new value by the name of a dimension of metrics.
    """
    return [_measuring(policy, dimensions) for policy in policies]


def _measuring(value: Any, dimensions: Mapping[str, tuple[str, str]]) -> Any:
    if isinstance(value, list):
        return [_measuring(entry, dimensions) for entry in value]
    if not isinstance(value, dict):
        return value
    old, new = dimensions.get(str(value.get("Name")), ("", ""))
    if value.keys() == {"Name", "Value"} and value["Value"] == old:
        return value | {"Value": new}
    return {key: _measuring(entry, dimensions) for key, entry in value.items()}

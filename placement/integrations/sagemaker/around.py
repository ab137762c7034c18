"""What scales an endpoint's components, and the machines of its variants, by itself.

Read are answers of `aws application-autoscaling describe-scalable-targets --service-namespace sagemaker`, of
`describe-scheduled-actions` and of `describe-scaling-policies`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from placement.catalogue.readers.fields import At
from placement.demand.application_auto_scaling import DIMENSION, RESOURCE
from placement.errors import printable
from placement.integrations.notes import Notes
from placement.integrations.sagemaker.answers import ApiAnswer
from placement.integrations.sagemaker.endpoints import Endpoint
from placement.integrations.sagemaker.fields import (
    SCALABLE_TARGET,
    SCALING_POLICY,
    SCHEDULED_ACTION,
    kept_of,
    tell_fields,
)
from placement.integrations.sagemaker.scaling import STEP, Row
from placement.units import listed

Range = tuple[int, int]
OF_VARIANT = "sagemaker:variant:DesiredInstanceCount"
_LIMITS = ("MinCapacity", "MaxCapacity")
_KEPT = ("ScheduledActionName", "Schedule", "Timezone", "StartTime", "EndTime")
_VARIANT = re.compile(r"endpoint/(?P<endpoint>[^/]+)/variant/(?P<variant>[^/]+)")


@dataclass(frozen=True, slots=True)
class ScalingRanges:
    """Least and most copies of components by name, and machines of variants by the names of endpoint and variant."""

    components: Mapping[str, Range] = field(default_factory=dict)
    variants: Mapping[tuple[str, str], Range] = field(default_factory=dict)
    actions: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # scheduled, by resource
    policies: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)  # by resource

    def tell_others(self, endpoints: Iterable[Endpoint], notes: Notes) -> None:
        """Ranges of what was not read, each by its name."""
        read = list(endpoints)
        components = {component.name for endpoint in read for component in endpoint.components}
        variants = {(endpoint.name, variant.name) for endpoint in read for variant in endpoint.variants}
        none_read = "they are none that was read"
        _tell_left("inference components", self.components.keys() - components, none_read, notes)
        _tell_left("variants", {"/".join(key) for key in self.variants.keys() - variants}, none_read, notes)


def all_that_scales(
    targets: Sequence[ApiAnswer], scaling: Sequence[ApiAnswer], notes: Notes, *, asked: bool = False
) -> ScalingRanges:
    """Ranges, scheduled actions and policies; notes on those of which there is no answer, unless the API was `asked`.

    Raises DocumentError: an answer is damaged, or two ranges of one thing differ.
    """
    is_expected = bool(targets) and not asked  # ranges were given, which actions could change
    if is_expected and not any("ScheduledActions" in answer.at.value for answer in scaling):
        reason = "no answer of describe-scheduled-actions was given: what changes ranges by the clock is not known"
        notes.assumed("autoscaling", reason)
    actions = _read(scaling, "ScheduledActions", _action, notes)
    if not targets and not asked:  # who asked the API was told why it gave none
        notes.assumed("autoscaling", "no answer of describe-scalable-targets was given: what is scaled is not known")
    found = _ranges(targets, notes)
    return replace(found, actions=actions, policies=_read(scaling, "ScalingPolicies", _policy, notes))


def _ranges(answers: Sequence[ApiAnswer], notes: Notes) -> ScalingRanges:
    """The range of each component and variant that is scaled; a note of what else is."""
    components: dict[str, Range] = {}
    variants: dict[tuple[str, str], Range] = {}
    others: set[str] = set()
    for answer in answers:
        with answer.reading() as at:
            for row in at.key("ScalableTargets").items():
                dimension, resource = row.key("ScalableDimension").text(), row.key("ResourceId").text()
                variant = _VARIANT.fullmatch(resource)
                if dimension == DIMENSION and resource.startswith(RESOURCE):
                    _keep(components, resource.removeprefix(RESOURCE), row, notes)
                elif dimension == OF_VARIANT and variant:
                    _keep(variants, (variant["endpoint"], variant["variant"]), row, notes)
                else:
                    others.add(f"{dimension} of {resource}")
    _tell_left("targets", others, "neither copies of components nor machines of variants are counted by them", notes)
    return ScalingRanges(components, variants)


def _keep(found: dict[Any, Range], name: Hashable, row: At, notes: Notes) -> None:
    least, most = row.key("MinCapacity").whole(), row.key("MaxCapacity").whole()
    if least > most:
        raise row.key("MaxCapacity").fault("must not be below MinCapacity")
    if found.setdefault(name, (least, most)) != (least, most):
        raise row.key("ResourceId").fault("has two ranges, which differ")
    place = f"autoscaling of {row.key('ResourceId').text()}"
    tell_fields(row, SCALABLE_TARGET, place, notes)
    suspended = row.get("SuspendedState")
    if suspended is not None and any(flag.value for flag in suspended.values()):
        notes.assumed(f"{place} SuspendedState", "a part of it is suspended: its range is taken as if it were not")


def _read(
    answers: Sequence[ApiAnswer], key: str, keep: Callable[[At, dict[str, list[Row]], Notes], None], notes: Notes
) -> dict[str, list[Row]]:
    """Scheduled actions or policies of components and variants by resource, as they are put; each is told."""
    found: dict[str, list[Row]] = defaultdict(list)
    for answer in answers:
        with answer.reading() as at:
            for row in at.rows(key):
                if row.get("ResourceId") is None and key == "ScalingPolicies":  # EC2's own have policies of that name
                    notes.ignored(answer.source, "it has policies of none of SageMaker's resources")
                else:
                    keep(row, found, notes)
    return found


def _action(row: At, found: dict[str, list[Row]], notes: Notes) -> None:
    name, resource = row.key("ScheduledActionName").text(), row.key("ResourceId").text()
    told = row.get("ScalableTargetAction")
    limits = {key: told.key(key).whole() for key in _LIMITS if told is not None and told.get(key) is not None}
    words = ", ".join(f"{key} {limits[key]}" for key in limits) or "no range"
    reason = f"{row.key('Schedule').text()} sets {words} of {resource}: the plan is for now"
    notes.ignored(f"scheduled action {name}", reason)
    tell_fields(row, SCHEDULED_ACTION, f"scheduled action {name}", notes)
    if limits and (resource.startswith(RESOURCE) or _VARIANT.fullmatch(resource)):
        kept = {key: _put(at) for key in _KEPT if (at := row.get(key)) is not None}
        found[resource].append({**kept, "ScalableTargetAction": limits})


def _put(at: At) -> str:
    """A field of an action as a call takes it: boto3 reads times as such, the command line prints texts or numbers."""
    if isinstance(at.value, datetime):
        return at.value.isoformat()
    if isinstance(at.value, int | float):
        try:
            return datetime.fromtimestamp(at.value, UTC).isoformat()
        except (ValueError, OverflowError, OSError):
            raise at.fault("must be a time") from None
    return at.text()


def _policy(row: At, found: dict[str, list[Row]], notes: Notes) -> None:
    name, kind, resource = (row.key(key).text() for key in ("PolicyName", "PolicyType", "ResourceId"))
    place = f"scaling policy {name}"
    tell_fields(row, SCALING_POLICY, place, notes)
    words = f"{kind} of {resource}: the plan is for now; an export leaves it where it runs, and puts it with what it "
    alarms = [alarm.key("AlarmName").text() for alarm in row.rows("Alarms")] if kind == STEP else []
    without = f", without the alarms that start it, which are not read: {listed(alarms)}" if alarms else ""
    notes.ignored(place, f"{words}makes anew{without}")
    found[resource].append({"PolicyName": name, "PolicyType": kind, **kept_of(row, SCALING_POLICY)})


def variant_resource(endpoint: str, variant: str) -> str:
    """What Application Auto Scaling calls the machines of a variant."""
    return f"endpoint/{endpoint}/variant/{variant}"


def _tell_left(what: str, names: Set[str], reason: str, notes: Notes) -> None:
    if names:
        notes.ignored(f"autoscaling of {what} {listed([printable(name) for name in sorted(names)])}", reason)

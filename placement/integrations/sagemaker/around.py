"""What scales an endpoint's components, and the machines of its variants, by itself.

Read are answers of `aws application-autoscaling describe-scalable-targets --service-namespace sagemaker`, of
`describe-scheduled-actions` and of `describe-scaling-policies`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from placement.catalogue.readers.fields import At
from placement.demand.application_auto_scaling import RESOURCE, dimension_of, variant_resource
from placement.errors import printable
from placement.grouping import grouped
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import fields
from placement.integrations.sagemaker.answers import ApiAnswer
from placement.integrations.sagemaker.configuration import Range
from placement.integrations.sagemaker.endpoints import Endpoint
from placement.integrations.sagemaker.scaling import STEP, Row
from placement.units import listed

_LIMITS = ("MinCapacity", "MaxCapacity")


@dataclass(frozen=True, slots=True)
class ScalingRanges:
    """Least and most copies of components and machines of variants, scheduled actions and policies; by resource."""

    limits: Mapping[str, Range] = field(default_factory=dict)
    actions: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    policies: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def tell_others(self, endpoints: Iterable[Endpoint], notes: Notes) -> None:
        """Ranges of what was not read, each by its name."""
        left = set(self.limits)
        for endpoint in endpoints:
            left -= {RESOURCE + component.name for component in endpoint.components}
            left -= {variant_resource(endpoint.name, variant.name) for variant in endpoint.variants}
        components = {resource for resource in left if resource.startswith(RESOURCE)}
        none_read = "they are none that was read"
        _tell_left("inference components", [name.removeprefix(RESOURCE) for name in components], none_read, notes)
        _tell_left("variants", ["/".join(name.split("/")[1::2]) for name in left - components], none_read, notes)


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
    return ScalingRanges(_ranges(targets, notes), actions, _read(scaling, "ScalingPolicies", _policy, notes))


def _ranges(answers: Sequence[ApiAnswer], notes: Notes) -> dict[str, Range]:
    """The range of each component and variant that is scaled; a note of what else is."""
    found: dict[str, Range] = {}
    others: set[str] = set()
    for answer in answers:
        with answer.reading() as at:
            for row in at.key("ScalableTargets").items():
                dimension, resource = row.key("ScalableDimension").text(), row.key("ResourceId").text()
                if dimension == dimension_of(resource):
                    _keep(found, resource, row, notes)
                else:
                    others.add(f"{dimension} of {resource}")
    _tell_left("targets", others, "neither copies of components nor machines of variants are counted by them", notes)
    return found


def _keep(found: dict[str, Range], resource: str, row: At, notes: Notes) -> None:
    least, most = row.key("MinCapacity").whole(), row.key("MaxCapacity").whole()
    if least > most:
        raise row.key("MaxCapacity").fault("must not be below MinCapacity")
    if found.setdefault(resource, (least, most)) != (least, most):
        raise row.key("ResourceId").fault("has two ranges, which differ")
    place = f"autoscaling of {resource}"
    fields.tell_fields(row, fields.SCALABLE_TARGET, place, notes)
    suspended = row.get("SuspendedState")
    if suspended is not None and any(flag.value for flag in suspended.values()):
        notes.assumed(f"{place} SuspendedState", "a part of it is suspended: its range is taken as if it were not")


def _read(
    answers: Sequence[ApiAnswer], key: str, read: Callable[[At, Notes], tuple[str, Row] | None], notes: Notes
) -> dict[str, list[Row]]:
    """Scheduled actions or policies of components and variants by resource, as they are put; each is told."""
    found = []
    for answer in answers:
        with answer.reading() as at:
            for row in at.rows(key):
                if row.get("ResourceId") is None and key == "ScalingPolicies":  # EC2's own have policies of that name
                    notes.ignored(answer.source, "it has policies of none of SageMaker's resources")
                else:
                    found.append(read(row, notes))
    return grouped(filter(None, found))


def _action(row: At, notes: Notes) -> tuple[str, Row] | None:
    name, resource = row.key("ScheduledActionName").text(), row.key("ResourceId").text()
    told = row.get("ScalableTargetAction")
    limits = {key: told.key(key).whole() for key in _LIMITS if told is not None and told.get(key) is not None}
    words = ", ".join(f"{key} {limits[key]}" for key in limits) or "no range"
    reason = f"{row.key('Schedule').text()} sets {words} of {resource}: the plan is for now"
    notes.ignored(f"scheduled action {name}", reason)
    fields.tell_fields(row, fields.SCHEDULED_ACTION, f"scheduled action {name}", notes)
    if not limits or not dimension_of(resource):
        return None
    kept = {key: _put(row.key(key)) for key in fields.kept_of(row, fields.SCHEDULED_ACTION)}
    return resource, {**kept, "ScalableTargetAction": limits}


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


def _policy(row: At, notes: Notes) -> tuple[str, Row]:
    name, kind, resource = (row.key(key).text() for key in ("PolicyName", "PolicyType", "ResourceId"))
    place = f"scaling policy {name}"
    fields.tell_fields(row, fields.SCALING_POLICY, place, notes)
    words = f"{kind} of {resource}: the plan is for now; an export leaves it where it runs, and puts it with what it "
    alarms = [alarm.key("AlarmName").text() for alarm in row.rows("Alarms")] if kind == STEP else []
    without = f", without the alarms that start it, which are not read: {listed(alarms)}" if alarms else ""
    notes.ignored(place, f"{words}makes anew{without}")
    return resource, {"PolicyName": name, "PolicyType": kind, **fields.kept_of(row, fields.SCALING_POLICY)}


def _tell_left(what: str, names: Collection[str], reason: str, notes: Notes) -> None:
    if names:
        notes.ignored(f"autoscaling of {what} {listed([printable(name) for name in sorted(names)])}", reason)

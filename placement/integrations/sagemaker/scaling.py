"""Autoscaling of inference components: registrations, and policies and scheduled actions that were read.

Those add and take away copies, or machines of a variant; a label keeps them as they are put.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from placement.demand import ScalingPolicy, compile_rules
from placement.demand.application_auto_scaling import RESOURCE, of_resource, to_application_auto_scaling
from placement.demand.parts import policy_parts, split_limits
from placement.demand.rows import ScalingDefaults
from placement.demand.rules import target_of
from placement.documents import Component, Pool
from placement.errors import printable
from placement.grouping import grouped
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.groups import PlanView
from placement.integrations.sagemaker.serving import Served
from placement.integrations.sagemaker.steps import Step
from placement.units import listed

Row = dict[str, Any]  # a policy or an action
STEP = "StepScaling"
_TARGET, _LEAST, _MOST = "ScalableTargetAction", "MinCapacity", "MaxCapacity"


def policies_of(row: Component | Pool) -> list[Row]:
    """The policies that a component, or the variant of a pool, was read with."""
    return labels.unpacked(row.labels, labels.POLICIES) or []


def actions_of(row: Component | Pool) -> list[Row]:
    """The actions that a component, or the variant of a pool, was read with."""
    return labels.unpacked(row.labels, labels.SCHEDULED) or []


def put_again(policies: Sequence[Row], actions: Sequence[Row], resource: str, what: str) -> list[Step]:
    """The calls that put policies and actions of a resource; `what` they change, in words."""
    of = of_resource(resource)
    rows = [("PutScalingPolicy", row, purpose_of(row, what)) for row in policies]
    rows += [("PutScheduledAction", row, f"other limits on {what} by the clock") for row in actions]
    return [Step("application-autoscaling", operation, {**of, **row}, purpose) for operation, row, purpose in rows]


def names_of(policies: Sequence[Row]) -> str:
    """Their names, for a person."""
    return listed([printable(str(policy.get("PolicyName", ""))) for policy in policies])


def purpose_of(policy: Mapping[str, Any], what: str) -> str:
    """What a policy that was read is put for."""
    return f"scale {what} as its policy {policy.get('PolicyName', '')} says"


def measuring(value: Any, dimensions: Mapping[str, tuple[str, str]]) -> Any:
    """Policies, or a part of one, for something of another name: what they measure of the old one, of the new one.

    `dimensions`: old and new value by the name of a dimension of metrics.
    """
    if isinstance(value, list):
        return [measuring(entry, dimensions) for entry in value]
    if not isinstance(value, dict):
        return value
    old, new = dimensions.get(str(value.get("Name")), ("", ""))
    if value.keys() == {"Name", "Value"} and value["Value"] == old:
        return value | {"Value": new}
    return {key: measuring(entry, dimensions) for key, entry in value.items()}


def shared_actions(actions: Sequence[Row], copies: Sequence[int]) -> list[list[Row]]:
    """The actions of each part of a component that becomes several, by the copies of each: their limits add up."""
    found: list[list[Row]] = [[] for _ in copies]
    for action in actions:
        limits = action.get(_TARGET, {})
        for own, share in zip(found, split_limits(limits.get(_LEAST), limits.get(_MOST), copies), strict=True):
            rows = {key: limit for key, limit in zip((_LEAST, _MOST), share, strict=True) if limit is not None}
            own.append({**action, _TARGET: rows})
    return found


def tell_actions(actions: Sequence[Row], number: int, what: str, place: str, notes: Notes) -> None:
    """Actions that will bring a number of copies or machines (`what`) into another range."""
    for action in actions:
        limits = action.get(_TARGET, {})
        if not limits.get(_LEAST, 0) <= number <= limits.get(_MOST, number):
            reason = f"{action.get('Schedule', '')} sets {_limits_in_words(limits)} {what}, the plan has {number}"
            notes.inexact(
                f"{place} scheduled action {action.get('ScheduledActionName', '')}", f"{reason}: it will change them"
            )


def _limits_in_words(limits: Mapping[str, int]) -> str:
    """A range of which one end may be left as it is.

    >>> _limits_in_words({"MinCapacity": 2}), _limits_in_words({"MinCapacity": 1, "MaxCapacity": 4})
    ('at least 2', '1 to 4')
    """
    least, most = limits.get(_LEAST), limits.get(_MOST)
    if least is not None and most is not None:
        return f"{least} to {most}"
    return f"at least {least}" if most is None else f"at most {most}"


CopyRange = tuple[int, int]  # least and most copies
_SCALE_IN_AFTER = 900  # seconds below the target that target tracking waits: its alarm's, which nobody sets


def copy_range(component: Component) -> CopyRange | None:
    """Least and most copies of a component that is scaled: by its labels, else from `min_copies` to `copies`."""
    told = component.labels
    if labels.MIN_CAPACITY in told:
        return labels.unpacked(told, labels.MIN_CAPACITY), labels.unpacked(told, labels.MAX_CAPACITY)
    if component.copies is not None and component.required_copies < component.copies:
        return component.required_copies, component.copies
    return None


def holding(scaled: CopyRange, copies: int) -> CopyRange:
    """A range of copies, made as much wider as so many copies need: autoscaling brings others back into it.

    >>> holding((1, 5), 8), holding((1, 5), 0), holding((1, 5), 3)
    ((1, 8), (0, 5), (1, 5))
    """
    return min(scaled[0], copies), max(scaled[1], copies)


class Registration(NamedTuple):
    """How an inference component is scaled: its part of the component's policy, and its target by that metric."""

    row: ScalingDefaults
    target: float

    @property
    def most(self) -> int:
        """The most copies at any time."""
        return max([self.row.max_capacity, *(action.max_capacity or 0 for action in self.row.schedule)])

    @property
    def least(self) -> int:
        """The fewest copies at any time."""
        floors = [action.min_capacity for action in self.row.schedule if action.min_capacity is not None]
        return min([self.row.min_capacity, *floors])


def registrations(view: PlanView, served: Sequence[Served]) -> dict[str, Registration]:
    """By the name of each inference component, how it is scaled; those that are not are left out.

    With a policy all are, as it says; without one, new ones are that have a range. Where a component of the problem is
    several inference components, each has its part, which is that of its copies.
    """
    wish = view.wish
    if wish.policy is not None:
        compile_rules(view.problem, wish.policy)  # tells all that is wrong at once
    of = grouped((each.component, each) for each in served if each.copies or each.runs)
    found: dict[str, Registration] = {}
    for name, parts in of.items():
        if wish.policy is not None:
            found |= _of_policy(view.components[name], parts, wish.policy)
        else:
            ranges = own_ranges(view.components[name], parts)
            found |= {
                part.name: of_range(*ranges[part.name], wish.requests)
                for part in parts
                if part.name in ranges and (wish.as_new or not part.runs)
            }
    return found


def _of_policy(component: Component, parts: Sequence[Served], policy: ScalingPolicy) -> dict[str, Registration]:
    row = policy.row(component.name)
    target = target_of(component, row)
    rows = policy_parts(row, [part.copies for part in parts])
    return {part.name: Registration(own, target or 0) for part, own in zip(parts, rows, strict=True)}


def own_ranges(component: Component, parts: Sequence[Served]) -> dict[str, CopyRange]:
    """By the name of each part, its share of the component's own range, which has room for its copies.

    The shares add up to the range, made as much wider as the copies of all parts need.
    """
    scaled = copy_range(component)
    if scaled is None or not parts:
        return {}
    copies = [part.copies for part in parts]
    shares = split_limits(*holding(scaled, sum(copies)), copies)
    return {
        part.name: holding((least or 0, most or 0), part.copies)
        for part, (least, most) in zip(parts, shares, strict=True)
    }


def of_range(least: int, most: int, requests: float) -> Registration:
    """Between two numbers of copies, by requests at once of a copy."""
    # Not validated: a range that the platform has may be one that no policy of ours would ask for.
    row = ScalingDefaults.model_construct(metric="requests_in_flight", min_capacity=least, max_capacity=most)
    return Registration(row, requests)


def steps_of(name: str, registration: Registration, own: Sequence[Row] = ()) -> list[Step]:
    """Registration and policies of an inference component; from zero, also what adds its first copy.

    Tracking a target can't leave zero: an alarm on requests that found no copy starts a step of one. A part that never
    has a copy is registered alone. Policies that it was read with, its `own`, stand in place of tracking a target.
    """
    row, target = registration
    calls = to_application_auto_scaling(name, row, target)
    if registration.most == 0:
        calls = {"register-scalable-target": calls["register-scalable-target"]}
    elif own:
        own = [of_resource(RESOURCE + name) | policy for policy in own]
        calls["put-scaling-policy"][:1] = own
    of_what = "requests at once" if row.metric == "requests_in_flight" else "requests a second"
    purposes = {
        "register-scalable-target": f"scale {name} from {row.min_capacity} to {row.max_capacity} copies",
        "TargetTrackingScaling": f"add a copy of {name} when each has more than {target:g} {of_what}",
        "StepScaling": f"start a first copy of {name}",
        "put-metric-alarm": f"start it when a request finds no copy of {name}",
        "put-scheduled-action": f"other limits on the copies of {name} by the clock",
    }
    return [
        Step(
            "cloudwatch" if call == "put-metric-alarm" else "application-autoscaling",
            "".join(word.capitalize() for word in call.split("-")),
            given,
            purpose_of(given, name) if given in own else purposes[given.get("PolicyType", call)],
            takes=("AlarmActions", "PolicyARN") if call == "put-metric-alarm" else None,
        )
        for call, inputs in calls.items()
        for given in inputs
    ]


def tell_policies(view: PlanView, served: Sequence[Served], scaled: Mapping[str, Registration], notes: Notes) -> None:
    """What SageMaker does otherwise than the policy says, and what of the policy could not be registered."""
    waits = [name for name, registration in scaled.items() if registration.row.scale_in_after != _SCALE_IN_AFTER]
    if waits:
        reason = f"target tracking waits {_SCALE_IN_AFTER} seconds before it takes copies away, whatever the policy"
        notes.inexact(f"scale_in_after of {listed(waits)}", reason)
    for each in served:
        found = scaled.get(each.name)
        if found is not None and not found.least <= each.copies <= found.most:
            by_policy = f"{found.least} to {found.most}"
            reason = f"copies by the plan: {each.copies}, by the policy: {by_policy}; it scales at once"
            notes.inexact(f"component {each.name} autoscaling", reason)
    running = [each.name for each in served if each.runs and not view.wish.as_new]
    if running:
        reason = "policies and scheduled actions that they have under other names stay: delete those by hand"
        notes.inexact(f"autoscaling of {listed(running)}", reason)
    there = {each.component for each in served if each.copies or each.runs}
    absent = [component.name for component in view.problem.components if component.name not in there]
    if absent:
        reason = "the plan has no copy, so nothing is made that could scale: export one with a copy"
        notes.ignored(f"policy of {listed(absent)}", reason)

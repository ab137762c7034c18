"""Calls that bring endpoints that run, and new ones, to what a plan says, in an order that keeps copies in service.

1. endpoints get more machines, and a wider range of them where else no order of the rest has room;
2. components whose specification takes less than before are updated;
3. new endpoints and components are made, and copies are added, where there is room for them beside what runs;
4. where there is none, copies go, and others are added in their place;
5. copies are taken away, last those that clients must call elsewhere by then;
6. other components with another specification are updated;
7. endpoints get fewer machines.

Ranges of autoscaling are widened before the number that they are about changes, and narrowed after.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from placement.demand.application_auto_scaling import RESOURCE, from_zero, of_resource, variant_resource
from placement.grouping import grouped
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import labels, scaling
from placement.integrations.sagemaker.calls import adapter_call, component_call, config_call, variant_row
from placement.integrations.sagemaker.change_notes import ChangeNotes
from placement.integrations.sagemaker.configuration import (
    MachineRange,
    Range,
    Registered,
    around_change,
    asked_range,
    running_range,
    wanted_range,
)
from placement.integrations.sagemaker.groups import PlanView, ServingGroup
from placement.integrations.sagemaker.machine_mix import configurations, is_configured_anew, other_configuration
from placement.integrations.sagemaker.rolling import endpoint_policy, rolling_policy
from placement.integrations.sagemaker.serving import Deployment, Served
from placement.integrations.sagemaker.specification import specification_change
from placement.integrations.sagemaker.steps import Step
from placement.integrations.sagemaker.wish import POLICIES, ROLLING


class DeploymentChanges:
    """Collects the steps of each phase."""

    def __init__(self, view: PlanView, deployment: Deployment, notes: Notes) -> None:
        self.view = view
        self.deployment = deployment
        self.wish = view.wish
        self.notes = notes
        self.say = ChangeNotes(view, deployment, notes)
        self.registrations = scaling.registrations(view, deployment.served)
        self.running_copies = Counter(row.component for row in view.problem.placements)
        self.running_machines = Counter(row.pool for row in view.problem.instances)
        self._more_machines: list[Step] = []
        self._make: tuple[list[Step], list[Step]] = ([], [])  # beside what runs; in the place of copies that go
        self._up: tuple[list[Step], list[Step]] = ([], [])
        self._first_down: list[Step] = []
        self._down: list[Step] = []
        self._respecify: tuple[list[Step], list[Step]] = ([], [])  # once copies are gone; before others come
        self._leave: list[Step] = []  # what clients call elsewhere by then
        self._fewer_machines: list[Step] = []
        self._scale: list[Step] = []

    def steps(self) -> list[Step]:
        """All calls, in order.

        Raises UsageError: the target's botocore lacks a field that is needed, or an endpoint has no role.
        """
        of_endpoint = grouped((group.endpoint, group) for group in self.deployment.groups)
        for endpoint, groups in of_endpoint.items():
            self._endpoint(endpoint, groups)
        if not self.wish.as_new:
            self.say.limits_on_the_way(self.running_machines)
        order = self.deployment.served
        if self.wish.as_new:  # one without copies is made with a copy, which needs room
            order = tuple(sorted(order, key=lambda served: served.copies > 0))
        for served in order:
            status = self.view.components[served.component].labels.get(labels.STATUS)
            if status == labels.DELETING and served.copies == 0:
                continue  # the platform ends it by itself, and refuses calls that change it
            if served.runs and not self.wish.as_new:
                self._copies(served)
                self._update_specification(served)
                self._scale += self._scaling(served)
            else:
                self._component(served)
        beside, after = ([*made, *added] for made, added in zip(self._make, self._up, strict=True))
        later, first = self._respecify
        added = [*self._more_machines, *first, *beside, *self._first_down, *after]
        return [*added, *self._down, *self._leave, *later, *self._fewer_machines, *self._scale]

    # --- Endpoints

    def _endpoint(self, endpoint: str, groups: Sequence[ServingGroup]) -> None:
        runs = _runs(groups[0]) and not self.wish.as_new
        changed = [group for group in groups if group.machines != self._machines_now(group)]
        if not runs:
            if all(group.machines == 0 for group in groups):
                self.notes.inexact(f"endpoint {endpoint}", "the plan leaves it empty, so it is not made")
                return
            config = self._config(endpoint, groups, [group.machines for group in groups])
            made = {"EndpointName": endpoint, "EndpointConfigName": config["EndpointConfigName"]}
            purpose = f"what endpoint {endpoint} is made of"
            self._make[False].append(Step("sagemaker", "CreateEndpointConfig", config, purpose))
            self._make[False].append(Step("sagemaker", "CreateEndpoint", made, f"make endpoint {endpoint}", "endpoint"))
        elif any(is_configured_anew(self.view, group) for group in groups):
            self._configure(endpoint, groups)
        elif changed:
            self._counts(endpoint, changed)
        for group in groups:
            self._capacity(endpoint, group, runs=runs)
        if runs and all(group.machines == 0 for group in groups):
            self.notes.inexact(
                f"endpoint {endpoint}",
                "no copy of the plan is on it; once its components have none either, delete it to stop paying: "
                "aws sagemaker delete-endpoint",
            )

    def _machines_now(self, group: ServingGroup) -> int:
        return sum(self.running_machines[pool.name] for pool in group.pools)

    def _range(self, group: ServingGroup, machines: int) -> MachineRange | None:
        """Least and most of so many machines, where the platform is to manage their number."""
        if not _runs(group):
            return machines, max(1, machines)
        return asked_range(self.view, group, machines)

    def _config(self, endpoint: str, groups: Sequence[ServingGroup], machines: Sequence[int]) -> dict[str, Any]:
        """The endpoint's configuration with so many machines in each group."""
        rows = [
            variant_row(group, count, self._range(group, count), self.wish, self.notes)
            for group, count in zip(groups, machines, strict=True)
        ]
        told = (labels.unpacked(pool.labels, labels.ENDPOINT_SETTINGS) for group in groups for pool in group.pools)
        return config_call(endpoint, rows, next(filter(None, told), {}), self.wish.role)

    def _configure(self, endpoint: str, groups: Sequence[ServingGroup]) -> None:
        """New configurations with the plan's machines and ranges: growth before copies are added, the rest after."""
        for group in groups:
            running, asked = running_range(group.pools), self._range(group, group.machines)
            if running is not None and asked is not None and asked != running and not self.wish.pin:
                self.say.another_range(f"{group.place} ManagedInstanceScaling", running, asked, "written")
            self.say.another_configuration(group, other_configuration(self.view, group))
        if any(group.range_first for group in groups):
            self.notes.assumed(
                f"endpoint {endpoint}",
                "it is updated twice: copies find room only on machines that its new range allows, so that comes "
                "before copies change, and the plan's machines after. Each update starts new machines for all that "
                "runs",
            )
        self.say.no_room_to_renew(endpoint, groups, self.running_machines)
        before, after = configurations(self.view, groups)
        first = self._update(endpoint, groups, before)
        last = self._update(endpoint, groups, after)
        self._more_machines += first
        self._fewer_machines += last if last[:1] != first[:1] else []  # no variant begins with less than a machine

    def _update(self, endpoint: str, groups: Sequence[ServingGroup], counts: Sequence[int | None]) -> list[Step]:
        """The calls that give an endpoint so many machines in each group, by a configuration; none without a number."""
        machines = [number for number in counts if number is not None]
        if not machines:
            return []
        config = self._config(endpoint, groups, machines)
        update = {
            "EndpointName": endpoint,
            "EndpointConfigName": config["EndpointConfigName"],
            "RetainAllVariantProperties": False,
            "DeploymentConfig": endpoint_policy(sum(machines)),
        }
        return [
            Step("sagemaker", "CreateEndpointConfig", config, f"endpoint {endpoint} with the plan's machines"),
            Step("sagemaker", "UpdateEndpoint", update, f"give endpoint {endpoint} the plan's machines", "endpoint"),
        ]

    def _counts(self, endpoint: str, changed: Sequence[ServingGroup]) -> None:
        """Other numbers of machines without a new configuration; where the platform manages them, it does it itself."""
        more: list[dict[str, Any]] = []
        fewer: list[dict[str, Any]] = []
        for group in changed:
            now = self._machines_now(group)
            range_now = running_range(group.pools)
            if range_now is not None:
                self.say.managed(group, now, range_now)
            elif group.machines == 0:
                self.notes.inexact(group.place, f"until deleted it keeps machines: {now}")
            else:
                if group.machines < now:
                    self.say.fewer_machines(group, now)
                row = {"VariantName": group.variant, "DesiredInstanceCount": group.machines}
                (more if group.machines > now else fewer).append(row)
        for rows, phase in ((more, self._more_machines), (fewer, self._fewer_machines)):
            if rows:
                call = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": rows}
                purpose = f"give endpoint {endpoint} the plan's machines"
                phase.append(Step("sagemaker", "UpdateEndpointWeightsAndCapacities", call, purpose, "endpoint"))

    def _capacity(self, endpoint: str, group: ServingGroup, *, runs: bool) -> None:
        """The range that Application Auto Scaling keeps of a variant's machines, where another one is to be."""
        running = running_range(group.pools, labels.CAPACITY)
        wanted = wanted_range(self.view.problem, group.pools, group.machines, labels.CAPACITY)
        if wanted is None or running is None or wanted[1] is None or running[1] is None:
            if not runs:
                self.say.scaling_left_out(group)
            return
        if self.wish.pin and not group.machines:
            return
        least, most = max(wanted[0], min(running[0], 1)), wanted[1]  # no number of machines is set to 0
        least = min(least, group.machines or (least if runs else 1))  # a variant is made with a machine at least
        if self.wish.pin:
            least = most = group.machines
        if runs:
            self.say.actions_of_machines(group)
            self._register_machines(group, (running[0], running[1]), (least, most))
            return
        self.say.machines_registered(group, (least, most))
        resource = variant_resource(endpoint, group.variant)
        self._make[False].append(_scalable(group, (least, most)))
        machines = f"the machines of variant {group.variant} of endpoint {endpoint}"
        policies, actions = scaling.policies_of(group.pools[0]), scaling.actions_of(group.pools[0])
        self._make[False].extend(scaling.put_again(policies, actions, resource, machines))
        self.say.actions_of_machines(group)

    def _register_machines(self, group: ServingGroup, running: Range, wanted: Range) -> None:
        """Another range of a variant that runs: widened before its machines are numbered, narrowed after."""
        now = self._machines_now(group)
        planned = group.machines or now
        ranges = around_change(running, wanted, now, planned)
        if ranges == (None, None):
            return
        self.say.another_range(f"{group.place} autoscaling", running, wanted, "registered")
        phase = self._more_machines if planned >= now else self._fewer_machines
        if ranges.before is not None:
            phase.insert(0, _scalable(group, ranges.before))
        if ranges.after is not None:
            phase.append(_scalable(group, ranges.after))

    # --- Components

    def _copies(self, served: Served) -> None:
        """Another number of copies of a component that runs; first a range of autoscaling that has it."""
        now = self._copies_now(served)
        told = self.view.components[served.component].labels
        asked = None if told.get(labels.STATUS) == "Failed" else labels.unpacked(told, labels.DESIRED)
        if served.copies > now == 0 and asked is None:
            self.notes.assumed(
                served.place,
                f"its label {labels.ENDPOINT} says that it is there, and no copy of it runs: it gets copies. One that "
                "is not there yet must not have the label",
            )
        ranges = self._ranges(served, now if asked is None else asked)
        steps = self._register(served.name, ranges.before)
        if served.copies != now and served.copies == asked:
            reason = f"{now} copies run, and the plan's {served.copies} are asked for already: no call"
            self.notes.assumed(served.place, reason)
        elif served.copies not in (now, asked) or asked not in (now, None):
            steps.append(_runtime(served.name, served.copies, f"{now} to {served.copies} copies of {served.name}"))
        steps += self._register(served.name, ranges.after) + self._shared_actions(served)
        before = self.say.leaving(served, now)
        steps = [replace(step, before=before) for step in steps]
        if served.copies >= now:
            self._up[served.group.needs_room].extend(steps)
        elif served.group.needs_room:
            self._first_down += steps
            self.notes.inexact(served.place, "others need its room, so copies stop before those are in service")
        else:
            (self._leave if before else self._down).extend(steps)

    def _update_specification(self, served: Served) -> None:
        """Another specification of a component that runs, a step after the other."""
        change = specification_change(self.view, served.component, with_policy=self.wish.knows(POLICIES))
        if labels.SPECIFICATION not in self.view.components[served.component].labels:
            reason = f"what it runs with was not read (label {labels.SPECIFICATION}): taken to be what the problem says"
            self.notes.assumed(served.place, reason)
        elsewhere = any(not part.runs for part in self.deployment.parts(served.component))
        if change is None or (served.copies == 0 and elsewhere):
            return
        copies = self._copies_now(served) if change.takes_no_more else served.copies
        call = {"InferenceComponentName": served.name, **change.call, "RuntimeConfig": {"CopyCount": copies}}
        policy = rolling_policy(copies) if self.wish.knows(ROLLING) else None
        if policy is not None:
            call["DeploymentConfig"] = {"RollingUpdatePolicy": policy}
        before = self.say.respecified(served, copies)
        purpose = f"update {served.name}: {', '.join(change.differs)}"
        step = Step("sagemaker", "UpdateInferenceComponent", call, purpose, "component", before=before)
        self._respecify[change.takes_no_more].append(step)

    def _ranges(self, served: Served, now: int) -> Registered:
        """What is registered around another number of copies of a component that runs, if it is scaled."""
        component = self.view.components[served.component]
        running = scaling.copy_range(component)
        if running is None:
            return Registered(None, None)
        wanted = scaling.holding(running, served.copies)
        if self.wish.policy is None and labels.MIN_CAPACITY in component.labels:  # the policy's own range comes last
            wanted = scaling.own_ranges(component, self.deployment.parts(served.component))[served.name]
        self.say.range_of_copies(component)
        return around_change(running, wanted, now, served.copies)

    def _register(self, name: str, limits: tuple[int, int] | None) -> list[Step]:
        """The call that registers a range of copies; none without one."""
        return [] if limits is None else scaling.steps_of(name, scaling.of_range(*limits, self.wish.requests))[:1]

    def _shared_actions(self, served: Served) -> list[Step]:
        """The scheduled actions of a component that runs, put anew with its share where it has one of several parts."""
        parts = self.deployment.parts(served.component)
        actions = self._actions(served)
        if len(parts) == 1 or not actions or self.wish.policy is not None:
            return []
        return _put_actions(actions, served.name)

    def _actions(self, served: Served) -> list[dict[str, Any]]:
        """The scheduled actions of an inference component: its share of those of its component. They are told too."""
        parts = self.deployment.parts(served.component)
        actions = scaling.actions_of(self.view.components[served.component])
        own = scaling.shared_actions(actions, [part.copies for part in parts])[parts.index(served)] if actions else []
        scaling.tell_actions(own, served.copies, "copies", served.place, self.notes)
        return own

    def _policies(self, served: Served) -> list[scaling.Row]:
        """The policies that its component was read with, which measure what it becomes.

        Not the step from zero that an export has made: it is made anew with its alarm, where the range begins there.
        """
        component = self.view.components[served.component]
        kept = [row for row in scaling.policies_of(component) if row.get("PolicyName") != from_zero(component.name)]
        endpoint = component.labels.get(labels.ENDPOINT, served.group.endpoint)
        renamed = {
            "InferenceComponentName": (component.name, served.name),
            "EndpointName": (endpoint, served.group.endpoint),
        }
        return list(scaling.measuring(kept, renamed))

    def _copies_now(self, served: Served) -> int:
        return self.running_copies[served.component] if served.runs else 0

    def _component(self, served: Served) -> None:
        """A new component: made with a copy at least, then scaled."""
        group = served.group
        if served.copies == 0 and not served.runs:
            return
        if all(other.machines == 0 for other in self.deployment.groups if other.endpoint == group.endpoint):
            reason = f"it has no copy, and its endpoint {group.endpoint} is not made: neither is it"
            self.notes.inexact(served.place, reason)
            return
        call = component_call(self.view, served)
        component = self.view.components[served.component]
        if served.runs and labels.VARIANT not in component.labels:
            del call["VariantName"]
            if sum(other.endpoint == group.endpoint for other in self.deployment.groups) > 1:
                told = f"it is bound to no variant; its specification is the one for {group.variant}"
                self.notes.inexact(served.place, told)
        self.say.policy_of_placement(served)
        self.say.model(served)
        make = self._make[group.needs_room and not self.wish.as_new]
        make.append(Step("sagemaker", "CreateInferenceComponent", call, f"make {served.name}", "component"))
        make += self._adapters(served, call)
        if served.copies == 0:
            make.append(_runtime(served.name, 0, f"no copy of {served.name}: it can't be made without"))
        make += self._scaling(served)

    def _adapters(self, served: Served, base: Mapping[str, Any]) -> list[Step]:
        """The adapters of a component that is made by a call, its `base`."""
        kind = self.view.kind(served.group.pools[0].name)
        steps = []
        for name, settings in served.adapters.items():
            call = adapter_call(name, settings, base, kind)
            purpose = f"make {name}, an adapter of {served.name}"
            steps.append(Step("sagemaker", "CreateInferenceComponent", call, purpose, "component"))
            if any(row.get("HasEnvironment") for row in [settings, *settings.get("Specifications", ())]):
                self.say.without_environment(name)
        return steps

    def _scaling(self, served: Served) -> list[Step]:
        """What scales it, if anything does."""
        registration = self.registrations.get(served.name)
        if (registration is None or self.wish.policy is not None) and (self.wish.as_new or not served.runs):
            self.say.not_scaled_as_read(served)
        if registration is None:
            return []
        if self.wish.policy is not None:
            return scaling.steps_of(served.name, registration)
        self.say.range_of_copies(self.view.components[served.component])
        own = self._policies(served)
        self.say.scaled_by(served, own)
        actions = self._actions(served)
        return [*scaling.steps_of(served.name, registration, own), *_put_actions(actions, served.name)]


def _runs(group: ServingGroup) -> bool:
    return any(labels.ENDPOINT in pool.labels for pool in group.pools)


def _put_actions(actions: Sequence[dict[str, Any]], name: str) -> list[Step]:
    return scaling.put_again((), actions, RESOURCE + name, f"the copies of {name}")


def _scalable(group: ServingGroup, limits: Range) -> Step:
    least, most = limits
    of = of_resource(variant_resource(group.endpoint, group.variant))
    call = {**of, "MinCapacity": least, "MaxCapacity": most}
    purpose = f"scale variant {group.variant} of endpoint {group.endpoint} from {least} to {most} machines"
    return Step("application-autoscaling", "RegisterScalableTarget", call, purpose)


def _runtime(name: str, copies: int, purpose: str) -> Step:
    call = {"InferenceComponentName": name, "DesiredRuntimeConfig": {"CopyCount": copies}}
    return Step("sagemaker", "UpdateInferenceComponentRuntimeConfig", call, purpose, "component")

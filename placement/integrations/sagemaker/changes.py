"""Calls that bring endpoints that run, and new ones, to what a plan says, in an order that keeps copies in service.

1. endpoints get more machines;
2. new endpoints and components are made, and copies are added, where there is room for them beside what runs;
3. where there is none, copies go, and others are added in their place;
4. copies are taken away, last those that clients must call elsewhere by then;
5. endpoints get fewer machines.

Ranges of autoscaling are widened before the number that they are about changes, and narrowed after.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from placement.demand.application_auto_scaling import DIMENSION, NAMESPACE, RESOURCE
from placement.integrations.notes import listed
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.around import OF_VARIANT, variant_resource
from placement.integrations.sagemaker.around_change import Registered, around_change
from placement.integrations.sagemaker.calls import (
    adapter_call,
    component_call,
    config_call,
    scheduling_policy,
    settings_of,
    variant_row,
    why_a_policy,
)
from placement.integrations.sagemaker.machine_range import asked_range, running_range, wanted_range
from placement.integrations.sagemaker.names import LONGEST
from placement.integrations.sagemaker.scale_in import copies_at_risk, when_machines_go
from placement.integrations.sagemaker.scaling import (
    copy_range,
    endpoint_policy,
    holding,
    of_range,
    own_ranges,
    registrations,
    scaling_steps,
)
from placement.integrations.sagemaker.scheduled import put_actions, scheduled_actions, shared_actions, tell_actions
from placement.integrations.sagemaker.steps import Step
from placement.units import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement.documents import Component
    from placement.integrations.notes import Notes
    from placement.integrations.sagemaker.around_change import Range
    from placement.integrations.sagemaker.groups import PlanView, ServingGroup
    from placement.integrations.sagemaker.machine_range import MachineRange
    from placement.integrations.sagemaker.serving import Deployment, Served
    from placement.integrations.sagemaker.wish import ExportWish


_NO_ENVIRONMENT = "the component that runs has one, which was not read: add it to the file before it is sent"


class DeploymentChanges:
    """Collects the steps of each phase."""

    def __init__(self, view: PlanView, deployment: Deployment, wish: ExportWish, notes: Notes) -> None:
        """Nothing is written yet."""
        self.view = view
        self.deployment = deployment
        self.wish = wish
        self.notes = notes
        self.registrations = registrations(view.problem, deployment.served, wish)
        self.running_copies = Counter(row.component for row in view.problem.placements)
        self.running_machines = Counter(row.pool for row in view.problem.instances)
        self._more_machines: list[Step] = []
        self._make: tuple[list[Step], list[Step]] = ([], [])  # beside what runs; in the place of copies that go
        self._up: tuple[list[Step], list[Step]] = ([], [])
        self._first_down: list[Step] = []
        self._down: list[Step] = []
        self._leave: list[Step] = []  # what clients call elsewhere by then
        self._fewer_machines: list[Step] = []
        self._scale: list[Step] = []

    def steps(self) -> list[Step]:
        """All calls, in order.

        Raises
        ------
        UsageError
            The target's botocore lacks a field that is needed, or an endpoint has no role.
        """
        of_endpoint: dict[str, list[ServingGroup]] = defaultdict(list)
        for group in self.deployment.groups:
            of_endpoint[group.endpoint].append(group)
        for endpoint, groups in of_endpoint.items():
            self._endpoint(endpoint, groups)
        for served in self.deployment.served:
            if served.runs and not self.wish.as_new:
                self._copies(served)
                self._scale += self._scaling(served)
            else:
                self._component(served)
        beside, after = ([*made, *added] for made, added in zip(self._make, self._up, strict=True))
        added = [*self._more_machines, *beside, *self._first_down, *after]
        return [*added, *self._down, *self._leave, *self._fewer_machines, *self._scale]

    # --- Endpoints

    def _endpoint(self, endpoint: str, groups: Sequence[ServingGroup]) -> None:
        runs = _runs(groups[0]) and not self.wish.as_new
        changed = [group for group in groups if group.machines != self._machines_now(group)]
        if not runs:
            if all(group.machines == 0 for group in groups):
                self.notes.inexact(f"endpoint {endpoint}", "the plan leaves it empty, so it is not made")
                return
            config = self._config(endpoint, groups, [group.machines for group in groups])
            self._make[False].extend(
                [
                    Step("sagemaker", "CreateEndpointConfig", config, f"what endpoint {endpoint} is made of"),
                    Step(
                        "sagemaker",
                        "CreateEndpoint",
                        {"EndpointName": endpoint, "EndpointConfigName": config["EndpointConfigName"]},
                        f"make endpoint {endpoint}",
                        "endpoint",
                    ),
                ]
            )
        elif any(self._range(group, group.machines) != running_range(group.pools) for group in groups):
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
        return asked_range(self.view.problem, group.pools, machines, pin=self.wish.pin)

    def _config(self, endpoint: str, groups: Sequence[ServingGroup], machines: Sequence[int]) -> dict[str, Any]:
        """The endpoint's configuration with so many machines in each group."""
        rows = [
            variant_row(group, count, self._range(group, count), self.wish, self.notes)
            for group, count in zip(groups, machines, strict=True)
        ]
        told = groups[0].pools[0].labels
        settings = labels.unpacked(told, labels.ENDPOINT_SETTINGS, dict, f"endpoint {endpoint}") or {}
        return config_call(endpoint, rows, settings, self.wish.role)

    def _configure(self, endpoint: str, groups: Sequence[ServingGroup]) -> None:
        """New configurations with the plan's machines and ranges: growth before copies are added, the rest after."""
        for group in groups:
            self._tell_range(endpoint, group)
        now = [self._machines_now(group) for group in groups]
        planned = [group.machines for group in groups]
        most = [max(pair) for pair in zip(now, planned, strict=True)]
        if most != now and most != planned:
            self._more_machines += self._update(endpoint, groups, most)
        ranges = [self._range(group, group.machines) for group in groups]
        if planned != now or ranges != [running_range(group.pools) for group in groups]:
            phase = self._more_machines if most == planned else self._fewer_machines
            phase += self._update(endpoint, groups, planned)

    def _tell_range(self, endpoint: str, group: ServingGroup) -> None:
        """A range that is written though it is another than the one that runs, unless that was asked for."""
        running, wanted = running_range(group.pools), self._range(group, group.machines)
        if self.wish.pin or running is None or wanted is None or running == wanted:
            return
        self.notes.assumed(
            f"endpoint {endpoint} variant {group.variant} ManagedInstanceScaling",
            f"{_words(running)} machines now, {_words(wanted)} by the problem and its plan: the latter are written",
        )

    def _update(self, endpoint: str, groups: Sequence[ServingGroup], machines: Sequence[int]) -> list[Step]:
        """The calls that give an endpoint so many machines in each group, by a configuration."""
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
                self._tell_managed(group, now, range_now)
            elif group.machines == 0:
                self.notes.inexact(
                    f"endpoint {endpoint} variant {group.variant}", f"it keeps {now} machines until deleted"
                )
            else:
                if group.machines < now:
                    self._tell_fewer(group, now)
                row = {"VariantName": group.variant, "DesiredInstanceCount": group.machines}
                (more if group.machines > now else fewer).append(row)
        for rows, phase in ((more, self._more_machines), (fewer, self._fewer_machines)):
            if rows:
                call = {"EndpointName": endpoint, "DesiredWeightsAndCapacities": rows}
                purpose = f"give endpoint {endpoint} the plan's machines"
                phase.append(Step("sagemaker", "UpdateEndpointWeightsAndCapacities", call, purpose, "endpoint"))

    def _tell_fewer(self, group: ServingGroup, now: int) -> None:
        """What may be lost for a while where SageMaker chooses which machines of a variant go."""
        go = now - group.machines
        losses = copies_at_risk(self.view, group, go)
        if not losses:
            return
        words = ", ".join(f"{lost} of {copies} of {name}" for name, (lost, copies) in losses.items())
        again = "" if group.fit.strength == "any order" else ", and may find no room, as the others stay where they are"
        if len({self.view.kind(pool.name) for pool in group.pools}) > 1:
            again += ". Of which type they are is its choice too"
        self.notes.inexact(
            f"endpoint {group.endpoint} variant {group.variant} machines",
            f"SageMaker chooses which {go} of the {now} go, with the copies on {'it' if go == 1 else 'them'}: up to "
            f"{words} may be away until they are placed anew{again}. So that fewer are at once, lower "
            "DesiredInstanceCount by one a call, and go on when all copies are in service again; or give the variant "
            "ManagedInstanceScaling with CONSOLIDATION, which empties a machine before it goes",
        )

    def _tell_managed(self, group: ServingGroup, now: int, limits: MachineRange) -> None:
        """Another number of machines than runs, which no call asks for, since SageMaker manages it."""
        if group.machines > now:
            how = "one is added where a copy finds no room"
        else:
            most = max(limits[0], min(now, sum(group.copies.values())))
            how = f"{when_machines_go(group.pools)}; up to {most} may stay"
        self.notes.inexact(
            f"endpoint {group.endpoint} variant {group.variant}",
            f"the plan has {count(group.machines, 'machine')}, {now} run, and SageMaker "
            f"manages their number ({_words(limits)}): {how}; --pin fixes it",
        )

    def _capacity(self, endpoint: str, group: ServingGroup, *, runs: bool) -> None:
        """The range that Application Auto Scaling keeps of a variant's machines, where another one is to be."""
        running = running_range(group.pools, labels.CAPACITY)
        wanted = wanted_range(self.view.problem, group.pools, group.machines, labels.CAPACITY)
        place = f"endpoint {endpoint} variant {group.variant} autoscaling"
        if wanted is None or running is None or wanted[1] is None or running[1] is None:
            self._leave_out_actions(group, place, runs=runs)
            return
        if self.wish.pin and not group.machines:
            return
        least, most = max(wanted[0], min(running[0], 1)), wanted[1]  # no number of machines is set to 0
        least = min(least, group.machines or least)
        if self.wish.pin:
            least = most = group.machines
        actions = scheduled_actions(group.pools[0])
        if runs:
            self._tell_machine_actions(actions, group, place)
            self._register_machines(endpoint, group, (running[0], running[1]), (least, most))
            return
        self.notes.assumed(
            place, f"{_words((least, most))} machines are registered; policies that scale in it are yours to make"
        )
        purpose = f"other limits on the machines of variant {group.variant} of endpoint {endpoint} by the clock"
        resource = variant_resource(endpoint, group.variant)
        self._make[False].append(_scalable(endpoint, group.variant, least, most))
        self._make[False].extend(put_actions(actions, resource, OF_VARIANT, purpose))
        self._tell_machine_actions(actions, group, place)

    def _register_machines(self, endpoint: str, group: ServingGroup, running: Range, wanted: Range) -> None:
        """Another range of a variant that runs: widened before its machines are numbered, narrowed after."""
        now = self._machines_now(group)
        planned = group.machines or now
        ranges = around_change(running, wanted, now, planned)
        if ranges == (None, None):
            return
        why = "as --pin asks" if self.wish.pin else "by the problem and its plan"
        self.notes.assumed(
            f"endpoint {endpoint} variant {group.variant} autoscaling",
            f"{_words(running)} machines now, {_words(wanted)} {why}: the latter are registered",
        )
        phase = self._more_machines if planned >= now else self._fewer_machines
        if ranges.before is not None:
            phase.insert(0, _scalable(endpoint, group.variant, *ranges.before))
        if ranges.after is not None:
            phase.append(_scalable(endpoint, group.variant, *ranges.after))

    def _tell_machine_actions(self, actions: Sequence[dict[str, Any]], group: ServingGroup, place: str) -> None:
        """Scheduled actions that change the plan's machines, or a range that was to be fixed."""
        if actions and self.wish.pin:
            named = listed([str(action.get("ScheduledActionName", "")) for action in actions])
            self.notes.inexact(f"{place} scheduled actions", f"they end what --pin fixes: delete them, or not: {named}")
        tell_actions(actions, group.machines, "machines", place.removesuffix(" autoscaling"), self.notes)

    def _leave_out_actions(self, group: ServingGroup, place: str, *, runs: bool) -> None:
        """Scheduled actions of a variant whose range is managed scaling's: there is no range that they could change."""
        if not runs and scheduled_actions(group.pools[0]):
            self.notes.inexact(
                f"{place} scheduled actions", "they are left out: the variant is made with ManagedInstanceScaling"
            )

    # --- Components

    def _copies(self, served: Served) -> None:
        """Another number of copies of a component that runs; first a range of autoscaling that has it."""
        now = self._copies_now(served)
        told = self.view.components[served.component].labels
        asked = None if told.get(labels.STATUS) == "Failed" else labels.whole(told, labels.DESIRED, served.name)
        if served.copies > now == 0 and asked is None:
            self.notes.assumed(
                f"component {served.name}",
                f"its label {labels.ENDPOINT} says that it is there, and no copy of it runs: it gets copies. One that "
                "is not there yet must not have the label",
            )
        ranges = self._ranges(served, now if asked is None else asked)
        steps = self._register(served.name, ranges.before)
        if served.copies != now and served.copies == asked:
            self.notes.assumed(
                f"component {served.name}", f"{now} copies run, and the plan's {asked} are asked for already: no call"
            )
        elif served.copies not in (now, asked) or asked not in (now, None):
            steps.append(_runtime(served.name, served.copies, f"{now} to {served.copies} copies of {served.name}"))
        steps += self._register(served.name, ranges.after) + self._shared_actions(served)
        before = self._tell_leaving(served, now)
        steps = [replace(step, before=before) for step in steps]
        if served.copies >= now:
            self._up[served.group.needs_room].extend(steps)
        elif served.group.needs_room:
            self._first_down += steps
            self.notes.inexact(
                f"component {served.name}", "others need its room, so copies stop before those are in service"
            )
        else:
            (self._leave if before else self._down).extend(steps)

    def _tell_leaving(self, served: Served, now: int) -> str:
        """What clients do before copies go that are elsewhere by then; also told, with what becomes of adapters."""
        place = f"component {served.name}"
        if served.copies == 0 < now and served.adapters:
            reason = f"its adapters serve nothing once it has no copy: {listed(list(served.adapters))}"
            self.notes.inexact(f"{place} adapters", reason)
        there = [each for each in self.deployment.served if each.component == served.component and not each.runs]
        there = [each for each in there if each.copies]
        if served.copies >= now or not there:
            return ""
        named = [each.name for each in there] + [adapter for each in there for adapter in each.adapters]
        what = [served.name, *served.adapters]
        share = "" if served.copies == 0 else "a part of "
        places = ", ".join(dict.fromkeys(each.group.endpoint for each in there))
        before = (
            f"send {share}the requests for {', '.join(what)} of endpoint {served.group.endpoint} "
            f"to endpoint {places}, where {', '.join(named)} {'serves' if len(named) == 1 else 'serve'} them"
        )
        if served.group.needs_room and any(each.group.needs_room for each in there):
            stop = f"know that copies of {served.name} stop before {', '.join(named)} can be made, for want of room"
            before = f"{stop}; once made, {before}"
            way_out = "one more machine on either endpoint for the time of the move would let none stop"
            self.notes.inexact(place, f"no call moves clients: {before}. Apply stops there; {way_out}")
            return before
        self.notes.inexact(place, f"no call moves clients. Before its copies go, {before}; apply stops there")
        return before

    def _ranges(self, served: Served, now: int) -> Registered:
        """What is registered around another number of copies of a component that runs, if it is scaled."""
        component = self.view.components[served.component]
        running = copy_range(component)
        if running is None:
            return Registered(None, None)
        wanted = holding(running, served.copies)
        if self.wish.policy is None and labels.MIN_CAPACITY in component.labels:  # the policy's own range comes last
            wanted = own_ranges(component, self.deployment.parts(served.component))[served.name]
        self._tell_copies(component)
        return around_change(running, wanted, now, served.copies)

    def _register(self, name: str, limits: tuple[int, int] | None) -> list[Step]:
        """The call that registers a range of copies; none without one."""
        return [] if limits is None else scaling_steps(name, of_range(*limits, self.wish.requests))[:1]

    def _tell_copies(self, component: Component) -> None:
        """The range of autoscaling of a component, where the plan's copies widen it, or several parts share it."""
        scaled, parts = copy_range(component), self.deployment.parts(component.name)
        if scaled is None:
            return
        place, copies = f"component {component.name} autoscaling", sum(part.copies for part in parts)
        least, most = holding(scaled, copies)
        if (least, most) != scaled:
            from_zero = "; from 0 copies nothing adds one by itself" if least == 0 < scaled[0] else ""
            self.notes.assumed(
                place,
                f"the plan has {copies} copies, its range is {scaled[0]} to {scaled[1]}: {least} to {most} are "
                f"registered, since Application Auto Scaling brings copies back into its range{from_zero}",
            )
        if len(parts) > 1 and self.wish.policy is None:
            shares = own_ranges(component, parts)
            words = ", ".join(f"{name} {_words(share)}" for name, share in shares.items())
            self.notes.assumed(place, f"its parts share the range of {_words((least, most))} copies: {words}")

    def _shared_actions(self, served: Served) -> list[Step]:
        """The scheduled actions of a component that runs, put anew with its share where it has one of several parts."""
        parts = self.deployment.parts(served.component)
        actions = self._actions(served)
        place = f"component {served.name}"
        tell_actions(actions, served.copies, "copies", place, self.notes)
        if len(parts) == 1 or not actions or self.wish.policy is not None:
            return []
        return _put_actions(actions, served.name)

    def _actions(self, served: Served) -> list[dict[str, Any]]:
        """The scheduled actions of an inference component: its share of those that its component was read with."""
        parts = self.deployment.parts(served.component)
        actions = scheduled_actions(self.view.components[served.component])
        return shared_actions(actions, [part.copies for part in parts])[parts.index(served)] if actions else []

    def _copies_now(self, served: Served) -> int:
        return self.running_copies[served.component] if served.runs else 0

    def _component(self, served: Served) -> None:
        """A new component: made with a copy at least, then scaled."""
        if served.copies == 0 and not served.runs:
            return
        group = served.group
        call = component_call(self.view, served, self.wish)
        component = self.view.components[served.component]
        place = f"component {served.name}"
        if served.runs and labels.VARIANT not in component.labels:
            del call["VariantName"]
            if sum(other.endpoint == group.endpoint for other in self.deployment.groups) > 1:
                self.notes.inexact(
                    place, f"it is bound to no variant; its specification is the one for {group.variant}"
                )
        self._tell_policy(served)
        self._tell_model(served)
        make = self._make[group.needs_room and not self.wish.as_new]
        make.append(Step("sagemaker", "CreateInferenceComponent", call, f"make {served.name}", "component"))
        make += self._adapters(served)
        if served.copies == 0:
            make.append(_runtime(served.name, 0, f"no copy of {served.name}: it can't be made without"))
        make += self._scaling(served)

    def _adapters(self, served: Served) -> list[Step]:
        """The adapters of a component that is made."""
        steps = []
        for name, settings in served.adapters.items():
            call = adapter_call(name, settings, served)
            purpose = f"make {name}, an adapter of {served.name}"
            steps.append(Step("sagemaker", "CreateInferenceComponent", call, purpose, "component"))
            if settings.get("HasEnvironment"):
                self.notes.inexact(f"component {name} Container.Environment", _NO_ENVIRONMENT)
        return steps

    def _scaling(self, served: Served) -> list[Step]:
        """What scales it, if anything does."""
        registration = self.registrations.get(served.name)
        if registration is None:
            return []
        place = f"component {served.name}"
        if self.wish.policy is not None:
            return scaling_steps(served.name, registration)
        self._tell_copies(self.view.components[served.component])
        self.notes.assumed(
            f"{place} autoscaling",
            f"a copy is added above {self.wish.requests:g} requests at once each (--target-requests)",
        )
        actions = self._actions(served)
        tell_actions(actions, served.copies, "copies", place, self.notes)
        return [*scaling_steps(served.name, registration), *_put_actions(actions, served.name)]

    def _tell_policy(self, served: Served) -> None:
        """Of placement: where the client does not know it, and where what was read has none."""
        policies = {unit: scheduling_policy(self.view, unit, served.group) for unit in served.units}
        place, component = f"component {served.name}", self.view.components[served.component]
        if any(policies.values()) and not self.wish.knows("scheduling and scale-in policies"):
            self.notes.inexact(place, "SchedulingConfig is left out: the target's botocore does not know it")
            return
        for unit, policy in policies.items():
            own = settings_of(component, unit.option).get("SchedulingConfig")
            if policy and not own and labels.SETTINGS in component.labels:
                why = why_a_policy(self.view, component, served.group)
                told = f"{policy['PlacementStrategy']} is added, where what was read has none: {why}"
                self.notes.assumed(f"{place} SchedulingConfig", told)

    def _tell_model(self, served: Served) -> None:
        component = self.view.components[served.component]
        settings = settings_of(component, served.units[0].option)
        of_it = [each.name for each in self.deployment.served if each.component == served.component and each.copies]
        if len(of_it) > 1:
            self.notes.inexact(
                f"component {component.name}",
                f"it becomes {len(of_it)} inference components, among which clients share requests: {', '.join(of_it)}",
            )
        elif served.name != component.name and not served.runs:
            self.notes.assumed(
                f"component {component.name}",
                f"its name at SageMaker, and of an import, is {served.name}: names there have up to "
                f"{LONGEST} letters, digits and dashes, and each is there once",
            )
        if labels.SETTINGS not in component.labels and labels.MODEL not in component.labels:
            self.notes.assumed(
                f"component {component.name} ModelName",
                f"a model of SageMaker named {settings['ModelName']} is there; else label the component {labels.MODEL}",
            )
        if settings.get("HasEnvironment"):
            self.notes.inexact(f"component {served.name} Container.Environment", _NO_ENVIRONMENT)


def _words(found: MachineRange) -> str:
    least, most = found
    return f"{least} or more" if most is None else f"{least} to {most}"


def _runs(group: ServingGroup) -> bool:
    return any(labels.ENDPOINT in pool.labels for pool in group.pools)


def _put_actions(actions: Sequence[dict[str, Any]], name: str) -> list[Step]:
    return put_actions(actions, f"{RESOURCE}{name}", DIMENSION, f"other limits on the copies of {name} by the clock")


def _scalable(endpoint: str, variant: str, least: int, most: int) -> Step:
    call = {
        "ServiceNamespace": NAMESPACE,
        "ResourceId": variant_resource(endpoint, variant),
        "ScalableDimension": OF_VARIANT,
        "MinCapacity": least,
        "MaxCapacity": most,
    }
    purpose = f"scale variant {variant} of endpoint {endpoint} from {least} to {most} machines"
    return Step("application-autoscaling", "RegisterScalableTarget", call, purpose)


def _runtime(name: str, copies: int, purpose: str) -> Step:
    call = {"InferenceComponentName": name, "DesiredRuntimeConfig": {"CopyCount": copies}}
    return Step("sagemaker", "UpdateInferenceComponentRuntimeConfig", call, purpose, "component")

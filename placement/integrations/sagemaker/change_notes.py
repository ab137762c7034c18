"""What a user is told of the calls that bring endpoints to a plan: what they assume, and what no call can do."""

from collections import Counter
from collections.abc import Mapping, Sequence

from placement.documents import Component, Pool
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import labels, scaling
from placement.integrations.sagemaker.configuration import MachineRange, Range, running_range, when_machines_go
from placement.integrations.sagemaker.groups import PlanView, ServingGroup
from placement.integrations.sagemaker.names import LONGEST
from placement.integrations.sagemaker.serving import Deployment, Served
from placement.integrations.sagemaker.specification import scheduling_policy, settings_of, why_a_policy
from placement.integrations.sagemaker.wish import POLICIES, ROLLING
from placement.units import count, listed

_NO_RANGE = "no range of its autoscaling was read"


class ChangeNotes:
    """Notes on steps, each where its step is made."""

    def __init__(self, view: PlanView, deployment: Deployment, notes: Notes) -> None:
        self.view = view
        self.deployment = deployment
        self.wish = view.wish
        self.notes = notes

    # --- Endpoints

    def another_range(self, place: str, running: MachineRange, wanted: MachineRange, becomes: str) -> None:
        """A range of machines that is written or registered, though it is another than the one that runs."""
        why = "as --pin asks" if self.wish.pin else "by the problem and its plan"
        ranges = f"{_words(running)} machines now, {_words(wanted)} {why}"
        self.notes.assumed(place, f"{ranges}: the latter are {becomes}")

    def another_configuration(self, group: ServingGroup, changes: Sequence[str]) -> None:
        """What else than its range a new configuration has otherwise than was read."""
        if changes:
            reason = f"other than it was read: {listed(changes)}: a new configuration is written"
            self.notes.assumed(f"{group.place} configuration", reason)

    def fewer_machines(self, group: ServingGroup, now: int) -> None:
        """What may be lost for a while where SageMaker chooses which machines of a variant go."""
        go = now - group.machines
        losses = _copies_at_risk(self.view, group, go)
        if not losses:
            return
        words = ", ".join(f"{lost} of {copies} of {name}" for name, (lost, copies) in losses.items())
        again = "" if group.fit.strength == "any order" else ", and may find no room, as the others stay where they are"
        if len({self.view.kind(pool.name) for pool in group.pools}) > 1:
            again += ". Of which type they are is its choice too"
        self.notes.inexact(
            f"{group.place} machines",
            f"SageMaker chooses which {go} of the {now} go, with the copies on {'it' if go == 1 else 'them'}: up to "
            f"{words} may be away until they are placed anew{again}. So that fewer are at once, lower "
            "DesiredInstanceCount by one a call, and go on when all copies are in service again; or give the variant "
            "ManagedInstanceScaling with CONSOLIDATION, which empties a machine before it goes",
        )

    def managed(self, group: ServingGroup, now: int, limits: MachineRange) -> None:
        """Another number of machines than runs, which no call asks for, since SageMaker manages it."""
        if group.machines > now:
            how = "one is added where a copy finds no room"
        else:
            most = max(limits[0], min(now, sum(group.copies.values())))
            how = f"{when_machines_go(group.pools)}; up to {most} may stay"
        self.notes.inexact(
            group.place,
            f"the plan has {count(group.machines, 'machine')}, {now} run, and SageMaker "
            f"manages their number ({_words(limits)}): {how}; --pin fixes it",
        )

    def limits_on_the_way(self, running: Mapping[str, int]) -> None:
        """Limits over several variants that both ends keep and the calls break: machines come before others go.

        `running` are machines by pool. Those of one variant count together: it never has more than the larger number.
        """
        planned = Counter(self.view.pool_of.values())
        variants = {tuple(pool.name for pool in group.pools): group.place for group in self.deployment.groups}
        for limit in self.view.problem.limits:
            if limit.max_instances is None:
                continue
            come: list[str] = []
            go: list[str] = []
            most = 0
            for names, place in variants.items():
                of_limit = set(limit.pools) & set(names)
                now, then = (sum(machines[name] for name in of_limit) for machines in (Counter(running), planned))
                most += max(now, then)
                if now != then:
                    (come if then > now else go).append(place)
            ends = (sum(machines.get(name, 0) for name in limit.pools) for machines in (running, planned))
            if most > limit.max_instances >= max(ends):
                self.notes.inexact(
                    f"limit {limit.name}",
                    f"it allows {count(limit.max_instances, 'machine')}, and up to {most} are asked for on the way, as "
                    f"those of {listed(come)} come before those of {listed(go)} go: a call may be refused. Have a "
                    "quota raised for that time, or carry out a plan with what goes first, then import again",
                )

    def no_room_to_renew(self, endpoint: str, groups: Sequence[ServingGroup], running: Mapping[str, int]) -> None:
        """Limits that have no machine left for a new configuration, whose machines come before the old ones go."""
        runs = {pool.name: pool for group in groups for pool in group.pools if running.get(pool.name)}
        full = [
            f"pool {name} (max_instances {pool.max_instances})"
            for name, pool in runs.items()
            if pool.max_instances is not None and running[name] >= pool.max_instances
        ]
        full += [
            f"limit {limit.name} (max_instances {limit.max_instances})"
            for limit in self.view.problem.limits
            if limit.max_instances is not None and runs.keys() & set(limit.pools)
            if sum(running.get(name, 0) for name in limit.pools) >= limit.max_instances
        ]
        if full:
            self.notes.inexact(
                f"endpoint {endpoint} update",
                "a new configuration starts new machines, up to half of all at a time, before old ones go; no more "
                f"than run are allowed by {listed(full)}: where that is a quota of the account a call may fail: "
                "have it raised for that time",
            )

    def machines_registered(self, group: ServingGroup, limits: Range) -> None:
        """The range of machines of a variant that is made, and what scales in it."""
        policies = scaling.policies_of(group.pools[0])
        place = f"{group.place} autoscaling"
        scaled = f"it is scaled as its policies say: {scaling.names_of(policies)}"
        by = scaled if policies else "policies that scale in it are yours to make"
        self.notes.assumed(place, f"{_words(limits)} machines are registered; {by}")
        self._started_by_alarms(policies, place)

    def actions_of_machines(self, group: ServingGroup) -> None:
        """Scheduled actions that change the plan's machines, or a range that was to be fixed."""
        actions = scaling.actions_of(group.pools[0])
        if actions and self.wish.pin:
            named = listed([str(action.get("ScheduledActionName", "")) for action in actions])
            place = f"{group.place} autoscaling scheduled actions"
            self.notes.inexact(place, f"they end what --pin fixes: delete them, or not: {named}")
        scaling.tell_actions(actions, group.machines, "machines", group.place, self.notes)

    def scaling_left_out(self, group: ServingGroup) -> None:
        """What scaled a variant, where the new one has no range of autoscaling in which it could act."""
        managed = running_range(group.pools) is not None
        why = "the variant is made with ManagedInstanceScaling" if managed else _NO_RANGE
        self._leave_out(group.pools[0], group.place, why)

    # --- Components that run

    def leaving(self, served: Served, now: int) -> str:
        """What clients do before copies go that are elsewhere by then, which is told too, as what becomes of adapters.

        Empty where there is nothing to do.
        """
        if served.copies == 0 < now and served.adapters:
            reason = f"its adapters serve nothing once it has no copy: {listed(list(served.adapters))}"
            self.notes.inexact(f"{served.place} adapters", reason)
        there = [each for each in self.deployment.served if each.component == served.component and not each.runs]
        there = [each for each in there if each.copies]
        if served.copies >= now or not there:
            return ""
        before = _send_requests(served, there)
        if served.group.needs_room and any(each.group.needs_room for each in there):
            named = ", ".join(_callable(there))
            stop = f"know that copies of {served.name} stop before {named} can be made, for want of room"
            before = f"{stop}; once made, {before}"
            way_out = "one more machine on either endpoint for the time of the move would let none stop"
            self.notes.inexact(served.place, f"no call moves clients: {before}. Apply stops there; {way_out}")
            return before
        self.notes.inexact(served.place, f"no call moves clients. Before its copies go, {before}; apply stops there")
        return before

    def respecified(self, served: Served, copies: int) -> str:
        """What an update of its specification means for a component; what a person does before, else empty."""
        place = served.place
        if copies == 1:
            reason = "no step of one is allowed for a single copy, so none is asked for: the copy may be away meanwhile"
            self.notes.inexact(f"{place} rolling update", reason)
        elif copies and not self.wish.knows(ROLLING):
            self.notes.inexact(f"{place} rolling update", "it is left out: the target's botocore does not know it")
        if served.adapters:
            reason = "whether they serve while their base is updated is not documented"
            self.notes.inexact(f"{place} adapters", f"{reason}: {listed(list(served.adapters))}")
        component = self.view.components[served.component]
        if not any(settings_of(component, unit.option).get("HasEnvironment") for unit in served.units):
            return ""
        self.without_environment(served.name)
        return f"add the environment of {served.name}, which was not read, to the file of its update"

    def range_of_copies(self, component: Component) -> None:
        """The range of autoscaling of a component, where the plan's copies widen it, or several parts share it."""
        scaled, parts = scaling.copy_range(component), self.deployment.parts(component.name)
        if scaled is None:
            return
        place, copies = f"component {component.name} autoscaling", sum(part.copies for part in parts)
        least, most = scaling.holding(scaled, copies)
        if (least, most) != scaled:
            from_zero = "; from 0 copies nothing adds one by itself" if least == 0 < scaled[0] else ""
            self.notes.assumed(
                place,
                f"the plan has {count(copies, 'copy', 'copies')}, its range is {scaled[0]} to {scaled[1]}: {least} to "
                f"{most} are registered, since Application Auto Scaling brings copies back into its range{from_zero}",
            )
        if len(parts) > 1 and self.wish.policy is None:
            shares = scaling.own_ranges(component, parts)
            words = ", ".join(f"{name} {_words(share)}" for name, share in shares.items())
            self.notes.assumed(place, f"its parts share the range of {_words((least, most))} copies: {words}")

    # --- Components that are made

    def scaled_by(self, served: Served, policies: Sequence[scaling.Row]) -> None:
        """The policies that it was read with, else the target of its autoscaling."""
        place = f"{served.place} autoscaling"
        if policies:
            self.notes.assumed(place, f"it is scaled as the policies say that were read: {scaling.names_of(policies)}")
            self._started_by_alarms(policies, place)
            return
        requests = f"{self.wish.requests:g} requests at once"
        self.notes.assumed(place, f"a copy is added above {requests} each (--target-requests)")

    def not_scaled_as_read(self, served: Served) -> None:
        """What scaled a component that is made, where no range of it is known, or --policy says how it is scaled."""
        why = _NO_RANGE if self.wish.policy is None else "--policy is in their place"
        self._leave_out(self.view.components[served.component], served.place, why)

    def _leave_out(self, row: Component | Pool, place: str, why: str) -> None:
        for what, found in (("scheduled actions", scaling.actions_of(row)), ("policies", scaling.policies_of(row))):
            if found:
                self.notes.inexact(f"{place} autoscaling {what}", f"they are left out: {why}")

    def _started_by_alarms(self, policies: Sequence[scaling.Row], place: str) -> None:
        """Policies that do nothing until an alarm starts them."""
        steps = [policy for policy in policies if policy.get("PolicyType") == scaling.STEP]
        if steps:
            reason = "an alarm starts it, which was not read: make one, with the policy's ARN as its action"
            self.notes.inexact(f"{place} {scaling.STEP} {scaling.names_of(steps)}", reason)

    def policy_of_placement(self, served: Served) -> None:
        """Where the client does not know it, and where what was read has none."""
        policies = {unit: scheduling_policy(self.view, unit, served.group) for unit in served.units}
        place, component = f"{served.place} SchedulingConfig", self.view.components[served.component]
        if any(policies.values()) and not self.wish.knows(POLICIES):
            self.notes.inexact(served.place, "SchedulingConfig is left out: the target's botocore does not know it")
            return
        for unit, policy in policies.items():
            own = settings_of(component, unit.option).get("SchedulingConfig")
            if policy and not own and labels.SETTINGS in component.labels:
                why = why_a_policy(self.view, component, served.group)
                told = f"{policy['PlacementStrategy']} is added, where what was read has none: {why}"
                self.notes.assumed(place, told)

    def model(self, served: Served) -> None:
        """Names of what a component becomes, the model that it serves, and its environment."""
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
            self.without_environment(served.name)

    def without_environment(self, name: str) -> None:
        """A component, or an adapter, that has an environment where it runs."""
        reason = "the component that runs has one, which was not read: add it to the file before it is sent"
        self.notes.inexact(f"component {name} Container.Environment", reason)


def _words(found: MachineRange) -> str:
    least, most = found
    return f"{least} or more" if most is None else f"{least} to {most}"


def _callable(there: Sequence[Served]) -> list[str]:
    """What clients may call of parts elsewhere: themselves and their adapters."""
    return [each.name for each in there] + [adapter for each in there for adapter in each.adapters]


def _send_requests(served: Served, there: Sequence[Served]) -> str:
    """What clients do whose component is also `there`, or will be there alone."""
    named, what = _callable(there), [served.name, *served.adapters]
    share = "" if served.copies == 0 else "a part of "
    places = ", ".join(dict.fromkeys(each.group.endpoint for each in there))
    if places == served.group.endpoint:
        return f"send {share}the requests for {', '.join(what)} of endpoint {places} to {', '.join(named)} there"
    return (
        f"send {share}the requests for {', '.join(what)} of endpoint {served.group.endpoint} "
        f"to endpoint {places}, where {', '.join(named)} {'serves' if len(named) == 1 else 'serve'} them"
    )


def _copies_at_risk(view: PlanView, group: ServingGroup, machines: int) -> dict[str, tuple[int, int]]:
    """Of each component of a group, how many copies so many of its machines may hold at most, and how many it has."""
    has: Counter[str] = Counter()
    on_one: Counter[str] = Counter()
    for unit, copies in group.copies.items():
        has[unit.component] += copies
        rooms = [view.room(pool.instance_type) for pool in group.pools if view.may_stand(unit, pool)]
        need = view.needs(unit)
        fitting = (min(there // one for one, there in zip(need, room, strict=True) if one) for room in rooms)
        most = max(fitting, default=0)
        on_one[unit.component] = max(on_one[unit.component], most)
    return {name: (min(copies, machines * on_one[name]), copies) for name, copies in has.items() if copies}

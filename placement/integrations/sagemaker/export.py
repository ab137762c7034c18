"""A plan as files for SageMaker: a call each, a template, and a page that says what was made of the plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from placement.catalogue.search import is_zone_name
from placement.catalogue.tables import region_of_zone, regions
from placement.documents import Component, Plan, Problem
from placement.errors import UsageError, printable
from placement.integrations.exported import Exported, file_name
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import advice, labels, machine_mix
from placement.integrations.sagemaker.changes import DeploymentChanges
from placement.integrations.sagemaker.groups import PlanView, ServingGroup, demands_of, machines_of
from placement.integrations.sagemaker.label_rules import check_labels
from placement.integrations.sagemaker.packing import fit
from placement.integrations.sagemaker.rolling import later_update
from placement.integrations.sagemaker.rules import RULES, CallSet, lint
from placement.integrations.sagemaker.scaling import Registration, own_ranges, tell_policies
from placement.integrations.sagemaker.service_model import service_model
from placement.integrations.sagemaker.serving import Deployment, Served, deployment
from placement.integrations.sagemaker.specification import settings_of
from placement.integrations.sagemaker.steps import Step, files, numbered, text
from placement.integrations.sagemaker.template import differences, template
from placement.integrations.sagemaker.wish import ExportWish
from placement.units import listed, money

TEMPLATE = "template.json"
_OF_COMPONENT = (
    f"fields that an import kept are in the label {labels.SETTINGS} of the component: mend them there, or install a "
    "newer boto3 that knows them"
)
_WAYS_OUT = {  # where a call has fields that its model refuses
    "CreateEndpointConfig": f"fields that an import kept are in the labels {labels.SETTINGS} and "
    f"{labels.ENDPOINT_SETTINGS} of the endpoint's pools: mend them there, or install a newer boto3 that knows them",
    "PutScalingPolicy": f"policies that an import kept are in the label {labels.POLICIES} of the component, or of the "
    "variant's pools: mend them there, or install a newer boto3 that knows them",
    "CreateInferenceComponent": _OF_COMPONENT,
    "UpdateInferenceComponent": _OF_COMPONENT,
}


@dataclass(frozen=True, slots=True)
class SageMakerExport:
    """The files with their notes, the calls, and a line for each variant."""

    exported: Exported
    steps: tuple[Step, ...]
    lines: tuple[str, ...]


def export_plan(problem: Problem, plan: Plan, wish: ExportWish) -> SageMakerExport:
    """What SageMaker has to be told to serve a plan. The plan must keep every rule of its problem.

    Raises DocumentError: a label of SageMaker is not what it must be.
    Raises UsageError: SageMaker, or the client that is the target, can't express the plan; or something that is needed
    is missing.
    """
    check_labels(problem)
    _check_region(problem, plan)
    notes = Notes()
    view = PlanView(problem, plan, wish)
    wish.require("inference components", "the plan")
    made = deployment(view)
    _check_models(view, made)
    changes = DeploymentChanges(view, made, notes)
    steps = changes.steps()
    _tell(view, made, changes.registrations, notes)
    _check(steps, view, notes)
    found = files(steps)
    if any(step.operation == "CreateEndpoint" for step in steps):  # what runs is no part of a new stack
        stack = template(steps, f"{problem.name or 'A plan'}: inference components by placement")
        if stack is not None:
            found[TEMPLATE] = stack
            for name, reason in differences(steps):
                notes.inexact(f"{TEMPLATE} component {name}", reason)
        else:
            notes.inexact(TEMPLATE, "CloudFormation's resources know no partitions of accelerators: there is none")
    if not wish.as_new:
        _tell_states(view, steps, notes)
    if not steps:
        where = ", on other machines than it has" if any(group.others is not None for group in made.groups) else ""
        notes.assumed("calls", f"there are none: as many copies run as the plan has{where}")
    found |= _later(steps)
    pages = {advice.PAGE: advice.page(view, made, steps, notes, plan.price_per_hour)}
    return SageMakerExport(Exported(pages | found, tuple(notes)), tuple(steps), tuple(advice.lines(view, made)))


def _check_region(problem: Problem, plan: Plan) -> None:
    """Refuse machines in several regions: an endpoint, and the client that the calls are sent by, are of one."""
    zone_of = {pool.name: pool.zone for pool in problem.pools}
    zones = sorted({zone_of[machine.pool] for machine in plan.instances})
    found = {zone: region for zone in zones for region in regions() if is_zone_name(zone, region)}
    found |= {zone: region for zone in zones if (region := region_of_zone(zone)) is not None}
    several = sorted(set(found.values()))
    if len(several) > 1:
        raise UsageError(
            f"the plan has machines in {listed(several)}, and an endpoint is of one region, as are all calls: "
            "plan and export the pools of each region on their own"
        )


def _check_models(view: PlanView, made: Deployment) -> None:
    """Refuse that two components serve one model because their names become one name."""
    names: dict[str, str] = {}
    for served in made.served:
        component = view.components[served.component]
        is_there, told = served.runs and not view.wish.as_new, component.labels
        if is_there or labels.MODEL in told or labels.SETTINGS in told:
            continue
        model = str(settings_of(component, served.units[0].option)["ModelName"])
        other = names.setdefault(model.lower(), component.name)
        if other != component.name:
            both = f"{printable(other)} and {printable(component.name)}"
            raise UsageError(
                f"components {both} would both serve a model named {model}: label each "
                f"{labels.MODEL} with the name of its own"
            )


def _later(steps: Sequence[Step]) -> dict[str, str]:
    """An update of each new component with its rolling policy: for a later change of image or needs, to be edited."""
    found = {}
    for number, step in enumerate(steps, 1):
        if step.operation == "CreateInferenceComponent" and "RuntimeConfig" in step.parameters:
            call = later_update(step.parameters, step.parameters["RuntimeConfig"]["CopyCount"])
            if call is not None:
                name = file_name(numbered(number, len(steps)), "update-inference-component", step.subject)
                found[f"later/{name}.json"] = text(call)
    return found


def _tell(view: PlanView, made: Deployment, scaled: Mapping[str, Registration], notes: Notes) -> None:
    """What SageMaker can't be told of the plan. `scaled` is how each inference component is scaled, by its name."""
    notes.inexact("machines", "no call binds a copy to a machine or an accelerator: numbers and policies are sent")
    _tell_names(view, made, notes)
    for group in made.groups:
        zones = {pool.zone for pool in group.pools}
        if len(zones) > 1:
            notes.inexact(
                f"{group.place} zones", f"SageMaker spreads machines over zones itself; the plan has {len(zones)}"
            )
        _tell_mix(view, group, notes)
        if group.fit.strength == "no":
            notes.inexact(f"{group.place} packing", f"SageMaker's own packing may not fit the plan: {group.fit.reason}")
    if not view.wish.as_new:
        _tell_chosen_machines(view, notes)
    for served in made.served:
        component = view.components[served.component]
        _tell_component(component, served, notes)
        own = own_ranges(component, made.parts(component.name)).get(served.name)
        most = scaled[served.name].most if served.name in scaled else None if own is None else own[1]
        _tell_room(view, served, most, notes)
    if view.wish.policy is not None:
        tell_policies(view, made.served, scaled, notes)


def _tell_states(view: PlanView, steps: Sequence[Step], notes: Notes) -> None:
    """Components that calls change, and endpoints that are changed or have such, which were not in service."""
    subjects = {step.parameters.get("EndpointName") for step in steps} | {step.subject for step in steps}
    subjects |= {row.labels.get(labels.ENDPOINT) for row in view.components.values() if row.name in subjects}
    placed = {unit.component for row in view.holds.values() for unit in row}
    found = [("component", row.name, row.labels) for row in view.components.values()]
    found += [("endpoint", row.labels.get(labels.ENDPOINT, ""), row.labels) for row in view.pools.values()]
    for what, name, told in found:
        status = told.get(labels.STATUS)
        if status == labels.DELETING:
            gone = "what the plan has of it will be gone. Import it again once it is"
            if what == "component" and name not in placed:
                gone = "no call is about it, and what it takes is free only once it is gone: send calls then"
            notes.inexact(f"{what} {name} status", f"it was {status} when it was read: {gone}")
        elif status is not None and name in subjects:
            reason = f"it was {status} when it was read: calls that change it may be refused until it is InService"
            notes.inexact(f"{what} {name} status", f"{reason}. Look at it first, or import it again")


def _tell_chosen_machines(view: PlanView, notes: Notes) -> None:
    """Machines and copies of endpoints that run and of which the problem says that they go or stay."""
    there = [row for row in view.problem.instances if labels.ENDPOINT in view.pools[row.pool].labels]
    names = {row.id for row in there}
    pinned = {row.instance for row in view.problem.placements if row.pinned and row.instance in names}
    chosen = [row.id for row in there if row.state != "active" or not row.removable or row.id in pinned]
    if chosen:
        reason = "what drains, is cordoned, stays or has pinned copies can't be told"
        notes.inexact(
            f"machines {listed(chosen)}", f"{reason}: SageMaker chooses which machines go, and where copies are"
        )


def _tell_mix(view: PlanView, group: ServingGroup, notes: Notes) -> None:
    """Machines that the plan has of several types, or of others than will run."""

    def words(kinds: Mapping[str, int]) -> str:
        mix = " and ".join(f"{count} of {kind}" for kind, count in kinds.items())
        return f"{mix} ({money(machine_mix.price_per_hour(view, group, kinds))} an hour)"

    place = f"{group.place} machines by type"
    if group.others is not None:
        coming = f"{'up to ' if group.others.most else ''}{words(group.others.kinds)} will run"
        shown = "placement diff --by-pool will show the difference"
        why = f"{group.others.because}; {shown}"
        if len({view.kind(pool.name) for pool in group.pools}) > 1:
            why = f"no call asks for a mix: {why}"
        notes.inexact(place, f"the plan has {words(group.kinds)}, {coming}: {why}")
    elif len(group.kinds) > 1:
        notes.inexact(place, f"the plan has {words(group.kinds)}; no call asks for a mix: {machine_mix.NEW_ONES}")


def _tell_names(view: PlanView, made: Deployment, notes: Notes) -> None:
    """Names by which an import will call pools and the problem, where they are not those that they have."""
    for group in made.groups:
        name = f"{group.endpoint}/{group.variant}"
        for pool in group.pools:
            if labels.ENDPOINT not in pool.labels and pool.name != name:
                notes.assumed(f"pool {pool.name}", f"an import calls it {name}, by endpoint and variant")
    names = "-".join(sorted({group.endpoint for group in made.groups}))
    if made.groups and names != view.problem.name:
        notes.assumed(
            f"problem {view.problem.name or 'without a name'}", f"an import of the endpoints calls it {names}"
        )


def _tell_component(component: Component, served: Served, notes: Notes) -> None:
    place = served.place
    if component.zones is not None:
        notes.inexact(f"{place} zones", "a component can't be kept to zones; the subnets of its endpoint decide")
    spread = component.spread
    if spread.max_skew is not None or spread.min_zones is not None or component.min_available_on_zone_loss:
        notes.inexact(f"{place} zones", "AvailabilityZoneBalance is PERMISSIVE: SageMaker may break it")
    if spread.max_per_zone is not None:
        notes.inexact(f"{place} spread.max_per_zone", "SageMaker has no such rule")
    if component.min_available_on_pool_loss and len(served.group.pools) > 1:
        reason = "SageMaker chooses the type of each machine and copy: all may be of one"
        notes.inexact(f"{place} min_available_on_pool_loss", reason)
    if any(component.modes[unit.option].shared and component.modes[unit.option].accelerators for unit in served.units):
        notes.inexact(f"{place} shared", "its copies get whole accelerators; none are shared")


def _tell_room(view: PlanView, served: Served, most: int | None, notes: Notes) -> None:
    """Whether the machines hold more copies: one for a rolling update, and as many as autoscaling may ask for."""
    place = served.place
    if served.copies >= 2 and not _has_room(view, served, 1, served.group.expected):
        notes.inexact(f"{place} rolling update", "its machines have no room for a copy more, which a step needs")
    machines = machine_mix.most_machines(view, served.group)
    if most is None or not served.copies or machines is None:
        return
    if not _has_room(view, served, max(0, most - served.copies), machines):
        count = sum(machines.values())
        told = "the 1 machine" if count == 1 else f"the {count} machines"
        notes.inexact(f"{place} autoscaling", f"{told} of its variant may have no room for {most} copies")


def _has_room(view: PlanView, served: Served, more: int, kinds: Mapping[str, int]) -> bool:
    """Whether machines of these types surely hold so many copies more of a component."""
    group = served.group
    machines = machines_of(view, group.pools, kinds)
    own = next((unit for unit in served.units if unit in group.copies), None)
    all_types = view.of_all_types(group.copies, group.pools)
    grown = {unit: copies + more * (unit == own) for unit, copies in all_types.items()}
    strategies = dict.fromkeys(grown, view.strategy(served.component)) | dict(group.strategies)
    demands = demands_of(view, grown, grown, strategies, group.pools)
    return not machines or fit(machines, demands).strength != "no"


def _check(steps: Sequence[Step], view: PlanView, notes: Notes) -> None:
    """Refuse calls that break a rule between fields, or the model of the service where botocore is there to tell."""
    devices = {
        view.kind(pool.name): view.problem.instance_types[pool.instance_type].accelerator_count
        for pool in view.pools.values()
    }
    unverified = {rule.__name__.replace("_", "-") for rule in RULES if "(unverified" in (rule.__doc__ or "")}
    for broken in lint(CallSet(steps, devices)):
        if broken.rule not in unverified:
            raise UsageError(f"the calls of this plan would be refused: {printable(str(broken))}")
        notes.inexact(broken.place, f"{broken.reason}; whether SageMaker refuses that is not known")
    unread = False
    for step in steps:
        model = service_model(step.service)
        if model is None:
            unread = True
            continue
        faults = model.faults(step.operation, step.parameters)
        if faults:
            more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
            way_out = f"; {_WAYS_OUT[step.operation]}" if step.operation in _WAYS_OUT else ""
            raise UsageError(f"{step.operation} {printable(step.subject)} would be refused: {faults[0]}{more}{way_out}")
    if unread:
        notes.assumed(
            "calls", "they were not checked against the service's model: pip install 'gpu-placement[sagemaker]'"
        )

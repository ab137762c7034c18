"""What an inference component is made of and takes on one type of machine, and whether one that runs is to get another.

An import writes what it read into a label, by type. An export writes the same of the problem and its plan, and where
the two differ the component is updated: other needs, another option, model or container, or a policy of placement that
its rules need.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from placement.documents import Component, Option, Pool
from placement.errors import UsageError, printable
from placement.grouping import grouped
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.groups import PlanView, ServingGroup, Unit, amounts
from placement.integrations.sagemaker.inference_components import Specification
from placement.integrations.sagemaker.names import ResourceNames
from placement.integrations.sagemaker.packing import Amounts
from placement.units import MILLI, need

Row = dict[str, Any]
_NEEDS, _POLICY = "ComputeResourceRequirements", "SchedulingConfig"
_LIMIT = "MaxMemoryRequiredInMb"  # of a container: it reserves nothing


def specification(
    view: PlanView, unit: Unit, pools: Sequence[Pool], scheduling: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What a copy of a unit is made of and takes on some pools of one variant, with a policy of placement or none."""
    settings = settings_of(view.components[unit.component], unit.option)
    settings.pop("HasEnvironment", None)
    settings.pop(_POLICY, None)
    partitions = labels.unpacked(pools[0].labels, labels.PARTITIONS)
    row = _made_of(settings, _needs_row(view.needs(unit), partitions[0] if partitions else ""))
    return {**row, _POLICY: dict(scheduling)} if scheduling else row


def _made_of(settings: Mapping[str, Any], needs: dict[str, Any]) -> dict[str, Any]:
    """What a component is made of, with its needs and the most memory of its container, which settings carry."""
    rest = {key: value for key, value in settings.items() if key != _LIMIT}
    limit = {_LIMIT: max(settings[_LIMIT], needs["MinMemoryRequiredInMb"])} if _LIMIT in settings else {}
    return {**rest, _NEEDS: {**needs, **limit}}


def _needs_row(taken: Amounts, partition: str) -> dict[str, Any]:
    """What a copy takes as the API has it; `partition` is the profile of its accelerator, empty for whole ones."""
    needs: dict[str, Any] = {"MinMemoryRequiredInMb": taken.memory_mib}
    if taken.milli_vcpus:
        cores = taken.milli_vcpus / 1000
        needs["NumberOfCpuCoresRequired"] = int(cores) if cores.is_integer() else cores
    if taken.accelerators:
        needs["NumberOfAcceleratorDevicesRequired"] = taken.accelerators
    if partition and taken.accelerators:
        needs["AcceleratorPartitionType"] = partition
    return needs


def scheduling_policy(view: PlanView, unit: Unit, group: ServingGroup) -> dict[str, Any] | None:
    """The policy of a unit: its own, else what the plan asks for. One that was read without gets none without need."""
    component = view.components[unit.component]
    own: dict[str, Any] | None = settings_of(component, unit.option).get(_POLICY)
    if own or (labels.SETTINGS in component.labels and not why_a_policy(view, component, group)):
        return own
    chosen = (strategy for each, strategy in group.strategies.items() if each.component == component.name)
    return _scheduling_of(component, next(chosen, view.strategy(component.name)))


def why_a_policy(view: PlanView, component: Component, group: ServingGroup) -> str:
    """Why a plan needs a policy of placement for a component that was read without; empty where it does not."""
    if view.strategy(component.name) == "SPREAD":
        return "it has rules over machines or zones"
    is_there = any(unit.component == component.name for unit in group.copies)
    return "by another choice of machines copies may not fit" if is_there and group.fit.strength == "simulated" else ""


def _scheduling_of(component: Component, strategy: str) -> dict[str, Any]:
    """The policy of a component; rules over zones become the one that SageMaker has, which it may break."""
    policy: dict[str, Any] = {"PlacementStrategy": strategy}
    spread = component.spread
    if spread.max_skew is not None or spread.min_zones is not None or component.min_available_on_zone_loss:
        most = min(100, spread.max_skew or 0)
        policy["AvailabilityZoneBalance"] = {"EnforcementMode": "PERMISSIVE", "MaxImbalance": most}
    return policy


def settings_of(component: Component, option: int) -> dict[str, Any]:
    """What a component is made of, by its labels; else a model of its own name, also where it is split."""
    rows: list[dict[str, Any]] | None = labels.unpacked(component.labels, labels.SETTINGS)
    if rows is not None:
        return rows[option] if len(rows) > 1 else rows[0]
    return {"ModelName": component.labels.get(labels.MODEL) or ResourceNames().take(component.name)}


@dataclass(frozen=True, slots=True)
class SpecificationChange:
    """What a component that runs is to run with.

    `call`: the key of the call that says it.
    `before`, `after`: specifications by type of machine.
    `differs`: what of them does, in words.
    """

    call: Mapping[str, Any]
    before: Mapping[str, Row]
    after: Mapping[str, Row]
    differs: tuple[str, ...]

    @property
    def takes_no_more(self) -> bool:
        """Whether a copy takes less of something, and more of nothing."""
        pairs = [(amounts_of(row), amounts_of(self.after[kind])) for kind, row in self.before.items()]
        return any(was != now for was, now in pairs) and all(now.fit_in(was) for was, now in pairs)


def recorded(read: Specification, option: Mapping[str, Any]) -> Row:
    """What an import keeps of a specification that became an option: in the numbers that the option has."""
    kind = {} if read.instance_type is None else {"InstanceType": read.instance_type}
    settings = {key: value for key, value in read.settings.items() if key != "HasEnvironment"}
    return {**kind, **_made_of(settings, _needs_row(amounts(Option(**option)), read.partition))}


def amounts_of(row: Row) -> Amounts:
    """What a copy takes by a specification."""
    needs = row[_NEEDS]
    return Amounts(
        int(needs.get("NumberOfAcceleratorDevicesRequired", 0)),
        need(needs.get("NumberOfCpuCoresRequired", 0), MILLI),
        needs["MinMemoryRequiredInMb"],
    )


def specification_change(view: PlanView, name: str, *, with_policy: bool = True) -> SpecificationChange | None:
    """What is new of the specification of a component that runs; None: nothing, or what it runs with is not known.

    `with_policy`: whether the target's client knows policies of placement.
    Raises UsageError: the plan has copies by two options on machines of one type, and a component has one specification
    for a type.
    """
    component = view.components[name]
    homes = _homes(view, component)
    read = labels.unpacked(component.labels, labels.SPECIFICATION) or ()
    by_type = {row.get("InstanceType", ""): _without(row, "InstanceType") for row in read}

    def told(row: Row) -> Row:
        return row if with_policy else _without(row, _POLICY)

    before, after = {}, {}
    for kind, unit in _units(view, component, homes, by_type).items():
        was = by_type.get(kind, by_type.get(""))
        if was is not None:
            before[kind] = told(was)
        after[kind] = told(_wanted(view, unit, homes[kind]))
    differs = tuple(dict.fromkeys(word for kind in before for word in _differences(before[kind], after[kind])))
    gone = [kind for kind in homes if kind not in after and not by_type.keys().isdisjoint((kind, ""))] if after else []
    if before:
        differs += tuple(f"{kind} is new" for kind in after if kind not in before)
        differs += tuple(f"{kind} is gone" for kind in gone)
    if not differs:
        return None
    rows = list(after.values())
    call: Row = {"Specifications": [{"InstanceType": kind, **row} for kind, row in after.items()]}
    if "" in by_type and not gone and all(row == rows[0] for row in rows):
        call = {"Specification": rows[0]}
    return SpecificationChange(call, before, after, differs)


def _homes(view: PlanView, component: Component) -> dict[str, list[Pool]]:
    """Pools by type of the variants that a component runs on."""
    told = component.labels
    own = (pool for pool in view.pools.values() if labels.ENDPOINT in pool.labels)
    there = (pool for pool in own if pool.labels[labels.ENDPOINT] == told.get(labels.ENDPOINT))
    variant_of = ((pool, pool.labels.get(labels.VARIANT, labels.MAIN)) for pool in there)
    return grouped((view.kind(pool.name), pool) for pool, name in variant_of if told.get(labels.VARIANT, name) == name)


def _units(
    view: PlanView, component: Component, homes: Mapping[str, Sequence[Pool]], read: Mapping[str, Row]
) -> dict[str, Unit]:
    """The option for each type: that of the plan's copies, else the one that was read, else the first."""
    found = {}
    for kind, pools in homes.items():
        used = _used(view, component, kind, pools)
        able = [unit for unit in view.able(component.name, pools) if view.kinds([unit], pools)]
        was = read.get(kind, read.get(""))
        same = [unit for unit in able if was is not None and _wanted(view, unit, pools) == was]
        chosen = [*used, *same, *able]
        if chosen:
            found[kind] = chosen[0]
    return found


def check_options(view: PlanView, component: Component) -> None:
    """Refuse a plan with copies of a component that runs by two options on machines of one type."""
    for kind, pools in _homes(view, component).items():
        _used(view, component, kind, pools)


def _used(view: PlanView, component: Component, kind: str, pools: Sequence[Pool]) -> list[Unit]:
    """The option by which the plan has copies on some machines of one type; none where it has no copy there."""
    names = {pool.name for pool in pools}
    held = (view.holds[machine] for machine, pool in view.pool_of.items() if pool in names)
    used = sorted({unit for units in held for unit in units if unit.component == component.name})
    if len(used) > 1:
        raise UsageError(
            f"component {printable(component.name)}: the plan has copies by options {used[0].option} and "
            f"{used[1].option} on machines of {printable(kind)}, and an inference component has one specification for "
            "a type: give one of the options a component of its own, or take it away, and solve again"
        )
    return used


def _wanted(view: PlanView, unit: Unit, pools: Sequence[Pool]) -> Row:
    """The specification of a unit, with its own policy of placement, or the one that rules over machines need."""
    component = view.components[unit.component]
    policy = settings_of(component, unit.option).get(_POLICY)
    if policy is None and view.strategy(component.name) == "SPREAD":
        policy = _scheduling_of(component, "SPREAD")
    return specification(view, unit, pools, policy)


def _without(row: Row, key: str) -> Row:
    return {own: value for own, value in row.items() if own != key}


def _differences(before: Row, after: Row) -> Iterator[str]:
    """Fields of two specifications that differ, in words."""
    for key in dict.fromkeys((*before, *after)):
        was, now = before.get(key), after.get(key)
        if key == _NEEDS and isinstance(was, dict) and isinstance(now, dict):
            yield from _differences(was, now)
        elif was is None or now is None:
            yield f"{key} is {'new' if was is None else 'gone'}"
        elif was != now:
            plain = all(isinstance(value, str | int | float) for value in (was, now))
            yield f"{key} {was} to {now}" if plain else key

"""Rules between fields of SageMaker's calls, which neither its service model nor any tool checks before a call is sent.

Each rule is a function; the first line of its docstring is its text. Rules marked *unverified* are read from pages or
samples and were never seen to be enforced. What no input of an export can break has no rule here.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from placement.integrations.sagemaker.steps import Step

_CREATE = "CreateInferenceComponent"
_UPDATE = "UpdateInferenceComponent"


@dataclass(frozen=True, slots=True)
class LintFault:
    """A broken rule: its name, the call and field, and what is wrong."""

    rule: str
    place: str
    reason: str

    def __str__(self) -> str:
        """Place, reason, and the rule in brackets."""
        return f"{self.place}: {self.reason} [{self.rule}]"


@dataclass
class CallSet:
    """The calls of an export. `devices` has the accelerators of a machine by type; a type that it lacks is unknown."""

    steps: Sequence[Step]
    devices: Mapping[str, int] = field(default_factory=dict)

    def inputs(self, *operations: str) -> Iterator[dict[str, Any]]:
        return (step.parameters for step in self.steps if step.operation in operations)

    def components(self, *operations: str) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((f"component {call.get('InferenceComponentName')}", call) for call in self.inputs(*operations))

    def variants(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for config in self.inputs("CreateEndpointConfig"):
            for key in ("ProductionVariants", "ShadowProductionVariants"):
                for row in config.get(key, ()):
                    yield f"{config.get('EndpointConfigName')} variant {row.get('VariantName')}", row

    def specifications(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Every specification of a component, with its place and its call."""
        for place, call in self.components(_CREATE, _UPDATE):
            if "Specification" in call:
                yield f"{place} Specification", call["Specification"], call
            for index, row in enumerate(call.get("Specifications", ())):
                yield f"{place} Specifications[{index}]", row, call

    def variant_of(self, call: Mapping[str, Any]) -> dict[str, Any] | None:
        """The variant that a component is on, where these calls make it."""
        makes = self.inputs("CreateEndpoint", "UpdateEndpoint")
        own = (each for each in makes if each.get("EndpointName") == call.get("EndpointName"))
        config = next(own, {}).get("EndpointConfigName")
        for each in self.inputs("CreateEndpointConfig"):
            if each.get("EndpointConfigName") == config:
                rows = each.get("ProductionVariants", ())
                named = [row for row in rows if row.get("VariantName") == call.get("VariantName")]
                return named[0] if named else rows[0] if len(rows) == 1 else None
        return None


def types_of(variant: Mapping[str, Any]) -> list[str]:
    if "InstanceType" in variant:
        return [variant["InstanceType"]]
    return [pool.get("InstanceType", "") for pool in variant.get("InstancePools", ())]


def one_kind_of_types(calls: CallSet) -> Iterator[tuple[str, str]]:
    """A variant has either InstanceType or InstancePools."""
    for place, row in calls.variants():
        given = [key for key in ("InstanceType", "InstancePools") if key in row]
        if len(given) != 1:
            yield place, f"has {' and '.join(given) or 'neither'}"


def pools_differ(calls: CallSet) -> Iterator[tuple[str, str]]:
    """Pools of a variant are of different types. (unverified)"""
    for place, row in calls.variants():
        kinds = types_of(row)
        if len(set(kinds)) < len(kinds):
            yield place, "two of its pools are of one type"


def specification_for_each_pool(calls: CallSet) -> Iterator[tuple[str, str]]:
    """Every pool's type has an entry in Specifications. (unverified: the sample has one for each)"""
    for place, call in calls.components(_CREATE):
        variant = calls.variant_of(call)
        if variant is None or "InstancePools" not in variant:
            continue
        named = {row.get("InstanceType") for row in call.get("Specifications", ())}
        for kind in types_of(variant):
            if kind not in named:
                yield place, f"has no specification for {kind}"


def specifications_name_types(calls: CallSet) -> Iterator[tuple[str, str]]:
    """Each entry of Specifications names its InstanceType, no two the same."""
    for place, call in calls.components(_CREATE, _UPDATE):
        kinds = [row.get("InstanceType") for row in call.get("Specifications", ())]
        if None in kinds or len(set(kinds)) < len(kinds):
            yield place, "entries without a type of their own"


def no_model_on_variant(calls: CallSet) -> Iterator[tuple[str, str]]:
    """A variant of inference components has no ModelName."""
    used = {id(calls.variant_of(call)) for call in calls.inputs(_CREATE)}
    for place, row in calls.variants():
        if "ModelName" in row and id(row) in used:
            yield place, "has a model of its own"


def _devices(row: Mapping[str, Any]) -> float:
    found = row.get("ComputeResourceRequirements", {}).get("NumberOfAcceleratorDevicesRequired", 0)
    return found if isinstance(found, int | float) else 0


def devices_fit_the_machine(calls: CallSet) -> Iterator[tuple[str, str]]:
    """A copy takes no more accelerators than its machine has, and none where it has none."""
    for place, row, call in calls.specifications():
        variant = calls.variant_of(call)
        parts = _partitions(variant)
        kinds = [row["InstanceType"]] if "InstanceType" in row else types_of(variant or {})
        for kind in kinds:
            most = calls.devices.get(kind)
            if most is not None and _devices(row) > most * max(1, len(parts)):
                yield place, f"takes {_devices(row):g} accelerators, {kind} has {most}"


def _is_adapter(call: Mapping[str, Any]) -> bool:
    rows = [call.get("Specification", {}), *call.get("Specifications", ())]
    return any("BaseInferenceComponentName" in row for row in rows)


def _partitions(variant: Mapping[str, Any] | None) -> list[str]:
    layouts = (variant or {}).get("AcceleratorPartitionLayouts", ())
    return [kind for layout in layouts[:1] for kind in layout.get("AcceleratorPartitionTypes", ())]


def one_layout(calls: CallSet) -> Iterator[tuple[str, str]]:
    """A variant has one layout of partitions, which is that of every accelerator."""
    for place, row in calls.variants():
        if len(row.get("AcceleratorPartitionLayouts", ())) > 1:
            yield place, f"has {len(row['AcceleratorPartitionLayouts'])} layouts"


def partitions_match(calls: CallSet) -> Iterator[tuple[str, str]]:
    """A component takes a partition just where its variant has a layout: one, of a profile of the layout."""
    for place, row, call in calls.specifications():
        if _is_adapter(call):
            continue
        kind = row.get("ComputeResourceRequirements", {}).get("AcceleratorPartitionType")
        variant = calls.variant_of(call)
        profiles = _partitions(variant)
        if kind is not None and _devices(row) != 1:
            yield place, f"takes {_devices(row):g} accelerators, with a partition it must be 1"
        if variant is not None and kind is None and profiles and _devices(row):
            yield place, "names no partition, its variant has a layout"
        if variant is not None and kind is not None and kind not in profiles:
            yield place, f"takes a {kind}, the layout of its variant has {', '.join(profiles) or 'none'}"


def adapters_take_nothing(calls: CallSet) -> Iterator[tuple[str, str]]:
    """An adapter has no ComputeResourceRequirements, and every other component has."""
    for place, row, call in calls.specifications():
        has = "ComputeResourceRequirements" in row
        if _is_adapter(call) == has:
            yield place, "an adapter with requirements" if has else "has no requirements"


def counts_in_order(calls: CallSet) -> Iterator[tuple[str, str]]:
    """MinInstanceCount <= InitialInstanceCount <= MaxInstanceCount, save for 1 machine to begin from 0. (unverified)"""
    for place, row in calls.variants():
        scaling = row.get("ManagedInstanceScaling", {})
        start = row.get("InitialInstanceCount", 1)
        least, most = scaling.get("MinInstanceCount", start), scaling.get("MaxInstanceCount", start)
        if not least <= start <= most:
            yield place, f"begins with {start} machines, from {least} to {most}"


def prefix_routing_is_set(calls: CallSet) -> Iterator[tuple[str, str]]:
    """PREFIX_AWARE routing has a PrefixLength and a ConcurrencyThreshold."""
    for place, row in calls.variants():
        routing = row.get("RoutingConfig", {})
        lacking = {"PrefixLength", "ConcurrencyThreshold"} - routing.get("PrefixAwareRoutingConfig", {}).keys()
        if routing.get("RoutingStrategy") == "PREFIX_AWARE" and lacking:
            yield place, "PREFIX_AWARE without PrefixAwareRoutingConfig"


def made_once_and_before_use(calls: CallSet) -> Iterator[tuple[str, str]]:
    """Configurations, endpoints and components are made once; what a call here makes is made before it is used."""
    makes = {
        "CreateEndpointConfig": "EndpointConfigName",
        "CreateEndpoint": "EndpointName",
        _CREATE: "InferenceComponentName",
    }
    uses = {
        "CreateEndpoint": ("CreateEndpointConfig", "EndpointConfigName"),
        "UpdateEndpoint": ("CreateEndpointConfig", "EndpointConfigName"),
        _CREATE: ("CreateEndpoint", "EndpointName"),
    }
    ever = {
        (step.operation, step.parameters.get(makes[step.operation])) for step in calls.steps if step.operation in makes
    }
    made: set[tuple[str, Any]] = set()
    for step in calls.steps:
        place = f"{step.operation} {step.subject}"
        if step.operation in uses:
            maker, key = uses[step.operation]
            row = (maker, step.parameters.get(key))
            if row in ever and row not in made:
                yield place, f"uses {row[1]} before it is made"
        if step.operation in makes:
            own = (step.operation, step.parameters.get(makes[step.operation]))
            if own in made:
                yield place, "is made twice"
            made.add(own)


RULES: tuple[Callable[[CallSet], Iterator[tuple[str, str]]], ...] = (
    one_kind_of_types,
    pools_differ,
    specification_for_each_pool,
    specifications_name_types,
    no_model_on_variant,
    devices_fit_the_machine,
    one_layout,
    partitions_match,
    adapters_take_nothing,
    counts_in_order,
    prefix_routing_is_set,
    made_once_and_before_use,
)


def lint(calls: CallSet) -> list[LintFault]:
    """Every broken rule. O(calls^2), which are some hundreds."""
    return [
        LintFault(rule.__name__.replace("_", "-"), place, reason) for rule in RULES for place, reason in rule(calls)
    ]

"""Machines of one type in one variant of one endpoint: a pool of the problem."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from placement.catalogue.facts import Findings
from placement.catalogue.market import Market
from placement.demand.application_auto_scaling import variant_resource
from placement.errors import UsageError, printable
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.configuration import recorded_configuration
from placement.integrations.sagemaker.endpoints import Endpoint, PoolState, Variant
from placement.integrations.sagemaker.inference_components import PROFILE


@dataclass(frozen=True, slots=True)
class VariantPool:
    """Machines of one type in a variant; `row` is the name of their row of instance types."""

    endpoint: Endpoint
    variant: Variant
    state: PoolState
    row: str

    @property
    def name(self) -> str:
        name = f"{self.endpoint.name}/{self.variant.name}"
        return name if self.state.priority is None else f"{name}/{self.state.instance_type}"

    @property
    def place(self) -> str:
        return f"endpoint {self.endpoint.name} variant {self.variant.name}"

    @property
    def resource(self) -> str:
        """What Application Auto Scaling calls the machines of its variant."""
        return variant_resource(self.endpoint.name, self.variant.name)

    @property
    def machines(self) -> tuple[str, ...]:
        """Ids of its machines."""
        return tuple(f"{self.name}/{number}" for number in range(1, self.state.count + 1))

    def labels(self) -> dict[str, str]:
        variant, state = self.variant, self.state
        values = {
            labels.ENDPOINT: self.endpoint.name,
            labels.VARIANT: variant.name,
            labels.INSTANCE_TYPE: state.instance_type,
            labels.SETTINGS: variant.settings,
            labels.ENDPOINT_SETTINGS: self.endpoint.settings,
            labels.STATUS: self.endpoint.status or None,
            labels.PRIORITY: state.priority,
            labels.SCALING: variant.scaling,
            labels.PARTITIONS: variant.partitions or None,
            labels.RESERVATION: (variant.reservation.arn or None) if variant.reservation else None,
        }
        row = labels.written(values)
        return row | recorded_configuration(row, {state.instance_type for state in variant.pools})


def variant_pools(endpoints: Sequence[Endpoint], market: Market, *, consolidate: bool) -> tuple[VariantPool, ...]:
    """A pool for each type of each variant.

    Variants that share a type have rows of instance types of their own, so that components stay in their variant; not
    where they may leave it (`consolidate`).
    """
    variants = [(endpoint, variant) for endpoint in endpoints for variant in endpoint.variants]
    states = [(endpoint, variant, state) for endpoint, variant in variants for state in variant.pools]
    homes = Counter(state.instance_type for _, _, state in states)
    found = []
    for endpoint, variant, state in states:
        row = _known_type(market, endpoint, variant, state.instance_type)
        if variant.partitions:
            row += f" {len(variant.partitions)}x{variant.partitions[0]}"
        if homes[state.instance_type] > 1 and not consolidate:
            row += f" of {endpoint.name}/{variant.name}"
        found.append(VariantPool(endpoint, variant, state, row))
    return tuple(found)


def _known_type(market: Market, endpoint: Endpoint, variant: Variant, kind: str) -> str:
    """The name of a type in the catalogue; the error names the answer, the endpoint and the variant that have it."""
    try:
        return market.instance_type(kind).name
    except UsageError as error:
        place = f"{endpoint.source}: endpoint {endpoint.name} variant {variant.name} InstanceType"
        sizes = "aws ec2 describe-instance-types has its sizes, for --facts FILE"
        raise UsageError(f"{printable(place)}: {error}; {sizes}") from None


def with_hosted_types(market: Market, endpoints: Iterable[Endpoint], notes: Notes) -> Market:
    """The market with types of SageMaker that it lacks, where it knows the machine of EC2 of that name without `ml.`.

    They have its sizes, and no price: SageMaker's own is higher.
    """
    kinds = {state.instance_type for endpoint in endpoints for variant in endpoint.variants for state in variant.pools}
    found = []
    for kind in sorted(kinds - set(market.types)):
        plain = market.types.get(kind.removeprefix("ml."))
        if plain is not None and kind.startswith("ml."):
            notes.assumed(f"instance type {kind}", f"it has the sizes of EC2's {plain.name}")
            found.append(replace(plain, name=kind, provider="sagemaker", price=None))
    return Market([*market.findings, Findings("types of EC2", types=tuple(found))]) if found else market


def by_variant(pools: Iterable[VariantPool]) -> list[tuple[Variant, list[VariantPool]]]:
    """The pools of each variant, which stand side by side, together."""
    grouped = (list(rows) for _, rows in groupby(pools, key=lambda pool: (pool.endpoint.name, pool.variant.name)))
    return [(together[0].variant, together) for together in grouped]


def profile_gib(profile: str) -> float:
    """GiB of a MIG profile, as its name says.

    >>> profile_gib("mig-3g.20gb")
    20.0
    """
    found = PROFILE.fullmatch(profile)
    if found is None:
        raise UsageError(f"{printable(profile)} is no MIG profile such as mig-3g.20gb")
    return float(found["gib"])

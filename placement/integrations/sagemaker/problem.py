"""Endpoints as a problem: what runs is its instances and placements, what may be rented its pools.

Prices, sizes and quotas are the catalogue's and the user's own files'. Which machine a copy is on is reconstructed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from placement.catalogue.account import AccountPool
from placement.catalogue.market import Market, is_of
from placement.catalogue.rows import instance_row, price_words, whole
from placement.demand.application_auto_scaling import RESOURCE
from placement.documents import Plan
from placement.errors import UsageError, printable
from placement.integrations.imported import Imported, told_account_rules
from placement.integrations.notes import Notes
from placement.integrations.sagemaker import labels
from placement.integrations.sagemaker.around import ScalingRanges
from placement.integrations.sagemaker.endpoints import Endpoint
from placement.integrations.sagemaker.inference_components import InferenceComponent, Specification
from placement.integrations.sagemaker.reconstruction import Solver, placements
from placement.integrations.sagemaker.specification import recorded
from placement.integrations.sagemaker.variant_pools import VariantPool, by_variant, profile_gib, variant_pools
from placement.referee.fleet import limits
from placement.referee.standing import Standing
from placement.units import MIB_PER_GIB


@dataclass(frozen=True, slots=True)
class ImportWish:
    """How to read: a region in place of the ARN's, prices as given, GiB kept from components on each type.

    `consolidate`: components may leave their endpoint for any other that was read; else each stays where it is bound.
    `ranges` are those of autoscaling.
    """

    region: str = ""
    prices: Mapping[str, float] = field(default_factory=dict)
    headroom_gib: Mapping[str, float] = field(default_factory=dict)  # by type; "" for all others
    consolidate: bool = False
    ranges: ScalingRanges = field(default_factory=ScalingRanges)


def import_endpoints(
    endpoints: Sequence[Endpoint], market: Market, wish: ImportWish, notes: Notes, solver: Solver | None = None
) -> Imported:
    """The problem that endpoints are. Where first-fit finds no place for running copies, `solver` is asked.

    Raises UsageError: a type or its price is not known, or a component can run nowhere.
    Raises DocumentError: the endpoints make no valid problem.
    """
    endpoints = sorted(endpoints, key=lambda endpoint: endpoint.name)  # the order of files or options says nothing
    document = _EndpointProblem(endpoints, market, wish, notes).document(solver)
    made = Imported.of(document, notes, f"endpoint {', '.join(endpoint.name for endpoint in endpoints)}")
    machines = [{"id": row.id, "pool": row.pool} for row in made.problem.instances]
    for broken in limits(Standing(made.problem, Plan(instances=machines))):
        notes.broken(broken.where, f"with the machines that run {broken.message}")
    return replace(made, notes=tuple(notes))


class _EndpointProblem:
    """Rows of the problem, section by section."""

    def __init__(self, endpoints: Sequence[Endpoint], market: Market, wish: ImportWish, notes: Notes) -> None:
        self.endpoints = endpoints
        self.market = market
        self.wish = wish
        self.notes = notes
        self.pools = variant_pools(endpoints, market, consolidate=wish.consolidate)
        self.accelerators: dict[str, dict[str, Any]] = {}
        self.instance_types: dict[str, dict[str, Any]] = {}

    def document(self, solver: Solver | None) -> dict[str, Any]:
        for pool in self.pools:
            if pool.row not in self.instance_types:
                self.instance_types[pool.row] = self._instance_type(pool)
        pools = [self._pool(pool) for pool in self.pools]
        self._tell_ranges()
        rows = {
            endpoint.name: [(component, self._component(component)) for component in endpoint.components]
            for endpoint in self.endpoints
        }
        running = [
            row
            for endpoint in self.endpoints
            for row in placements(
                [pool for pool in self.pools if pool.endpoint is endpoint],
                self.instance_types,
                rows[endpoint.name],
                self.notes,
                solver,
            )
        ]
        reserved = self._reservations()
        committed = {name for row in reserved for name in row["pools"]}
        self._tell_quotas()
        account = told_account_rules(self.market, list(map(self._rented, self.pools)), committed, self.notes)
        return {
            "name": "-".join(endpoint.name for endpoint in self.endpoints)[:200],
            "accelerators": self.accelerators,
            "instance_types": self.instance_types,
            "pools": pools,
            "limits": [*self._scaling_limits(), *account.limits],
            "commitments": [*reserved, *account.commitments],
            "components": [row for of_one in rows.values() for _, row in of_one],
            "instances": [{"id": name, "pool": pool.name} for pool in self.pools for name in pool.machines],
            "placements": running,
        }

    # --- Machines

    def _region(self, endpoint: Endpoint) -> str:
        return self.wish.region or endpoint.region

    def _instance_type(self, pool: VariantPool) -> dict[str, Any]:
        name = pool.state.instance_type
        facts = self.market.instance_type(name)
        region = self._region(pool.endpoint)
        price, own = self.market.price(facts.name, region), self.wish.prices.get(facts.name)
        if own is None and price is None:
            raise UsageError(
                f"{printable(pool.place)}: no price is known of {printable(name)}; "
                f"give it with --price {printable(name)}=DOLLARS"
            )
        if own is None:
            self.notes.assumed(f"instance type {name} price_per_hour", price_words(price, region))
        row = instance_row(facts, own if own is not None else price.per_hour if price else None)
        row.pop("reserved", None)  # what Kubernetes keeps: there is none here
        row |= self._reserved(name, facts.memory_gib)
        partitions = pool.variant.partitions
        if facts.accelerator_count:
            accelerator, memory, count = facts.device, facts.accelerator_memory_gib, facts.accelerator_count
            if partitions:
                accelerator, memory = f"{facts.device} {partitions[0]}", profile_gib(partitions[0])
                count *= len(partitions)
            row |= {"accelerator": accelerator, "accelerator_count": count}
            self.accelerators[accelerator] = {"memory_gib": whole(memory)}
        elif partitions:
            raise UsageError(f"{printable(pool.place)}: partitions of accelerators on {name}, which has none")
        return row

    def _reserved(self, name: str, memory_gib: float) -> dict[str, Any]:
        kept = self.wish.headroom_gib.get(name, self.wish.headroom_gib.get("", 0))
        if kept > memory_gib:
            raise UsageError(f"--headroom {printable(name)}={kept:g}: the machine has {memory_gib:g} GiB")
        if kept:
            return {"reserved": {"memory_gib": whole(kept)}}
        self.notes.assumed(
            f"instance type {name} memory_gib",
            "all of the machine's; components may reserve less, how much less is not documented (see --headroom)",
        )
        return {}

    def _pool(self, pool: VariantPool) -> dict[str, Any]:
        region = self._region(pool.endpoint) or "all"
        self.notes.assumed(f"{pool.place} zones", f"the API tells none: {region} stands for all of them as one")
        row: dict[str, Any] = {"name": pool.name, "instance_type": pool.row, "zone": region}
        least, caps = 0, self._most(pool, region)
        if pool.state.priority is None:
            least, _ = self._range(pool) or (0, None)
        if least:
            row["min_instances"] = min([least, *caps.values()])
            if row["min_instances"] < least:
                reason = f"{least} is above what may be had, {row['min_instances']}: the latter"
                self.notes.ignored(f"{pool.place} MinInstanceCount", reason)
        if caps:
            row["max_instances"] = min(caps.values())
        self._tell_count(pool, least, caps)
        return row | {"labels": pool.labels() | self._capacity(pool) | self._by_itself(pool.resource)}

    def _by_itself(self, resource: str) -> dict[str, str]:
        """The labels of what scales a variant or a component: its scheduled actions and its policies."""
        actions, policies = self.wish.ranges.actions, self.wish.ranges.policies
        return labels.written({labels.SCHEDULED: actions.get(resource), labels.POLICIES: policies.get(resource)})

    def _capacity(self, pool: VariantPool) -> dict[str, str]:
        """The label of a range of machines that Application Auto Scaling keeps, where the platform itself has none."""
        found = self.wish.ranges.limits.get(pool.resource)
        return labels.written({labels.CAPACITY: found}) if found and found[1] and pool.variant.scaling is None else {}

    def _most(self, pool: VariantPool, region: str) -> dict[str, int]:
        """The most machines of a pool alone, by what says so."""
        caps = {}
        most = (self._range(pool) or (0, None))[1]
        if most is not None and pool.state.priority is None:
            caps["MaxInstanceCount"] = most
        reserved = pool.variant.reservation
        if reserved is not None and reserved.usable is not None:
            caps["CapacityReservationConfig"] = reserved.usable
        alike = [other for other in self.pools if other.state.instance_type == pool.state.instance_type]
        quota = self.market.most(pool.state.instance_type, region)
        if quota is not None and len(alike) == 1:  # what several pools share is a limit over them
            caps[f"quota of {pool.state.instance_type}"] = quota
        return caps

    def _tell_quotas(self) -> None:
        """That quotas count more than what was read."""
        rented = [self._rented(pool) for pool in self.pools]
        quotas = dict.fromkeys(self.market.quotas)
        for region in dict.fromkeys(pool.region for pool in rented):
            used = any(is_of(quota, pool.facts, region, "on-demand") for quota in quotas for pool in rented)
            if used:
                reason = "they count all endpoints of the account: how many machines others have is not known"
                self.notes.assumed(f"quotas of {region}", reason)

    def _tell_count(self, pool: VariantPool, least: int, caps: Mapping[str, int]) -> None:
        """Machines that run beyond what the pool may have."""
        for name, most in caps.items():
            if pool.state.count > most:
                self.notes.broken(f"{pool.place} {name}", f"{pool.state.count} machines run, at most {most} may")
        if pool.state.count < least:
            reason = f"{pool.state.count} machines run, at least {least} are wanted, and paid for in each plan"
            self.notes.assumed(f"{pool.place} MinInstanceCount", reason)

    def _range(self, pool: VariantPool) -> tuple[int, int | None] | None:
        """Least and most machines of a pool's variant, whoever keeps their number in it."""
        return pool.variant.scaling or self.wish.ranges.limits.get(pool.resource)

    def _tell_ranges(self) -> None:
        """What Application Auto Scaling keeps of machines."""
        self.wish.ranges.tell_others(self.endpoints, self.notes)
        for variant, pools in by_variant(self.pools):
            found = self.wish.ranges.limits.get(pools[0].resource)
            if found is None:
                continue
            place, words = f"{pools[0].place} autoscaling", f"{found[0]} to {found[1]} machines"
            if variant.scaling is not None:
                self.notes.ignored(place, f"{words}: the range of ManagedInstanceScaling is taken")
            else:
                self.notes.assumed(place, f"{words}: the plan keeps this range")

    def _scaling_limits(self) -> list[dict[str, Any]]:
        """The range of machines of a variant with several types, which is over all of them."""
        limits = []
        for variant, pools in by_variant(self.pools):
            found = self._range(pools[0])
            if found is None or pools[0].state.priority is None:
                continue
            least, most = found
            if least:
                place = f"{pools[0].place} MinInstanceCount"
                self.notes.ignored(place, f"{least} machines over several types: the problem has no such rule")
            if most is not None:
                name = f"{pools[0].endpoint.name}/{variant.name} MaxInstanceCount"
                limits.append({"name": name, "pools": [pool.name for pool in pools], "max_instances": most})
        return limits

    def _rented(self, pool: VariantPool) -> AccountPool:
        facts = self.market.instance_type(pool.state.instance_type)
        return AccountPool(pool.name, facts, self._region(pool.endpoint))

    def _reservations(self) -> list[dict[str, Any]]:
        """Machines of training plans as commitments."""
        rows: list[dict[str, Any]] = []
        for variant, pools in by_variant(self.pools):
            reserved = variant.reservation
            if reserved is None:
                continue
            place = f"{pools[0].place} CapacityReservationConfig"
            if reserved.usable is None:
                self.notes.ignored(place, "how many machines it has is not told; an export keeps it")
                continue
            if len(pools) > 1:
                self.notes.ignored(place, "it is over several types of machines, a commitment is over one")
                continue
            rows.append(
                {"name": f"{pools[0].name} reservation", "pools": [pools[0].name], "instances": reserved.usable}
            )
            if reserved.total is not None and reserved.total > reserved.usable:
                others = reserved.total - reserved.usable
                self.notes.assumed(place, f"{others} of its {reserved.total} machines serve others and are left out")
        return rows

    # --- Components

    def _component(self, component: InferenceComponent) -> dict[str, Any]:
        place = f"inference component {component.name}"
        homes = [pool for pool in self.pools if self._may_be(component, pool)]
        options, settings, read = [], [], []
        for specification in component.specifications:
            rows = list(dict.fromkeys(pool.row for pool in homes if _suits(specification, pool)))
            if rows:
                options.append(_option(specification, rows))
                settings.append(specification.settings)
                read.append(recorded(specification, options[-1]))
            else:
                reason = "no variant that it may be on has this type"
                self.notes.ignored(f"{place} Specifications {specification.instance_type}", reason)
        if not options:
            raise UsageError(f"{printable(place)}: no variant of its endpoint has a type that it is specified for")
        values = {
            labels.ENDPOINT: component.endpoint,
            labels.SETTINGS: settings,
            labels.SPECIFICATION: read,
            labels.VARIANT: component.variant,
            labels.STATUS: component.status or None,
            labels.DESIRED: component.desired if component.desired != component.current else None,
            labels.ADAPTERS: component.adapters or None,
        }
        told = labels.written(values) | ({} if component.status == labels.DELETING else self._scaled(component))
        return {"name": component.name, "copies": component.desired, "options": options, "labels": told}

    def _scaled(self, component: InferenceComponent) -> dict[str, str]:
        """The labels of how Application Auto Scaling scales a component."""
        resource = RESOURCE + component.name
        told = self._by_itself(resource)
        if resource in self.wish.ranges.limits:
            least, most = self.wish.ranges.limits[resource]
            told |= labels.written({labels.MIN_CAPACITY: least, labels.MAX_CAPACITY: most})
            reason = f"it runs {least} to {most} copies; the plan is for the {component.desired} wanted now"
            self.notes.assumed(f"inference component {component.name} autoscaling", reason)
        return told

    def _may_be(self, component: InferenceComponent, pool: VariantPool) -> bool:
        if self.wish.consolidate:
            return True
        bound = component.variant is None or component.variant == pool.variant.name
        return pool.endpoint.name == component.endpoint and bound


def _suits(specification: Specification, pool: VariantPool) -> bool:
    """Whether copies by a specification may be on a pool's machines."""
    if specification.instance_type not in (None, pool.state.instance_type):
        return False
    return specification.partition in (pool.variant.partitions or ("",))


def _option(specification: Specification, rows: list[str]) -> dict[str, Any]:
    option: dict[str, Any] = {} if specification.instance_type is None else {"name": specification.instance_type}
    option["accelerators"] = specification.accelerators
    if specification.vcpus:
        option["vcpus"] = whole(specification.vcpus)
    gib = specification.memory_mib / MIB_PER_GIB  # exact: a division by a power of two
    option["memory_gib"] = int(gib) if gib.is_integer() else gib
    option["instance_types"] = rows
    return option

"""The rules of an account over pools of machines: quotas and budgets as limits, what is paid for as commitments."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from placement.catalogue.facts import Capacity, InstanceFacts, SavingsPlan
from placement.catalogue.market import Market, is_of
from placement.catalogue.names import free_name, provider_of
from placement.catalogue.rows import whole
from placement.grouping import grouped
from placement.units import count, dollars, micro_dollars

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AccountPool:
    """A pool as the account sees it: which machines, where, and how they are bought; reserved ones are on demand.

    `row` is its instance type in the problem, where that has another name than the type.
    """

    name: str
    facts: InstanceFacts
    region: str
    capacity: Capacity = "on-demand"
    zone: str = ""
    row: str = ""

    @property
    def service(self) -> str:
        """Whose machines they are: "sagemaker", "aws" for EC2, or another cloud."""
        provider = self.facts.provider
        return provider_of(self.facts.name) if provider == "kubernetes" else provider


@dataclass
class AccountRules:
    """Rows of `limits` and `commitments`, and by the name of a row, or of what made none, what a reader should know."""

    limits: list[Row] = field(default_factory=list)
    commitments: list[Row] = field(default_factory=list)
    assumed: dict[str, str] = field(default_factory=dict)
    ignored: dict[str, str] = field(default_factory=dict)


def account_rules(
    market: Market, pools: Sequence[AccountPool], committed: Container[str] = (), *, least: int = 2
) -> AccountRules:
    """The rules of an account for some pools.

    `committed`: names of pools that are in a commitment already: no pool is in two.
    `least`: how many pools a quota must be shared by to be a limit, where one pool alone has it as its `max_instances`.
    """
    made = AccountRules()
    taken: set[str] = set()
    for row in (*_quotas(market, pools, least), *_budgets(market, pools, made)):
        row["name"] = free_name(row["name"], taken)
        taken.add(row["name"])
        made.limits.append(row)
    places = {pool.region for pool in pools}
    for region in sorted({quota.region for quota in market.quotas} - places):
        made.ignored[f"quotas of {region}"] = "no pool here is in that region"
    bought = [pool for pool in pools if pool.name not in committed and pool.capacity != "spot"]
    reserved = _reserve(market, bought, made)
    _commit(market, [pool for pool in bought if pool.name not in reserved], made)
    return made


def _quotas(market: Market, pools: Sequence[AccountPool], least: int) -> Iterator[Row]:
    for quota in dict.fromkeys(market.quotas):
        shared = [pool.name for pool in pools if is_of(quota, pool.facts, pool.region, pool.capacity)]
        if len(shared) >= least:
            key = "max_instances" if quota.counts_machines else "max_vcpus"
            yield {"name": quota.name, "pools": shared, key: int(quota.most)}


def _budgets(market: Market, pools: Sequence[AccountPool], made: AccountRules) -> Iterator[Row]:
    for budget in dict.fromkeys(market.budgets):
        services = (budget.provider,) if budget.provider else ("aws", "sagemaker")
        counted = [pool.name for pool in pools if pool.service in services]
        if counted:
            name, most = f"budget {budget.name}", whole(dollars(micro_dollars(budget.per_hour)))
            told = f"${most:,.2f} an hour, a month being 730 hours, for these machines at list prices"
            other = "" if budget.provider else "; it counts the whole account, whose other costs are not known"
            made.assumed[name] = told + other
            yield {"name": name, "pools": counted, "max_price_per_hour": most}


def _reserve(market: Market, pools: Sequence[AccountPool], made: AccountRules) -> set[str]:
    """Reserved instances, those of a zone before those of a region; the names of the pools that they pay for."""
    taken: dict[str, Row] = {}
    alike: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for reserved in market.reserved:
        alike[reserved.instance_type, reserved.zones] += reserved.count
    for (kind, zones), number in sorted(alike.items(), key=lambda group: not group[0][1]):
        name = f"reserved instances of {kind}{f' in {zones[0]}' if zones else ''}"
        own = [pool for pool in pools if pool.service == "aws" and pool.facts.name == kind]
        covered = [pool for pool in own if not zones or pool.zone in zones]
        if not covered:
            hosted = any(pool.facts.name == f"ml.{kind}" for pool in pools)
            more = "; they do not pay for machines of SageMaker" if hosted else ""
            made.ignored[name] = f"{count(number, 'machine')}: no pool here is of their type and place{more}"
        elif len({pool.region for pool in covered}) > 1:
            made.ignored[name] = f"{count(number, 'machine')}: their region is not told, and there are pools in several"
        else:
            row = _paid_for(name, number, covered, taken, made)
            left_out = [pool.name for pool in covered if taken.get(pool.name) is not row]
            place = "" if zones else "; their region is not told: that of these pools"
            told = (
                f"; not counted for {', '.join(left_out)}: a pool is in one commitment, of one type" if left_out else ""
            )
            made.assumed[name] = f"{count(number, 'machine')} paid for, used or not{place}{told}"
    return set(taken)


def _paid_for(name: str, count: int, covered: Sequence[AccountPool], taken: dict[str, Row], made: AccountRules) -> Row:
    """The commitment of reserved instances: of one instance type, since a commitment by machines is.

    A pool is in one commitment. So those of a region are for its zones without any of their own; where there is none,
    they are added to the first zone's, which promises no more than there is.
    """
    rows = grouped((pool.row, pool.name) for pool in covered if pool.name not in taken)
    if not rows:
        row = taken[covered[0].name]
        row["instances"] += count
        return row
    row = {"name": name, "pools": max(rows.values(), key=len), "instances": count}
    made.commitments.append(row)
    taken |= dict.fromkeys(row["pools"], row)
    return row


def _commit(market: Market, pools: list[AccountPool], made: AccountRules) -> None:
    """Savings plans: those for a family of types go before those for all machines."""
    left = pools
    # Plans that pay for the same machines.
    together = grouped(((plan.provider, plan.region, plan.family), plan) for plan in market.savings_plans)
    for (service, region, family), plans in sorted(together.items(), key=lambda group: not group[0][2]):
        machines = f"{family} in {region}" if family else "SageMaker" if service == "sagemaker" else "EC2"
        name = f"savings plans of {machines}"
        covered = [pool for pool in left if _covers(plans[0], pool)]
        paid = dollars(sum(micro_dollars(plan.per_hour) for plan in plans))
        if not covered:
            made.ignored[name] = f"${paid:,.2f} an hour: no pool here is left for them to pay for"
            continue
        made.commitments.append({"name": name, "pools": [pool.name for pool in covered], "price_per_hour": whole(paid)})
        made.assumed[name] = "what they pay is set against list prices; their own are lower, so they reach further"
        left = [pool for pool in left if pool not in covered]


def _covers(plan: SavingsPlan, pool: AccountPool) -> bool:
    if plan.provider != pool.service:
        return False
    return not plan.family or (plan.family, plan.region) == (pool.facts.name.partition(".")[0], pool.region)

"""The rules of an account over pools of machines: quotas and budgets as limits, savings plans as commitments."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placement.catalogue.market import is_of
from placement.catalogue.names import free_name, provider_of
from placement.catalogue.rows import whole
from placement.units import dollars, micro_dollars

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence

    from placement.catalogue.facts import InstanceFacts
    from placement.catalogue.market import Market
    from placement.catalogue.offers import Capacity, SavingsPlan

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class AccountPool:
    """A pool as the account sees it: which machines, where, and how they are bought; reserved ones are on demand."""

    name: str
    facts: InstanceFacts
    region: str
    capacity: Capacity = "on-demand"

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

    Parameters
    ----------
    committed : names of pools that are in a commitment already: no pool is in two.
    least : how many pools a quota must be shared by to be a limit, where one pool alone has it as its `max_instances`.
    """
    made = AccountRules()
    taken: set[str] = set()
    for row in (*_quotas(market, pools, least), *_budgets(market, pools, made)):
        row["name"] = free_name(row["name"], taken)
        taken.add(row["name"])
        made.limits.append(row)
    _commit(market, [pool for pool in pools if pool.name not in committed], made)
    return made


def _quotas(market: Market, pools: Sequence[AccountPool], least: int) -> Iterator[Row]:
    for quota in dict.fromkeys(market.quotas):
        shared = [pool.name for pool in pools if is_of(quota, pool.facts, pool.region, pool.capacity)]
        if len(shared) >= least:
            key = "max_instances" if quota.instance_type else "max_vcpus"
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


def _commit(market: Market, pools: list[AccountPool], made: AccountRules) -> None:
    """Savings plans: those for a family of types go before those for all machines. None pays for spot capacity."""
    left = [pool for pool in pools if pool.capacity != "spot"]
    for (service, region, family), plans in sorted(_together(market), key=lambda group: not group[0][2]):
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


def _together(market: Market) -> list[tuple[tuple[str, str, str], list[SavingsPlan]]]:
    """Plans that pay for the same machines."""
    found: dict[tuple[str, str, str], list[SavingsPlan]] = defaultdict(list)
    for plan in market.savings_plans:
        found[plan.provider, plan.region, plan.family].append(plan)
    return list(found.items())


def _covers(plan: SavingsPlan, pool: AccountPool) -> bool:
    if plan.provider != pool.service:
        return False
    return not plan.family or (plan.family, plan.region) == (pool.facts.name.partition(".")[0], pool.region)

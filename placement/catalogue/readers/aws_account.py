"""What an account may run, has committed to and may spend: quotas, savings plans, reserved instances and budgets.

Read are answers of `aws service-quotas list-service-quotas`, `aws savingsplans describe-savings-plans`, `aws ec2
describe-reserved-instances` and `aws budgets describe-budgets`. SageMaker's quotas count endpoint machines of one type,
and of all types. EC2's count vCPUs of families of types together, on demand or on spot: "Running On-Demand G and VT
instances", "All P5 Spot Instance Requests".
"""

import re

from placement.catalogue.facts import Capacity, CostBudget, Findings, Quota, ReservedInstances, SavingsPlan
from placement.catalogue.readers.aws_offers import LINUX
from placement.catalogue.readers.fields import At, each, each_but, left_out

QUOTAS, SAVINGS_PLANS, RESERVED, BUDGETS = "Quotas", "savingsPlans", "ReservedInstances", "Budgets"
_HOSTING = re.compile(r"(?P<type>ml\.[\w.-]+) for endpoint usage", re.ASCII)
_ALL_HOSTING = "Number of instances across active endpoints"
_OF_ENDPOINTS = re.compile(r"\b(endpoints?|inference components?)\b", re.IGNORECASE)
_ON_DEMAND = re.compile(r"Running On-Demand (?P<families>.+) instances")
_SPOT = re.compile(r"All (?P<families>.+) Spot Instance Requests")
_REGION = re.compile(r"arn:[\w-]+:servicequotas:(?P<region>[a-z0-9-]+):", re.ASCII)
_HOURS = {"DAILY": 24, "MONTHLY": 730, "QUARTERLY": 2190, "ANNUALLY": 8760}
_SERVICES = {"Amazon SageMaker": "sagemaker", "Amazon Elastic Compute Cloud - Compute": "aws"}
_SCOPES = ("Availability Zone", "Region")
_COMPUTE = ("Compute", "EC2Instance")
_SAGEMAKER = ("SageMaker", "Sagemaker")  # as the service writes it, and as some of its pages do


def read_savings_plans(document: At, source: str) -> Findings:
    """Active savings plans for SageMaker and EC2, by the dollars an hour that they commit to."""
    others = "a savings plan that is not active, not in dollars, or of another kind"
    found, skipped = each_but(document.key(SAVINGS_PLANS).items(), _plan, source, others)
    return Findings(source, savings_plans=found, skipped=skipped)


def _plan(row: At) -> SavingsPlan | None:
    kind = row.key("savingsPlanType").text()
    currency = row.get("currency")
    if currency is not None and currency.text() != "USD":
        return None
    if row.key("state").text() != "active" or kind not in (*_SAGEMAKER, *_COMPUTE):
        return None
    paid = row.key("commitment").number_in_text()
    if kind in _SAGEMAKER:
        return SavingsPlan("sagemaker", paid)
    if kind == "EC2Instance":
        return SavingsPlan("aws", paid, row.key("region").text(), row.key("ec2InstanceFamily").text())
    return SavingsPlan("aws", paid)


def read_reserved_instances(document: At, source: str) -> Findings:
    """Active reserved instances that run Linux on shared machines; others are counted and left out."""
    others = "a reserved instance that is not active, or not for Linux on shared machines"
    found, skipped = each_but(document.key(RESERVED).items(), _reserved, source, others)
    return Findings(source, reserved=found, skipped=skipped)


def _reserved(row: At) -> ReservedInstances | None:
    kind, count = row.key("InstanceType").text(), row.key("InstanceCount").whole()
    system, tenancy, scope = row.key("ProductDescription"), row.get("InstanceTenancy"), row.get("Scope")
    names = [zone.text() for key in ("AvailabilityZone", "AvailabilityZoneId") if (zone := row.get(key)) is not None]
    if scope is not None and scope.text() not in _SCOPES:
        raise scope.fault(f"must be one of {', '.join(_SCOPES)}")
    in_zone = bool(names) if scope is None else scope.text() == _SCOPES[0]
    if in_zone and not names:
        raise row.key("AvailabilityZone").fault("is required")
    shared = tenancy is None or tenancy.text() == "default"
    if row.key("State").text() != "active" or system.text() not in LINUX or not shared or not count:
        return None
    return ReservedInstances(kind, count, tuple(names) if in_zone else ())


def read_budgets(document: At, source: str) -> Findings:
    """Budgets of cost in dollars, for the account or for SageMaker or EC2 alone; others are named and left out."""
    rows = list(document.key(BUDGETS).items())
    found = each(rows, _budget, source)
    others = [row.key("BudgetName").text() for row, budget in zip(rows, found, strict=True) if budget is None]
    reason = "is of no cost in dollars of the account, SageMaker or EC2 alone"
    skipped = [f"left out: budget {name}: {reason}" for name in others]
    return Findings(source, budgets=tuple(row for row in found if row is not None), skipped=tuple(skipped))


def _budget(row: At) -> CostBudget | None:
    name, limit = row.key("BudgetName").text(), row.get("BudgetLimit")
    hours, provider = _HOURS.get(row.key("TimeUnit").text()), _provider(row)
    if row.key("BudgetType").text() != "COST" or limit is None or hours is None or provider is None:
        return None
    if limit.key("Unit").text() != "USD":
        return None
    return CostBudget(name, limit.key("Amount").number_in_text() / hours, provider)


def _provider(row: At) -> str | None:
    """Whose machines a budget counts: "sagemaker" or "aws"; empty: all costs; None: a filter that is not read."""
    if row.get("FilterExpression") is not None:
        return None
    filters = row.get("CostFilters")
    if filters is None or filters.value == {}:
        return ""
    services = filters.get("Service")
    if services is None or set(filters.value) != {"Service"}:
        return None
    names = [service.text() for service in services.items()]
    return _SERVICES.get(names[0]) if len(names) == 1 else None


def read_quotas(document: At, source: str) -> Findings:
    """Quotas of SageMaker endpoints and of EC2's families of types.

    Others of endpoints are named and left out, those of something else are counted.
    """
    listed = list(document.key(QUOTAS).items())
    rows = each(listed, _quota, source)
    quotas = tuple(row for row in rows if row is not None)
    names = [at.key("QuotaName").text() for at, row in zip(listed, rows, strict=True) if row is None]
    named = [name for name in names if _OF_ENDPOINTS.search(name)]
    skipped = [f"left out: quota {name}: it counts no machines of the account" for name in named]
    skipped += left_out(len(names) - len(named), "a quota of something else than endpoints or EC2 instances")
    return Findings(source, quotas=quotas, skipped=tuple(skipped))


def _quota(row: At) -> Quota | None:
    name, most = row.key("QuotaName").text(), row.key("Value").number()
    hosting = _HOSTING.fullmatch(name)
    if hosting:
        return Quota(name, _region(row), most, instance_type=hosting["type"])
    if name == _ALL_HOSTING:
        return Quota(name, _region(row), most, provider="sagemaker")
    if found := _ON_DEMAND.fullmatch(name):
        return _family_quota(row, found["families"], most, "on-demand")
    if found := _SPOT.fullmatch(name):
        return _family_quota(row, found["families"], most, "spot")
    return None


def _family_quota(row: At, families: str, most: float, capacity: Capacity) -> Quota | None:
    """The quota of families: "G and VT", "P4, P3 and P2", "Standard (A, C, D, H, I, M, R, T, Z)"."""
    inside = re.search(r"\((.*)\)", families)
    words = re.split(r",\s*|\s+and\s+", inside[1] if inside else families)
    known = tuple(word.strip().lower() for word in words if re.fullmatch(r"[A-Za-z]{1,4}\d?", word.strip()))
    if not known:
        return None
    return Quota(row.key("QuotaName").text(), _region(row), most, capacity, families=known)


def _region(row: At) -> str:
    arn = row.key("QuotaArn")
    found = _REGION.match(arn.text())
    if not found:
        raise arn.fault("must be the ARN of a quota, which names its region")
    return found["region"]

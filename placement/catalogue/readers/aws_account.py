"""What an account has committed to and may spend: savings plans and budgets.

Read are answers of `aws savingsplans describe-savings-plans` and `aws budgets describe-budgets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.catalogue.offers import CostBudget, Findings, SavingsPlan
from placement.catalogue.readers.fields import each

if TYPE_CHECKING:
    from placement.catalogue.readers.fields import At

SAVINGS_PLANS, BUDGETS = "savingsPlans", "Budgets"
_HOURS = {"DAILY": 24, "MONTHLY": 730, "QUARTERLY": 2190, "ANNUALLY": 8760}
_SERVICES = {"Amazon SageMaker": "sagemaker", "Amazon Elastic Compute Cloud - Compute": "aws"}
_COMPUTE = ("Compute", "EC2Instance")
_SAGEMAKER = ("SageMaker", "Sagemaker")  # as the service writes it, and as some of its pages do


def read_savings_plans(document: At, source: str) -> Findings:
    """Active savings plans for SageMaker and EC2, by the dollars an hour that they commit to."""
    plans = each(document.key(SAVINGS_PLANS).items(), _plan, source)
    others = sum(plan is None for plan in plans)
    skipped = (
        [f"left out: {others} x a savings plan that is not active, not in dollars, or of another kind"]
        if others
        else []
    )
    found = tuple(plan for plan in plans if plan is not None)
    return Findings(source, savings_plans=found, skipped=tuple(skipped))


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

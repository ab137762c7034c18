"""What other services tell of an endpoint's components and machines: ranges of autoscaling, and savings plans.

Read are answers of `aws application-autoscaling describe-scalable-targets --service-namespace sagemaker` and
`aws savingsplans describe-savings-plans`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.demand.application_auto_scaling import DIMENSION, RESOURCE
from placement.units import dollars, micro_dollars

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.integrations.sagemaker.answers import ApiAnswer

_PLANS = ("SageMaker", "Sagemaker")  # as the service writes it, and as some of its pages do


def ranges(answers: Iterable[ApiAnswer]) -> dict[str, tuple[int, int]]:
    """Least and most copies of each component that is scaled.

    Raises
    ------
    DocumentError
        An answer is damaged.
    """
    found: dict[str, tuple[int, int]] = {}
    for answer in answers:
        with answer.reading() as at:
            for row in at.key("ScalableTargets").items():
                if row.key("ScalableDimension").text() != DIMENSION:
                    continue
                name = row.key("ResourceId").text().removeprefix(RESOURCE)
                least, most = row.key("MinCapacity").whole(), row.key("MaxCapacity").whole()
                if least > most:
                    raise row.key("MaxCapacity").fault("must not be below MinCapacity")
                found[name] = (least, most)
    return found


def paid_per_hour(answers: Iterable[ApiAnswer]) -> float:
    """Dollars an hour that active savings plans for SageMaker commit to.

    Raises
    ------
    DocumentError
        An answer is damaged.
    """
    total = 0
    for answer in answers:
        with answer.reading() as at:
            for row in at.key("savingsPlans").items():
                if row.key("savingsPlanType").text() in _PLANS and row.key("state").text() == "active":
                    total += micro_dollars(row.key("commitment").number_in_text())
    return dollars(total)

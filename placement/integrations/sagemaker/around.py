"""Ranges of autoscaling of an endpoint's components.

Read are answers of `aws application-autoscaling describe-scalable-targets --service-namespace sagemaker`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.demand.application_auto_scaling import DIMENSION, RESOURCE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from placement.integrations.sagemaker.answers import ApiAnswer


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

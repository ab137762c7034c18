"""The rows of the document `placement-scenarios/v1`: what differs in a scenario, and what may be committed."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from placement.documents.frozen import Listed
from placement.documents.quantities import Count, Name, Positive, Quantity, Share, rate
from placement.documents.rows import Row

Waived = Literal[
    "max_skew",
    "min_zones",
    "min_available_on_zone_loss",
    "min_available_on_pool_loss",
    "min_available_on_instance_loss",
]
Asked = Annotated[float, BeforeValidator(rate), Field(ge=0)]  # a demand, or none at all


class ScenarioComponent(Row):
    """What one component needs in a scenario: copies, a demand, or a factor on what the problem says."""

    name: Name
    copies: Count | None = None
    demand: Asked | None = None
    factor: Quantity | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if sum(value is not None for value in (self.copies, self.demand, self.factor)) != 1:
            raise PydanticCustomError("needs", "give one of `copies`, `demand` and `factor`, and only one of them")
        return self


class Scenario(Row):
    """One case that must be served, for a share of the time.

    `factor` is of all components that have no row of their own. `waive`: rules that need not hold meanwhile.
    """

    name: Name
    weight: Positive
    factor: Quantity | None = None
    components: Listed[ScenarioComponent] = ()
    failed_zones: Listed[Name] = ()
    failed_pools: Listed[Name] = ()
    waive: Listed[Waived] = ()


class CommitmentTerm(Row):
    """Machines of one instance type that may be committed, and what one of them costs an hour, used or not.

    Raises
    ------
    DocumentError
        Neither or both of `price_per_hour` and `discount`, a part of the pools' own price.
    """

    name: Name
    pools: Listed[Name]
    price_per_hour: Quantity | None = None
    discount: Share | None = None
    max_instances: Count | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.price_per_hour is None) == (self.discount is None):
            raise PydanticCustomError("committed", "give either `price_per_hour` or `discount`, and only one of them")
        return self


class MoveTerms(Row):
    """What a copy costs that moves from one scenario to the next, dollars; scenarios follow as they are listed.

    One round takes `round_hours`. With `order: cycle` the first scenario follows the last one again.
    """

    cost_per_move: Quantity
    order: Literal["cycle", "sequence"] = "cycle"
    round_hours: Positive = 24

"""The document `placement-scenarios/v1`: scenarios with weights, and what may be committed, beside a problem."""

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from placement.documents import Problem
from placement.documents.faults import repeated
from placement.documents.frozen import AS_TUPLE, Listed
from placement.documents.quantities import Count, Name, Positive, Quantity, Share, Text, rate
from placement.documents.read import read_of_format
from placement.documents.rows import Row
from placement.errors import DocumentError, Fault, nearest
from placement.units import micro_dollars

FORMAT: Literal["placement-scenarios/v1"] = "placement-scenarios/v1"
_CLOSE = 1e-5  # relative, of the sum of weights: thirds of a day are written with a few digits
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

    Raises DocumentError: neither or both of `price_per_hour` and `discount`, a part of the pools' own price.
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


class ScenarioSet(Row):
    """Scenarios with their weights, the terms of commitments, and what moves between scenarios cost.

    Raises
    ------
    DocumentError
        With every fault of the document, each with its JSON path.

    Examples
    --------
    >>> day = ScenarioSet(
    ...     weights_total=24,
    ...     scenarios=[{"name": "night", "weight": 8, "factor": 0.5}, {"name": "day", "weight": 16}],
    ...     commitments=[{"name": "year", "pools": ["a"], "discount": 0.4}],
    ... )
    >>> [row.name for row in day.scenarios]
    ['night', 'day']
    """

    _called = "scenarios"

    format: Literal["placement-scenarios/v1"] = FORMAT
    name: Text = ""
    weights_total: Positive = 1
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1), AS_TUPLE]
    commitments: Listed[CommitmentTerm] = ()
    moves: MoveTerms | None = None

    def __init__(self, /, **document: Any) -> None:
        """Validate `document`; all faults are raised at once."""
        super().__init__(**document)
        faults = [*_twice(self), *_weights(self)]
        if faults:
            raise DocumentError(faults, "scenarios")

    def check(self, problem: Problem) -> None:
        """Hold the names of this document against those of a problem.

        Raises DocumentError: a component, zone or pool that the problem does not have, a need that its component can't
        have, or pools that can't be committed together.
        """
        faults = [*_scenario_faults(self, problem), *_commitment_faults(self, problem)]
        if faults:
            raise DocumentError(faults, "scenarios")

    def to_document(self) -> dict[str, Any]:
        """The document as plain dictionaries and lists: what was given."""
        return {"format": self.format, **self.model_dump(mode="json", exclude_unset=True, exclude_none=True)}


def read_scenarios(path: str | Path) -> ScenarioSet:
    """The scenarios in a JSON or YAML file, or on standard input for ``-``.

    Raises DocumentError: the file can't be read or parsed, or the document has faults.
    """
    return read_of_format(path, ScenarioSet, FORMAT)


def _twice(document: ScenarioSet) -> Iterator[Fault]:
    names = [row.name for row in document.scenarios]
    yield from repeated(names, "$.scenarios[{}].name", "is the name of another scenario already")
    for s, row in enumerate(document.scenarios):
        rule = "has a row in this scenario already; a component has one"
        yield from repeated((c.name for c in row.components), f"$.scenarios[{s}].components[{{}}].name", rule)
    names = [row.name for row in document.commitments]
    yield from repeated(names, "$.commitments[{}].name", "is the name of another commitment already")


def _weights(document: ScenarioSet) -> Iterator[Fault]:
    total = math.fsum(row.weight for row in document.scenarios)
    wanted = document.weights_total
    if abs(total - wanted) > _CLOSE * wanted:
        rule = (
            f"the weights add up to {total:.9g}, and must to {wanted:.9g}; change them, or say `weights_total`: "
            "1 for shares of the time, 24 for hours of a day"
        )
        yield Fault("$.scenarios", rule)


def _scenario_faults(document: ScenarioSet, problem: Problem) -> Iterator[Fault]:
    components = {row.name: row for row in problem.components}
    zones = dict.fromkeys(row.zone for row in problem.pools)
    pools = dict.fromkeys(row.name for row in problem.pools)
    for s, scenario in enumerate(document.scenarios):
        here = f"$.scenarios[{s}]"
        for k, row in enumerate(scenario.components):
            component = components.get(row.name)
            if component is None:
                yield _unknown(f"{here}.components[{k}].name", "component", row.name, components)
            elif row.copies is not None and component.demand is not None:
                rule = "the component has a demand; give `demand` or `factor`"
                yield Fault(f"{here}.components[{k}].copies", rule, row.copies)
            elif row.demand is not None and component.demand is None:
                rule = "the component has copies, no demand; give `copies` or `factor`"
                yield Fault(f"{here}.components[{k}].demand", rule, row.demand)
        for k, zone in enumerate(scenario.failed_zones):
            if zone not in zones:
                yield _unknown(f"{here}.failed_zones[{k}]", "zone of a pool", zone, zones)
        for k, pool in enumerate(scenario.failed_pools):
            if pool not in pools:
                yield _unknown(f"{here}.failed_pools[{k}]", "pool", pool, pools)


def _commitment_faults(document: ScenarioSet, problem: Problem) -> Iterator[Fault]:
    pools = {row.name: row for row in problem.pools}
    taken = {pool: f"commitment {row.name} of the problem" for row in problem.commitments for pool in row.pools}
    names = {row.name for row in problem.commitments}
    for k, term in enumerate(document.commitments):
        here = f"$.commitments[{k}]"
        if term.name in names:
            yield Fault(f"{here}.name", "is the name of a commitment of the problem", term.name)
        if not term.pools:
            yield Fault(f"{here}.pools", "must name at least one pool")
        for i, name in enumerate(term.pools):
            if name not in pools:
                yield _unknown(f"{here}.pools[{i}]", "pool", name, pools)
            elif name in taken:
                yield Fault(f"{here}.pools[{i}]", f"is in {taken[name]} already; a pool is in one", name)
            else:
                taken[name] = f"commitment {term.name}"
        known = [pools[name] for name in term.pools if name in pools]
        types = sorted({pool.instance_type for pool in known})
        if len(types) > 1:
            yield Fault(f"{here}.pools", f"must be of one instance type, and are of {' and '.join(types)}")
        elif term.discount is not None and len(pool_prices(problem, [pool.name for pool in known])) > 1:
            rule = "a discount is of one price, and these pools have several; give `price_per_hour`"
            yield Fault(f"{here}.discount", rule, term.discount)


def pool_prices(problem: Problem, names: Sequence[str]) -> set[int]:
    """The prices of some pools, micro-dollars per hour."""
    return {micro_dollars(problem.price_of(row)) for row in problem.pools if row.name in names}


def _unknown(path: str, what: str, name: str, known: Iterable[str]) -> Fault:
    return Fault(path, f"is no {what} of the problem; {nearest(name, known)}", name)

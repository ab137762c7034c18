"""Rows over zones: counts that keep the rules keep the rows, and of the fewest copies no others do."""

from __future__ import annotations

import itertools
import random
from types import SimpleNamespace
from typing import Any

from placement.compiled.spread import keeps_zone_rules
from placement.patterns.enumeration.rows import IntegerRows
from placement.patterns.enumeration.zone_rows import ZoneColumns, add_zone_rows, fewest_copies
from tests.corpus import one_by_one


def random_component(rng: random.Random, zones: int) -> Any:
    """Rules over zones of a component that must run; `max_per_zone` is a limit on single zones, no row of these."""
    return SimpleNamespace(
        copies=5,
        required=rng.randint(1, 5),
        eligible_zones=tuple(range(zones)),
        max_skew=rng.choice((None, 1, 2)),
        min_zones=rng.choice((0, 0, 2, 3)),
        max_per_zone=None,
        zone_loss_floor=rng.choice((0, 0, 1, 2)),
    )


def keeps_rows(rows: IntegerRows, columns: ZoneColumns, counts: tuple[int, ...]) -> bool:
    """Whether so many copies, by zone, keep all rows with some values of the other columns."""
    values = [float(n) for n in counts] + [0.0] * (len(rows.cost) - len(counts))
    columns.begin_at(values)
    assert all(0 <= value <= most for value, most in zip(values, rows.upper, strict=True))
    sums = [sum(n * values[k] for k, n in rows.terms(r).items()) for r in range(len(rows.low))]
    return all(low <= total <= high for low, total, high in zip(rows.low, sums, rows.high, strict=True))


@one_by_one(range(40))
def test_rows_say_what_the_rules_say(seed: int) -> None:
    """For all counts in up to three zones: sound for any number of copies, exact for the fewest."""
    rng = random.Random(seed)
    component = random_component(rng, rng.randint(1, 3))
    rows, zones = IntegerRows(), component.eligible_zones
    here = {z: {rows.column(5.0): 1.0} for z in zones}
    columns = add_zone_rows(rows, component, here, component.required)
    for counts in itertools.product(range(6), repeat=len(zones)):
        if component.required <= sum(counts) <= 5:
            fair = keeps_zone_rules(component, counts)
            assert not fair or keeps_rows(rows, columns, counts)
            if sum(counts) == component.required:
                assert keeps_rows(rows, columns, counts) is fair


def test_of_a_component_that_may_be_left_out_a_lost_zone_asks_for_nothing() -> None:
    """No copy at all keeps every rule."""
    component = random_component(random.Random(0), 2)
    component.required, component.zone_loss_floor, component.min_zones, component.max_skew = 0, 1, 2, 1
    rows = IntegerRows()
    columns = add_zone_rows(rows, component, {z: {rows.column(5.0): 1.0} for z in (0, 1)}, 0)
    assert keeps_rows(rows, columns, (0, 0))


def test_a_demand_asks_for_as_many_copies_as_the_best_of_them_serve() -> None:
    """Seven units at three a copy are three copies; where nothing may run, those required."""
    component: Any = SimpleNamespace(required=1, demand=7)
    modes: list[Any] = [SimpleNamespace(throughput=2), SimpleNamespace(throughput=3)]
    assert fewest_copies(component, modes) == 3
    assert fewest_copies(component, []) == 1

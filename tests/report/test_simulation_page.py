"""The page of a simulation: its figures are the simulation's, names are text, and nothing is left out."""

from __future__ import annotations

import re
from functools import cache

import pytest

import placement
from placement.report import words
from placement.report.page.charts import Axis, Curve, chart
from placement.report.page.simulation import SECTIONS, render_simulation
from placement.simulation import Simulation, Traffic, simulate
from placement.simulation.outcome import NAMES
from tests.simulation.test_run import plain

EVIL = "</script><img src=x onerror=alert(1)>\"'&{{7*7}}<b>"


@cache
def played(*, steps: bool = True) -> Simulation:
    """Two hours of twelve components, with the strategies of a waterfall; names are markup."""
    problem, policy, traffic = plain(12)
    document = problem.to_document() | {"name": EVIL}
    document["pools"] = [row | {"name": f"{EVIL}{k}"} for k, row in enumerate(document["pools"])]
    document["components"][0]["name"] = EVIL
    traffic = Traffic((EVIL, *traffic.components[1:]), traffic.times, traffic.end, traffic.rates)
    chosen = [*NAMES, "endpoints-peak", "first-fit"] if steps else ["first-fit"]
    return simulate(placement.Problem(**document), policy, traffic, strategies=chosen, hourly=steps)


def test_its_figures_are_the_simulation_s() -> None:
    """Costs, distances from the floor and what is saved stand in the page as in the tables of the terminal."""
    simulation = played()
    page = render_simulation(simulation)

    for section in SECTIONS:
        assert f'id="{section.name}"' in page
    for outcome in simulation.strategies:
        assert words.money(outcome.cost) in page
        assert outcome.strategy.name in page
    assert simulation.floor is not None
    assert words.least(simulation.floor) in page
    assert "times less than endpoints for the peak" in page
    assert "The figures below are of the strategy shared" in page
    assert page.index("The figures below") < page.index('class="tiles"')
    pools = sum(1 for seconds in simulation.outcome("shared").machine_seconds if seconds)
    assert len(re.findall(r'<path class="area', page)) == pools + 2 + 1  # accelerators, requests not served


def test_sections_appear_with_their_data() -> None:
    """No waterfall and no floor where they were not played."""
    page = render_simulation(played(steps=False))

    assert 'id="waterfall"' not in page
    assert "the floor" in page  # in the notes alone
    assert "hourly-scratch" not in page
    with pytest.raises(placement.UsageError, match="nothing was played"):
        render_simulation(Simulation(played().setup, [], None))


def test_names_are_text() -> None:
    """Markup in the names of a problem, a pool and a component is shown, not run."""
    page = render_simulation(played())

    assert "<img" not in page
    assert "&lt;img" in page


def test_areas_stand_on_one_another() -> None:
    """The second begins where the first ends, as a share of the axis; values hold until the next point."""
    points = [(0.0, 10.0), (1.0, 30.0), (2.0, 30.0)]
    twice = [(at, 2 * value) for at, value in points]
    two = [Curve("a", "a", points), Curve("b", "b", twice)]
    (_, _, lower), (_, _, upper) = chart((Axis(0, 2, ()), Axis(0, 100, ())), "two", [], two).areas

    assert lower == "M0.0 900.0H500.0V700.0H1000.0V1000.0H500.0H0.0Z"
    assert upper == "M0.0 700.0H500.0V100.0H1000.0V700.0H500.0V900.0H0.0Z"

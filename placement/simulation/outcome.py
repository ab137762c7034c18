"""What came of a simulation: totals, series over time, how the bill falls; the document `placement-simulation/v1`."""

from dataclasses import dataclass
from typing import Any, Literal

from placement.simulation.machines import HOUR
from placement.simulation.over_maximum import over_maximum
from placement.simulation.setup import SimulationSetup
from placement.simulation.strategies import SHARED, Strategy
from placement.units import MICRO

FORMAT: Literal["placement-simulation/v1"] = "placement-simulation/v1"
COMPARISON_FORMAT: Literal["placement-policy-comparison/v1"] = "placement-policy-comparison/v1"
_MOST_SHORT = 20  # components that are listed as served least
HOURLY_NAME = "hourly-scratch"


@dataclass(frozen=True, slots=True)
class StrategyOutcome:
    """One strategy.

    Attributes
    ----------
    series : by name, one number a step: `cost` in micro-dollar-seconds, `requested` and `unserved` in micro-requests,
        the others are counts; `copies`, `machines` and `accelerators` are of the step's beginning.
    unserved, short : (C,) micro-requests not served, and seconds in which some were not.
    pools : for each step, machine-seconds of the pools that have any. prices : (P,) micro-dollars an hour.
    machine_seconds : (P,) billed. started : machines ordered.
    """

    strategy: Strategy
    series: dict[str, list[int]]
    unserved: list[int]
    short: list[int]
    pools: list[list[tuple[int, int]]]
    prices: list[int]
    machine_seconds: list[int]
    started: int

    @property
    def cost(self) -> int:
        """Micro-dollars, to the nearest."""
        return round(sum(self.series["cost"]) / HOUR)

    @property
    def requested(self) -> int:
        """Micro-requests in all."""
        return sum(self.series["requested"])

    @property
    def not_served(self) -> int:
        """Micro-requests in all."""
        return sum(self.series["unserved"])

    @property
    def lost(self) -> float:
        """The part of the requests that was not served."""
        return self.not_served / self.requested if self.requested else 0.0

    @property
    def machine_hours(self) -> float:
        """Machine-hours that were billed."""
        return sum(self.machine_seconds) / HOUR


@dataclass(frozen=True, slots=True)
class HourlyOutcome:
    """Each hour planned anew, micro-dollars an hour at each step: `floor` is proven, `planned` are plans."""

    floor: list[int]
    planned: list[int | None]

    def floor_cost(self, every: int) -> int:
        """Micro-dollars that no strategy can go below."""
        return sum(self.floor) * every // HOUR

    def planned_cost(self, every: int) -> int | None:
        """Micro-dollars of the plans of all hours; None where an hour has none."""
        found = [price for price in self.planned if price is not None]
        return round(sum(found) * every / HOUR) if len(found) == len(self.planned) else None


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulation that has come to its end."""

    setup: SimulationSetup
    strategies: list[StrategyOutcome]
    hourly: HourlyOutcome | None

    @property
    def floor(self) -> int | None:
        """Micro-dollars that no strategy which places all that is wanted goes below; None when it was not asked for."""
        return None if self.hourly is None else self.hourly.floor_cost(self.setup.every)

    def outcome(self, name: str) -> StrategyOutcome:
        return next(outcome for outcome in self.strategies if outcome.strategy.name == name)

    def to_document(self) -> dict[str, Any]:
        """The document `placement-simulation/v1`: money in dollars, times in seconds, demand in requests."""
        setup = self.setup
        names = [component.name for component in setup.problem.components]
        floor = self.floor
        document: dict[str, Any] = {
            "format": FORMAT,
            "problem": setup.problem.name,
            "policy": setup.policy.name,
            "every_seconds": setup.every,
            "steps": setup.steps,
            "seed": setup.seed,
            "starts": None if setup.traffic.start is None else setup.traffic.start.isoformat(),
            "requests": _requests(int(setup.rates.sum()) * setup.every),
            "cold_starts": int(setup.woken.sum()),
            "floor": None if floor is None else floor / MICRO,
            "over_max_capacity": [row.to_document() for row in over_maximum(setup)],
            "strategies": [self._row(outcome, names) for outcome in self.strategies],
        }
        if self.hourly is not None:
            planned = self.hourly.planned_cost(setup.every)
            document["hourly"] = {
                "name": HOURLY_NAME,
                "cost": None if planned is None else planned / MICRO,
                "over_floor": self.over_floor(planned),
                "series": {
                    "floor": [value / MICRO for value in self.hourly.floor],
                    "price_per_hour": [None if value is None else value / MICRO for value in self.hourly.planned],
                },
            }
        document["series"] = {
            "requests_per_second": [value / MICRO for value in setup.rates.sum(axis=1).tolist()],
            "copies_wanted": setup.wanted.sum(axis=1).tolist(),
        }
        return document

    def over_floor(self, cost: int | None) -> float | None:
        """How far a cost is above the floor, as a part of the floor; None when that is not known."""
        floor = self.floor
        return None if cost is None or not floor else cost / floor - 1

    def _row(self, outcome: StrategyOutcome, names: list[str]) -> dict[str, Any]:
        pools = self.setup.problem.pools
        series, every = outcome.series, self.setup.every
        worst = sorted(range(len(names)), key=lambda c: (-outcome.unserved[c], c))[:_MOST_SHORT]
        return {
            "name": outcome.strategy.name,
            "summary": outcome.strategy.summary,
            "cost": outcome.cost / MICRO,
            "over_floor": self.over_floor(outcome.cost),
            "machine_hours": round(outcome.machine_hours, 6),
            "machine_hours_by_pool": {
                pool.name: round(seconds / HOUR, 6)
                for pool, seconds in zip(pools, outcome.machine_seconds, strict=True)
                if seconds
            },
            "accelerator_hours": round(sum(series["accelerators"]) * every / HOUR, 6),
            "accelerator_hours_used": round(sum(series["accelerators_used"]) * every / HOUR, 6),
            "machines_started": outcome.started,
            "machines_most": max(series["machines"], default=0),
            "copies_started": sum(series["started"]),
            "moves": sum(series["moves"]),
            "unplaced_steps": sum(1 for n in series["unplaced"] if n),
            "unserved_requests": _requests(outcome.not_served),
            "unserved_share": outcome.lost,
            "unserved_seconds": sum(outcome.short),
            "least_served": [
                {"component": names[c], "requests": _requests(outcome.unserved[c]), "seconds": outcome.short[c]}
                for c in worst
                if outcome.unserved[c]
            ],
            "series": {
                "cost_per_hour": [round(value / every / MICRO, 6) for value in series["cost"]],
                **{name: series[name] for name in _COUNTED},
                "machine_hours_by_pool": [
                    {pools[p].name: round(seconds / HOUR, 6) for p, seconds in row} for row in outcome.pools
                ],
                "unserved_requests": [_requests(value) for value in series["unserved"]],
            },
        }


@dataclass(frozen=True, slots=True)
class PolicyComparison:
    """The same traffic played through several policies, by their names in the order in which they were given."""

    simulations: dict[str, Simulation]

    def to_document(self) -> dict[str, Any]:
        """The document `placement-policy-comparison/v1`: a simulation for each policy."""
        first = next(iter(self.simulations.values()))
        return {
            "format": COMPARISON_FORMAT,
            "problem": first.setup.problem.name,
            "policies": [{"name": name, "simulation": found.to_document()} for name, found in self.simulations.items()],
        }


_COUNTED = (
    *("machines", "accelerators", "accelerators_used", "memory_mib", "memory_mib_used"),
    *("copies", "started", "stopped", "moves", "unplaced"),
)


def _requests(micro: int) -> float:
    """Micro-requests as requests, to three digits."""
    return round(micro / MICRO, 3)


# What is new, and the strategy that has it.
IDEAS = (
    ("endpoints for the peak", "one-type-peak"),
    ("machines are shared", "one-type-shared"),
    ("accelerators too", "one-type-packed"),
    ("types are mixed", "mixed-peak"),
    ("copies follow traffic", "mixed-scaled"),
    ("down to zero", "best-fit"),
    ("copies move", SHARED),
)
NAMES = tuple(name for _, name in IDEAS)


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One idea: its strategy's cost, what it saves of the cost before (below 0: it costs more), micro-dollars."""

    idea: str
    strategy: str
    cost: int
    saved: int
    lost: float

    @property
    def before(self) -> int:
        """The cost without it."""
        return self.cost + self.saved


def waterfall(simulation: Simulation) -> list[WaterfallStep]:
    """The steps of a simulation in which all of `NAMES` were played; `lost` is the part of requests not served."""
    found: list[WaterfallStep] = []
    for idea, name in IDEAS:
        outcome = simulation.outcome(name)
        before = found[-1].cost if found else outcome.cost
        found.append(WaterfallStep(idea, name, outcome.cost, before - outcome.cost, outcome.lost))
    return found


def folds(steps: list[WaterfallStep]) -> float | None:
    """How many times the last cost goes into the first; None when nothing is left of it."""
    return steps[0].cost / steps[-1].cost if steps and steps[-1].cost else None

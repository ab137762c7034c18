"""Running fleets, replanned by platforms' rules and by this library on the same states: cost, moves, broken rules."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from placement_bench.cases import Case, CaseSet
from placement_bench.consolidation.trace import MONTH, read_month, trace_file
from placement_bench.sets.fleets import SEEDS, SIZES, make, maker

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from placement_bench.consolidation.month_task import MonthTask
    from placement_bench.consolidation.strategies import ConsolidationTask

STATES, HOURLY = "consolidation", "consolidation-month"
LENGTHS = {"day": 24, "week": 168, "month": MONTH}  # hours


def state_cases(data: Path) -> Iterator[Case]:
    """The fleets of suite `replan`, smallest first."""
    del data  # fleets are made, not read
    maker()
    for components in SIZES:
        for seed in SEEDS:
            yield Case(STATES, f"replan-{components}-{seed}", None, partial(load_state, components, seed))


def load_state(components: int, seed: int) -> ConsolidationTask:
    """One fleet that runs already: demand has drifted, machines drain, a move costs money."""
    from placement_bench.consolidation.strategies import ConsolidationTask

    return ConsolidationTask(make("replan", components, seed))


def month_cases(data: Path) -> Iterator[Case]:
    """The first day, the first week and all of Alibaba's month."""
    trace_file(data)
    for name, hours in LENGTHS.items():
        yield Case(HOURLY, f"dlrm-{name}", None, partial(load_month, data, hours))


def load_month(data: Path, hours: int) -> MonthTask:
    """So many hours of the trace.

    Raises
    ------
    UsageError
        The trace is not in the folder.
    """
    from placement_bench.consolidation.month_task import MonthTask

    return MonthTask(read_month(data), hours)


SETS = (
    CaseSet(
        name=STATES,
        title="running fleets, consolidated by Karpenter's rule, the descheduler's, from scratch, and with few moves",
        objective="price over the horizon plus moves, of what each strategy makes of the same state",
        unit="$",
        source="make_fleet.py, family replan; rules as documented by karpenter.sh and kubernetes-sigs/descheduler",
        cases=state_cases,
    ),
    CaseSet(
        name=HOURLY,
        title="156 recommendation services for a month, replanned every hour by each of these rules",
        objective="price of the machines that hold copies, over the time; moves are counted beside it",
        unit="$",
        source="Yang et al., Prism, NSDI 2025; alibaba/clusterdata, cluster-trace-gpu-v2025; machines of our choice",
        cases=month_cases,
    ),
)

"""A month as a case: what a rule pays, what it moves, and what no fleet could pay less than."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from placement_bench.cases import Answer, Check
from placement_bench.consolidation.month import SECONDS, STRATEGIES, Month
from placement_bench.consolidation.recount import HOUR, MICRO

if TYPE_CHECKING:
    from placement_bench.cases import Limits
    from placement_bench.consolidation.trace import MonthTrace

CHECKER = "recount of the trace"


@dataclass(slots=True)
class MonthTask:
    """Some hours of a trace. A copy that stands nowhere, or where it has no room, is a fault of the recount."""

    trace: MonthTrace
    hours: int
    _seen: dict[str, Any] = field(default_factory=dict)

    def solvers(self) -> tuple[str, ...]:
        """Those strategies that play a month."""
        return STRATEGIES

    def run(self, solver: str, limits: Limits) -> Answer:
        """Play the hours. `limits.seconds` is of the whole run; each plan of this library has `SECONDS`, or its option.

        Raises
        ------
        UsageError
            No such strategy.
        """
        begin = time.perf_counter()
        seconds = float(limits.options.get("seconds", SECONDS))
        month = Month(self.trace, solver, self.hours, seed=limits.seed, seconds=seconds)
        played = month.play()
        recount = played.recount
        self._seen = {"value": _dollars(recount.bill), "faults": tuple(recount.faults)}
        hours = self.hours
        metrics = {
            "price_per_hour": recount.bill / HOUR / MICRO / hours,
            "moves": recount.moves,
            "evicted": played.evicted,
            "broken": 0,
            "rules": "",
            "machine_hours": round(recount.machine_seconds / HOUR, 1),
            "hours": hours,
            "plans": month.plans,
        }
        taken = time.perf_counter() - begin
        floor = _dollars(played.floor)
        return Answer("feasible", _dollars(recount.bill), floor, played.prices, taken, metrics=metrics)

    def check(self, answer: Answer) -> Check:
        """What the recount counted while the month was played."""
        wrong = list(self._seen["faults"])
        if self._seen["value"] != answer.value:
            wrong.append(f"{CHECKER} counts {self._seen['value']}, the answer says {answer.value}")
        return Check(self._seen["value"], tuple(wrong), CHECKER)


def _dollars(micro_seconds: int) -> float:
    return round(micro_seconds / HOUR / MICRO, 6)

"""From batches to steps with times, what each waits for, and the critical path."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from placement import arguments
from placement.compiled.fleet import Fleet
from placement.documents import Problem
from placement.documents.transition import Action, TransitionStep
from placement.errors import no_component, printable, wrong_argument
from placement.transition.batches import Batch, Order
from placement.transition.difference import Difference, Stand
from placement.transition.moment import Sites

STARTUP_SECONDS = 42
DRAIN_SECONDS = 98
OPEN_SECONDS = 0
DURATIONS_RULE = "Durations, from placement.transition"


@dataclass(frozen=True, slots=True)
class Durations:
    """How long things take, seconds.

    Attributes
    ----------
    startup : from the start of a copy until it is ready; `startup_of` by component where that is known. The default is
        the 90th percentile of 7,531 loads of base models in Alibaba's trace of a service of generative models: 42.0 s
        (median 22.7 s, 99th percentile 51.8 s).
    drain : from when a copy takes no more requests until it is gone. The default is the 99th percentile of the time of
        one request in the same trace: 98 s.
    pause : between the end of a batch and the beginning of the next.
    open : from the order of a machine until copies can start there. No figure of it is published there; 0 unless given.

    Raises
    ------
    UsageError
        A time is no whole number of seconds, or is below 0.

    Notes
    -----
    The trace: Lin et al. (2025). Understanding Diffusion Model Serving in Production. SoCC 2025. Data:
    alibaba/clusterdata, cluster-trace-v2026-GenAI, basemodel_update_latency_anon.
    """

    startup: int = STARTUP_SECONDS
    drain: int = DRAIN_SECONDS
    open: int = OPEN_SECONDS
    pause: int = 0
    startup_of: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rule = "whole seconds of at least 0"
        for name in ("startup", "drain", "open", "pause"):
            arguments.whole(name, getattr(self, name), rule=rule)
        if not isinstance(self.startup_of, Mapping):
            raise wrong_argument("startup_of", "a mapping of components to whole seconds", self.startup_of)
        for name, seconds in self.startup_of.items():
            arguments.whole(f"startup_of {printable(str(name))}", seconds, rule=rule)

    def of(self, problem: Problem) -> Self:
        """The same, with what components say of themselves where nothing is said of them here."""
        names = {row.name: row for row in problem.components}
        unknown = next((name for name in self.startup_of if name not in names), None)
        if unknown is not None:
            raise no_component(unknown, names, "startup_of")
        told = {
            row.name: math.ceil(row.startup_seconds)
            for row in problem.components
            if row.startup_seconds is not None and row.name not in self.startup_of
        }
        return replace(self, startup_of={**told, **self.startup_of})

    def until_ready(self, component: str) -> int:
        """Seconds from the start of a copy until it is ready."""
        return self.startup_of.get(component, self.startup)

    def of_batch(self, batch: Batch) -> int:
        ready = max(self.ready(batch), default=self.open if batch.opens else 0)
        return ready + (self.drain if batch.stops else 0)

    def ready(self, batch: Batch) -> list[int]:
        """When each copy that starts in a batch is ready, from the batch's beginning. O(copies and machines)."""
        opens = frozenset(batch.opens)
        return [
            self.until_ready(stand.component) + (self.open if stand.instance in opens else 0) for stand in batch.starts
        ]


@dataclass(frozen=True, slots=True)
class OrderValue:
    """What an order costs, least first: temporary machine-seconds, batches, micro-dollars, copies that stop over."""

    temporary_seconds: int
    batches: int
    temporary_cost: int
    stopovers: int
    seconds: int

    @property
    def key(self) -> tuple[int, ...]:
        """Smaller is better."""
        return self.temporary_seconds, self.batches, self.temporary_cost, self.stopovers, self.seconds


def value_of(fleet: Fleet, order: Order, durations: Durations) -> OrderValue:
    """What an order costs. O(steps)."""
    now, seconds, dollars_seconds = 0, 0, 0
    opened: dict[str, int] = {}
    for batch in order.batches:
        opened |= {machine: now for machine in batch.opens if machine in order.temporary}
        now += durations.of_batch(batch) + (durations.pause if batch is not order.batches[-1] else 0)
        for machine in batch.closes:
            if machine in opened:
                rented = now - opened.pop(machine)
                seconds += rented
                dollars_seconds += rented * fleet.pools[order.temporary[machine]].price
    return OrderValue(seconds, len(order.batches), math.ceil(dollars_seconds / 3600), len(order.stopovers), now)


class Timeline:
    def __init__(self, sites: Sites, due: Difference, order: Order, durations: Durations) -> None:
        """A copy whose component has several options is told with the name of its own."""
        self._sites, self._due, self._order, self._durations = sites, due, order, durations
        self._names = {row.name: [mode.name for mode in row.modes] for row in sites.fleet.problem.components}
        self._steps: list[TransitionStep] = []
        self._freed: dict[str, list[int]] = defaultdict(list)  # steps that made room on a machine
        self._closed: list[int] = []
        self._stopovers = set(order.stopovers)
        self._replaces = _partners(order)

    def steps(self) -> tuple[TransitionStep, ...]:
        now = 0
        for number, batch in enumerate(self._order.batches, 1):
            self._batch(number, batch, now)
            now += self._durations.of_batch(batch) + self._durations.pause
        return tuple(self._steps)

    def _batch(self, number: int, batch: Batch, begin: int) -> None:
        """Steps of one batch: each phase begins when the one before it has ended."""
        durations = self._durations
        ready_at = durations.ready(batch)
        took = max(ready_at, default=durations.open * bool(batch.opens))
        ready, end = begin + took, begin + took + durations.drain * bool(batch.stops)
        slowest = {stand.instance for stand, later in zip(batch.starts, ready_at, strict=True) if later == took}
        opened = self._opens(number, batch, begin, slowest)
        started = []
        for stand, later in zip(batch.starts, ready_at, strict=True):
            own = durations.until_ready(stand.component)
            after = [opened[stand.instance]] if stand.instance in opened else self._freed[stand.instance]
            span = begin + later - own, begin + later
            fields = {"replaces": next(self._replaces[stand], None), **self._copy(stand)}
            started.append(self._add(number, "start", span, after, critical=later == took, **fields))
        waited = []
        if started:
            first = min(int(self._steps[k - 1].ends_at) for k in started)
            waited = [self._add(number, "wait", (first, ready), started, critical=True)]
        stopped: dict[str, list[int]] = defaultdict(list)
        for stand in batch.stops:
            step = self._add(number, "stop", (ready, end), waited, critical=True, **self._copy(stand))
            stopped[stand.instance].append(step)
        for machine in batch.closes:
            at = end if stopped[machine] else ready
            self._closed.append(self._add(number, "close", (at, at), stopped[machine], **self._machine(machine)))
        for machine, steps in stopped.items():
            self._freed[machine] = [*self._freed[machine], *steps]

    def _opens(self, number: int, batch: Batch, begin: int, slowest: set[str]) -> dict[str, int]:
        """The step of each machine that opens; critical where one of the slowest copies waits for it."""
        span = begin, begin + self._durations.open
        return {
            machine: self._add(
                number,
                "open",
                span,
                self._closed,
                critical=machine in slowest or not batch.starts,
                **self._machine(machine),
            )
            for machine in batch.opens
        }

    def _add(self, batch: int, action: Action, span: tuple[int, int], after: list[int], **fields: Any) -> int:
        number = len(self._steps) + 1
        given: dict[str, Any] = {key: v for key, v in fields.items() if v is not None and v is not False}
        if after:
            given["after"] = tuple(after)
        begin, end = span
        self._steps.append(TransitionStep(id=number, batch=batch, action=action, starts_at=begin, ends_at=end, **given))
        return number

    def _machine(self, machine: str) -> dict[str, Any]:
        return {
            "instance": machine,
            "pool": self._sites.fleet.pools[self._sites.pool_of[machine]].name,
            "temporary": machine in self._order.temporary,
        }

    def _copy(self, stand: Stand) -> dict[str, Any]:
        names = self._names[stand.component]
        return {
            "component": stand.component,
            "option": stand.option,
            "option_name": names[stand.option] if len(names) > 1 else None,
            "instance": stand.instance,
            "accelerators": stand.accelerators,
            "stopover": stand in self._stopovers,
            "assumed": stand in self._due.assumed,
            "temporary": stand.instance in self._order.temporary,
        }


def _partners(order: Order) -> dict[Stand, Iterator[str]]:
    """For copies that start, the machines of those that stop for them: the first of their component, in batch order.

    Copies may start at one place one after another, so each place has a machine for each of them, in this order.
    """
    starting: dict[str, list[Stand]] = defaultdict(list)
    stopping: dict[str, list[Stand]] = defaultdict(list)
    for batch in order.batches:
        for stand in batch.starts:
            starting[stand.component].append(stand)
        for stand in batch.stops:
            stopping[stand.component].append(stand)
    machines: dict[Stand, list[str]] = {stand: [] for copies in starting.values() for stand in copies}
    for component, copies in starting.items():
        for new, old in zip(copies, stopping[component], strict=False):
            machines[new].append(old.instance)
    return {stand: iter(found) for stand, found in machines.items()}

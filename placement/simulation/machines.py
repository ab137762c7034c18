"""Machines that come and go, and what they cost: each is paid for from its order to its release.

A machine that has become empty waits for a while, in which it is taken again without a start; then it is released. It
is paid for at least the minimum period. Money is in micro-dollar-seconds, so that no rounding stands between two steps.
"""

from dataclasses import dataclass
from typing import Any

from placement.compiled.fleet import Fleet

HOUR = 3600


@dataclass(slots=True)
class RentedMachine:
    """A machine from its order on; times in seconds. `release` is when it goes, None while copies stand on it."""

    number: int
    pool: int
    ordered: int
    ready: int
    release: int | None = None


class MachineLedger:
    """Who is rented, by row of the workspace, and the bill.

    `rented`: row -> machine, those that wait for their release too.
    `started`: machines ordered so far.
    `seconds`: (P,) machine-seconds billed so far, `min_instances` included.
    """

    def __init__(self, fleet: Fleet, start: int, minimum: int) -> None:
        """`start` is seconds from order to service, `minimum` the seconds that are billed at least."""
        self._fleet = fleet
        self._start, self._minimum = start, minimum
        self.rented: dict[int, RentedMachine] = {}
        self.started = 0
        self.seconds = [0] * len(fleet.pools)
        self._held = [0] * len(fleet.pools)  # at the beginning of the step
        self._changes: list[tuple[int, int, int]] = []  # time, pool, machines more or less

    def order(self, m: int, p: int, now: int, later: int = 0, *, running: bool = False) -> RentedMachine:
        """A new machine of pool p for row m, in service its start and `later` seconds from now; paid for from now on.

        Those that are `running`, and those that `min_instances` pays for anyway, are in service at once.
        """
        held = sum(1 for machine in self.rented.values() if machine.pool == p)
        there = running or held < self._fleet.pools[p].min_instances
        self.started += 1
        machine = RentedMachine(self.started, p, now, now if there else now + later + self._start)
        self.rented[m] = machine
        self._changes.append((now, p, 1))
        return machine

    def vacate(self, m: int, at: int, wait: int) -> None:
        """Row m has become empty at a time: its machine goes `wait` seconds later, and not before its minimum."""
        machine = self.rented[m]
        machine.release = max(at + wait, machine.ordered + self._minimum)

    def take(self, m: int) -> None:
        """Copies stand on row m again."""
        self.rented[m].release = None

    @property
    def warm(self) -> list[int]:
        """Rows of machines that wait for their release, latest release first."""
        waiting = [(m, machine.release) for m, machine in self.rented.items() if machine.release is not None]
        return [m for m, _ in sorted(waiting, key=lambda row: (-row[1], row[0]))]

    def release_until(self, now: int) -> None:
        """Let go who was to go by now."""
        for m, machine in list(self.rented.items()):
            if machine.release is not None and machine.release <= now:
                self._changes.append((machine.release, machine.pool, -1))
                del self.rented[m]

    def close_step(self, begin: int, end: int) -> int:
        """The bill of a step in micro-dollar-seconds; machines that go within it are let go. O(changes x pools)."""
        self.release_until(end)
        held, before, cost = self._held, begin, 0
        for when, p, change in sorted(self._changes):
            at = max(begin, when)
            if at > before:
                cost += self._pay(held, at - before)
                before = at
            held[p] += change
        self._changes.clear()
        if end > before:
            cost += self._pay(held, end - before)
        return cost

    def _pay(self, held: list[int], seconds: int) -> int:
        paid = [max(n, pool.min_instances) for n, pool in zip(held, self._fleet.pools, strict=True)]
        for p, n in enumerate(paid):
            self.seconds[p] += n * seconds
        return self._fleet.rent(paid) * seconds

    def to_document(self) -> dict[str, Any]:
        """As a checkpoint has it, but for the rows."""
        return {"started": self.started, "seconds": list(self.seconds), "held": list(self._held)}

    def restore(self, document: dict[str, Any]) -> None:
        """As `to_document` had it; `rented` is left to whoever knows the rows."""
        self.started = document["started"]
        self.seconds, self._held = list(document["seconds"]), list(document["held"])

"""A month recounted from the trace's own figures: each copy alive is on one machine that has room, and what that costs.

It shares no line with the cluster that is played: it is told who starts, moves and stops where, and counts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from placement_bench.consolidation.trace import MonthTrace

MICRO = 1_000_000
HOUR = 3600
_MOST_FAULTS = 5


class MonthRecount:
    """What stands where, and the bill.

    Attributes
    ----------
    faults : rules that were broken, in words; the first few.
    moves : copies that changed their machine. bill : micro-dollar-seconds so far. machine_seconds : the same of time.
    """

    def __init__(self, trace: MonthTrace, document: dict[str, Any]) -> None:
        """Nothing runs."""
        self._shapes = [trace.shapes[copy.component] for copy in trace.copies]
        self._types = document["instance_types"]
        self._micro = {name: round(row["price_per_hour"] * MICRO) for name, row in self._types.items()}
        self._type: dict[int, str] = {}
        self._on: dict[int, int] = {}
        self._held: dict[int, set[int]] = defaultdict(set)
        self._touched: set[int] = set()
        self._now = self._price = 0
        self.faults: list[str] = []
        self.moves = self.bill = self.machine_seconds = 0

    @property
    def price(self) -> int:
        """Micro-dollars an hour of the machines that hold copies."""
        return self._price

    def until(self, second: int) -> None:
        """Look at what changed, and pay for what stands up to then."""
        for machine in self._touched:
            self._look(machine)
        self._touched.clear()
        self.bill += self._price * (second - self._now)
        self.machine_seconds += sum(1 for held in self._held.values() if held) * (second - self._now)
        self._now = second

    def start(self, copy: int, machine: int, kind: str) -> None:
        """A copy starts on a machine of that type."""
        if copy in self._on:
            self._fault(f"copy {copy} starts twice")
            return
        if self._type.setdefault(machine, kind) != kind:
            self._fault(f"machine {machine} changes its type")
        if not self._held[machine]:
            self._price += self._micro[kind]
        self._on[copy] = machine
        self._held[machine].add(copy)
        self._touched.add(machine)

    def stop(self, copy: int) -> None:
        """A copy stops."""
        machine = self._on.pop(copy, None)
        if machine is None:
            self._fault(f"copy {copy} stops and does not run")
            return
        self._held[machine].discard(copy)
        if not self._held[machine]:
            self._price -= self._micro[self._type[machine]]

    def move(self, copy: int, machine: int, kind: str) -> None:
        """A copy goes to another machine."""
        self.stop(copy)
        self.start(copy, machine, kind)
        self.moves += 1

    def alive(self, copies: set[int]) -> None:
        """Just these run."""
        if copies != self._on.keys():
            self._fault(f"at {self._now} s {len(copies ^ self._on.keys())} copies run that should not, or do not")

    def _look(self, machine: int) -> None:
        row = self._types[self._type[machine]]
        shapes = [self._shapes[copy] for copy in self._held[machine]]
        if len(shapes) > row["accelerator_count"]:
            self._fault(f"machine {machine} holds {len(shapes)} copies on {row['accelerator_count']} GPUs")
        for name, needs in (("vcpus", [s.vcpus for s in shapes]), ("memory_gib", [s.memory_gib for s in shapes])):
            if sum(needs) > row[name]:
                self._fault(f"machine {machine} has {row[name]} {name}, its copies take {sum(needs)}")
        for shape, count in Counter(shapes).items():
            if shape.cap is not None and count > shape.cap:
                self._fault(f"machine {machine} holds {count} of {shape.name}, {shape.cap} may stand there")

    def _fault(self, text: str) -> None:
        if len(self.faults) < _MOST_FAULTS:
            self.faults.append(text)

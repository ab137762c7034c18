"""A set whose cases do what a test wants: answer, lie, raise, die, hang, or eat memory."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from placement_bench.cases import Answer, BestKnown, Case, CaseSet, Check
from placement_bench.tasks import BINS, ProblemTask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement_bench.cases import Limits, Task

LOG = "PLACEMENT_BENCH_TOY_LOG"  # a file that gets a line with name and process for each run that begins


@dataclass(frozen=True)
class ToyTask:
    """The case's name says what happens; a case called ``good-7`` is good."""

    name: str

    def solvers(self) -> tuple[str, ...]:
        return ("toy", "other")

    def run(self, solver: str, limits: Limits) -> Answer:
        del solver, limits
        if LOG in os.environ:
            with Path(os.environ[LOG]).open("a") as log:
                log.write(f"{self.name} {os.getpid()}\n")
        print("an engine talks on standard output")
        match self.name.partition("-")[0]:
            case "raises":
                raise RuntimeError("the engine broke")
            case "dies":
                os._exit(7)
            case "segfault":
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hangs":
                time.sleep(600)
            case "eats":
                bytearray(8 << 30)
        return Answer("optimal", 10, 10, {}, 0.5, ((0.1, 12, 8, "toy"), (0.5, 10, 10, "toy")))

    def check(self, answer: Answer) -> Check:
        return Check(
            11 if self.name == "lies" else answer.value, ("a rule is broken",) * (self.name == "breaks"), "toy"
        )


def bins(count: int) -> ProblemTask:
    """So many copies that fill a machine each, at a dollar a machine."""
    document = {
        "format": "placement/v1",
        "name": f"bins-{count}",
        "instance_types": {"bin": {"vcpus": 1, "memory_gib": 0, "price_per_hour": 1}},
        "pools": [{"name": "bins", "instance_type": "bin", "zone": "z"}],
        "components": [{"name": "item", "copies": count, "accelerators": 0, "vcpus": 0.6}],
    }
    return ProblemTask(document, BINS)


NAMES = ("lies", "breaks", "raises", "dies", "segfault", "hangs", "eats", *(f"good-{n}" for n in range(1, 9)))


def _toys(data: Path) -> Iterator[Case]:
    del data
    for name in NAMES:
        yield Case("toy", name, BestKnown(10, proven=True), partial(_toy, name))


def _toy(name: str) -> Task:
    return ToyTask(name)


def _bins(data: Path) -> Iterator[Case]:
    del data
    for count in (2, 3):
        yield Case("toy-bins", f"bins-{count}", BestKnown(count, proven=True), partial(bins, count))


SETS = (
    CaseSet("toy", "toys", "fewest", "bins", "nowhere", _toys),
    CaseSet("toy-bins", "toy bins", "fewest", "bins", "nowhere", _bins, quick=("bins-*",)),
)

"""A campaign: worker processes that examine problems, a watch over them, and what they found written down.

The parent does no solving. It deals out indices, and hears from each worker before every step: one that is silent for
long hangs, and one that dies has crashed; both are faults of the path that was being taken, and the campaign goes on
with a new worker.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.fuzz.examine import Record, key_of
from tests.fuzz.families import problem_of
from tests.fuzz.judges import Fault
from tests.fuzz.paths import BY_NAME
from tests.fuzz.shrinking import shrink
from tests.fuzz.worker import serve
from tests.fuzz.writing import write_fault

if TYPE_CHECKING:
    from multiprocessing.context import SpawnProcess

    from tests.reading import Doc

HANG = 120.0  # seconds of silence
CHUNK = 10  # problems dealt out at once
LIFE = 3_000  # problems of one worker: what searches leave behind goes with it
SHRINK_SECONDS = 60.0
KEYS = 4  # throws that a fault which depends on the moment is tried with, while it is cut down
MOST_EACH = 2  # faults of one rule that are cut down


@dataclass(frozen=True)
class Plan:
    """What a campaign is to do."""

    seed: int
    first: int = 0
    problems: int | None = None
    seconds: float | None = None
    family: str = ""
    path: str = ""
    jobs: int = 2
    out: Path = Path("build/fuzz")
    coverage: str = ""  # data file
    plant: str = ""  # ``module:function``, called first in each worker
    hang: float = HANG
    shrink_seconds: float = SHRINK_SECONDS


@dataclass
class Found:
    """One fault, and the document that it was cut down to."""

    index: int
    family: str
    path: str
    fault: Fault
    document: Doc | None = None
    key: str = ""
    again: bool = True  # whether it showed again when the same was asked


@dataclass
class Tally:
    """Counts of a campaign."""

    problems: Counter[str] = field(default_factory=Counter)  # by family
    truths: Counter[tuple[str, str]] = field(default_factory=Counter)  # by family and what enumeration said
    runs: Counter[str] = field(default_factory=Counter)  # by path
    reached: Counter[str] = field(default_factory=Counter)
    statuses: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)  # by path and rule
    left_behind: Counter[str] = field(default_factory=Counter)  # by path, where a search went on after its answer
    wall: float = 0.0

    def add(self, record: Record) -> None:
        """Count one problem."""
        self.problems[record.family] += 1
        self.truths[record.family, record.truth] += 1
        self.seconds["enumeration"] += record.seconds
        for taken in record.taken:
            self.runs[taken.path] += 1
            self.reached[taken.path] += taken.reached
            self.statuses[taken.path, taken.status] += 1
            self.seconds[taken.path] += taken.seconds
        for path, fault in record.faults:
            self.faults[path, fault.rule] += 1


class Worker:
    """One process, and what it is at."""

    def __init__(self, plan: Plan, *, measured: bool = True) -> None:
        """Start it."""
        context = multiprocessing.get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process: SpawnProcess = context.Process(
            target=serve, args=(theirs, plan.coverage if measured else "", plan.plant)
        )
        self.process.start()
        theirs.close()
        self.heard = time.monotonic()
        self.used_from: float | None = None  # seconds of processors, when it was first looked at since it was heard
        self.at: tuple[int, str] | None = None  # nothing before it is up
        self.ready = False
        self.todo: list[int] = []
        self.done = 0
        self.shrinks: Found | None = None

    @property
    def idle(self) -> bool:
        """Whether it waits for work."""
        return not self.todo and self.shrinks is None

    def is_silent(self, patience: float) -> bool:
        """Whether nothing was heard for so many seconds, though it could have gone on."""
        return time.monotonic() - self.heard > patience and not self.waits_for_a_processor(patience)

    def waits_for_a_processor(self, patience: float) -> bool:
        """Whether it would go on if others left it a processor (at idle priority they may not for minutes); on Linux.

        One that has had half of the patience on processors since it was heard hangs all the same.
        """
        states, used = [], 0.0
        for file in Path(f"/proc/{self.process.pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):
                fields = file.read_text("utf-8").rpartition(")")[2].split()
                states.append(fields[0])
                used += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        if self.used_from is None:  # from the first look on: a worker that is heard of often is not looked at
            self.used_from = used
        return "R" in states and used - self.used_from < patience / 2

    def kill(self) -> None:
        """End it and what it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid or 0, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def end(self) -> None:
        """Let it save what it measured, and end."""
        with contextlib.suppress(OSError):
            self.pipe.send(("end",))
        self.process.join(timeout=20)
        self.kill()


class Campaign:
    """The parent's side."""

    def __init__(self, plan: Plan) -> None:
        """Nothing is begun."""
        self.plan = plan
        self.tally = Tally()
        self.found: list[Found] = []
        self._next = plan.first
        self._to_shrink: list[Found] = []
        self._began = time.monotonic()
        self._told = self._began

    def run(self) -> list[Found]:
        """Examine until the problems or the minutes are used up; returns the faults, cut down and written."""
        workers = [Worker(self.plan) for _ in range(self.plan.jobs)]
        try:
            while True:
                for worker in workers:
                    self._give(worker)
                if self._over() and not self._to_shrink and all(worker.idle for worker in workers):
                    break
                self._hear(workers)
                self._report_progress()
        except KeyboardInterrupt:
            print("interrupted: what was found so far follows", flush=True)
        finally:
            for worker in workers:
                worker.end() if worker.idle else worker.kill()
        self.tally.wall = time.monotonic() - self._began
        for found in self.found:
            if found.document is not None:
                write_fault(self.plan.out, self.plan.seed, found)
        return self.found

    def _over(self) -> bool:
        plan = self.plan
        if plan.problems is not None and self._next >= plan.first + plan.problems:
            return True
        return plan.seconds is not None and time.monotonic() - self._began > plan.seconds

    def _give(self, worker: Worker) -> None:
        """Something to do for a worker that has nothing."""
        if not worker.idle or not worker.ready:
            return
        worker.heard, worker.used_from = time.monotonic(), None
        if self._to_shrink:
            found = worker.shrinks = self._to_shrink.pop()
            _, doc = problem_of(self.plan.seed, found.index, found.family)
            worker.at = (found.index, found.path)
            keys = [found.key, *(f"{found.key}:{n}" for n in range(1, KEYS))]
            worker.pipe.send(("shrink", found.path, doc, keys, found.fault.rule, self.plan.shrink_seconds))
        elif not self._over():
            last = self._next + CHUNK
            if self.plan.problems is not None:
                last = min(last, self.plan.first + self.plan.problems)
            worker.todo = list(range(self._next, last))
            self._next = last
            worker.pipe.send(("examine", self.plan.seed, worker.todo, self.plan.family, self.plan.path))

    def _hear(self, workers: list[Worker]) -> None:
        """Take what comes within a second; replace those that died, hang or are old."""
        pipes: dict[Any, Worker] = {worker.pipe: worker for worker in workers}
        for pipe in wait(list(pipes), timeout=1.0):
            assert isinstance(pipe, Connection)
            worker = pipes[pipe]
            worker.heard, worker.used_from = time.monotonic(), None
            try:
                message = pipe.recv()
                worker.ready = True
                self._take(worker, message)
            except (EOFError, ConnectionResetError):
                worker.process.join(timeout=5)
                self._lost(workers, worker, f"crashed: exit code {worker.process.exitcode}")
        for worker in list(workers):
            patience = self.plan.hang if worker.ready else HANG
            if not worker.idle and worker.is_silent(patience):
                self._lost(workers, worker, f"hangs: silent for {self.plan.hang:.0f} seconds")
            elif worker.idle and worker.done > LIFE:
                worker.end()
                workers[workers.index(worker)] = Worker(self.plan)

    def _take(self, worker: Worker, message: tuple[Any, ...]) -> None:
        kind, *rest = message
        if kind == "begin":
            if worker.shrinks is None:
                worker.at = (rest[0], rest[1])
        elif kind == "record":
            record, left = rest
            self.tally.add(record)
            worker.todo.remove(record.index)
            worker.done += 1
            if left:  # what goes on would take its time from the problems to come
                worker.done = LIFE + 1
                self.tally.left_behind.update(taken.path for taken in record.taken)
                print(f"left behind: --index {record.index}: {[taken.path for taken in record.taken]}", flush=True)
            for path, fault in record.faults:
                self._note(record.index, record.family, path, fault)
        elif kind == "shrunk" and worker.shrinks is not None:
            small, key, said = rest
            found, worker.shrinks = worker.shrinks, None
            found.again = small is not None
            found.document = small if small is not None else problem_of(self.plan.seed, found.index, found.family)[1]
            if small is not None:
                found.key, found.fault = key, Fault(found.fault.rule, said)

    def _note(self, index: int, family: str, path: str, fault: Fault) -> None:
        found = Found(index, family, path, fault, key=key_of(self.plan.seed, index, path))
        alike = [other for other in self.found if other.fault.rule == fault.rule]
        self.found.append(found)
        if path in BY_NAME and len(alike) < MOST_EACH and all(other.path != path for other in alike):
            print(f"fault: {family}/{path} --index {index}: {fault}"[:400], flush=True)
            self._to_shrink.append(found)

    def _lost(self, workers: list[Worker], worker: Worker, how: str) -> None:
        """A worker that is no more: a fault of what it was at; the rest of its work goes to the next."""
        worker.kill()
        if worker.at is None:
            raise RuntimeError(f"a worker {how} before it had anything to do")
        index, path = worker.at
        if worker.shrinks is not None:
            found = worker.shrinks
            found.again, found.document = False, problem_of(self.plan.seed, found.index, found.family)[1]
        else:
            family, doc = problem_of(self.plan.seed, index, self.plan.family)
            self.tally.problems[family] += 1
            self.tally.faults[path, how] += 1
            found = Found(
                index, family, path, Fault(how, f"{how} on {family}"), doc, key_of(self.plan.seed, index, path)
            )
            print(f"fault: {family}/{path} --index {index}: {how}", flush=True)
            self.found.append(found)
            if path in BY_NAME and sum(other.fault.rule == how for other in self.found) <= MOST_EACH:
                found.document = self._shrink_apart(found)
        fresh = workers[workers.index(worker)] = Worker(self.plan)
        fresh.todo = [left for left in worker.todo if left != index]
        if fresh.todo:
            fresh.pipe.send(("examine", self.plan.seed, fresh.todo, self.plan.family, self.plan.path))

    def _shrink_apart(self, found: Found) -> Doc:
        """Cut down what kills or stops the process that looks at it, each try in a process that may be lost."""
        apart: list[Worker] = []
        patience = min(self.plan.hang, 20.0)

        def fails(doc: Doc) -> bool:
            if not apart:
                apart.append(Worker(self.plan, measured=False))
            worker = apart[0]
            try:
                if not worker.ready:
                    worker.pipe.recv()  # it is up
                    worker.ready = True
                worker.pipe.send(("check", found.path, doc, found.key))
                if worker.pipe.poll(patience):
                    worker.pipe.recv()
                    return False
            except (EOFError, ConnectionResetError):
                pass
            apart.pop().kill()
            return True

        try:
            document = found.document or {}
            found.again = fails(document)
            return shrink(document, fails, self.plan.shrink_seconds) if found.again else document
        finally:
            for worker in apart:
                worker.kill()

    def _report_progress(self) -> None:
        now = time.monotonic()
        if now - self._told > 60:
            self._told = now
            done = sum(self.tally.problems.values())
            print(f"{now - self._began:.0f} s: {done} problems, {len(self.found)} faults", flush=True)

"""One run, one JSON line: what was run, on what, what came out, and who checked it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from placement.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

RUNS = "runs.jsonl"  # in the folder of a campaign

Key = tuple[str, ...]


class Asked(BaseModel):
    """What one run is asked to do. Two runs that are asked the same are the same run.

    Attributes
    ----------
    set, case, solver : by name.
    peer : the solver is a packing code of someone else, run in its own environment.
    seconds, work, gap, threads : limits; `work` in the solver's own unit, None for none.
    options : the solver's own options.
    certify : whether why the bound holds is written down and checked, too.
    """

    model_config = ConfigDict(frozen=True)

    set: str
    case: str
    solver: str
    peer: bool = False
    seed: int = 0
    seconds: float = 60.0
    work: int | None = None
    gap: float = 0.0
    threads: int | None = None
    options: dict[str, Any] = {}
    certify: bool = False

    @property
    def longest(self) -> float:
        """Seconds that the run may take: a certificate may take as long again."""
        return self.seconds * (2 if self.certify else 1)

    @property
    def key(self) -> Key:
        """Everything that was asked, as text."""
        return (self.pair, json.dumps([self.seconds, self.work, self.gap, self.threads, self.peer, self.certify]))

    @property
    def pair(self) -> str:
        """What `compare` pairs by: set, case, solver, options and seed."""
        return json.dumps([self.set, self.case, self.solver, self.seed, self.options], sort_keys=True)


class Row(BaseModel):
    """One run that ended, one way or another.

    Attributes
    ----------
    asked : what the run was asked to do.
    commit, versions, cpu, cores, started : of what, where, when (UTC). A plus sign after the commit: files differed.
    status : ``optimal``, ``feasible``, ``infeasible`` or ``unknown``, as the solver says; or how the run failed:
        ``crash``, ``hang`` (ended at the hard limit), ``memory``, ``refused`` (the solver does not take such a case).
    error : of a failed run, what is known.
    value, bound : in the set's unit; `higher_is_better` tells which way.
    gap : between value and bound, relative to the larger of the two; None when either is unknown.
    best_known, best_known_proven : as published; a case published as infeasible has neither.
    gap_to_best_known : relative to the best-known value; negative for a better one.
    seconds : wall clock, as the solver counts it; for a failed run, until it ended.
    cpu_seconds, peak_mib : of the run's process and those it started, loading and checking included.
    verified_by : who recounted the answer.
    faults : what is wrong with the answer; a row with faults counts as nothing solved, whatever its status.
    trace : [seconds, value, bound, who] as they came.
    metrics : more figures of the run.
    """

    model_config = ConfigDict(frozen=True)

    asked: Asked
    commit: str
    versions: dict[str, str] = {}
    cpu: str = ""
    cores: int = 0
    started: str = ""
    unit: str = ""
    higher_is_better: bool = False
    status: str
    error: str = ""
    value: float | None = None
    bound: float | None = None
    gap: float | None = None
    best_known: float | None = None
    best_known_proven: bool = False
    gap_to_best_known: float | None = None
    seconds: float | None = None
    cpu_seconds: float | None = None
    peak_mib: float | None = None
    verified_by: str = ""
    faults: tuple[str, ...] = ()
    trace: tuple[tuple[float, float | None, float | None, str], ...] = ()
    metrics: dict[str, Any] = {}

    @property
    def failed(self) -> bool:
        """Whether there is no answer at all."""
        return self.status in FAILURES

    @property
    def refused(self) -> bool:
        """Whether the solver does not take such a case: no answer, but nothing is wrong either."""
        return self.status == "refused"

    @property
    def wrong(self) -> bool:
        """Whether somebody should look at it: it broke, or its answer has faults."""
        return bool(self.faults) or (self.failed and not self.refused)

    @property
    def sound(self) -> bool:
        """Whether there is an answer and nothing is wrong with it."""
        return not self.failed and not self.faults

    @property
    def solved(self) -> bool:
        """Whether it is solved with proof, and nothing is wrong with it."""
        return self.sound and self.status in ("optimal", "infeasible")

    @property
    def left_out(self) -> int:
        """Optional copies left out; values of one case compare only where this is the same, and fewer is better."""
        return int(self.metrics.get("left_out", 0))

    @property
    def label(self) -> str:
        """The solver and what it was told beside: one line or one curve in a report."""
        told = "".join(f" {name}={value}" for name, value in sorted(self.asked.options.items()))
        return f"{self.asked.solver}{told}{' (peer)' if self.asked.peer else ''}"


FAILURES = ("crash", "hang", "memory", "refused")


def read_rows(path: Path) -> list[Row]:
    """The rows of a campaign: its folder, or the file itself. A torn last line, as a kill leaves it, is passed over.

    Raises
    ------
    UsageError
        There is no such file, or a line that is not the last can't be read.
    """
    file = path / RUNS if path.is_dir() else path
    try:
        text = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}; `placement-bench run --out` writes it") from None
    rows = list(_rows(text, file))
    if not rows:
        raise UsageError(f"{file} holds no run")
    return rows


def _rows(text: bytes, file: Path) -> Iterator[Row]:
    *whole, rest = text.split(b"\n")
    for number, line in enumerate([*whole, rest], 1):
        if not line.strip():
            continue
        try:
            yield Row.model_validate_json(line)
        except ValidationError as error:
            if line is rest:  # never ended: the write was cut
                return
            fault = error.errors()[0]
            place = ".".join(str(part) for part in fault["loc"])
            raise UsageError(f"{file} line {number} is no row of a run: {place} {fault['msg']}") from None


class RowFile:
    """The file of a campaign, one row added at a time; what was added survives whatever comes."""

    def __init__(self, folder: Path, *, resume: bool) -> None:
        """Open for adding; a line that a kill has torn is cut off.

        Raises
        ------
        UsageError
            The folder holds runs and `resume` was not said, or can't be written.
        """
        self.path = folder / RUNS
        try:
            folder.mkdir(parents=True, exist_ok=True)
            text = self.path.read_bytes() if self.path.exists() else b""
            self.rows = list(_rows(text, self.path))
            if self.rows and not resume:
                raise UsageError(
                    f"{self.path} holds {len(self.rows)} runs; --resume goes on with them, or name another --out"
                )
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
            if not text.endswith(b"\n"):
                self._mend(text)
        except OSError as error:
            raise UsageError(f"{self.path} can't be written: {error.strerror}") from None

    def _mend(self, text: bytes) -> None:
        """End the file with a whole line: the last one is ended if it is a row, and else cut off."""
        tail = text.rpartition(b"\n")[2]
        if tail.strip() and list(_rows(tail, self.path)):
            os.write(self._file, b"\n")
        else:
            os.ftruncate(self._file, len(text) - len(tail))

    def add(self, row: Row) -> None:
        """Write one row, and wait until the disk has it."""
        line = row.model_dump_json().encode() + b"\n"
        while line:
            line = line[os.write(self._file, line) :]
        os.fsync(self._file)
        self.rows.append(row)

    def missing(self, asked: Iterable[Asked]) -> list[Asked]:
        """Those that have no row yet, in order."""
        done = {row.asked.key for row in self.rows}
        return [one for one in asked if one.key not in done]

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

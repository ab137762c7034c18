"""A few cases of each set with fixed work, held against stored values: did a change make answers worse?

Work limits make a run the same on any machine, whatever its speed, so what differs is due to the code. Only quality is
held: values, bounds and proofs; never time.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench.choose import find_sets
from placement_bench.places import CHECKOUT
from placement_bench.rows import Asked
from placement_bench.stats import sign_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from placement_bench.cases import CaseSet
    from placement_bench.rows import Row

STORED = CHECKOUT / "benchmarks" / "quick.json"
SECONDS = 600.0  # far more than the work takes, so that no clock decides what comes out
SLACK = (
    0.005  # relative; another processor rounds a linear program in another way, and the search then differs a little
)

# Work of each solver, about in seconds of one core, of which heuristics take a part; one of the library that is not
# named here is not run. Others that only a set knows run to their end.
WORK = {
    "ffd": 10,
    "best-fit": 10,
    "greedy": 10,
    "column-generation": 10,
    "cp-sat": 3,
    "auto": 10,
    "vector-packing": 30,  # the exact core that the packing sets call
    "annealing": 200,  # rounds, of machine reassignment
    "from-scratch": 200,  # the same there
}
OPTIONS = {"greedy": {"restarts": 6}}
# Of all sets together, all that would take too long: these on one case of each set, and the others on fleets alone.
EVERYWHERE = ("greedy", "auto", "vector-packing", "annealing")
_LONG = ("scholl-3", "gi", "ai", "ani", "gen-scholl-3", "gen-gi", "gen-ai", "gen-ekici-2")
SLOW = {  # the least work takes too long there
    "auto": ("openb-nodes", "openb-cost", *_LONG),
    "vector-packing": _LONG,
}
# Bin packing that is like a set which runs by day: of the same authors, or drawn in the same way.
_ALIKE = (
    *("scholl-1", "schwerin-2", "crainic-2", "crainic-3", "hemmelmayr-2", "belov-4"),
    *("ekici-1-200", "gen-panigrahy", "gen-triplet", "gen-new"),
)
# Seconds to a minute each, where another set of the kind runs: only with ``--slow``, at night.
AT_NIGHT = {
    "auto": ("fleet-mixed", "fleet-replan", "demand-shared", "demand-whole", "demand-zoned"),
    "column-generation": ("fleet-mixed", "fleet-replan"),
    "cp-sat": ("fleet-mixed", "fleet-replan"),
    "greedy": ("openb-cost",),
    "vector-packing": ("belov-1", "belov-2", "belov-3", "ekici-2-100", *_ALIKE),
    **dict.fromkeys(("random", "dot-product", "gpu-clustering", "expected-use"), ("openb-online",)),
}
# Where all is bin packing `auto` hands it to `vector-packing`, which runs on the same case, and `greedy` fills bins of
# one kind after the other: at night, but for a set of one size, of several, and of several types of bins.
PACKING = "vector-packing"
OF_FLEETS = ("auto", "greedy")
BY_BOTH = ("falkenauer-t", "vbp-new", "ekici-1-100")
FLEETS = "fleet-"
GENERATED = "gen-"  # before the name of the published set that they are like

Outcome = dict[str, Any]


def quick_runs(names: Sequence[str], data: Path, say: Callable[[str], None], *, slow: bool = False) -> list[Asked]:
    """The runs of the quick cases of the named sets; without names, of a small choice from every set.

    `slow` adds to that choice what takes a minute or more. A set whose files are not here is told and left out.

    Raises
    ------
    UsageError
        No set has anything quick to run.
    """
    runs: list[Asked] = []
    there: set[str] = set()
    for one in find_sets(names):
        if not names and one.name.removeprefix(GENERATED) in there:
            continue  # its like, as published, is there, though all its runs may be left to the night
        try:
            runs += _runs(one, data, few=not names, slow=slow)
            there.add(one.name)
        except UsageError as error:
            say(f"SKIPPED: {one.name}: {error}")
    if not runs:
        raise UsageError("there are no quick cases to run")
    return sorted(runs, key=lambda run: run.solver != "auto")  # the longest first: none is left alone at the end


def _runs(one: CaseSet, data: Path, *, few: bool, slow: bool) -> Iterator[Asked]:
    from placement.solvers.registry import SOLVERS

    cases = [case for case in one.cases(data) if any(fnmatchcase(case.name, pattern) for pattern in one.quick)]
    wanted = EVERYWHERE if few and not one.name.startswith(FLEETS) else tuple(WORK)
    for case in cases[:1] if few else cases:
        solvers = case.load().solvers()
        for name in solvers:
            if few and one.name in SLOW.get(name, ()):
                continue
            if few and not slow and one.name in AT_NIGHT.get(name, ()):
                continue
            if few and not slow and name in OF_FLEETS and PACKING in solvers and one.name not in BY_BOTH:
                continue
            if name in wanted or (name not in SOLVERS and name not in WORK):
                work, options = WORK.get(name), OPTIONS.get(name, {})
                yield Asked(set=one.name, case=case.name, solver=name, seconds=SECONDS, work=work, options=options)


@dataclass(slots=True)
class Findings:
    """Runs against what is stored of them, in lines for a person."""

    worse: list[str] = field(default_factory=list)
    better: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """All of it."""
        for what, some in (("WORSE", self.worse), ("better", self.better), ("not stored", self.new)):
            for line in some:
                yield f"{what}: {line}"


def hold(rows: Iterable[Row], stored: Mapping[str, Outcome]) -> Findings:
    """Rows against stored outcomes. Worse is: a value or bound by more than `SLACK`, a proof or an answer lost."""
    found = Findings()
    for row in rows:
        name, now = name_of(row), outcome_of(row)
        before = stored.get(name)
        if row.failed or row.faults:
            found.worse.append(f"{name}: {row.status}: {'; '.join(row.faults) or row.error.strip()[-300:]}")
        elif before is None:
            found.new.append(name)
        else:
            changes = [change for change in _changes(before, now, sign_of(row)) if change]
            line = f"{name}: stored {_told(before)}; now {_told(now)}"
            if min(changes, default=0) < 0:
                found.worse.append(line)
            elif max(changes, default=0) > 0:
                found.better.append(line)
    return found


def _changes(before: Outcome, now: Outcome, sign: int) -> Iterator[float]:
    """What changed, each above 0 for better: proof, copies left out, then value and bound, where they compare."""
    yield (now["status"] in PROVEN) - (before["status"] in PROVEN)
    yield before["left_out"] - now["left_out"]
    if before["left_out"] == now["left_out"]:
        yield _change(before["value"], now["value"], sign)
        yield _change(before["bound"], now["bound"], -sign)


PROVEN = ("optimal", "infeasible")


def _change(before: float | None, now: float | None, sign: int) -> float:
    if before is None or now is None:
        return (now is not None) - (before is not None)
    return 0 if abs(before - now) <= SLACK * max(abs(before), abs(now)) else sign * (before - now)


def name_of(row: Row) -> str:
    """What a run is stored under."""
    return f"{row.asked.set} {row.asked.case} {row.asked.solver}"


def outcome_of(row: Row) -> Outcome:
    """What is stored of a run."""
    return {"status": row.status, "value": row.value, "bound": row.bound, "left_out": row.left_out}


def read_stored(path: Path) -> dict[str, Outcome]:
    """Stored outcomes by name; empty when there is no file.

    Raises
    ------
    UsageError
        The file is no such thing.
    """
    try:
        stored: dict[str, Outcome] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        for outcome in stored.values():
            _told(outcome)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"{path} holds no stored values: {error!r}; `run --quick --store` writes it") from None
    return stored


def store(rows: Iterable[Row], path: Path) -> None:
    """Store what came out, beside what is stored of runs that were not made; a line a run, so that changes can be read.

    Raises
    ------
    UsageError
        A run failed or has faults, or the file can't be written: nothing is stored.
    """
    rows = list(rows)
    bad = [name_of(row) for row in rows if row.failed or row.faults]
    if bad:
        raise UsageError(f"nothing is stored: {', '.join(bad)} failed or has faults")
    outcomes = {**read_stored(path), **{name_of(row): outcome_of(row) for row in rows}}
    lines = [f"{json.dumps(name)}: {json.dumps(outcomes[name])}" for name in sorted(outcomes)]
    try:
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}") from None


def _told(outcome: Outcome) -> str:
    left_out = f", {outcome['left_out']} left out" if outcome["left_out"] else ""
    return f"{outcome['status']} value {outcome['value']}, bound {outcome['bound']}{left_out}"

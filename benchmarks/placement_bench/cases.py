"""What a benchmark set is: cases with their best-known values, and how one case is solved and checked.

A set whose rules fit `FORMAT.md` gives a `ProblemTask`: the solvers of the library run on it as they are. A set with
another objective, or with more dimensions than a machine has, gives a task of its own with the solvers it knows and
a checker that reproduces the set's published values.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BestKnown:
    """The best value published for a case, in the set's own unit (bins, cost units, per cent).

    Attributes
    ----------
    value : None when nothing is published, or when the case is infeasible.
    proven : whether the value is proven optimal (or the case proven infeasible).
    bound : the best bound published, None when there is none.
    """

    value: float | None
    proven: bool = False
    infeasible: bool = False
    bound: float | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use. `work` makes a run independent of the machine's speed; `certify`: a certificate, too."""

    seconds: float = 60.0
    work: int | None = None
    seed: int = 0
    gap: float = 0.0
    threads: int | None = None
    options: Document = field(default_factory=dict)
    certify: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a solver said of a case, in the set's own unit.

    Attributes
    ----------
    status : ``optimal``, ``feasible``, ``infeasible`` or ``unknown``, as in a plan document.
    value, bound : None when there is none. `bound` is on the side the set proves from (below when minimising).
    solution : what `Task.check` reads: a plan document, or the set's own form. JSON.
    trace : [seconds, value, bound, who] rows in the order they came.
    metrics : more figures of the run (bound_by, counts, first plan); flat.
    """

    status: str
    value: float | None
    bound: float | None
    solution: Any
    seconds: float
    trace: tuple[tuple[float, float | None, float | None, str], ...] = ()
    metrics: Document = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Check:
    """What an independent recount found: the true value, and every rule that is broken (none: accepted)."""

    value: float | None
    faults: tuple[str, ...]
    by: str  # "referee", or the name of the set's own checker


class Task(Protocol):
    """One case, read from its file."""

    def solvers(self) -> tuple[str, ...]:
        """The names of the solvers that can run on it."""

    def run(self, solver: str, limits: Limits) -> Answer:
        """Solve within the limits."""

    def check(self, answer: Answer) -> Check:
        """Recount the answer from the case's own data, without the library's help."""


@dataclass(frozen=True, slots=True)
class Case:
    """One input of a set. `load` reads its file; nothing is read before."""

    set: str
    name: str
    best_known: BestKnown | None
    load: Callable[[], Task]


@dataclass(frozen=True, slots=True)
class CaseSet:
    """A named collection of cases.

    Attributes
    ----------
    name : as given to ``--set``, e.g. ``falkenauer-u``.
    title, objective, source : one line each, for ``list`` and the report. `source` cites the paper.
    unit : what a value counts, e.g. ``bins``.
    higher_is_better : the sense of the objective.
    cases : cases in a stable order, given the data folder (laid out as the published sets are).
        Raises `placement.errors.UsageError` that names the missing file and how to get it.
    quick : patterns of the names of a few cases, for ``--quick``.
    """

    name: str
    title: str
    objective: str
    unit: str
    source: str
    cases: Callable[[Path], Iterator[Case]]
    higher_is_better: bool = False
    quick: tuple[str, ...] = ()

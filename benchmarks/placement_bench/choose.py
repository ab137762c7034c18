"""From words on a command line to the runs to make: which cases, by which solvers, from which seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError, nearest
from placement_bench.peers import PEERS
from placement_bench.rows import Asked
from placement_bench.sets import all_sets, find_set

if TYPE_CHECKING:
    from pathlib import Path

    from placement_bench.cases import Case, CaseSet

Options = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Choice:
    """What to run.

    Attributes
    ----------
    sets : names of sets.
    solvers, peers : names; a solver must run on at least one of the sets. Of neither: each set's own choice, which is
        `auto` where it runs there, else the first that does.
    patterns : globs of case names; none for all cases.
    seeds : one run a seed.
    options : options by solver.
    limits : of each run; its names are those of `Asked`.
    """

    sets: Sequence[str]
    solvers: Sequence[str] = ()
    peers: Sequence[str] = ()
    patterns: Sequence[str] = ()
    seeds: Sequence[int] = (0,)
    options: Options = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)


def choose(choice: Choice, data: Path) -> list[Asked]:
    """The runs, all solvers of a case one after another, so that what is done early can be compared early.

    Raises
    ------
    UsageError
        A set, solver, peer or pattern that means nothing here, or a set whose files are missing.
    """
    _known_peers(choice.peers)
    runs: list[Asked] = []
    used: set[str] = set()
    matched: set[str] = set()
    offered: dict[str, None] = {}
    for one in map(find_set, choice.sets):
        cases = list(_matching(one, choice.patterns, data, matched))
        if not cases:
            continue
        there = cases[0].load().solvers()
        offered.update(dict.fromkeys(there))
        solvers = [name for name in choice.solvers if name in there]
        if not (choice.solvers or choice.peers):
            solvers = ["auto" if "auto" in there else there[0]]
        used.update(solvers)
        runs += _runs(cases, solvers, choice)
    for pattern in choice.patterns:
        if pattern not in matched:
            raise UsageError(
                f'no case is called "{pattern}" in {", ".join(choice.sets)}; `placement-bench list` has them'
            )
    for name in choice.solvers:
        if name not in used:
            raise UsageError(f'no solver "{name}" runs on {", ".join(choice.sets)}; {nearest(name, offered)}')
    for name in choice.options:
        if name not in used:
            raise UsageError(f'an option is given for "{name}", which is not to run; {nearest(name, used)}')
    if not runs:
        raise UsageError(f"{', '.join(choice.sets)}: no cases there")
    return runs


def _matching(one: CaseSet, patterns: Sequence[str], data: Path, matched: set[str]) -> Iterator[Case]:
    for case in one.cases(data):
        fitting = [pattern for pattern in patterns if fnmatchcase(case.name, pattern)]
        matched.update(fitting)
        if fitting or not patterns:
            yield case


def _runs(cases: Sequence[Case], solvers: Sequence[str], choice: Choice) -> Iterator[Asked]:
    names = [(name, False) for name in solvers] + [(name, True) for name in choice.peers]
    for case, seed, (solver, peer) in product(cases, choice.seeds, names):
        options = dict(choice.options.get(solver, {}))
        yield Asked(set=case.set, case=case.name, solver=solver, peer=peer, seed=seed, options=options, **choice.limits)


def _known_peers(names: Sequence[str]) -> None:
    for name in names:
        if name not in PEERS:
            raise UsageError(f'no peer "{name}"; {nearest(name, PEERS)}')


def find_sets(names: Sequence[str]) -> list[CaseSet]:
    """The sets of those names, or all of them."""
    return [find_set(name) for name in names] if names else list(all_sets().values())


def read_options(given: Sequence[str]) -> Options:
    """``SOLVER.NAME=VALUE`` words as options by solver.

    Raises
    ------
    UsageError
        A word of another form.
    """
    options: dict[str, dict[str, Any]] = {}
    for word in given:
        place, equals, value = word.partition("=")
        solver, dot, name = place.partition(".")
        if not (equals and dot and solver and name):
            raise UsageError(f'an option is written SOLVER.NAME=VALUE, as in milp.engine=cbc; got "{word}"')
        options.setdefault(solver, {})[name] = value
    return options

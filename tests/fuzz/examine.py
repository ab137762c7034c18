"""One problem of a seed: made, enumerated, sent on a few paths, and every answer judged."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from placement.documents import Problem
from placement.errors import DocumentError
from placement.solvers.registry import SOLVERS
from tests import brute
from tests.fuzz import patching
from tests.fuzz.any_prices import run_any_prices
from tests.fuzz.families import Draw, problem_of
from tests.fuzz.headroom import run_headroom
from tests.fuzz.judges import Fault, agreement, has_plan, judge
from tests.fuzz.paths import ANY_PRICES, BY_NAME, HEADROOM, PATHS, SCENARIOS
from tests.fuzz.runs import Answer, take
from tests.fuzz.scenarios import run_scenarios

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fuzz.paths import Path
    from tests.reading import Doc

MOST_STEPS = 60_000  # of the enumeration, about; larger problems are judged by what answers say of each other
SECOND_PATH = 12  # percent of problems that a second path is taken on
# Of paths that are no single solve.
RUNNERS = {SCENARIOS: run_scenarios, HEADROOM: run_headroom, ANY_PRICES: run_any_prices}
JUDGES = ("cp-sat", "milp-short")  # one of which is taken on problems that are not enumerated


@dataclass
class Taken:
    """One run, in numbers."""

    path: str
    status: str
    reached: bool
    seconds: float


@dataclass
class Record:
    """What came of one problem."""

    index: int
    family: str
    truth: str = "refused"  # or "plan", "none", "not enumerated"
    seconds: float = 0.0
    taken: list[Taken] = field(default_factory=list)
    faults: list[tuple[str, Fault]] = field(default_factory=list)


def key_of(seed: int, index: int, path: str) -> str:
    """What the throws of one run are seeded with."""
    return f"{seed}:{index}:{path}"


def knows(path: Path, doc: Doc) -> bool:
    """Whether a path's solver knows the rules of a problem that look at the whole plan."""
    keys = ("limits", "commitments")
    floors = ("min_available_on_pool_loss", "min_available_on_instance_loss")
    asks = any(doc.get(key) for key in keys) or doc.get("objective", {}).get("max_moves") is not None
    asks = asks or any(component.get(key) for component in doc["components"] for key in floors)
    known = path.solver not in SOLVERS or SOLVERS[path.solver].fleet_rules
    return not asks or known


def choose(draw: Draw, family: str, doc: Doc, only: str = "", *, enumerated: bool) -> list[Path]:
    """The paths of one problem, by weight."""
    if only:
        return [BY_NAME[only]]
    weights = [path.weight_in(family) if knows(path, doc) else 0 for path in PATHS]
    number = 1 + draw.chance(SECOND_PATH) if enumerated else 2
    chosen = {path.name: path for path in draw.choices(PATHS, weights, k=number)}
    if not enumerated:
        other = BY_NAME[draw.choice([judge for judge in JUDGES if knows(BY_NAME[judge], doc)])]
        chosen[other.name] = other
    return list(chosen.values())


def survey_of(doc: Doc) -> brute.Survey | None:
    """All plans of a problem, or None when there are too many."""
    return None if brute.size(doc) > MOST_STEPS else brute.survey(doc)


def examine(
    seed: int, index: int, family: str = "", path: str = "", begin: Callable[[str], None] = lambda _: None
) -> Record:
    """Examine problem `index` of a seed; `begin` is called with the name of each path before it is taken."""
    name, doc = problem_of(seed, index, family)
    record = Record(index, name)
    try:
        Problem(**doc)
    except DocumentError:
        return record
    began = time.perf_counter()
    begin("enumeration")
    survey = survey_of(doc)
    record.truth = "not enumerated" if survey is None else "none" if survey.best is None else "plan"
    record.seconds = time.perf_counter() - began
    answers = []
    for one in choose(Draw(key_of(seed, index, "paths")), name, doc, path, enumerated=survey is not None):
        began = time.perf_counter()
        begin(one.name)
        draw = Draw(key_of(seed, index, one.name))
        if one.solver in RUNNERS:
            run = RUNNERS[one.solver](one, doc, draw)
            record.faults += [(one.name, fault) for fault in run.faults]
            record.taken.append(Taken(one.name, run.status, run.reached, time.perf_counter() - began))
            continue
        answer = take(one, doc, draw, survey)
        answers.append(answer)
        record.faults += [(one.name, fault) for fault in judge(doc, answer, survey)]
        status = answer.status or "raised"
        record.taken.append(Taken(one.name, status, answer.reached, time.perf_counter() - began))
    if len(answers) > 1:
        record.faults += _disputes(doc, answers, record.faults)
    return record


def _disputes(doc: Doc, answers: list[Answer], known: list[tuple[str, Fault]]) -> list[tuple[str, Fault]]:
    """What answers refute of each other, unless it is known by then."""
    seen = {(path, fault.rule) for path, fault in known}
    return [(a.path, fault) for a, fault in agreement(doc, answers) if (a.path, fault.rule) not in seen]


def faults_of(path: str, doc: Doc, key: str) -> list[Fault]:
    """What is wrong with the answer of a path to a document, the throws of the run seeded with `key`.

    Raises
    ------
    DocumentError
        The document is no problem.
    """
    Problem(**doc)
    patching.watch_all(place for one in PATHS for place in one.reaches)
    if BY_NAME[path].solver in RUNNERS:
        return RUNNERS[BY_NAME[path].solver](BY_NAME[path], doc, Draw(key)).faults
    survey = survey_of(doc)
    answer = take(BY_NAME[path], doc, Draw(key), survey)
    faults = judge(doc, answer, survey)
    if survey is None:
        others = [take(BY_NAME[name], doc, Draw(key), None) for name in JUDGES if name != path]
        faults += [fault for a, fault in agreement(doc, [answer, *others]) if a is answer]
    return faults


def proves(answer: Answer) -> bool:
    """Whether an answer is a proof or a plan, and not the want of both."""
    return answer.plan is not None and (has_plan(answer.plan) or answer.status == "infeasible")

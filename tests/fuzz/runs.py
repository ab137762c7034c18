"""One path taken on one problem: what was asked, what came back, and which functions were entered on the way."""

from __future__ import annotations

import json
import pickle
import threading
import traceback
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import placement
from placement.documents import Problem
from placement.documents.plan import Plan
from placement.parallel.executors import Processes
from tests.fuzz import patching
from tests.fuzz.paths import OPTION_VALUES
from tests.plans import random_plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from placement.solving.result import Event, Result
    from tests.brute import Survey
    from tests.fuzz.families import Draw
    from tests.fuzz.paths import Path
    from tests.reading import Doc


CERTIFY = 1.0  # seconds for a certificate, on the fuzzer's clock


@dataclass
class Answer:
    """What a path said of a problem."""

    path: str
    given: Doc | None = None  # the plan that it was to start from
    plan: Doc | None = None  # the plan document, as it reads after a trip through JSON
    cost: int | None = None  # micro-dollars
    bound: int | None = None
    status: str = ""
    events: tuple[Event, ...] = ()
    error: str = ""  # type and text of what was raised, and where
    reached: bool = False
    second: Doc | None = None  # the same run again, where that must give the same
    certificate: Doc | None = None  # why the bound holds, where that was asked for
    asked: dict[str, Any] = field(default_factory=dict)


class Pickling(Executor):
    """Runs each task at once, in a thread of its own, after a trip through pickle there and back."""

    _max_workers = 1

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As executors do."""
        future: Future[Any] = Future()
        try:
            call, args, kwargs = pickle.loads(pickle.dumps((call, args, kwargs)))
            future.set_result(pickle.loads(pickle.dumps(call(*args, **kwargs))))
        except Exception as error:
            future.set_exception(error)
        return future


_pool: list[Processes] = []


def executor_named(name: str) -> Executor | None:
    """An executor of those that paths name; the pool of processes is made once and kept."""
    if name == "processes":
        if not _pool:
            _pool.append(Processes(1))
        return _pool[0]
    return Pickling() if name == "pickling" else None


def take(path: Path, doc: Doc, draw: Draw, survey: Survey | None, start: Doc | None = None) -> Answer:
    """Take a path on a problem that reads well, from a plan if there is one; what it raises is part of the answer."""
    answer = Answer(path.name)
    problem = Problem(**doc)
    answer.given = start or start_of(path, problem, doc, draw, survey)
    asked = answer.asked = arguments_of(path, draw)
    reached: set[str] = set()
    try:
        result = _solve(path, problem, answer.given, asked, reached)
        answer.plan = json.loads(json.dumps(result.to_document()))
        answer.cost, answer.bound, answer.status = result.cost, result.bound, result.status.value
        answer.events = result.trace
        if path.again:
            answer.second = json.loads(json.dumps(_solve(path, problem, answer.given, asked, reached).to_document()))
        if path.certify:
            answer.certificate = json.loads(json.dumps(_certify(path, result)))
    except Exception as error:
        answer.error = describe(error)
    answer.reached = not path.reaches or bool(reached & set(path.reaches))
    return answer


def describe(error: BaseException) -> str:
    """Type and text of an error, and the innermost lines of the package that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/placement/" in frame.filename and "/tests/" not in frame.filename]
    places = [f"{frame.filename.rpartition('/placement/')[2]}:{frame.name}" for frame in ours[-3:]]
    return f"{type(error).__name__}: {error} [{' > '.join(places)}]"


def arguments_of(path: Path, draw: Draw) -> dict[str, Any]:
    """What is drawn for one run: the seed, the moment of an interrupt, a time limit in looks, options."""
    asked: dict[str, Any] = {"seed": draw.choice((0, 0, 1, 7, draw.randrange(2**31)))}
    if path.stop in ("interrupt", "time"):
        asked["looks"] = max(1, int(10 ** draw.uniform(0, path.looks)))
    elif path.stop == "timer":
        asked["after"] = draw.uniform(0, 0.08)
    options = dict(path.options)
    if path.draws_options:
        for name, values in OPTION_VALUES[path.solver].items():
            if draw.chance(50):
                options[name] = draw.choice(values)
    asked["options"] = options
    asked["work"] = draw.choice(path.work) if path.work else None
    asked["gap"] = draw.choice((0.0, 0.0, 0.01, 0.3)) if path.draws_options else 0.0
    return asked


def start_of(path: Path, problem: Problem, doc: Doc, draw: Draw, survey: Survey | None) -> Doc | None:
    """A plan to start from, if the path has one: the best there is, or some plan that keeps the rules."""
    if not path.hint:
        return None
    best = None if survey is None or survey.best is None else survey.best.plan
    if best is None or draw.chance(60):
        some = random_plan(draw, doc)
        if placement.verify(problem, Plan(instances=some["instances"], assignments=some["assignments"])).ok:
            return some
    return best


@contextmanager
def taken(path: Path, asked: dict[str, Any], reached: set[str]) -> Iterator[float | None]:
    """The clock and the thresholds of a path, and what is entered on it noted in `reached`; gives the time limit."""
    looks = float(asked.get("looks", "inf"))
    clock = patching.Clock(looks if path.stop == "interrupt" else float("inf"), asked.get("after"))
    with ExitStack() as stack:
        stack.enter_context(patching.lowered(path.values))
        stack.enter_context(clock.running(virtual=path.stop != "timer" and not path.real))
        patching.entered.clear()
        try:
            yield looks * patching.LOOK if path.stop == "time" else path.seconds
        finally:
            reached |= patching.entered


def _solve(path: Path, problem: Problem, given: Doc | None, asked: dict[str, Any], reached: set[str]) -> Result:
    rows = None if given is None else {key: given[key] for key in ("instances", "assignments")}
    hint = None if rows is None else Plan(**rows)
    with taken(path, asked, reached) as seconds:
        if path.solver == "bound":
            return placement.bound(problem, hint, time_limit=seconds, seed=asked["seed"], certificate=path.certify)
        return placement.solve(
            problem,
            path.solver,
            time_limit=seconds,
            gap=asked["gap"],
            seed=asked["seed"],
            work=asked["work"],
            threads=path.threads,
            options=asked["options"],
            hint=hint,
            executor=executor_named(path.executor),
            certificate=path.certify,
        )


def _certify(path: Path, result: Result) -> Doc:
    """The certificate of a result, in a time that is counted in looks."""
    with ExitStack() as stack:
        stack.enter_context(patching.lowered(path.values))
        stack.enter_context(patching.Clock(float("inf"), None).running(virtual=True))
        return placement.certify(result, time_limit=CERTIFY).document


def settle_threads(most: int = 20) -> int:
    """Threads of searches that are still at it, after a short wait for them."""
    for _ in range(most):
        left = [thread for thread in threading.enumerate() if thread.name.startswith("placement-search")]
        if not left:
            return 0
        left[0].join(0.1)
    return len(left)

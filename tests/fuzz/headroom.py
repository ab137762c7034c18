"""Several times a problem, priced by `headroom`, each point judged as the answer of a solve is."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from typing import TYPE_CHECKING

from placement import Problem, headroom
from placement.errors import UsageError
from tests import brute
from tests.fuzz.judges import Fault, judge, signature
from tests.fuzz.runs import Answer, arguments_of, describe, taken
from tests.fuzz.scenarios import MOST_STEPS, ScenarioRun

if TYPE_CHECKING:
    from collections.abc import Iterator

    from placement.scenarios.headroom import HeadroomPoint
    from tests.fuzz.families import Draw
    from tests.fuzz.paths import Path
    from tests.reading import Doc

FACTORS = ((0.5, 1.3), (1.3, 2), (0.7, 1.5, 3))


def run_headroom(path: Path, doc: Doc, draw: Draw) -> ScenarioRun:
    """Ask for a few factors on a path, and judge each point."""
    problem, factors = Problem(**doc), draw.choice(FACTORS)
    asked = arguments_of(path, draw)
    reached: set[str] = set()
    how = {"seed": asked["seed"], "work": asked["work"], "threads": path.threads}
    try:
        with taken(path, asked, reached) as seconds:
            found = headroom(problem, factors, time_limit=seconds, **how)
    except UsageError:
        return ScenarioRun("refused", False, [])  # so many times the copies are no problem
    except Exception as error:
        told = describe(error)
        return ScenarioRun("raised", False, [Fault(f"raised {signature(told)}", told)])
    came = not path.reaches or bool(reached & set(path.reaches))
    faults = [fault for point in found.points for fault in _of_point(path, doc, point)]
    faults += [Fault(f"told fault of {fault.solver}", fault.said) for fault in found.faults]
    return ScenarioRun(str(found.stop), came, faults)


def _of_point(path: Path, doc: Doc, point: HeadroomPoint) -> Iterator[Fault]:
    """Whether it is the problem asked for, and every claim of its plan."""
    for before, after in zip(doc["components"], point.problem.components, strict=True):
        copies = before.get("copies")
        if copies is not None and after.copies != math.ceil(Fraction(str(point.factor)) * copies):
            yield Fault("copies at a factor", f"{after.copies} at {point.factor} times {copies}")
    larger = point.problem.to_document()
    survey = None if brute.size(larger) > MOST_STEPS else brute.survey(larger)
    answer = Answer(path.name, cost=point.cost, bound=point.bound, status=point.status.value)
    answer.plan = json.loads(json.dumps(point.plan.to_document()))
    yield from judge(larger, answer, survey)

"""Fleets that a known plan fills, on the paths that lower thresholds: what they say is true."""

from __future__ import annotations

import pytest

from placement import Problem, verify
from placement.documents.plan import Plan
from tests.corpus import one_by_one, seeds
from tests.fuzz import patching, planted
from tests.fuzz.examine import knows
from tests.fuzz.families import Draw
from tests.fuzz.full import full, scattered
from tests.fuzz.judges import Fault, agreement, judge
from tests.fuzz.paths import BY_NAME
from tests.fuzz.runs import Answer, take

# Paths that take large fleets, and those that bound them, each with a full fleet that comes there, for every change.
BY_DAY = (
    "cg-zones:18 cg-covering:3 cg-dives-poor:10 auto-running:13 parts-greedy:3 parts-poor:3 hint-parts:2 "
    "time-up-scale:1 bound-blind:3 bound-coarse:5"
)
PATHS = [(path, int(seed)) for path, _, seed in (word.partition(":") for word in BY_DAY.split())]
MORE = (
    "cg-zones-clock cg-running cg-scarce cg-narrow cg-mixes-poor parts-groups auto-parts interrupt-parts "
    "auto-scale-blind bound-cut-short certificate-scale"
)
AT_NIGHT = (*dict(PATHS), *MORE.split())


def answer_on_full(seed: int, path: str) -> tuple[Answer, list[Fault]]:
    """The answer of a path to a fleet that a known plan fills, from that plan made worse; and what is wrong with it."""
    draw = Draw(f"full:{seed}")
    doc, plan = full(draw)
    worse = scattered(draw, plan)
    start = worse if verify(Problem(**doc), Plan(**worse)).ok else None
    answer = take(BY_NAME[path], doc, Draw(f"{seed}:{path}"), None, start)
    known = Answer("the plan", plan=plan)
    return answer, [*judge(doc, answer, None), *(fault for a, fault in agreement(doc, [answer, known]) if a is answer)]


@seeds(range(300), few=10)
def test_a_full_fleet_is_cut_out_of_a_plan(seeds: range) -> None:
    """The plan keeps every rule, and all its machines are paid for by what is on them."""
    for seed in seeds:
        doc, plan = full(Draw(f"full:{seed}"))
        assert verify(Problem(**doc), Plan(instances=plan["instances"], assignments=plan["assignments"])).ok, seed


@pytest.mark.parametrize(("path", "seed"), PATHS)
def test_a_full_fleet_is_told_the_truth_of(path: str, seed: int) -> None:
    """No bound is above what the known plan costs, nothing is called infeasible, and each plan keeps every rule."""
    patching.watch_all(BY_NAME[path].reaches)
    answer, faults = answer_on_full(seed, path)
    assert faults == []
    assert answer.reached


@one_by_one(range(400), few=1)
def test_full_fleets_are_told_the_truth_of(seed: int) -> None:
    """More of them, each on two paths."""
    doc = full(Draw(f"full:{seed}"))[0]
    known = [path for path in AT_NIGHT if knows(BY_NAME[path], doc)]
    for path in Draw(f"paths:{seed}").sample(known, 2):
        assert answer_on_full(seed, path)[1] == [], path


def test_a_limit_that_is_read_too_tight_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a fleet that a plan within the limit fills; nothing is found without the bug."""
    with monkeypatch.context() as patched:
        planted.limit_allows_one_less(patched.setattr)
        seed = next(k for k in range(6, 40) if answer_on_full(k, "bound-blind")[1])
    assert answer_on_full(seed, "bound-blind")[1] == []

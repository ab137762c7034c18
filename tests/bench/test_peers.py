"""Packing codes of others: what they are told, what is made of their answers, and who checks those."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import random
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from placement.errors import UsageError
from placement_bench.cases import Limits
from placement_bench.peers import PEERS, run_peer
from placement_bench.peers import run as peers_run
from placement_bench.peers.packing import Packed, Packing, RefusedError, read_packing, to_plan
from placement_bench.tasks import ProblemTask, Scale
from tests.bench.toy import ToyTask, bins

if TYPE_CHECKING:
    from types import ModuleType

    from placement_bench.cases import Answer


def problem(**changes: Any) -> dict[str, Any]:
    """Two kinds of bins of 10 and 6 GiB at 3 and 2 dollars, items of 6, 4 and 3 GiB."""
    sizes = {"six": (6, 1), "four": (4, 2), "three": (3, 2)}
    return {
        "format": "placement/v1",
        "name": "two-bins",
        "accelerators": {"big": {"memory_gib": 10}, "small": {"memory_gib": 6}},
        "instance_types": {
            name: {"accelerator": name, "accelerator_count": 1, "vcpus": 8, "memory_gib": 9.5, "price_per_hour": price}
            for name, price in (("big", 3), ("small", 2))
        },
        "pools": [
            {"name": "p-big", "instance_type": "big", "zone": "z"},
            {"name": "p-small", "instance_type": "small", "zone": "y", "max_instances": 1},
        ],
        "components": [
            {"name": name, "copies": copies, "shared": True, "accelerator_memory_gib": size, "vcpus": 0.1}
            for name, (size, copies) in sizes.items()
        ],
        **changes,
    }


def with_component(**changes: Any) -> dict[str, Any]:
    document = problem()
    document["components"][0].update(changes)
    return document


def test_a_case_in_the_words_of_packing() -> None:
    """Whole units, needs rounded up, and which bins an item may go into."""
    found = read_packing(with_component(accelerator_memory_gib=6.0001, accelerator_share=0.25, memory_gib=1))

    assert [(one.pool, one.capacity, one.cost, one.count) for one in found.bins] == [
        ("p-big", (10240, 1000, 8000, 9728), 3_000_000, None),
        ("p-small", (6144, 1000, 8000, 9728), 2_000_000, 1),
    ]
    assert [(item.component, item.copies) for item in found.items] == [("six", 1), ("four", 2), ("three", 2)]
    assert [(item.modes[0].size, item.modes[0].bins) for item in found.items[:2]] == [
        ((6145, 250, 100, 1024), (0,)),
        ((4096, 0, 100, 0), (0, 1)),
    ]


@pytest.mark.parametrize(
    ("limit", "where"), [({"on": ["small"]}, (1,)), ({"zones": ["z"]}, (0,)), ({"instance_types": ["big"]}, (0,))]
)
def test_where_an_item_may_go(limit: dict[str, Any], where: tuple[int, ...]) -> None:
    """By accelerator, zone and type."""
    assert read_packing(with_component(**limit)).items[0].modes[0].bins == where


def test_copies_that_own_accelerators_are_counted() -> None:
    """Two of them, each with enough memory; the machine's own count is the capacity."""
    document = problem(components=[{"name": "c", "copies": 3, "accelerators": 2, "accelerator_memory_gib": 8}])
    document["instance_types"]["big"] |= {"accelerator_count": 4, "reserved": {"vcpus": 1, "accelerator_memory_gib": 1}}

    found = read_packing(document)

    assert found.bins[0].capacity == (4, 0, 7000, 9728)
    assert [(mode.size, mode.bins) for mode in found.items[0].modes] == [((2, 0, 0, 0), (0,))]


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (with_component(spread={"max_skew": 1}), "six has spread"),
        (with_component(avoid=["four"]), "six has avoid"),
        (with_component(dedicated=True), "six has dedicated"),
        (with_component(min_available_on_zone_loss=1), "has min_available_on_zone_loss"),
        (with_component(min_copies=0), "six has optional copies"),
        (with_component(shared=False), "beside copies that own theirs"),
        (with_component(accelerators=2), "shares several"),
        (problem(instances=[{"id": "i", "pool": "p-big"}]), "instances that run today"),
        (problem(pools=[{"name": "p", "instance_type": "big", "zone": "z", "min_instances": 1}]), "must be paid for"),
    ],
)
def test_what_packing_has_no_words_for_is_refused(document: dict[str, Any], rule: str) -> None:
    """A peer that solved less than the case would stand there with a value it did not earn."""
    with pytest.raises(RefusedError, match=rule):
        read_packing(document)


GOOD = [(0, [(0, 0), (1, 0)]), (0, [(1, 0), (2, 0), (2, 0)])]  # 6 + 4 and 4 + 3 + 3


def answer_of(loads: Any, **told: Any) -> tuple[ProblemTask, Answer]:
    """What becomes of bins that a code found, all the way."""
    document = problem()
    packing: Packing = read_packing(document)
    task = ProblemTask(document, Scale(Fraction(1)))
    return task, task.answer(to_plan(packing, Packed(loads, told.pop("bound", None), 0.5, **told), "peer"))


def test_a_peers_bins_become_a_plan_that_the_referee_accepts() -> None:
    """With its value, bound and proof."""
    task, answer = answer_of(GOOD, bound=5.5, trace=[(0.1, 7.0, None), (0.5, 6.0, 5.5)])

    assert (answer.status, answer.value, answer.bound) == ("feasible", 6, 5.5)
    assert answer.trace == ((0.1, 7, None, "peer"), (0.5, 6, 5.5, "peer"))
    assert task.check(answer).faults == ()
    proven = answer_of(GOOD, proven=True)[1]
    assert (proven.status, proven.bound) == ("optimal", 6)
    assert answer_of([], infeasible=True)[1].status == "infeasible"
    assert answer_of([], bound=3.0)[1].status == "unknown"


@pytest.mark.parametrize("loads", [GOOD[:1], [(1, [(0, 0), (1, 0)]), GOOD[1]], [*GOOD, (1, []), (1, [])]])
def test_a_peers_fault_is_found(loads: Any) -> None:
    """Copies that are missing, a bin that is too full, more bins than there are."""
    task, answer = answer_of(loads)

    assert task.check(answer).faults != ()


DRIVER = """
import json, sys
order = json.load(sys.stdin)
assert order["seconds"] == 9.0 and order["seed"] == 4 and order["threads"] == 1
if order["problem"]["name"] == "bins-2":
    sys.exit("it broke")
if order["problem"]["name"] == "bins-3":
    print("too wide", file=sys.stderr)
    sys.exit(3)
json.dump({"status": "unknown", "seconds": 1.0, "solver": sys.executable}, sys.stdout)
"""


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A peer with a driver of our own, in our own interpreter."""
    driver = tmp_path / "drive_fake.py"
    driver.write_text(DRIVER)
    monkeypatch.setattr(peers_run, "_DRIVERS", tmp_path)
    monkeypatch.setitem(PEERS, "fake", dataclasses.replace(PEERS["scip"], name="fake"))
    return "fake"


def test_a_peer_is_driven_as_a_process(fake: str) -> None:
    """Told the limits; an answer, a refusal and a break-down each come back as what they are."""
    limits = Limits(seconds=9.0, seed=4)
    python = Path(sys.executable)

    assert run_peer(fake, python, bins(4), limits).status == "unknown"
    with pytest.raises(RuntimeError, match="exit code 1: it broke"):
        run_peer(fake, python, bins(2), limits)
    with pytest.raises(UsageError, match="fake can't be told this case: too wide"):
        run_peer(fake, python, bins(3), limits)
    with pytest.raises(UsageError, match="another kind"):
        run_peer(fake, python, ToyTask("good-1"), limits)


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_agrees_with_the_library(name: str) -> None:
    """On random bins of two kinds: each that proves proves the same value, and its plan is accepted."""
    python = os.environ.get(PEERS[name].variable)
    if not python:
        pytest.skip(f"no {PEERS[name].variable}: the peer {name} has an environment of its own")
    draw = random.Random(7)
    for _ in range(5):
        document = problem()
        document["components"] = [
            {
                "name": f"i{k}",
                "copies": draw.randint(1, 3),
                "shared": True,
                "accelerator_memory_gib": draw.randint(1, 9),
            }
            for k in range(6)
        ]
        task = ProblemTask(json.loads(json.dumps(document)))
        theirs, ours = run_peer(name, Path(python), task, Limits(seconds=20.0)), task.run("auto", Limits(seconds=20.0))

        assert theirs.value is not None
        assert ours.value is not None
        assert ours.value <= theirs.value <= 2 * ours.value
        assert not PEERS[name].proves or (theirs.status, theirs.value) == ("optimal", ours.value)
        assert task.check(theirs).faults == ()


def random_problem(draw: random.Random) -> dict[str, Any]:
    """Copies that share, some with two options, or without a size, or barred from a zone; few bins of each kind."""
    document = problem()
    document["pools"][0]["max_instances"] = draw.choice([2, 3, 9])
    document["pools"].append({"name": "p-far", "instance_type": "big", "zone": "y", "price_per_hour": 2.5})
    document["pools"][2]["max_instances"] = draw.choice([0, 1, 2])
    document["components"] = [
        {"name": f"i{k}", "copies": draw.randint(1, 3), "options": [], "zones": draw.choice([["y", "z"], ["y"]])}
        for k in range(5)
    ]
    for component in document["components"]:
        for _ in range(draw.choice([1, 1, 2])):
            size = {"accelerator_memory_gib": draw.randint(1, 7), "vcpus": draw.choice([0, 1, 4])}
            nothing = {"accelerators": 0, "accelerator_memory_gib": 0}
            component["options"].append({"shared": True, **(nothing if draw.random() < 0.1 else size)})
    return document


@pytest.mark.parametrize("name", ["scip", "vpsolver"])
def test_a_peer_that_proves_agrees_with_the_library(name: str) -> None:
    """On bins of limited number, with options and zones: the same value, or that there is no plan."""
    python = os.environ.get(PEERS[name].variable)
    if not python:
        pytest.skip(f"no {PEERS[name].variable}: the peer {name} has an environment of its own")
    draw, found = random.Random(3), []
    for _ in range(20):
        task = ProblemTask(random_problem(draw))
        theirs, ours = run_peer(name, Path(python), task, Limits(seconds=20.0)), task.run("auto", Limits(seconds=20.0))

        assert (theirs.status, theirs.value) == (ours.status, ours.value)
        assert task.check(theirs).faults == ()
        found.append(theirs.status)
    assert set(found) == {"optimal", "infeasible"}


def test_bug_scips_flows_of_empty_bins(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were told as bins of nothing that cost something, and ten thousand of them took a minute."""
    monkeypatch.syspath_prepend(str(PEERS["scip"].driver.parent))
    driver = importlib.import_module("drive_scip")
    document = problem()
    document["components"] = document["components"][:2]
    program = object.__new__(driver.ArcFlow)
    program.case = driver.packing.read_packing(document)
    program.capacities = [5, 3]  # in units of 2 GiB, items of 3 and 2
    program.flow = {(0, 3, 0): 1, (3, 5, 1): 1, (0, 2, 1): 2, (2, 4, 1): 2}
    program.loss = {(0, 2): 2_000_000, (2, 3): 2_000_000, (3, 4): 1_999_999, (4, 5): 2_000_001}
    program.used = [2_000_002, 1]
    program.model = SimpleNamespace(getVal=lambda value: value)

    loads = program.loads()

    assert sorted(item for _, content in loads for item, _ in content) == [0, 1, 1]
    assert all(0 < sum((3, 2)[item] for item, _ in content) <= (5, 3)[kind] for kind, content in loads)


@pytest.fixture
def vpsolver(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The driver of VPSolver, without its package."""
    monkeypatch.syspath_prepend(str(PEERS["vpsolver"].driver.parent))
    return importlib.import_module("drive_vpsolver")


def test_a_case_in_the_words_of_vpsolver(vpsolver: ModuleType) -> None:
    """Sizes, costs and counts in their largest units; alike items are one, a barred bin is one size more."""
    document = problem()
    document["components"][1]["zones"] = ["z"]
    document["components"].append({**document["components"][2], "name": "three-more", "copies": 1})
    words = vpsolver.in_words(vpsolver.packing.read_packing(document))

    assert words.capacities == [(10, 80, 6), (6, 80, 0)]
    assert (words.costs, words.counts, words.unit) == ([3, 2], [-1, 1], 1_000_000)
    assert words.sizes == [[(6, 1, 0)], [(4, 1, 1)], [(3, 1, 0)]]
    assert words.demands == [1, 2, 3]
    assert words.alike == [[(0, [0])], [(1, [0])], [(2, [0]), (3, [0])]]


def test_what_vpsolver_does_not_take(vpsolver: ModuleType) -> None:
    """An item without a size gets one; pools without machines are none; what fits nowhere is told apart."""
    document = problem()
    nothing = {"accelerators": 0, "accelerator_memory_gib": 0, "vcpus": 0}
    document["components"][0]["copies"] = 0
    document["components"][1] |= nothing
    case = vpsolver.packing.read_packing(document)

    assert vpsolver.in_words(case).sizes == [[(0, 0, 1)], [(1, 1, 0)]]
    assert vpsolver.in_words(case).capacities == [(3, 80, 4), (2, 80, 4)]
    document["pools"][0]["max_instances"] = 0
    assert vpsolver.in_words(vpsolver.packing.read_packing(document)).kinds == [1]
    document["components"][2]["accelerator_memory_gib"] = 9
    assert vpsolver.in_words(vpsolver.packing.read_packing(document)) is None
    assert vpsolver.solve(vpsolver.packing.read_packing(document), 1.0, 0, 1).infeasible


def test_numbers_that_vpsolver_cannot_read_are_refused(vpsolver: ModuleType) -> None:
    """Its integers are of 32 bits."""
    document = problem()
    document["pools"][0]["price_per_hour"] = 2200.000001

    with pytest.raises(vpsolver.packing.RefusedError, match="too large"):
        vpsolver.in_words(vpsolver.packing.read_packing(document))


def test_a_graph_that_takes_all_the_time_is_no_plan(vpsolver: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor a proof that there is none."""

    def slow(words: object, files: Path, until: float) -> None:
        raise subprocess.TimeoutExpired("vbp2afg", until)

    monkeypatch.setattr(vpsolver, "write_program", slow)
    case = vpsolver.packing.read_packing(problem())

    found = vpsolver.packing.to_plan(case, vpsolver.solve(case, 1.0, 0, 1), "vpsolver")

    assert (found["status"], found["lower_bound"]) == ("unknown", None)


def test_vpsolvers_bins_in_the_words_of_the_case(vpsolver: ModuleType) -> None:
    """Copies of alike items are dealt out, ways have their own numbers again; what is too much is left out."""
    document = problem()
    size = {"shared": True, "accelerator_memory_gib": 3, "vcpus": 0.1}
    too_large = {"shared": True, "accelerator_memory_gib": 11}
    document["components"][1] = {"name": "four", "copies": 1, "options": [too_large, size]}
    case = vpsolver.packing.read_packing(document)

    told = [[(2, [(1, 0)]), (1, [])], [(1, [(0, 0), (1, 0)]), (1, [(1, 0)])]]
    found = vpsolver.loads_of(case, vpsolver.in_words(case), told)

    assert sorted(found) == [(0, [(2, 0)]), (0, [(2, 0)]), (1, [(0, 0), (1, 1)])]


def test_a_bound_of_vpsolvers_program_is_the_next_whole_cost(vpsolver: ModuleType) -> None:
    """But for a tolerance; none while the engine has none."""
    assert vpsolver.dollars(6.2, 500_000) == 3.5
    assert vpsolver.dollars(6.000001, 500_000) == 3.0
    assert vpsolver.dollars(float("-inf"), 500_000) is None

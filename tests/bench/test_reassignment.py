"""Machine reassignment in the benchmark tool: cases of archives, run by a work limit and recounted from their files."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from placement.errors import UsageError
from placement_bench.cases import BestKnown, Limits
from placement_bench.judge import judge
from placement_bench.machine_reassignment.compiling import COMPILES
from placement_bench.sets import all_sets
from placement_bench.sets import reassignment as the_set
from tests.bench.machine_reassignment.instances import EXAMPLE, EXAMPLE_INITIAL
from tests.bench.published import published

if TYPE_CHECKING:
    from pathlib import Path

    from placement_bench.cases import Case

SETS = {one.name: one for one in the_set.SETS}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with the statement's example, once with a published value and once without."""
    (tmp_path / the_set.FOLDER).mkdir()
    with zipfile.ZipFile(tmp_path / the_set.FOLDER / "A.zip", "w") as archive:
        for name in ("a1", "held_back-2"):
            archive.writestr(f"model_{name}.txt", EXAMPLE)
            archive.writestr(f"assignment_{name}.txt", EXAMPLE_INITIAL)
    (tmp_path / the_set.FOLDER / "best_known.csv").write_text(
        "family,instance,best_known,proven,aggregate_lower_bound,initial_cost,source\nA,a1,2411,no,310,4200,statement\n"
    )
    return tmp_path


def example(folder: Path) -> Case:
    return next(iter(SETS["roadef-a"].cases(folder)))


def test_every_pair_of_files_is_a_case(folder: Path) -> None:
    """Whatever its name; one that no table knows has no best value."""
    cases = list(SETS["roadef-a"].cases(folder))

    assert [(case.name, case.best_known) for case in cases] == [
        ("a1", BestKnown(2411, bound=310)),
        ("held_back-2", None),
    ]
    assert set(SETS) <= set(all_sets())


def test_a_run_is_judged_by_the_checker(folder: Path) -> None:
    """The optimum of the example, with value, bound and gap."""
    task = example(folder).load()
    answer = task.run("annealing", Limits(seconds=600, work=100))
    fields = judge(SETS["roadef-a"], example(folder).best_known, answer, task.check(answer))

    assert (fields["value"], fields["status"], fields["faults"]) == (2411, "feasible", ())
    assert (fields["verified_by"], fields["gap_to_best_known"]) == ("reassignment checker", 0.0)
    assert fields["bound"] <= 2411
    assert answer.metrics["stat_loop"] == ("compiled" if COMPILES else "arrays")


@pytest.mark.parametrize(
    ("solution", "value", "said"),
    [
        ([0, 0, 1], 2411, "conflict: 2 processes of service 0 are on machine 0"),
        ([0, 3, 0], 2411, "reassignment checker counts 4200, the answer says 2411"),
        ([0, 3], 4200, "assignment: 2 machines are given for 3 processes"),
    ],
)
def test_a_false_answer_is_found_out(folder: Path, solution: list[int], value: int, said: str) -> None:
    """A broken rule, a wrong cost, a missing process."""
    task = example(folder).load()
    answer = replace(task.run("annealing", Limits(seconds=600, work=4)), solution=solution, value=value)

    assert said in task.check(answer).faults


@pytest.mark.parametrize("strategy", ["never-move", "karpenter", "descheduler", "from-scratch"])
def test_strategies_are_recounted(folder: Path, strategy: str) -> None:
    """Cost and moves are those of the case; a platform's broken rules are told, and a false count is found out."""
    case = example(folder)
    task = case.load()
    answer = task.run(strategy, Limits(seconds=600, work=40))
    fields = judge(SETS["roadef-a"], case.best_known, answer, task.check(answer))

    assert fields["faults"] == ()
    assert fields["value"] >= 2411
    assert answer.bound is None
    assert answer.metrics["moves"] == sum(now != old for now, old in zip(answer.solution, [0, 3, 0], strict=True))
    assert (answer.metrics["moves"] > 0) == (strategy == "from-scratch")
    if strategy == "never-move":
        assert (fields["value"], answer.metrics["broken"]) == (4200, 0)
    if strategy != "from-scratch":
        false = replace(answer, metrics={**answer.metrics, "broken": answer.metrics["broken"] + 1})
        assert "reassignment checker counts" in str(task.check(false).faults)


def test_what_is_not_there_is_told(folder: Path) -> None:
    """Solver, option, archive, half of a case."""
    task = example(folder).load()
    with pytest.raises(
        UsageError, match="machine reassignment has no solver auto; it has annealing, from-scratch, never-move"
    ):
        task.run("auto", Limits())
    with pytest.raises(UsageError, match="solver annealing has no option heat"):
        task.run("annealing", Limits(options={"heat": 5}))
    with pytest.raises(UsageError, match=r"there is no .*B\.zip"):
        list(SETS["roadef-b"].cases(folder))
    with zipfile.ZipFile(folder / the_set.FOLDER / "X.zip", "w") as archive:
        archive.writestr("model_x.txt", EXAMPLE)
    with pytest.raises(UsageError, match=r"model_x\.txt has no assignment_x\.txt beside it"):
        list(SETS["roadef-x"].cases(folder))


def test_the_published_families_are_there() -> None:
    """With the values of the table, and the initial cost as where a run begins."""
    data = published("roadef2012")
    counts = {name: len(list(one.cases(data))) for name, one in SETS.items()}
    assert min(counts.values()) >= 6

    case = next(case for case in SETS["roadef-a"].cases(data) if case.name == "a1_1")
    task = case.load()
    answer = task.run("annealing", Limits(seconds=600, work=40))
    fields = judge(SETS["roadef-a"], case.best_known, answer, task.check(answer))

    assert fields["faults"] == ()
    assert case.best_known is not None
    assert case.best_known.value == 44_306_501
    assert fields["gap_to_best_known"] < 0.02

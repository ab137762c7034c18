"""SAGE's deployments and cloud balancing: files read, best-known values with them, answers held against both."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from placement.errors import UsageError
from placement_bench.cases import BestKnown, Limits
from placement_bench.judge import judge
from placement_bench.sets import deployment, find_set
from tests.bench.published import published

if TYPE_CHECKING:
    from pathlib import Path

    from placement_bench.cases import Case

SAGE, CLOUD = (find_set(name) for name in (deployment.SAGE, deployment.CLOUD))
DOCUMENT = {
    "format": "placement/v1",
    "accelerators": {"S": {"memory_gib": 1}},
    "instance_types": {
        "small": {"accelerator": "S", "accelerator_count": 1, "vcpus": 1, "memory_gib": 1, "price_per_hour": 0.058}
    },
    "pools": [{"name": "small", "instance_type": "small", "zone": "dc", "max_instances": 9}],
    "components": [
        {
            "name": "web",
            "copies": 2,
            "accelerators": 1,
            "shared": True,
            "accelerator_memory_gib": 1,
            "vcpus": 1,
            "memory_gib": 1,
        }
    ],
}


def made(folder: Path) -> Path:
    """A data folder with a case of each set; the tables name one more."""
    sage, cloud = folder / deployment.SAGE, folder / deployment.CLOUD
    sage.mkdir()
    cloud.mkdir()
    (sage / "web-20.json.gz").write_bytes(gzip.compress(json.dumps(DOCUMENT).encode()))
    (sage / "answers.csv").write_text("app,offers,optimum_millis\nWeb,20,116\nWeb,40,100\n")
    (cloud / "two.json").write_text(json.dumps(DOCUMENT))
    (cloud / "answers.csv").write_text("case,timefold_120s,bound_aggregated\ntwo,5,4.0\nthree,4,4.0\n")
    return folder


def test_cases_come_with_their_best_known_values(tmp_path: Path) -> None:
    """Of SAGE's proven, of cloud balancing with a bound; a row without a file is no case."""
    data = made(tmp_path)
    assert [(case.name, case.best_known) for case in SAGE.cases(data)] == [
        ("web-20", BestKnown(116, proven=True, bound=116))
    ]
    assert [(case.name, case.best_known) for case in CLOUD.cases(data)] == [("two", BestKnown(5, bound=4))]


def test_a_value_is_in_thousandths_of_a_dollar(tmp_path: Path) -> None:
    """0.116 dollars are 116, refereed and judged without a fault; a machine less would be better than the optimum."""
    (case,) = SAGE.cases(made(tmp_path))
    task = case.load()
    answer = task.run("auto", Limits(work=1))
    found = judge(SAGE, case.best_known, answer, task.check(answer))
    assert (found["status"], found["value"], found["faults"]) == ("optimal", 116, ())

    wrong = replace(answer, value=58)
    assert judge(SAGE, case.best_known, wrong, task.check(wrong))["faults"]


def test_a_table_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the folder that --data has to name."""
    for one in (SAGE, CLOUD):
        with pytest.raises(UsageError, match=rf"{one.name}.answers\.csv; --data names a folder"):
            list(one.cases(tmp_path))


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(b"{", mtime=0)[:-4], gzip.compress(b"no json", mtime=0)])
def test_a_broken_file_is_named(tmp_path: Path, content: bytes) -> None:
    """Whatever is broken about it."""
    path = made(tmp_path) / deployment.SAGE / "web-20.json.gz"
    path.write_bytes(content)
    (case,) = SAGE.cases(tmp_path)
    with pytest.raises(UsageError, match=r"web-20\.json\.gz: can't be read as a problem document"):
        case.load()


def test_the_published_folder_has_the_cases_of_its_tables() -> None:
    """Four in five at least, a part is kept back; all of SAGE's optima are proven, and three of the other set."""
    for one, proven in ((SAGE, None), (CLOUD, 3)):
        data = published(one.name)
        with (data / one.name / "answers.csv").open(encoding="utf-8", newline="") as stream:
            rows = len(list(csv.reader(stream))) - 1
        cases = list(one.cases(data))
        assert rows * 0.8 <= len(cases) <= rows
        assert sum(best(case).proven for case in cases) == (len(cases) if proven is None else proven)


@pytest.mark.parametrize(
    ("one", "name"), [(SAGE, "securebillingemail-20"), (SAGE, "oryx2-20"), (CLOUD, "4computers-12processes")]
)
def test_an_easy_published_case_is_proven(one, name: str) -> None:  # type: ignore[no-untyped-def]
    """The value is the published optimum, by the referee's recount."""
    (case,) = (case for case in one.cases(published(one.name)) if case.name == name)
    task = case.load()
    answer = task.run("auto", Limits(work=1))
    found = judge(one, case.best_known, answer, task.check(answer))
    assert (found["status"], found["gap_to_best_known"], found["faults"]) == ("optimal", 0, ())


def best(case: Case) -> BestKnown:
    """Which each case of these sets has."""
    assert case.best_known is not None
    return case.best_known

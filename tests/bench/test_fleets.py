"""The generated fleets are those of the program beside the repository."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from placement.errors import UsageError
from placement_bench import places
from placement_bench.sets import find_set
from placement_bench.tasks import ProblemTask


@pytest.mark.parametrize("family", ["shared", "exclusive", "mixed", "replan"])
def test_a_fleet_is_what_the_program_prints(family: str) -> None:
    """Names tell family, components and seed."""
    maker = places.fleet_maker()
    if maker is None:
        pytest.skip("no fleets: ../shared/suites/make_fleet.py is not beside the repository")
    cases = list(find_set(f"fleet-{family}").cases(Path()))
    printed = subprocess.run([sys.executable, maker, family, "20", "2"], capture_output=True, check=True).stdout

    assert [case.name for case in cases[:2]] == [f"{family}-20-1", f"{family}-20-2"]
    assert len(cases) == 12
    task = cases[1].load()
    assert isinstance(task, ProblemTask)
    assert task.document == json.loads(printed)


@pytest.mark.parametrize("name", ["fleet-mixed", "consolidation", "few-moves"])
def test_without_the_program_the_way_out_is_told(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The sets stay in the list; their cases are an error that names what is missing."""
    monkeypatch.setenv(places.FLEETS_VARIABLE, str(tmp_path / "gone.py"))

    with pytest.raises(
        UsageError, match=r"make_fleet\.py is not beside the repository .* name it in PLACEMENT_BENCH_FLEETS"
    ):
        list(find_set(name).cases(Path()))

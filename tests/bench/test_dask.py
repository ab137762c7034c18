"""Runs spread over a Dask cluster that is there."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from placement_bench.cli import app
from placement_bench.rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="the extra `distributed` is not installed")
PATIENT = {
    "distributed.comm.timeouts": {"connect": "1h", "tcp": "1h"},
    "distributed.deploy.lost-worker-timeout": "1h",
    "distributed.scheduler.worker-ttl": None,
}
RUN = ["run", "--set", "toy", "--solver", "toy", "--executor", "dask", "--grace", "3600"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers of a thread each, in processes, as on machines of their own, that may be as slow as they like."""
    import dask
    import distributed

    places = os.pathsep.join(str(Path(__file__).resolve().parents[2] / part) for part in ("benchmarks", "."))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", places)
        patch.setenv("PLACEMENT_BENCH_SETS", "tests.bench.toy")
        patch.setattr("placement_bench.runner.CONNECT", 3600.0)
        with (
            dask.config.set(PATIENT),
            distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as made,
        ):
            yield made


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # Dask's own affair
def test_runs_go_to_the_cluster_and_come_back_as_rows(cluster: Any, tmp_path: Path) -> None:
    """One that dies is a row there too; each is made once, on some worker."""
    cases = ["--case", "good-[123]", "--case", "dies", "--case", "breaks"]
    done = CliRunner().invoke(app, [*RUN, *cases, "--scheduler", cluster.scheduler_address, "--out", str(tmp_path)])

    assert done.exit_code == 1, (done.stderr, done.exception)
    found = {row.asked.case: row.status for row in read_rows(tmp_path)}
    assert found == {"dies": "crash", "breaks": "optimal", **{f"good-{n}": "optimal" for n in range(1, 4)}}
    assert len(read_rows(tmp_path)) == 5


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address, and exit code 2."""
    monkeypatch.setattr("placement_bench.runner.CONNECT", 0.2)
    done = CliRunner().invoke(app, [*RUN, "--scheduler", "tcp://127.0.0.1:9", "--out", str(tmp_path / "out")])

    assert done.exit_code == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in done.stderr

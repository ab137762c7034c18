"""Many runs, some at a time: here in processes, or over a Dask cluster that is already there."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench import machine
from placement_bench.process import GRACE, Crew, kill_all, run_order
from placement_bench.rows import Row
from placement_bench.sets import find_set
from placement_bench.worker import Order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from placement_bench.rows import Asked

CONNECT = 10.0  # seconds to wait for a scheduler


@dataclass(frozen=True, slots=True)
class Job:
    """An order, and what its row has whatever comes out."""

    order: Order
    commit: str
    facts: Mapping[str, Any]
    grace: float

    def __call__(self, run: Callable[..., Row] = run_order) -> Row:
        """Do it, in a process of its own, or as `run` does it."""
        return run(self.order, self.commit, dict(self.facts), self.grace)


def jobs_for(
    asked: Sequence[Asked],
    data: Path,
    *,
    interpreters: Mapping[str, Path],
    memory_gib: float | None = None,
    grace: float = GRACE,
) -> list[Job]:
    """The jobs of the runs asked for."""
    sets = {name: find_set(name) for name in {one.set for one in asked}}
    facts = {name: {"unit": one.unit, "higher_is_better": one.higher_is_better} for name, one in sets.items()}
    return [
        Job(
            Order(
                asked=one,
                data=data.resolve(),
                python=interpreters.get(one.solver) if one.peer else None,
                memory_gib=memory_gib,
            ),
            machine.commit(),
            facts[one.set],
            grace,
        )
        for one in asked
    ]


@contextmanager
def together(jobs: Sequence[Job], width: int) -> Iterator[Iterator[Row]]:
    """As `local`, but a process carries out many runs: what they take says then little of one of them."""
    crew = Crew()
    try:
        with local(jobs, width, crew) as rows:
            yield rows
    finally:
        crew.end()


@contextmanager
def local(jobs: Sequence[Job], width: int, run: Callable[..., Row] = run_order) -> Iterator[Iterator[Row]]:
    """Rows as they come, `width` runs at a time; leaving early ends the runs under way."""
    pool = ThreadPoolExecutor(width, thread_name_prefix="placement-bench")
    try:
        futures = [pool.submit(job, run) for job in jobs]
        yield (future.result() for future in as_completed(futures))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        kill_all()
        pool.shutdown(wait=True)


@contextmanager
def dask(jobs: Sequence[Job], scheduler: str) -> Iterator[Iterator[Row]]:
    """Rows as they come from the workers of a cluster; a worker that dies is a row.

    Each Dask thread makes one run at a time, in a process of its own, so how many run at once is the cluster's to say.
    The workers need this package, and the data folder under the same path.

    Raises
    ------
    UsageError
        The extra is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
        from distributed import as_completed as as_dask_completes
    except ImportError:
        raise UsageError(
            'the executor dask needs the extra `distributed`: pip install "gpu-placement[distributed]"'
        ) from None
    try:
        client = Client(scheduler, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    futures = {client.submit(job, pure=False, retries=0): job for job in jobs}
    try:
        yield (_row_of(future, futures[future]) for future in as_dask_completes(futures, loop=client.loop))
    finally:
        client.cancel(list(futures))
        client.close()


def _row_of(future: Any, job: Job) -> Row:
    """The row of a finished future; an exception of the cluster is a crash of the run."""
    error = future.exception()
    if error is None:
        row: Row = future.result()
        return row
    words = f"the cluster: {type(error).__name__}: {error}"[:1000]
    return Row(asked=job.order.asked, commit=job.commit, status="crash", error=words, **job.facts)

"""Where the parts of a large problem are solved: in this process, on processes of this machine, or on a Dask cluster.

A solver takes any `concurrent.futures.Executor`; those opened here can also be told to stop what they are at. The
answer never depends on which one is used.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.synchronize import Event
from typing import Any

from placement.errors import UsageError, nearest
from placement.parallel.parameters import ExecutorParameters as _PARAMS
from placement.solving.budget import POLL

KINDS = ("local", "processes", "dask")

_stop_asked: Event | None = None  # set in the processes of a `Processes`


class Processes(ProcessPoolExecutor):
    """A process pool whose running calls can be asked to end: Ctrl-C is answered by the parent alone."""

    def __init__(self, workers: int | None = None) -> None:
        """One process a core by default. They are started anew, since a copy of a process with threads may hang."""
        context = multiprocessing.get_context("spawn")
        self._stop = context.Event()
        super().__init__(workers or os.cpu_count() or 1, context, initializer=_enter, initargs=(self._stop,))

    def interrupt(self) -> None:
        """Ask the calls that run, and those to come, to end with what they have."""
        self._stop.set()


def _enter(stop: Event) -> None:
    global _stop_asked
    _stop_asked = stop
    for name in ("SIGINT", "SIGHUP"):  # a terminal sends them to its whole group
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()


def _end_with_the_parent() -> None:
    """A parent that is killed tells nobody, and each process keeps the pipe open that the others wait at for work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def heeding_interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """While inside, in a process of a `Processes` that is asked to stop, `interrupt` is called."""
    if _stop_asked is None:
        yield
        return
    left, asked = threading.Event(), _stop_asked

    def watch() -> None:
        while not left.wait(POLL):
            if asked.is_set():
                interrupt()
                return

    threading.Thread(target=watch, name="placement-interrupt", daemon=True).start()
    try:
        yield
    finally:
        left.set()


def interrupt_calls(executor: Executor) -> None:
    """Ask what runs on an executor to end, if it is one that can be asked; others end at their own deadline."""
    interrupt = getattr(executor, "interrupt", None)
    if interrupt is not None:
        interrupt()


def workers_of(executor: Executor) -> int:
    """How many calls an executor runs at once, as far as it tells; 1 when it does not."""
    most = getattr(executor, "_max_workers", None)  # pools of threads and of processes
    client = getattr(executor, "_client", None)  # Dask's executor
    if client is not None:
        most = sum(client.nthreads().values())
    return max(1, int(most)) if most else 1


@contextmanager
def open_executor(
    kind: str = "local", *, workers: int | None = None, scheduler: str | None = None
) -> Iterator[Executor | None]:
    """An executor by name, closed at the end; None, which means one part after the other here, for ``local``.

    `kind`: ``local``; ``processes`` of this machine; ``dask``, an existing cluster.
    `workers`: most processes; one a core when absent.
    `scheduler`: address of the cluster's scheduler, such as ``tcp://10.0.0.5:8786``.
    Raises UsageError: no such kind, a scheduler that is missing or does not answer, or Dask is not installed.
    """
    if kind not in KINDS:
        raise UsageError(f'no executor "{kind}"; {nearest(kind, KINDS)}')
    if (kind == "dask") != (scheduler is not None):
        raise UsageError(
            "the executor dask needs the address of a scheduler, such as tcp://10.0.0.5:8786"
            if kind == "dask"
            else f"a scheduler was given, but the executor is {kind}; use dask"
        )
    if kind == "local":
        yield None
    elif kind == "processes":
        pool = Processes(workers)
        try:
            yield pool
        finally:
            pool.interrupt()
            pool.shutdown(cancel_futures=True)
    else:
        with _dask_client(str(scheduler)) as client:
            yield client.get_executor(pure=False)


@contextmanager
def _dask_client(scheduler: str) -> Iterator[Any]:
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(
            "the executor dask needs the package distributed, an extra of this one: "
            'pip install "gpu-placement[distributed]"'
        ) from None
    try:
        connect: Any = Client  # its calls have no types
        client = connect(scheduler, timeout=_PARAMS.connect, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UsageError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    try:
        yield client
    finally:
        client.close()

"""A run in another process, with a hard end: a crash, a hang or a kill is a row like any other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Timer
from typing import IO, TYPE_CHECKING, Any

import placement
from placement_bench.rows import Row

if TYPE_CHECKING:
    from placement_bench.worker import Order

GRACE = 60.0  # seconds beyond the time limit, for loading, checking and a solver that ends late

_running: set[subprocess.Popen[bytes]] = set()
_lock = Lock()


def run_order(order: Order, commit: str, facts: dict[str, Any], grace: float = GRACE) -> Row:
    """Carry out an order in a process of its own; whatever happens to it, a row comes back.

    Parameters
    ----------
    order : the run.
    commit : of the code that is measured.
    facts : more fields of the row, which need no run: unit and sense of the set.
    grace : seconds beyond the run's own limit, after which the process and all it started are killed.
    """
    started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
    process = _start()
    try:
        told = _tell(process, order, order.asked.longest + grace)
    finally:
        _end(process)
    elapsed = {"seconds": round(time.monotonic() - clock, 3)}
    fields = _fields(process.returncode, *told) if told is not None else _hang(order.asked.longest + grace)
    return Row(asked=order.asked, commit=commit, started=started, **facts, **{**elapsed, **fields})


class Crew:
    """Processes that carry out one order after another: for runs that are over before a process has begun.

    Only the run that is under way is lost when one of them breaks or hangs; the next order gets another process.
    """

    def __init__(self) -> None:
        """Nobody works yet; a process is begun when an order finds none at rest."""
        self._resting: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []

    def __call__(self, order: Order, commit: str, facts: dict[str, Any], grace: float = GRACE) -> Row:
        """As `run_order`, but in a process that has carried out others and will carry out more."""
        started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()
        try:
            process, err = self._resting.pop()
        except IndexError:
            err = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, when the process has ended
            process = _start("--more", stderr=err)
        line, hangs = _ask(process, order, order.asked.longest + grace)
        if line.endswith(b"\n"):
            self._resting.append((process, err))
            fields: dict[str, Any] = json.loads(line)
        else:
            process.wait()
            err.seek(0)
            fields = _hang(order.asked.longest + grace) if hangs else _fields(process.returncode, b"", err.read())
            _end(process)
            err.close()
        elapsed = {"seconds": round(time.monotonic() - clock, 3)}
        return Row(asked=order.asked, commit=commit, started=started, **facts, **{**elapsed, **fields})

    def end(self) -> None:
        """Send all home that are at rest."""
        while self._resting:
            process, err = self._resting.pop()
            _end(process)
            err.close()


def kill_all() -> None:
    """End every run that is under way here."""
    with _lock:
        processes = list(_running)
    for process in processes:
        _kill(process)


def _start(*more: str, stderr: int | IO[bytes] = subprocess.PIPE) -> subprocess.Popen[bytes]:
    """A worker that imports what we import, in a session of its own so that its engines can be ended with it."""
    roots = [str(Path(file).resolve().parents[1]) for file in (__file__, placement.__file__ or "")]
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([*roots, *([inherited] if inherited else [])])
    process = subprocess.Popen(
        [sys.executable, "-m", "placement_bench.worker", *more],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,
    )
    with _lock:
        _running.add(process)
    return process


def _tell(process: subprocess.Popen[bytes], order: Order, limit: float) -> tuple[bytes, bytes] | None:
    """Give the order and wait for what it prints; None when the limit comes first.

    Standard input stays open all the while: the worker ends itself when it closes.
    """
    stdin = process.stdin
    assert stdin is not None
    with contextlib.suppress(BrokenPipeError):
        stdin.write(order.model_dump_json().encode() + b"\n")
        stdin.flush()
    process.stdin = None  # `communicate` would close it
    try:
        return process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        with contextlib.suppress(BrokenPipeError):
            stdin.close()


def _ask(process: subprocess.Popen[bytes], order: Order, limit: float) -> tuple[bytes, bool]:
    """Give the order and read its answer; what there is of it when the process ends, and whether the limit ended it."""
    stdin, stdout = process.stdin, process.stdout
    assert stdin is not None
    assert stdout is not None
    hangs = Event()

    def end() -> None:
        hangs.set()
        _kill(process)

    watch = Timer(limit, end)
    watch.start()
    try:
        with contextlib.suppress(BrokenPipeError):
            stdin.write(order.model_dump_json().encode() + b"\n")
            stdin.flush()
        return stdout.readline(), hangs.is_set()
    finally:
        watch.cancel()


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    with _lock:
        _running.discard(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a worker and everything it started; harmless when it has ended."""
    if process.poll() is not None and not hasattr(os, "killpg"):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()


def _fields(code: int, out: bytes, err: bytes) -> dict[str, Any]:
    """What the worker told; or, when it died before it could tell anything, how."""
    if code == 0:
        with contextlib.suppress(ValueError):
            fields: dict[str, Any] = json.loads(out)
            return fields
    words = err.decode(errors="replace").strip()[-1000:]
    if code == -signal.SIGKILL:
        return {"status": "memory", "error": f"killed from outside, as a system short of memory does. {words}".strip()}
    how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return {"status": "crash", "error": f"{how}. {words}".strip()}


def _hang(limit: float) -> dict[str, Any]:
    return {"status": "hang", "error": f"killed at the hard limit of {limit:g} s"}

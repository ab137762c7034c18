"""One run in a process of its own, with a hard end: a crash, a hang or a kill is a row like any other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

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


def kill_all() -> None:
    """End every run that is under way here."""
    with _lock:
        processes = list(_running)
    for process in processes:
        _kill(process)


def _start() -> subprocess.Popen[bytes]:
    """A worker that imports what we import, in a session of its own so that its engines can be ended with it."""
    roots = [str(Path(file).resolve().parents[1]) for file in (__file__, placement.__file__ or "")]
    inherited = os.environ.get("PYTHONPATH")
    path = os.pathsep.join([*roots, *([inherited] if inherited else [])])
    process = subprocess.Popen(
        [sys.executable, "-m", "placement_bench.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
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


def _end(process: subprocess.Popen[bytes]) -> None:
    _kill(process)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
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

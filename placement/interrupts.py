"""Ctrl-C where a solve has processes of its own: the one that began it answers, the others are asked to end."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from multiprocessing.synchronize import Event

_POLL = 0.2  # seconds between looks at the request to stop

_stop_asked: Event | None = None  # set in the processes of a `Processes`


def ignoring_interrupts(stop: Event) -> None:
    """What a process of a `Processes` begins with: Ctrl-C is answered by the parent alone, which sets `stop`."""
    global _stop_asked
    _stop_asked = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def heeding_interrupts(interrupt: Callable[[], None]) -> Iterator[None]:
    """While inside, in a process of a `Processes` that is asked to stop, `interrupt` is called."""
    if _stop_asked is None:
        yield
        return
    left, asked = threading.Event(), _stop_asked

    def watch() -> None:
        while not left.wait(_POLL):
            if asked.is_set():
                interrupt()
                return

    threading.Thread(target=watch, name="placement-interrupt", daemon=True).start()
    try:
        yield
    finally:
        left.set()

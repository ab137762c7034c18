"""Requests to stop, and what is done with the first, the second, and those that come at a bad moment."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows


class Stops:
    """Ctrl-C, SIGTERM and SIGHUP ask for the best plan so far: the first raises KeyboardInterrupt, as does a second.

    A hangup often comes twice, from the terminal and from the shell, or behind a SIGTERM: once a stop is asked for,
    another hangup says nothing new. While an answer is kept, a first request is met already.
    """

    def __init__(self) -> None:
        """Nothing has been asked."""
        self._asked = 0
        self._keeping = False

    def listen(self) -> None:
        """Answer the signals from now on. What the caller ignores stays ignored: `nohup`, a shell's background job."""
        for number in (signal.SIGINT, HANGUP):
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.hear)
        signal.signal(signal.SIGTERM, self.hear)

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """While inside, an answer is written: that is what a first request asks for; only a second one ends it."""
        self._keeping = True
        try:
            yield
        finally:
            self._keeping = False

    def hear(self, number: int, frame: FrameType | None = None) -> None:
        """Answer one request."""
        del frame
        self._asked += 1
        first = self._asked == 1
        if (number == HANGUP and not first) or (self._keeping and first):
            return
        raise KeyboardInterrupt


STOPS = Stops()

"""Requests to stop, and what is done with the first, the second, and those that come at a bad moment."""

from __future__ import annotations

import signal
import sys
import time
from _thread import interrupt_main, start_new_thread  # threading's have locks, which may be held just then
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

HANGUP = getattr(signal, "SIGHUP", None)  # not on Windows
_MOMENT = 0.01  # seconds until a request is made again


class StopAtOnce(BaseException):
    """A second request to stop. It is no KeyboardInterrupt: the library takes that for a first one, wherever it is."""


class Stops:
    """Ctrl-C, SIGTERM and SIGHUP ask for the best plan so far: the first raises KeyboardInterrupt, a second StopAtOnce.

    A hangup often comes twice, from the terminal and from the shell, or behind a SIGTERM: once a stop is asked for,
    another hangup says nothing new. While an answer is kept, a first request is met already. A request that comes
    where Python raises nothing, as while it clears up after an import, is made again a moment later.
    """

    def __init__(self) -> None:
        self._asked = 0
        self._keeping = False

    @property
    def asked(self) -> bool:
        return self._asked > 0

    def listen(self) -> None:
        """Answer the signals from now on. What the caller ignores stays ignored: `nohup`, a shell's background job."""
        for number in (signal.SIGINT, HANGUP):
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self.hear)
        signal.signal(signal.SIGTERM, self.hear)
        sys.unraisablehook = self.hear_again

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """While inside, an answer is written: that is what a first request asks for; only a second one ends it."""
        self._keeping = True
        try:
            yield
        finally:
            self._keeping = False

    @staticmethod
    def ignore() -> None:
        """Ignore all of them from now on: the answer is there, and the process is about to end by itself."""
        for number in (signal.SIGINT, signal.SIGTERM, HANGUP):
            if number is not None:
                signal.signal(number, signal.SIG_IGN)

    def hear(self, number: int, frame: FrameType | None = None) -> None:
        del frame
        self._asked += 1
        first = self._asked == 1
        if (number == HANGUP and not first) or (self._keeping and first):
            return
        raise KeyboardInterrupt if first else StopAtOnce

    def hear_again(self, lost: sys.UnraisableHookArgs) -> None:
        """Make a request again that was lost in a callback; what else is lost is told as ever."""
        if lost.exc_type in (KeyboardInterrupt, StopAtOnce):
            self._asked -= 1
            start_new_thread(_ask, ())
        else:
            sys.__unraisablehook__(lost)


def _ask() -> None:
    time.sleep(_MOMENT)
    interrupt_main(signal.SIGTERM)


STOPS = Stops()

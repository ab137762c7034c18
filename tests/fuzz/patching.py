"""What the fuzzer changes in the package for one run: thresholds that size would have to reach, and the clock.

Also watches which functions a run enters, so that a path can say whether it was truly taken.
"""

from __future__ import annotations

import functools
import importlib
import math
import os
import pkgutil
import sys
import threading
from contextlib import contextmanager
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import placement
from placement import planner
from placement.parameters import PARAMETERS
from placement.solving import budget as budgets
from placement.solving.budget import Budget
from placement.solving.incumbent import SEARCH, STRICT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

os.environ[STRICT] = "1"  # a contradiction is raised, also where there is a plan to keep
SKIPPED = ("placement.__main__", "placement.parallel.worker")
LOOK = 1e-3  # seconds that pass, on the fuzzer's clock, between two looks at it


@lru_cache(maxsize=1)
def load_all() -> None:
    """Import every module of the package, so that each name is found wherever it was imported to."""
    for found in pkgutil.walk_packages(placement.__path__, "placement."):
        if found.name not in SKIPPED:
            importlib.import_module(found.name)


def _modules() -> list[Any]:
    load_all()
    return [module for name, module in sorted(sys.modules.items()) if name.partition(".")[0] == "placement"]


@functools.cache
def homes(place: str) -> tuple[Any, ...]:
    """The module of ``module:NAME`` and all modules that imported the name from there.

    Of ``parameters:ROOM.MODULE.NAME`` it is the group of that parameter.

    Raises
    ------
    LookupError
        There is no such name: it was renamed, and the table of paths must follow.
    """
    module_name, _, name = place.partition(":")
    load_all()
    if module_name == "parameters":
        return (_group(place),)
    module = importlib.import_module(module_name)
    if name not in vars(module):
        raise LookupError(f"no {name} in {module_name}")
    value = vars(module)[name]
    return tuple(m for m in _modules() if m is module or (name in vars(m) and vars(m)[name] is value))


def _group(place: str) -> Any:
    *path, name = place.partition(":")[2].split(".")
    try:
        group = functools.reduce(getattr, path, PARAMETERS)
        getattr(group, name)
    except AttributeError:
        raise LookupError(f"no {place}") from None
    return group


@contextmanager
def lowered(values: Mapping[str, Any]) -> Iterator[None]:
    """While inside, names of modules have other values, in every module that holds them; and so have parameters."""
    names = {place: place.partition(":")[2].rpartition(".")[2] for place in values}
    kept = [(home, name, getattr(home, name)) for place, name in names.items() for home in homes(place)]
    try:
        for place, value in values.items():
            for home in homes(place):
                setattr(home, names[place], value)
        yield
    finally:
        for home, name, value in kept:
            setattr(home, name, value)


# --- what a run enters

entered: set[str] = set()


@functools.cache
def watch(place: str) -> None:
    """From now on, note in `entered` when the function or method ``module:name`` is called."""
    module_name, _, name = place.partition(":")
    load_all()
    owner: Any = importlib.import_module(module_name)
    *outer, last = name.split(".")
    for part in outer:
        owner = getattr(owner, part)
    function = vars(owner)[last]

    @functools.wraps(function)
    def noting(*args: Any, **kwargs: Any) -> Any:
        entered.add(place)
        return function(*args, **kwargs)

    if outer:
        setattr(owner, last, noting)
        return
    for module in _modules():
        if vars(module).get(last) is function:
            setattr(module, last, noting)


def watch_all(places: Iterable[str]) -> None:
    """Watch all of them."""
    for place in places:
        watch(place)


# --- the clock


class Clock:
    """Time that passes by looks at it, the same on every machine; at a given look the search is interrupted.

    Only searches move it: the thread that waits for them looks when it likes.
    """

    def __init__(self, interrupt_at: float = math.inf, interrupt_after: float | None = None) -> None:
        """`interrupt_at` is a number of looks; `interrupt_after` real seconds, on a timer, and time is then real."""
        self.looks = 0
        self._interrupt_at = interrupt_at
        self.budgets: list[Budget] = []
        self._after = interrupt_after
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Seconds on this clock."""
        if threading.current_thread().name.startswith(SEARCH):
            with self._lock:
                self.looks += 1
                now = self.looks == self._interrupt_at
            if now:
                for budget in self.budgets:
                    budget.interrupt()
        return self.looks * LOOK

    @contextmanager
    def running(self, *, virtual: bool) -> Iterator[None]:
        """While inside, budgets are on this clock, if it is not the real one, and those of whole solves are known."""

        def make(*args: Any, **kwargs: Any) -> Budget:
            budget = Budget(*args, **kwargs)
            self.budgets.append(budget)
            if self._after is not None:
                timer = threading.Timer(self._after, budget.interrupt)
                timer.daemon = True
                timer.start()
            return budget

        kept = vars(budgets)["time"], vars(planner)["Budget"]
        try:
            vars(planner)["Budget"] = make
            if virtual:
                vars(budgets)["time"] = SimpleNamespace(monotonic=self.monotonic)
            yield
        finally:
            vars(budgets)["time"], vars(planner)["Budget"] = kept

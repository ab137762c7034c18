"""A process that examines problems and cuts failures down, one message a step, so that a silence can be told.

It imports the package only once coverage has begun, where that is asked for.
"""

from __future__ import annotations

import importlib
import os
import resource
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MOST_BYTES = 6 * 2**30  # of memory: a search that takes more fails rather than take the machine along


def serve(pipe: Connection, coverage_file: str, plant: str) -> None:
    """Answer messages until the other end is closed: ("examine", ...), ("shrink", ...), ("check", ...).

    `plant` is a function ``module:name`` that is called first: the fuzzer's own tests plant bugs by it.
    """
    os.setpgid(0, 0)  # so that what it starts can be ended with it
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    cover = _begin_coverage(coverage_file) if coverage_file else None
    from tests.fuzz import patching
    from tests.fuzz.paths import PATHS

    patching.watch_all(place for path in PATHS for place in path.reaches)
    if plant:
        module, _, name = plant.partition(":")
        getattr(importlib.import_module(module), name)()
    pipe.send(("ready",))
    try:
        while True:
            kind, *rest = pipe.recv()
            if kind == "end":
                break
            if kind == "examine":
                _examine(pipe, *rest)
            elif kind == "shrink":
                _shrink(pipe, *rest)
            else:
                _check(pipe, *rest)
    except (EOFError, BrokenPipeError, KeyboardInterrupt):
        pass
    if cover is not None:
        cover.stop()
        cover.save()
    pipe.close()
    os._exit(0)  # searches that were left behind are not waited for


def _begin_coverage(file: str) -> Any:
    import coverage

    cover = coverage.Coverage(
        data_file=file, data_suffix=True, config_file=False, source=["placement"], concurrency=["thread"]
    )
    cover.start()
    return cover


def _examine(pipe: Connection, seed: int, indices: list[int], family: str, path: str) -> None:
    """Examine problems; each path is announced before it is taken."""
    from tests.fuzz.examine import examine
    from tests.fuzz.runs import settle_threads

    for index in indices:
        record = examine(seed, index, family, path, lambda name, index=index: pipe.send(("begin", index, name)))  # type: ignore[misc]
        left = settle_threads()
        pipe.send(("record", record, left))


def _check(pipe: Connection, path: str, doc: dict[str, Any], key: str) -> None:
    """Rules broken by one answer."""
    pipe.send(("rules", rules_of(path, doc, key)))


def rules_of(path: str, doc: dict[str, Any], key: str) -> dict[str, str]:
    """Rules that the answer of a path to a document breaks, with what was said; none for what is no problem."""
    from placement.errors import DocumentError
    from tests.fuzz.examine import faults_of

    try:
        return {fault.rule: fault.said for fault in faults_of(path, doc, key)}
    except DocumentError:
        return {}


def _shrink(pipe: Connection, path: str, doc: dict[str, Any], keys: list[str], rule: str, seconds: float) -> None:
    """Cut a document down for as long as some key has the same fault."""
    from tests.fuzz.shrinking import shrink

    holding = [key for key in keys if rule in rules_of(path, doc, key)]
    if not holding:
        pipe.send(("shrunk", None, "", ""))
        return

    def fails(candidate: dict[str, Any]) -> bool:
        pipe.send(("begin", -1, path))
        return any(rule in rules_of(path, candidate, key) for key in holding[:2])

    small = shrink(doc, fails, seconds)
    for key in holding[:2]:
        said = rules_of(path, small, key).get(rule)
        if said is not None:
            pipe.send(("shrunk", small, key, said))
            return
    pipe.send(("shrunk", doc, holding[0], rules_of(path, doc, holding[0]).get(rule, "")))

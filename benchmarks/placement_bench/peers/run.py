"""How a peer is run: its driver script, in its own interpreter, gets a problem as JSON and answers with a plan."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError
from placement_bench.tasks import ProblemTask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from placement_bench.cases import Answer, Limits, Task

_DRIVERS = Path(__file__).parent
_REFUSED = 3  # exit code of a driver for a case that its code has no words for


@dataclass(frozen=True, slots=True)
class Peer:
    """One packing code.

    Attributes
    ----------
    name : as given to ``--peer``; its driver is the file of that name in this folder.
    package : what its environment needs from the package index.
    python : the Python versions it has wheels for.
    covers : which problems it can be told, in words.
    proves : whether it has a bound.
    """

    name: str
    package: str
    python: str
    covers: str
    proves: bool = True

    @property
    def variable(self) -> str:
        """The environment variable that names its interpreter."""
        return f"PLACEMENT_BENCH_PYTHON_{self.name.upper()}"

    @property
    def driver(self) -> Path:
        """Its driver script; imports nothing of ours, as its interpreter need not have it."""
        return _DRIVERS / f"drive_{self.name}.py"


PEERS = {
    peer.name: peer
    for peer in (
        Peer(
            "scip",
            "pyscipopt",
            "3.8 and later",
            "components with one option on one accelerator or none, pools with one kind of machine each",
        ),
        Peer(
            "packingsolver",
            "packingsolver",
            "3.12 and later",
            "machines with one accelerator or none, shared copies bound by one resource",
        ),
        Peer(
            "rebalancer",
            "rebalancer",
            "3.12 to 3.14",
            "machines with one accelerator or none, components with one option",
            proves=False,
        ),
        Peer(
            "vpsolver",
            "pyvpsolver highspy",
            "3.11 and a C++ compiler, setuptools before 80 and no build isolation",
            "machines with one accelerator or none where copies share, any number of sizes and options",
        ),
    )
}


def interpreters(given: Sequence[str]) -> dict[str, Path]:
    """``NAME=PATH`` words, and the environment variables, as interpreters by peer.

    Raises
    ------
    UsageError
        A word of another form, an unknown peer, or a path where no file is.
    """
    found = {name: Path(os.environ[peer.variable]) for name, peer in PEERS.items() if os.environ.get(peer.variable)}
    for word in given:
        name, equals, path = word.partition("=")
        if not equals or name not in PEERS:
            raise UsageError(f'a peer\'s Python is written NAME=PATH, NAME one of {", ".join(PEERS)}; got "{word}"')
        found[name] = Path(path)
    for name, python in found.items():
        if not python.is_file():
            raise UsageError(f"the Python of {name}, {python}, is no file")
    return found


def interpreter_of(name: str, known: dict[str, Path]) -> Path:
    """The interpreter of a peer.

    Raises
    ------
    UsageError
        None is named; the message tells how to make one.
    """
    if name not in known:
        peer = PEERS[name]
        raise UsageError(
            f"{name} runs in an environment of its own: make one (Python {peer.python}, `pip install {peer.package}`) "
            f"and name its interpreter by --peer-python {name}=PATH or {peer.variable}"
        )
    return known[name]


def run_peer(name: str, python: Path | None, task: Task, limits: Limits) -> Answer:
    """One case by one peer.

    Raises
    ------
    UsageError
        The case is none of the library's problems, or one that the peer has no words for.
    RuntimeError
        Its driver failed; the message is the end of what it said.
    """
    if not isinstance(task, ProblemTask):
        raise UsageError(f"{name} reads problem documents, and this set has cases of another kind")
    if python is None:
        raise UsageError(f"no interpreter is named for {name}")
    order = {"problem": task.document, "seconds": limits.seconds, "seed": limits.seed, "threads": limits.threads or 1}
    done = subprocess.run(
        [str(python), str(PEERS[name].driver)], input=json.dumps(order).encode(), capture_output=True, check=False
    )
    words = done.stderr.decode(errors="replace").strip()
    if done.returncode == _REFUSED:
        raise UsageError(f"{name} can't be told this case: {words.splitlines()[-1] if words else 'no reason given'}")
    if done.returncode:
        raise RuntimeError(f"{name} ended with exit code {done.returncode}: {words[-1000:]}")
    plan: dict[str, Any] = json.loads(done.stdout)
    return task.answer(plan)

"""The process of a run: reads an order on standard input, solves, has the answer checked, prints the row's fields.

    python -m placement_bench.worker < order.json

With `--more` it goes on to the next order, each in a line, until standard input closes.

Whatever an engine prints goes to standard error. The process ends itself when whoever started it is gone (standard
input closes), so that a killed campaign leaves nothing running.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter

from placement.errors import UsageError
from placement_bench import machine
from placement_bench.cases import Limits
from placement_bench.judge import judge
from placement_bench.rows import Asked

if TYPE_CHECKING:
    from placement_bench.cases import Case

MORE = "--more"
_FIELDS = TypeAdapter(dict[str, Any])


class Order(BaseModel):
    """One run and what it needs: where the data is, which interpreter a peer runs in, how much memory it may have."""

    asked: Asked
    data: Path
    python: Path | None = None
    memory_gib: float | None = None

    def carry_out(self) -> dict[str, Any]:
        """The fields of the row that tell what came out."""
        from placement_bench.sets import find_set

        asked = self.asked
        one = find_set(asked.set)
        case = self._find(one.cases(self.data))
        task = case.load()
        limits = Limits(
            asked.seconds, asked.work, asked.seed, asked.gap, asked.threads, dict(asked.options), asked.certify
        )
        if asked.peer:
            from placement_bench.peers import run_peer

            answer = run_peer(asked.solver, self.python, task, limits)
        elif asked.solver in task.solvers():
            answer = task.run(asked.solver, limits)
        else:
            raise UsageError(f"{asked.solver} does not run on it; {', '.join(task.solvers())} do")
        return judge(one, case.best_known, answer, task.check(answer))

    def _find(self, cases: Any) -> Case:
        found: Case | None = next((case for case in cases if case.name == self.asked.case), None)
        if found is None:
            raise UsageError(f"the set {self.asked.set} has no case {self.asked.case} in {self.data}")
        return found


def fields_of(order: Order, before: float = 0.0) -> dict[str, Any]:
    """Carry an order out; a failure is told in the fields and not raised. `before`: processor time of others."""
    try:
        fields = order.carry_out()
    except UsageError as error:
        fields = {"status": "refused", "error": str(error)}
    except MemoryError:
        fields = {"status": "memory", "error": _last_words()}
    except Exception:
        fields = {"status": "crash", "error": _last_words()}
    used = {"cpu_seconds": round(machine.cpu_seconds() - before, 3), "peak_mib": machine.peak_mib()}
    where = {"versions": machine.versions(), "cpu": machine.cpu(), "cores": machine.cores()}
    return {**fields, **used, **where}


def _last_words() -> str:
    """The end of the traceback: what failed, and where."""
    return traceback.format_exc().strip()[-1500:]


def _listen(orders: SimpleQueue[bytes]) -> None:
    """Pass on the orders; when standard input closes, whoever wanted the answers is gone."""
    heard = bytearray()
    while piece := os.read(0, 1 << 16):  # unbuffered, so that the watcher sees the end of the input
        *lines, heard = (heard + piece).split(b"\n")
        for line in lines:
            orders.put(bytes(line))
    if heard:
        orders.put(b"")
        return
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)  # engines that run as processes too
    os._exit(1)


def main() -> None:
    """Carry out the order on standard input; with `--more`, one after the other."""
    answers = os.dup(1)
    os.dup2(2, 1)
    orders: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), name="placement-bench-parent", daemon=True).start()
    for number in count() if sys.argv[1:] == [MORE] else range(1):
        line = orders.get()
        if not line:
            sys.exit("the order ends without a line break")
        order = Order.model_validate_json(line)
        machine.limit_memory(order.memory_gib)
        text = _FIELDS.dump_json(fields_of(order, machine.cpu_seconds() if number else 0.0)) + b"\n"
        while text:
            text = text[os.write(answers, text) :]
    os.close(answers)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # engines may hold threads that never end


if __name__ == "__main__":
    main()

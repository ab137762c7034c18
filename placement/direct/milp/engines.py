"""HiGHS and CBC, run so that they report while they search, stop when asked, and never print.

What is trusted: that an engine's dual bound is right to within `safe_bound`'s margin. Both work in floats, so a verdict
"infeasible" is no proof, nor is a bound in its last digits; and a plan is never trusted: the watcher recounts it.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pulp

from placement.direct.parameters import CbcParameters as _PARAMS
from placement.engines.highs import MARGIN, SHARP, QuietHighs, begin_at
from placement.engines.parameters import ENGINE_PARAMETERS
from placement.errors import UsageError
from placement.solving.budget import POLL, Budget
from placement.solving.steps import count_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import highspy

    from placement.direct.milp.program import PulpProgram
    from placement.direct.program import LinearObjective, Values, Watcher

_COEFFICIENT_BITS = 10  # objective coefficients are brought below 2**10 by a power of two, which floats take exactly
_CBC_MARGIN = 1e-6  # of a bound of CBC, whose tolerances are wider than those that HiGHS is given


@dataclass(frozen=True, slots=True)
class EngineLimits:
    """Of one run: the time, the work and the interrupt of `budget`.

    `highs` has options of HiGHS beside those of `_highs_options`.
    """

    budget: Budget
    seed: int
    highs: Mapping[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class End:
    """How a run ended: `verdict` is "optimal", "infeasible", "limit" or "failed"; `nodes` of branch and bound."""

    verdict: str
    nodes: int = 0
    reason: str = ""


_NO_TIME = End("limit", reason="there was no time to begin")


def safe_bound(dual: float, unit: float = 1.0, noise: float = 0.0) -> int | None:
    """A float lower bound on a sum of whole numbers, in multiples of `unit`, rounded up after a margin is taken off.

    The margin is 1e-6 of a unit or a `MARGIN` of the bound, whichever is larger, and `noise`: what the engine's
    tolerances and print may be off by.
    """
    if not math.isfinite(dual):
        return None
    units = dual / unit
    return math.ceil(units - max(1e-6, MARGIN * abs(units)) - noise)


# -- HiGHS


def run_highs(
    program: PulpProgram, objective: LinearObjective, start: Values | None, limits: EngineLimits, watcher: Watcher
) -> End:
    """Minimise with HiGHS, in this process, one thread.

    The program reaches HiGHS through PuLP; callbacks and the start are set on the HiGHS object itself. The start may be
    dropped silently: whoever gives it must keep it.
    """
    import highspy

    shift = _shift(objective)
    solver = _load_highs(program, objective, limits)
    if isinstance(solver, End):
        return solver
    if not solver.getNumCol():  # no row and no goal has a variable: HiGHS calls such a program "Empty", no more
        values = program.values({})
        if not program.holds(values):
            return End("infeasible")
        watcher.solution(values)
        watcher.bound(objective.reduced(values))
        return End("optimal")
    if start is not None:
        begin_at(solver, list(map(float, program.in_order(start))))
    listener = _HighsListener(program, shift, watcher, highspy)
    listener.listen(solver)
    status = solver.run()
    if listener.error is not None:
        raise listener.error
    if solver.getModelStatus() == highspy.HighsModelStatus.kOptimal:
        values, found = listener.rounded(solver.getSolution().col_value), solver.getInfo().objective_function_value
        if not _keeps_its_word(program, objective, values, found / shift):
            again = None if start is None else run_highs(program, objective, None, limits, watcher)
            return again or End("failed", reason="HiGHS called optimal what is no solution")
    return _highs_end(solver, status, listener, highspy)


def _load_highs(program: PulpProgram, objective: LinearObjective, limits: EngineLimits) -> highspy.Highs | End:
    """HiGHS with a program and its goal loaded; the end, where it refuses an option, or the time is over meanwhile.

    To load a large program takes seconds, and HiGHS does not look at a clock before it has presolved it.
    """
    import highspy

    shift = _shift(objective)
    program.minimise(objective, shift)
    solver = QuietHighs(limits.budget.steps_left())
    for name, value in _highs_options(limits, shift).items():
        if solver.setOptionValue(name, value) == highspy.HighsStatus.kError:
            return End("failed", reason=f"HiGHS refused the option {name} = {value}")
    if limits.budget.cut_short():
        return _NO_TIME
    program.lp.solverModel = solver
    pulp.HiGHS(msg=False).buildSolverModel(program.lp)
    return _NO_TIME if limits.budget.cut_short() else solver


def _keeps_its_word(program: PulpProgram, objective: LinearObjective, values: Values, reported: float) -> bool:
    """Whether what an engine hands out as optimal keeps all rows and is worth what the engine says.

    Both fail now and then: HiGHS 1.16 solves a program in its presolve and hands out the start it was given, with the
    objective of the optimum; CBC 2.10 does not find its way back from its preprocessing. They are run again without.
    """
    return abs(objective.reduced(values) - reported) <= max(0.5, 1e-9 * abs(reported)) and program.holds(values)


def _shift(objective: LinearObjective) -> float:
    largest = max((abs(n) for _, n in objective.terms), default=1)
    return 2.0 ** -max(0, largest.bit_length() - _COEFFICIENT_BITS)


def _highs_options(limits: EngineLimits, unit: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "threads": 1,
        "random_seed": limits.seed % 2**31,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 0.999 * unit,
        **SHARP,
        **limits.highs,
    }
    seconds = limits.budget.left()
    if math.isfinite(seconds):
        options["time_limit"] = max(seconds, 1e-3)
    return options


class _HighsListener:
    """Callbacks of one run. An error in one can't cross HiGHS: it is kept, the run stopped, the error raised after."""

    def __init__(self, program: PulpProgram, unit: float, watcher: Watcher, engine: Any) -> None:
        self._program, self._unit, self._watcher = program, unit, watcher
        # A column at no cost may be priced at the tolerance: where coefficients are far apart, that is whole units.
        self._noise = SHARP["dual_feasibility_tolerance"] * sum(high - low for low, high in program.ranges) / unit
        self._improving = engine.cb.HighsCallbackType.kCallbackMipImprovingSolution
        self._mip = engine.cb.HighsCallbackType.kCallbackMipInterrupt
        self._reported: int | None = None
        self.error: BaseException | None = None

    def listen(self, solver: highspy.Highs) -> None:
        """Hear of a solver's solutions and bounds, and stop it when it is enough."""
        for event in (
            solver.cbMipImprovingSolution,
            solver.cbMipInterrupt,
            solver.cbSimplexInterrupt,
            solver.cbIpmInterrupt,
        ):
            event.subscribe(self)

    def __call__(self, event: Any) -> None:
        try:
            if event.callback_type == self._improving:
                self.solution(event.data_out.mip_solution)
            else:
                if event.callback_type == self._mip:
                    self.bound(event.data_out.mip_dual_bound)
                if self.error is not None or self._watcher.enough():
                    event.interrupt()
        except BaseException as error:
            self.error = self.error or error

    def rounded(self, row: Any) -> list[int]:
        """A column vector of HiGHS as whole numbers by variable index."""
        return self._program.values(dict(zip(self._program.lp.variables(), row, strict=True)))

    def solution(self, row: Any) -> None:
        self._watcher.solution(self.rounded(row))

    def bound(self, dual: float) -> None:
        """Hand on a bound, when it has risen."""
        reduced = safe_bound(dual, self._unit, self._noise)
        if reduced is not None and (self._reported is None or reduced > self._reported):
            self._reported = reduced
            self._watcher.bound(reduced)


def _highs_end(solver: highspy.Highs, status: highspy.HighsStatus, listener: _HighsListener, engine: Any) -> End:
    ends = engine.HighsModelStatus
    model_status, info = solver.getModelStatus(), solver.getInfo()
    name = solver.modelStatusToString(model_status)
    nodes = max(0, info.mip_node_count)
    if status == engine.HighsStatus.kError:
        return End("failed", nodes, f"HiGHS failed: {name}")
    if model_status in (ends.kInfeasible, ends.kUnboundedOrInfeasible):  # every variable is bounded
        return End("infeasible", nodes)
    if info.primal_solution_status == 2:  # feasible
        listener.solution(solver.getSolution().col_value)
    listener.bound(info.mip_dual_bound)
    if model_status == ends.kOptimal:
        return End("optimal", nodes)
    limits = (ends.kTimeLimit, ends.kSolutionLimit, ends.kInterrupt, ends.kIterationLimit, ends.kHighsInterrupt)
    return End("limit" if model_status in limits else "failed", nodes, f"HiGHS ended: {name}")


# -- CBC


def cbc_path() -> str:
    """The CBC program: the one that PuLP 2 and 3 bring along, else one on the path.

    Raises UsageError: there is none.
    """
    bundled = getattr(getattr(pulp, "PULP_CBC_CMD", None), "pulp_cbc_path", None)
    if bundled and os.access(bundled, os.X_OK):
        return str(Path(bundled).resolve())
    found = shutil.which("cbc")
    if found is None:
        raise UsageError(
            'engine "cbc" needs the CBC program: pip install "pulp>=2.9,<4" brings it for most systems, '
            'or install coin-or-cbc so that "cbc" is on the path; or use engine "highs"'
        )
    return found


def run_cbc(
    program: PulpProgram,
    objective: LinearObjective,
    start: Values | None,
    limits: EngineLimits,
    watcher: Watcher,
    preprocess: bool = True,
) -> End:
    """Minimise with CBC, in a process of its own that ends with this call whatever happens.

    PuLP writes the program and reads the solution; the process is ours, as PuLP's can't be stopped. CBC tells of its
    plan and its bound only at the end.
    """
    program.minimise(objective)
    if limits.budget.cut_short():
        return _NO_TIME
    with tempfile.TemporaryDirectory(prefix="placement-", ignore_cleanup_errors=True) as folder:
        model, answer, log, first = (Path(folder, name) for name in ("model.mps", "answer.sol", "log.txt", "start.mst"))
        variables, names, rows, _ = program.lp.writeMPS(str(model), rename=1)
        node = ENGINE_PARAMETERS.steps.row * max(1, len(rows))
        reader = pulp.COIN_CMD(path=cbc_path(), msg=False)
        command = [cbc_path(), model.name, "-ratio", "0", "-allow", "0", "-threads", "0"]
        command += ["-randomCbcSeed", str(limits.seed % 2**31), "-timeMode", "elapsed"]
        if start is not None:
            for column, value in zip(program.columns, start, strict=True):
                column.varValue = value
            reader.writesol(str(first), program.lp, variables, names, rows)
            command += ["-mips", first.name]
        if not preprocess:
            command += ["-preprocess", "off"]
        if math.isfinite(limits.budget.steps_left()):
            command += ["-maxNodes", str(min(2**31 - 1, 1 + int(limits.budget.steps_left() / node)))]
        if math.isfinite(limits.budget.left()):
            command += ["-sec", f"{limits.budget.left():.3f}"]
        command += ["-solve", "-printingOptions", "all", "-solution", answer.name]
        if limits.budget.cut_short():  # large programs take seconds to write
            return _NO_TIME
        with log.open("w") as output:
            code = _run_process(command, folder, output, watcher.enough)
        text = log.read_text(errors="replace")
        said = answer.read_text(errors="replace").partition("\n")[0] if answer.exists() else ""
        nodes = _nodes(text)
        count_steps(node * nodes)
        if code != 0 or not said:
            verdict = "limit" if watcher.enough() else "failed"
            return End(verdict, reason=f"CBC ended with code {code} and no answer")
        _, by_name, *_ = reader.readsol_MPS(str(answer), program.lp, variables, names, rows)
    values = program.values({column: by_name[column.name] for column in variables})
    if said.startswith("Optimal") and not _keeps_its_word(program, objective, values, float(said.split()[-1])):
        again = run_cbc(program, objective, start, limits, watcher, preprocess=False) if preprocess else None
        return again or End("failed", reason="CBC called optimal what is no solution")
    return _cbc_end(said, text, nodes, values, objective, watcher)


def _run_process(command: list[str], folder: str, output: Any, enough: Callable[[], bool]) -> int:
    """Run to the end; when it is enough, ask for an early end, and then insist. Returns the exit code.

    What `enough` raises ends the process at once, while it writes what it has, too.
    """
    process = subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
    )
    ends = math.inf
    try:
        while time.monotonic() < ends:
            if enough() and ends == math.inf:
                if os.name == "nt":
                    break
                process.send_signal(signal.SIGINT)  # CBC then stops and writes what it has
                ends = time.monotonic() + _PARAMS.grace
            with suppress(subprocess.TimeoutExpired):
                return process.wait(POLL)
        return -1
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _nodes(log: str) -> int:
    found = re.search(r"^Enumerated nodes:\s+(\d+)", log, re.MULTILINE)
    return int(found.group(1)) if found else 0


def _cbc_end(said: str, log: str, nodes: int, values: Values, objective: LinearObjective, watcher: Watcher) -> End:
    """What the first line of CBC's answer and its log mean; once it was cut short, nothing it says is a proof."""
    cut_short = watcher.enough() or re.search(r"Exiting on (maximum|user)|Stopped on", log) is not None
    if said.startswith(("Infeasible", "Integer infeasible")):
        return End("limit" if cut_short else "infeasible", nodes)
    if not said.startswith(("Optimal", "Stopped")):
        return End("failed", nodes, f"CBC said: {said}")
    if "no integer solution" not in said:
        watcher.solution(values)
    if said.startswith("Optimal") and not cut_short:
        total = float(objective.reduced(values))
        _tell(watcher, safe_bound(total, noise=_CBC_MARGIN * abs(total)))
        return End("optimal", nodes)
    found = re.search(r"^Lower bound:\s+(\S+)", log, re.MULTILINE)
    if found:
        dual = float(found.group(1))
        _tell(watcher, safe_bound(dual, noise=1e-3 + _CBC_MARGIN * abs(dual)))  # it prints three decimals
    return End("limit", nodes)


def _tell(watcher: Watcher, reduced: int | None) -> None:
    if reduced is not None:
        watcher.bound(reduced)


ENGINES: dict[str, Callable[..., End]] = {"highs": run_highs, "cbc": run_cbc}

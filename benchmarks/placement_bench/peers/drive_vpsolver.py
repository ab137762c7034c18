"""VPSolver (https://github.com/fdabrandao/vpsolver), its compressed arc-flow graph [1]_, solved by HiGHS.

Its own programs build the graph, write the integer program and take the flow apart into bins; the solvers that its
scripts call are no part of its package, so HiGHS stands in for them, with the gap of those scripts: less than one unit
of cost. Any number of sizes, kinds of bins with costs and counts, and several ways to pack an item [2]_.

.. [1] Brandão, F., Pedroso, J. P. (2016). Bin packing and related problems: general arc-flow formulation with graph
   compression. Computers & Operations Research 69, 56-67.
.. [2] Brandão, F. (2016). VPSolver 3: Multiple-choice Vector Packing Solver. arXiv:1602.04876.
"""

from __future__ import annotations

import math
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import packing

LARGEST = 2**31 - 1  # its numbers are C integers
ENOUGH = 0.99999  # of a unit of cost: nothing better is nearer, as all costs are whole units


@dataclass
class Words:
    """A case as VPSolver reads it: `Ws`, `Cs`, `Qs` are its capacities, costs and counts of bins, `ws`, `b` its items.

    `kinds` and `alike` lead back: the kind of each bin type, and the kinds of item, all the same to it, of each item
    with the number that each of its ways has in the case.
    """

    capacities: list[tuple[int, ...]]
    costs: list[int]
    counts: list[int]
    sizes: list[list[tuple[int, ...]]]
    demands: list[int]
    unit: int  # micro-dollars
    kinds: list[int]
    alike: list[list[tuple[int, list[int]]]]


def solve(case: packing.Packing, seconds: float, seed: int, threads: int) -> packing.Packed:
    """Graph, program, flow, bins; no plan when the graph takes all the time."""
    started = time.monotonic()
    if not case.items:
        return packing.Packed([], 0.0, 0.0, proven=True)
    words = in_words(case)
    if words is None:
        return packing.Packed([], None, 0.0, infeasible=True)
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder)
        try:
            write_program(words, files, started + seconds)
        except subprocess.TimeoutExpired:
            return packing.Packed([], None, time.monotonic() - started, by="graph not built in time")
        flow, packed = solve_program(words, files, started, seconds, seed, threads)
        if flow is not None:
            try:
                packed.loads = loads_of(case, words, decoded(files, flow))
            except subprocess.TimeoutExpired:
                packed.proven, packed.by = False, "flow not taken apart in time"
    packed.seconds = time.monotonic() - started
    return packed


def in_words(case: packing.Packing) -> Words | None:
    """The case as VPSolver reads it; None when some item fits nowhere, for which it has no word.

    A size in which no item has any is left out, and the others are in units of their common divisor. Where an item may
    not go into a bin that would hold it, or has no size at all, which VPSolver does not take, it gets one more size:
    one, of as much as there are copies in the bins that it may go to, and of nothing in the others.
    """
    kinds = sorted({k for item in case.items for mode in item.modes for k in mode.bins if case.bins[k].count != 0})
    modes = {
        (i, w): frozenset(mode.bins) & frozenset(kinds)
        for i, item in enumerate(case.items)
        for w, mode in enumerate(item.modes)
    }
    if any(not any(modes[i, w] for w in range(len(item.modes))) for i, item in enumerate(case.items)):
        return None
    used = packing.used_dimensions(case)
    units = {d: math.gcd(*(mode.size[d] for item in case.items for mode in item.modes)) for d in used}
    capacity = {k: tuple(case.bins[k].capacity[d] // units[d] for d in used) for k in kinds}
    size = {(i, w): tuple(case.items[i].modes[w].size[d] // units[d] for d in used) for i, w in modes}
    unsaid = {mode: tuple(sorted(bins)) for mode, bins in modes.items() if bins and _unsaid(size[mode], bins, capacity)}
    groups = sorted(set(unsaid.values()))
    copies = sum(item.copies for item in case.items)
    members: dict[tuple[tuple[int, ...], ...], list[tuple[int, list[int]]]] = {}
    for i, item in enumerate(case.items):
        there = [w for w in range(len(item.modes)) if modes[i, w]]
        marks = {w: tuple(int(unsaid.get((i, w)) == group) for group in groups) for w in there}
        members.setdefault(tuple(size[i, w] + marks[w] for w in there), []).append((i, there))
    unit = math.gcd(*(case.bins[k].cost for k in kinds)) or 1
    words = Words(
        [capacity[k] + tuple(copies if k in group else 0 for group in groups) for k in kinds],
        [case.bins[k].cost // unit for k in kinds],
        [-1 if (count := case.bins[k].count) is None else min(count, copies) for k in kinds],
        [list(sizes) for sizes in members],
        [sum(case.items[i].copies for i, _ in some) for some in members.values()],
        unit,
        kinds,
        list(members.values()),
    )
    if max(*words.costs, *words.demands, *(c for one in words.capacities for c in one)) > LARGEST:
        raise packing.RefusedError("a cost or a capacity is too large for VPSolver's integers")
    return words


def _unsaid(size: tuple[int, ...], bins: frozenset[int], capacity: dict[int, tuple[int, ...]]) -> bool:
    """Whether sizes alone don't say which bins an item may go into."""
    holding = {k for k, one in capacity.items() if all(s <= c for s, c in zip(size, one, strict=True))}
    return not any(size) or holding != bins


def write_program(words: Words, files: Path, until: float) -> None:
    """Have the graph built and its integer program written.

    Raises
    ------
    subprocess.TimeoutExpired
        It takes too long.
    """
    from pyvpsolver import MVP

    instance = MVP(words.capacities, words.costs, words.counts, words.sizes, words.demands)
    _run("vbp2afg", instance.filename, files / "graph.afg", until=until)
    _run("afg2mps", files / "graph.afg", files / "model.mps", until=until)


def _run(program: str, *arguments: object, until: float) -> str:
    """What one of VPSolver's programs prints; they are beside the interpreter. Ends with it if that is killed."""
    command = [str(Path(sys.executable).parent / program), *map(str, arguments)]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, text=True, timeout=max(0.0, until - time.monotonic()), check=False
    )
    if done.returncode:
        raise RuntimeError(f"{program} ended with exit code {done.returncode}: {done.stdout[-500:]}")
    return done.stdout


def solve_program(
    words: Words, files: Path, started: float, seconds: float, seed: int, threads: int
) -> tuple[list[float] | None, packing.Packed]:
    """The flow on each arc, if there is any, and what HiGHS says of the cost."""
    import highspy

    model = highspy.Highs()
    options = {
        "output_flag": False,
        "threads": threads,
        "random_seed": seed,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": ENOUGH,
    }
    for name, value in options.items():
        model.setOptionValue(name, value)
    if model.readModel(str(files / "model.mps")) == highspy.HighsStatus.kError:
        raise RuntimeError("HiGHS does not read VPSolver's program")
    trace: packing.Trace = []

    def found(event) -> None:
        data = event.data_out
        best = round(data.objective_function_value) * words.unit / packing.MICRO
        trace.append((time.monotonic() - started, best, dollars(data.mip_dual_bound, words.unit)))

    model.cbMipImprovingSolution.subscribe(found)
    left = started + seconds - time.monotonic()
    if left <= 0:
        return None, packing.Packed([], None, 0.0, by="program not read in time")
    model.setOptionValue("time_limit", left)
    model.run()
    info, status = model.getInfo(), model.getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return None, packing.Packed([], None, 0.0, infeasible=True)
    low = dollars(info.mip_dual_bound, words.unit)
    has_flow = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    proven = has_flow and status == highspy.HighsModelStatus.kOptimal
    flow = list(model.getSolution().col_value) if has_flow else None
    return flow, packing.Packed([], low, 0.0, proven, by="compressed arc-flow", trace=trace)


def dollars(low: float, unit: int) -> float | None:
    """A bound in units of cost as dollars: the next whole unit, but for the tolerance of the engine."""
    if not math.isfinite(low) or abs(low) >= 1e19:
        return None
    return max(0, math.ceil(low - 1e-6 * max(1.0, abs(low)))) * unit / packing.MICRO


Decoded = list[list[tuple[int, list[tuple[int, int]]]]]  # by bin type: how many bins, each with (item, way)


def decoded(files: Path, flow: list[float]) -> Decoded:
    """The flow taken apart into bins by VPSolver, which checks it too."""
    from pyvpsolver import VPSolver

    lines = [f"X{arc:x} {round(value)}" for arc, value in enumerate(flow) if round(value)]
    (files / "flow.sol").write_text("\n".join(lines) + "\n")
    said = _run("vbpsol", files / "graph.afg", files / "flow.sol", 0, 1, until=time.monotonic() + 30)
    return VPSolver.parse_vbpsol(said)[1]


def loads_of(case: packing.Packing, words: Words, found: Decoded) -> list[tuple[int, list[tuple[int, int]]]]:
    """Bins in the words of the case: each item as the next of those it stands for, empty bins left out.

    VPSolver packs no fewer copies than there are, but may leave some too many: it counts the ways of an item apart when
    it takes out of a bin what is beyond the demand.
    """
    queues = [[(i, modes) for i, modes in some for _ in range(case.items[i].copies)] for some in words.alike]
    loads = []
    for kind, contents in zip(words.kinds, found, strict=True):
        for content in (content for times, content in contents for _ in range(times)):
            load = []
            for item, mode in content:
                if queues[item]:
                    i, modes = queues[item].pop()
                    load.append((i, modes[mode]))
            if load:
                loads.append((kind, load))
    return loads


if __name__ == "__main__":
    packing.drive("vpsolver", solve)

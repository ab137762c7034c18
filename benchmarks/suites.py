"""Every solver on generated fleets, each plan checked by the second opinion: one JSON line a run, one Markdown table.

    python -m benchmarks.suites --families shared,mixed --sizes 20 --seeds 1,2,3 --solvers greedy,cp-sat,auto

The fleets come from `../shared/suites/make_fleet.py`, the check from `../shared/referee.py`. Each run is a process of
its own, so one that crashes or hangs is a row and not the end.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
NONE = "-"
GRACE = 60.0  # seconds beyond the time limit after which a run is ended


@dataclass(frozen=True, slots=True)
class Case:
    """One run to make."""

    family: str
    components: int
    seed: int
    solver: str


def main(
    families: Annotated[str, typer.Option(help="shared, exclusive, mixed, replan")] = "shared,exclusive,mixed,replan",
    sizes: Annotated[str, typer.Option(help="numbers of components")] = "20",
    seeds: Annotated[str, typer.Option(help="seeds of the fleets")] = "1,2,3",
    solvers: Annotated[str, typer.Option(help="names of solvers")] = "ffd,best-fit,greedy,cp-sat,milp,auto",
    time_limit: Annotated[float, typer.Option(help="seconds for each run")] = 60.0,
    jobs: Annotated[int, typer.Option(help="runs at a time")] = 1,
    out: Annotated[Path | None, typer.Option(help="file for the JSON lines, added to")] = None,
) -> None:
    """Run, check, and print the table on standard output."""
    cases = [
        Case(family, int(size), int(seed), solver)
        for family in families.split(",")
        for size in sizes.split(",")
        for seed in seeds.split(",")
        for solver in solvers.split(",")
    ]
    if not (SHARED / "referee.py").is_file():
        typer.echo("../shared is not beside the repository: there are no fleets to run on", err=True)
        raise typer.Exit(2)
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as pool:
        rows = []
        for row in pool.map(lambda case: run(case, time_limit, Path(folder)), cases):
            rows.append(row)
            typer.echo(f"{len(rows)}/{len(cases)} {json.dumps(row)[:150]}", err=True)
            if out is not None:
                with out.open("a", encoding="utf-8") as stream:
                    stream.write(json.dumps(row) + "\n")
    typer.echo(table(rows))


def run(case: Case, time_limit: float, folder: Path) -> dict[str, Any]:
    """Make the fleet, solve it in a process, have the plan checked; the row tells what happened."""
    problem = folder / f"{case.family}-{case.components}-{case.seed}.json"
    plan = folder / f"{problem.stem}-{case.solver}-plan.json"
    made = [sys.executable, str(SHARED / "suites" / "make_fleet.py"), case.family, str(case.components), str(case.seed)]
    problem.write_bytes(subprocess.run(made, check=True, capture_output=True).stdout)
    command = [sys.executable, "-m", "placement", "solve", str(problem), "--solver", case.solver]
    command += ["--time-limit", str(time_limit), "--output", str(plan)]
    row: dict[str, Any] = {
        "case": problem.stem,
        "family": case.family,
        "components": case.components,
        "seed": case.seed,
        "solver": case.solver,
        "time_limit": time_limit,
        "commit": commit(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
    }
    started = time.monotonic()
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=time_limit + GRACE, check=False)
    except subprocess.TimeoutExpired:
        return {**row, "status": "hung"}
    row["wall_seconds"] = round(time.monotonic() - started, 2)
    if not plan.is_file():
        return {**row, "status": f"exit {done.returncode}", "error": done.stderr.decode()[-300:]}
    document = json.loads(plan.read_text(encoding="utf-8"))
    row.update(
        {key: document.get(key) for key in ("status", "stop", "cost", "lower_bound", "gap", "bound_by", "seconds")}
    )
    row["left_out"] = sum(entry["copies"] for entry in document.get("unplaced", []))
    row.update(times(document))
    return {**row, "verified": referee(problem, plan)}


def times(document: dict[str, Any]) -> dict[str, float | None]:
    """Seconds until the first plan, and until the cost was within 1 % and 0.1 % of the final bound."""
    costs = [(event["seconds"], event["cost"]) for event in document.get("trace", []) if event["cost"] is not None]
    bound = document.get("lower_bound") or 0.0

    def until(gap: float | None) -> float | None:
        return next((s for s, cost in costs if gap is None or cost - bound <= gap * cost), None)

    return {"first_plan": until(None), "to_1_percent": until(0.01), "to_0.1_percent": until(0.001)}


def referee(problem: Path, plan: Path) -> bool:
    """Whether the second opinion finds nothing wrong."""
    checked = [sys.executable, str(SHARED / "referee.py"), str(problem), str(plan)]
    return subprocess.run(checked, capture_output=True, check=False).returncode == 0


def commit() -> str:
    """The commit measured, with a plus sign when files differ from it."""
    asked = ["git", "describe", "--always", "--dirty=+"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip() or "unknown"


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: one line a case and solver, then medians by family, size and solver."""
    lines = [
        "| case | solver | status | cost | bound | gap | seconds | first plan | to 1 % | to 0.1 % | checked |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        cells = [row["case"], row["solver"], row.get("status"), row.get("cost"), row.get("lower_bound")]
        cells += [percent(row.get("gap"))]
        cells += [row.get(key) for key in ("seconds", "first_plan", "to_1_percent", "to_0.1_percent")]
        cells += ["yes" if row.get("verified") else "NO"]
        lines.append("| " + " | ".join(NONE if cell is None else str(cell) for cell in cells) + " |")
    lines += [
        "",
        "| family | components | solver | median gap | proven | median seconds |",
        "|---|---|---|---|---|---|",
    ]
    groups = sorted({(row["family"], row["components"], row["solver"]) for row in rows})
    for family, components, solver in groups:
        group = [r for r in rows if (r["family"], r["components"], r["solver"]) == (family, components, solver)]
        gaps = [row["gap"] for row in group if row.get("gap") is not None]
        seconds = [row["seconds"] for row in group if row.get("seconds") is not None]
        proven = sum(row.get("status") == "optimal" for row in group)
        gap = percent(statistics.median(gaps)) if len(gaps) == len(group) else NONE
        middle = f"{statistics.median(seconds):.2f}" if seconds else NONE
        lines.append(f"| {family} | {components} | {solver} | {gap} | {proven} of {len(group)} | {middle} |")
    return "\n".join(lines)


def percent(gap: float | None) -> str:
    """A gap as per cent."""
    return NONE if gap is None else f"{gap:.2%}"


if __name__ == "__main__":
    typer.run(main)

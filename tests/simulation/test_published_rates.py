"""The scripts that make cases of published rates: each from a source in the published shape, played for an hour."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

import placement
from placement.demand import read_scaling
from placement.simulation import read_traffic, simulate

TOOLS = Path(__file__).resolve().parents[2] / "tools"


def tenants(folder: Path) -> None:
    """Two clients of each size of model, in requests a second every ten minutes."""
    times = ",".join(f"t{10 * k}" for k in range(7))
    for size in ("m-large", "m-mid", "m-small"):
        text = f"client,{times}\nc1,0,1,2,3,3,2,1\nc2,5,5,5,5,5,5,5\n"
        with gzip.open(folder / f"{size}_rates_10min.csv.gz", "wt") as stream:
            stream.write(text)


def azure(folder: Path) -> None:
    """Requests of two services in each minute, with tokens, which do not count."""
    rows = "".join(f"{name},{k},{60 + k},100,10\n" for name in ("code", "conv") for k in range(60))
    (folder / "per_minute.csv").write_text(f"service,minute,requests,input_tokens,output_tokens\n{rows}")


def alibaba(folder: Path) -> None:
    """Live copies of two services at each hour, and what most copies of both sides ask for."""
    hours = ",".join(f"h{k}" for k in range(4))
    head = "app,role,cpu_mode,gpu_mode,memory_gib_mode,max_per_node_mode"
    rows = "0,CN,48.0,0.0,200.0,-1.0\n0,HN,8.0,1.0,40.0,2.0\n1,CN,4.0,0.0,20.0,2.0\n1,HN,12.0,1.0,120.0,-1.0\n"
    (folder / "services.csv").write_text(f"{head}\n{rows}")
    with gzip.open(folder / "hourly_live_replicas.csv.gz", "wt") as stream:
        stream.write(f"app,role,{hours}\n0,CN,9,9,9,9\n0,HN,5,6,7,5\n1,CN,9,9,9,9\n1,HN,1,0,2,1\n")


def made(case: str, folder: Path) -> tuple[placement.Problem, placement.simulation.Simulation]:
    """What a script writes, read again and played."""
    {"tenants": tenants, "azure": azure, "alibaba": alibaba}[case](folder)
    script = [sys.executable, str(TOOLS / f"make_{case}.py"), str(folder), str(folder / "out")]
    subprocess.run(script, check=True)
    problem = placement.read(folder / "out" / "problem.json")
    policy, traffic = read_scaling(folder / "out" / "policy.json"), read_traffic(folder / "out" / "traffic.csv")
    every = 3600 if case == "alibaba" else 600
    return problem, simulate(problem, policy, traffic, every=every, strategies=["shared"], hourly=False)


@pytest.mark.parametrize(
    ("case", "components", "wanted"),
    [
        # A copy of the sizes is meant to serve 2, 8 and 20 requests a second.
        ("tenants", ["m-large-c1", "m-large-c2", "m-mid-c1", "m-mid-c2", "m-small-c1", "m-small-c2"], 3 + 1 + 1),
        ("azure", ["code", "conv"], 2 * 2),  # a request a second and more, of 0.75 that a copy is meant to serve
        ("alibaba", ["app-0", "app-1"], 5 + 1),
    ],
)
def test_a_case_is_read_and_played(case: str, components: list[str], wanted: int, tmp_path: Path) -> None:
    """Names go together, copies begin as the rates say, and all of them find a place."""
    problem, result = made(case, tmp_path)

    assert [component.name for component in problem.components] == components
    assert int(result.setup.wanted[0].sum()) == wanted
    assert not any(result.outcome("shared").series["unplaced"])


def test_alibabas_copies_are_the_rates(tmp_path: Path) -> None:
    """Of the side with accelerators alone, as rows of the other are of no component; limits a machine are kept."""
    problem, result = made("alibaba", tmp_path)

    assert result.setup.wanted.tolist() == [[5, 1], [6, 0], [7, 2], [5, 1]]
    limits = [component.spread and component.spread.max_per_instance for component in problem.components]
    assert limits == [2, None]

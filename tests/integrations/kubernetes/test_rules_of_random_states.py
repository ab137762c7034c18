"""Pods put anywhere: the imported problem's rules are broken just where those of the cluster are, so none was lost.

The judge of the cluster (`simulated.py`) shares no code with the importer.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from placement.integrations.kubernetes import import_kubernetes
from tests.corpus import seeds
from tests.integrations.kubernetes.clusters import write
from tests.integrations.kubernetes.simulated import broken_by, run
from tests.integrations.kubernetes.test_round_trip import NAMES, agents, machines, workload

if TYPE_CHECKING:
    from pathlib import Path

Json = dict[str, Any]


def stand_anywhere(rng: random.Random, nodes: list[Json], work: list[Json], other: list[Json]) -> list[Json]:
    """Pods as a scheduler put them, and one to three of them on another node that has what they are limited to."""
    pods = [row for row in run(nodes, work, other)[len(nodes) + len(other) :] if row["spec"].get("nodeName")]
    for pod in rng.sample(pods, min(len(pods), rng.randint(1, 3))):
        asked = pod["spec"]["containers"][0]["resources"]["limits"]
        room = [row for row in nodes if all(key in row["status"]["allocatable"] for key in asked)]
        pod["spec"]["nodeName"] = rng.choice(room)["metadata"]["name"]
    return pods


@seeds(range(6000), 100)
def test_what_is_broken_there_is_broken_here(seeds: range, tmp_path: Path) -> None:
    """Room, accelerators of one and two kinds, ports, taints, selectors, anti-affinity, the most on a host."""
    count = {True: 0, False: 0}
    for seed in seeds:
        rng = random.Random(seed)
        nodes = machines(rng)
        work = [workload(rng, name) for name in rng.sample(NAMES, rng.randint(1, 4))]
        other = agents(rng, nodes)
        pods = stand_anywhere(rng, nodes, work, other)
        there = broken_by(nodes, pods, other)
        found = import_kubernetes([write(tmp_path / "c.json", *nodes, *other, *pods)])
        here = [str(note) for note in found.notes if note.kind == "broken"]
        count[bool(there)] += 1

        assert bool(here) == bool(there), (seed, there, here)
    assert min(count.values()) * 5 >= len(seeds), count

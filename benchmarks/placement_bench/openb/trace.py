"""The files of the openb trace, as arrays.

Quantities are the trace's own integers: thousandths of a vCPU, MiB, thousandths of one GPU.

.. [1] Weng, Q., Yang, L., Yu, Y., Wang, W., Tang, X., Yang, G., Zhang, L. (2023). Beware of Fragmentation: Scheduling
   GPU-Sharing Workloads with Fragmentation Gradient Descent. USENIX ATC 2023.
"""

from __future__ import annotations

import csv
import gzip
import io
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from placement.errors import UsageError
from placement_bench.openb.go_random import GoRandom

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

FOLDER = "alibaba-openb-fgd"
GPUS = 8  # the most GPUs a node has
MILLI = 1000  # thousandths of one GPU
WATCHES = 10
LOAD = 1.3  # pods come until they have asked for so many times the cluster's GPUs
PREFIX = "openb_pod_list_"


@dataclass(frozen=True, slots=True)
class Cluster:
    """The nodes, in the order of their names.

    Attributes
    ----------
    names : (N,) names of the nodes.
    cpu, memory : (N,) thousandths of a vCPU, MiB.
    gpus : (N,) number of GPUs.
    model : (N,) index into `models`.
    models : names of the GPU types.
    """

    names: tuple[str, ...]
    cpu: Ints
    memory: Ints
    gpus: Ints
    model: Ints
    models: tuple[str, ...]

    @property
    def gpu_milli(self) -> int:
        """Thousandths of a GPU in the whole cluster."""
        return int(self.gpus.sum()) * MILLI

    def ordered(self, nodes: Ints) -> Cluster:
        """The same nodes in another order."""
        return Cluster(
            names=tuple(self.names[node] for node in nodes),
            cpu=self.cpu[nodes],
            memory=self.memory[nodes],
            gpus=self.gpus[nodes],
            model=self.model[nodes],
            models=self.models,
        )


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """What one pod asks for; equal demands are one class of pods.

    Attributes
    ----------
    milli : thousandths asked of each GPU; below 1000 only with one GPU; 0 without.
    spec : allowed GPU types joined by ``|``, as in the file; empty allows any.
    """

    cpu: int
    memory: int
    gpus: int
    milli: int
    spec: str = ""

    @property
    def shares(self) -> bool:
        """Whether the pod takes a part of one GPU."""
        return self.gpus == 1 and self.milli < MILLI

    @property
    def gpu_milli(self) -> int:
        """Thousandths of GPUs asked in all."""
        return self.gpus * self.milli

    def allows(self, model: str) -> bool:
        """Whether the pod may run beside GPUs of this type."""
        allowed = [name for name in self.spec.split("|") if name]
        return not allowed or model in allowed


@dataclass(frozen=True, slots=True)
class Trace:
    """One pod list: the class of each pod, by row of the file.

    Attributes
    ----------
    kinds : the distinct demands, in their own order.
    rows : (P,) index into `kinds`.
    """

    kinds: tuple[Demand, ...]
    rows: Ints

    def counts(self) -> Ints:
        """(K,) how many pods of the list are of each class."""
        return np.bincount(self.rows, minlength=len(self.kinds)).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """One drawn experiment.

    Attributes
    ----------
    rows : (E,) rows of the pod list, in order of arrival.
    nodes : (N,) the nodes in the order in which equal ones are preferred.
    """

    rows: Ints
    nodes: Ints


def traces(data: Path, folder: str = "pods") -> tuple[str, ...]:
    """Names of the pod lists (or, with ``arrivals``, of those with arrival sequences), e.g. ``gpuspec33``."""
    return tuple(sorted(path.name[len(PREFIX) : -len(".csv.gz")] for path in _folder(data, folder).glob("*.csv.gz")))


def read_cluster(data: Path) -> Cluster:
    """The 1,213 GPU nodes of the published experiment."""
    path = _folder(data, "nodes") / "openb_node_list_gpu_node.csv"
    with path.open(encoding="utf-8") as stream:
        rows = sorted(csv.DictReader(stream), key=lambda row: row["sn"])
    models = tuple(sorted({row["model"] for row in rows}))
    return Cluster(
        names=tuple(row["sn"] for row in rows),
        cpu=_ints(int(row["cpu_milli"]) for row in rows),
        memory=_ints(int(row["memory_mib"]) for row in rows),
        gpus=_ints(int(row["gpu"]) for row in rows),
        model=_ints(models.index(row["model"]) for row in rows),
        models=models,
    )


def read_trace(data: Path, name: str) -> Trace:
    """The pod list of that name."""
    demands = [
        Demand(
            cpu=int(row["cpu_milli"]),
            memory=int(row["memory_mib"]),
            gpus=int(row["num_gpu"]),
            milli=int(row["gpu_milli"]) if int(row["num_gpu"]) else 0,
            spec=row.get("gpu_spec") or "",  # some lists have no such column
        )
        for row in _rows(_folder(data, "pods") / f"{PREFIX}{name}.csv.gz")
    ]
    kinds = tuple(sorted(set(demands)))
    at = {demand: index for index, demand in enumerate(kinds)}
    return Trace(kinds=kinds, rows=_ints(at[demand] for demand in demands))


def read_arrivals(data: Path, name: str) -> dict[int, Ints]:
    """The published arrival sequences of a trace, rows of its pod list, by seed; `draw` makes the same."""
    rows = _rows(_folder(data, "arrivals") / f"{PREFIX}{name}.csv.gz")
    return {int(row["seed"]): np.array(row["pod_rows"].split(), dtype=np.int64) for row in rows}


def draw(cluster: Cluster, trace: Trace, seed: int) -> Arrivals:
    """The experiment of a seed, drawn as the published runs drew it.

    The pods are shuffled; then pods are added at random until the next would ask for more than 1.3 times the
    cluster's GPUs (counting a pod by what it asks of one GPU), or taken out at random while they ask for more. The
    nodes are shuffled after that, so that a tie does not always go to the same ones. In between, the simulator's own
    start draws ten numbers (one for each kind of object it watches); with them, and only with them, the published
    curves come out exactly.
    """
    random = GoRandom(seed)
    random.int63()  # the published runs log one number before they begin
    rows = random.shuffled(len(trace.rows))
    asked = [trace.kinds[kind].gpu_milli for kind in trace.rows]
    most = LOAD * cluster.gpu_milli
    total = sum(asked)
    if total > most:
        while total > most:
            total -= asked[rows.pop(random.below(len(rows)))]
    elif total < most:
        while total + trace.kinds[trace.rows[row := random.below(len(asked))]].milli <= most:
            total += asked[row]
            rows.append(row)
    for _ in range(WATCHES):
        random.int63()
    nodes = np.argsort(random.permutation(len(cluster.names)))
    return Arrivals(np.array(rows, dtype=np.int64), nodes.astype(np.int64))


@lru_cache(maxsize=1)
def read_published(data: Path) -> dict[str, dict[tuple[str, int], list[float]]]:
    """Published allocated % by pod list, then by (policy, seed): columns 0..130 of the arrived %."""
    found: dict[str, dict[tuple[str, int], list[float]]] = {}
    for row in _rows(_folder(data, "results") / "analysis_allo_discrete.csv.gz"):
        policy = row["sc_policy"].split("-", 1)[1]
        curves = found.setdefault(row["workload"].removeprefix(PREFIX), {})
        curves[policy, int(row["seed"])] = [float(row[str(column)]) for column in range(131)]
    return found


def _folder(data: Path, name: str) -> Path:
    folder = data / FOLDER / name
    if not folder.is_dir():
        raise UsageError(f"{folder}: not there; the set openb needs the files of alibaba/clusterdata there")
    return folder


def _rows(path: Path) -> list[dict[str, str]]:
    # A row of an arrival file holds a whole sequence in one field, far above the reader's default limit.
    csv.field_size_limit(1 << 24)
    if not path.is_file():
        raise UsageError(f"{path}: not there")
    with gzip.open(path, "rb") as stream:
        return list(csv.DictReader(io.TextIOWrapper(stream, encoding="utf-8")))


def _ints(values: object) -> Ints:
    return np.fromiter(values, dtype=np.int64)  # type: ignore[call-overload,no-any-return]

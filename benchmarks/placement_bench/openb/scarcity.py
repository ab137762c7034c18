"""How scarce each GPU type will be: prices from the linear program of the expected pods.

    maximise    sum_{d,m} gpu[d] x[d,m]
    subject to  sum_m x[d,m] <= load * expected[d]            for each demand d
                sum_d gpu[d] x[d,m] <= free GPU of type m     for each type m
                sum_d cpu[d] x[d,m] <= free CPU beside m      for each type m

over the types m that d may use. The dual value of a type's GPU row is what one more GPU of it would bring. It jumps
from 0 to 1 with the load, so it is averaged over several: a type that runs out early has a high price. This is the
bid-price control of network revenue management [1]_, with types in place of legs.

.. [1] Talluri, K., van Ryzin, G. (1998). An analysis of bid-price controls for network revenue management.
   Management Science 44(11), 1577-1593. https://doi.org/10.1287/mnsc.44.11.1577
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import highspy
import numpy as np

from placement.engines.highs import load_lp, run
from placement_bench.openb.trace import MILLI

if TYPE_CHECKING:
    from placement_bench.openb.replay import Floats
    from placement_bench.openb.trace import Cluster, Trace

LOADS = (0.8, 0.9, 1.0, 1.1, 1.2, 1.3)  # times the cluster's GPUs asked for
CPU_VALUE = 0.05  # thousandths of a GPU that a thousandth of a vCPU of a pod without GPUs counts: it must be placed too


def gpu_prices(cluster: Cluster, trace: Trace) -> Floats:
    """(M,) what a GPU of each type is worth, from 0 (plenty) to about 1 (never enough)."""
    demands: dict[tuple[int, int, str], int] = {}
    for demand, count in zip(trace.kinds, trace.counts().tolist(), strict=True):
        key = (demand.cpu, demand.gpu_milli, demand.spec)
        demands[key] = demands.get(key, 0) + count
    models = len(cluster.models)
    asked = sum(gpu * count for (_, gpu, _), count in demands.items())
    if not asked:
        return np.zeros(models)
    expected = np.array(list(demands.values())) * cluster.gpu_milli / asked
    gpu_room = np.bincount(cluster.model, cluster.gpus * MILLI, models)
    cpu_room = np.bincount(cluster.model, cluster.cpu, models)
    columns = [
        (row, model, gpu, cpu)
        for row, (cpu, gpu, spec) in enumerate(demands)
        for model, name in enumerate(cluster.models)
        if not spec or name in spec.split("|")
    ]
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = len(columns), len(demands) + 2 * models
    lp.col_cost_ = np.array([-float(gpu or CPU_VALUE * cpu) for _, _, gpu, cpu in columns])
    lp.col_lower_, lp.col_upper_ = np.zeros(len(columns)), np.full(len(columns), highspy.kHighsInf)
    lp.row_lower_ = np.full(lp.num_row_, -highspy.kHighsInf)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = np.arange(0, 3 * len(columns) + 1, 3)
    rows = [[row, len(demands) + model, len(demands) + models + model] for row, model, _, _ in columns]
    lp.a_matrix_.index_ = np.array(rows).ravel()
    lp.a_matrix_.value_ = np.array([[1.0, gpu, cpu] for _, _, gpu, cpu in columns]).ravel()
    prices = np.zeros(models)
    for load in LOADS:
        lp.row_upper_ = np.concatenate([load * expected, gpu_room, cpu_room])
        solver = load_lp(lp)
        run(solver)
        prices -= np.array(solver.getSolution().row_dual)[len(demands) : len(demands) + models] / len(LOADS)
    return prices

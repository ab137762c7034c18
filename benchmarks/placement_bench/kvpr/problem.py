"""One case: models with a size and a load, on GPUs of one size.

The pressure on a GPU (KVPR: key-value-cache pressure ratio) is the summed load of its models, request rate over the
latency they promise, divided by the memory that is left for the cache. All arithmetic is in whole numbers: loads are
multiples of 1 / `unit`, and two pressures are compared as fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm, sqrt
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Kvpr:
    """A case.

    Attributes
    ----------
    gpus : number of GPUs.
    memory : GB of each.
    sizes : GB of each model.
    loads : load of each model, in 1 / `unit`.
    unit : the common denominator of the loads.
    """

    gpus: int
    memory: int
    sizes: tuple[int, ...]
    loads: tuple[int, ...]
    unit: int

    @classmethod
    def read(cls, document: dict[str, Any]) -> Kvpr:
        """A case of the published file."""
        models = document["models"]
        unit = lcm(*(int(model["slo"]) for model in models))
        return cls(
            gpus=int(document["gpu_num"]),
            memory=int(document["gpu_mem_gb"]),
            sizes=tuple(int(model["size_gb"]) for model in models),
            loads=tuple(int(model["req_rate"]) * unit // int(model["slo"]) for model in models),
            unit=unit,
        )

    def pressure(self, models: Sequence[int]) -> Fraction | None:
        """The pressure on a GPU with these models; None when they leave no memory."""
        left = self.memory - sum(self.sizes[model] for model in models)
        return Fraction(sum(self.loads[model] for model in models), self.unit * left) if left > 0 else None

    def value(self, gpu_of: Sequence[int]) -> Fraction | None:
        """The largest pressure of an assignment; None when a GPU has no memory left."""
        worst = Fraction(0)
        for gpu in range(self.gpus):
            pressure = self.pressure([model for model, on in enumerate(gpu_of) if on == gpu])
            if pressure is None:
                return None
            worst = max(worst, pressure)
        return worst

    def relaxation(self) -> Fraction:
        """A bound: all load over all memory that is left, as if models could be cut (the mediant inequality)."""
        return Fraction(sum(self.loads), self.unit * (self.gpus * self.memory - sum(self.sizes)))

    def score(self, value: Fraction) -> float:
        """Points of the leaderboard: 100 for the relaxation, 0 for round robin and worse, the square root between."""
        worst = self.value([model % self.gpus for model in range(len(self.sizes))])
        if worst is None:
            raise ValueError("round robin does not fit, so the leaderboard has no zero for this case")
        return 100 * sqrt(max(worst - value, Fraction(0)) / (worst - self.relaxation()))


def faults(case: Kvpr, gpu_of: Sequence[int]) -> list[str]:
    """What is wrong with an assignment."""
    if len(gpu_of) != len(case.sizes):
        return [f"{len(gpu_of)} models are placed, the case has {len(case.sizes)}"]
    wrong = [
        f"model {model} is on GPU {gpu}, of {case.gpus}" for model, gpu in enumerate(gpu_of) if not 0 <= gpu < case.gpus
    ]
    for gpu in range(case.gpus):
        held = sum(size for size, on in zip(case.sizes, gpu_of, strict=True) if on == gpu)
        if held >= case.memory:
            wrong.append(f"GPU {gpu} holds {held} GB of {case.memory}: nothing is left for the cache")
    return wrong

"""How far the constants of `placement size` are from launches that they were not fitted on.

    python tools/fit_sizing.py

What is fitted is non-torch memory and CUDA graphs (`placement/sizing/engines.json`); the rest are counts from vLLM's
source. For each model of the published launches the constants are fitted on all other models, and its own launches are
predicted with them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from placement.sizing import size  # noqa: E402  (the path is set first)
from tests.sizing.published import Measured, launches  # noqa: E402


def main() -> None:
    """Print the constants, and the errors of those that were fitted without a model, on that model."""
    rows = [row for row in launches() if row.pipeline_parallel == 1]
    names = sorted({row.model.name for row in rows})
    alone = [row.non_torch for row in rows if row.tensor_parallel == 1]
    print(f"non-torch, degree 1: {np.mean(alone):.3f}")
    print("non-torch, base and a layer at degrees 2 and 4:", np.round(_fit(rows, _many, "non_torch"), 4))
    print("graphs, base, a layer, experts:", np.round(_fit(rows, _graphs, "graphs"), 4))
    errors: dict[str, list[float]] = {"non_torch": [], "graphs": [], "activation": [], "beside_kv": [], "tokens": []}
    for name in names:
        rest = [row for row in rows if row.model.name != name]
        for row in (row for row in rows if row.model.name == name):
            errors["non_torch"].append(_non_torch(rest, row) - row.non_torch)
            if row.graphs is not None:
                errors["graphs"].append(float(_graphs(row) @ _fit(rest, _graphs, "graphs")) - row.graphs)
            found = size(row.model, "H100", row.tensor_parallel, row.launch)
            errors["activation"].append(found.activation_gib - row.activation)
            non_torch = _non_torch(rest, row)
            errors["beside_kv"].append(row.weights + found.activation_gib + non_torch - row.beside_kv)
            # The pool as it is without what was fitted on this model.
            pool = 79.19 * (row.launch.utilization or 0.0) - row.weights - found.activation_gib - non_torch
            errors["tokens"].append(100 * (found.kv_tokens / found.kv_gib * pool / row.tokens - 1))
    print(f"{len(rows)} launches of {len(names)} models; each model predicted without its own launches")
    for part, found_errors in errors.items():
        unit = "%" if part == "tokens" else "GiB"
        sizes = np.abs(found_errors)
        print(f"{part:10} mean {sizes.mean():.3f}, worst {sizes.max():.3f} {unit}")


def _non_torch(rest: list[Measured], row: Measured) -> float:
    if row.tensor_parallel == 1:
        return float(np.median([other.non_torch for other in rest if other.tensor_parallel == 1]))
    return float(_many(row) @ _fit(rest, _many, "non_torch"))


def _fit(rows: list[Measured], features: object, part: str) -> np.ndarray:
    use = [row for row in rows if getattr(row, part) is not None]
    if features is _many:
        use = [row for row in use if row.tensor_parallel > 1]
    matrix = np.array([features(row) for row in use])  # type: ignore[operator]
    found: np.ndarray = np.linalg.lstsq(matrix, np.array([getattr(row, part) for row in use]), rcond=None)[0]
    return found


def _many(row: Measured) -> np.ndarray:
    layers = row.model.architecture.layers
    return np.array([1.0, layers * (row.tensor_parallel == 2), layers * (row.tensor_parallel == 4)])


def _graphs(row: Measured) -> np.ndarray:
    figures = row.model.architecture
    return np.array([1.0, figures.layers, float(figures.experts is not None)])


if __name__ == "__main__":
    main()

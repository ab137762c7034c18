"""Constants of the engines, by name and version: the table `engines.json` beside this module."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from placement.errors import UsageError, nearest, printable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What holds of an engine from the version `since` on, up to the next row. Memory of one GPU, GiB.

    `batches` has the engine's defaults by the least memory they are for: GiB, new tokens and sequences of a batch.
    `context_*` is what is taken before the engine loads anything, on one GPU alone and on each of several (where a
    mixture of experts makes a second group for communication: `context_many_experts`). `non_torch_*` is what libraries
    take besides PyTorch while the model is profiled. `latent_workspace_mib` is made for latent attention while weights
    are loaded. `graphs_*` is the memory of all captured CUDA graphs. `errors_*`
    are the largest errors against measured launches that were left out when constants were fitted.
    """

    engine: str
    since: str
    utilization: float
    utilization_flag: str
    kv_flag: str
    batches: tuple[tuple[float, int, int], ...]
    tokens_by_context: bool
    graphs_in_budget: bool
    keeps_expert_buffers: bool
    latent_workspace_mib: float
    sampler_bytes: float
    sampler_buffer_rows: int
    cublas_mib: float
    cublas_mib_hopper: float
    context_one: float
    context_many: float
    context_many_experts: float
    non_torch_one: float
    non_torch_many: float
    non_torch_per_layer: Mapping[str, float]
    graphs_base: float
    graphs_per_layer: float
    graphs_experts: float
    margin: float
    measured: bool
    source: str

    def batch(self, accelerator: str, usable_gib: float) -> tuple[int, int]:
        """What the engine does at a time by itself: new tokens and sequences of a batch.

        More on accelerators with more memory, but for the A100 (`get_batch_defaults` in `vllm/engine/arg_utils.py`).
        """
        steps = self.batches[-1:] if accelerator.startswith("A100") else self.batches
        tokens, sequences = next((tokens, count) for least, tokens, count in steps if usable_gib >= least)
        return tokens, sequences

    def context_gib(self, gpus: int, *, has_experts: bool) -> float:
        """What is taken before anything is loaded, on each of so many GPUs."""
        if gpus == 1:
            return self.context_one
        return self.context_many_experts if has_experts else self.context_many

    def non_torch_gib(self, tensor_parallel: int, layers: int) -> float:
        """What libraries take while the model is profiled, on each GPU of a tensor-parallel group."""
        if tensor_parallel == 1:
            return self.non_torch_one
        steps = sorted(int(degree) for degree in self.non_torch_per_layer)
        degree = max((step for step in steps if step <= tensor_parallel), default=steps[0] if steps else 0)
        return self.non_torch_many + self.non_torch_per_layer.get(str(degree), 0.0) * layers

    def graphs_gib(self, layers: int, *, has_experts: bool) -> float:
        """Memory of all captured CUDA graphs, on each GPU."""
        return self.graphs_base + self.graphs_per_layer * layers + (self.graphs_experts if has_experts else 0.0)


def find_engine(text: str) -> tuple[EngineFacts, str]:
    """The row for an engine written as ``vllm`` or ``vllm=0.19``, and the version that was asked for.

    A version has the row of the newest version that is not newer; without one, it is the newest row.
    Raises UsageError: the engine is not in the table, or the version is none, or older than all rows.

    >>> find_engine("vllm=0.19.1")[0].since
    '0.18'
    """
    name, _, version = text.replace("==", "=").partition("=")
    name, version = name.strip().lower(), version.strip().lstrip("v")
    rows = [facts for facts in engines() if facts.engine == name]
    if not rows:
        known = list(dict.fromkeys(facts.engine for facts in engines()))
        raise UsageError(f'no engine "{printable(name)}" has constants here; {nearest(name, known)}')
    if not version:
        return rows[-1], rows[-1].since
    asked = version_key(version)
    if asked is None:
        raise UsageError(f'--engine {printable(text)}: "{printable(version)}" is no version; write {name}=0.19')
    fitting = [facts for facts in rows if (version_key(facts.since) or ()) <= asked]
    if not fitting:
        raise UsageError(
            f"{name} {printable(version)} is older than all constants here, which start with {rows[0].since}"
        )
    return fitting[-1], version


def version_key(version: str) -> tuple[int, ...] | None:
    """The numbers of a version, to be compared: (0, 19) of 0.19; None where it does not start with one."""
    found = re.match(r"\d{1,6}(\.\d{1,6})*", version)
    return tuple(int(part) for part in found[0].split(".")) if found else None


@cache
def engines() -> tuple[EngineFacts, ...]:
    """All rows, oldest version first. A row has what it changes; the rest is as in the row before it."""
    text = resources.files("placement.sizing").joinpath("engines.json").read_text("utf-8")
    rows: list[EngineFacts] = []
    before: dict[str, Any] = {}
    names = {field.name for field in fields(EngineFacts)}
    for row in json.loads(text):
        before = before | row if before.get("engine") == row["engine"] else dict(row)
        values = {name: before[name] for name in names}
        rows.append(EngineFacts(**values | {"batches": tuple(tuple(step) for step in before["batches"])}))
    return tuple(rows)

"""A copy while it is sized, and what is said of it: why it does not fit, the engine's flags, what is not measured."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from placement.errors import printable
from placement.sizing.measured import PARTS
from placement.sizing.parameters import COMPARED
from placement.units import BYTES_PER_GIB

if TYPE_CHECKING:
    from collections.abc import Container

    from placement.sizing.activation import Load
    from placement.sizing.engines import EngineFacts
    from placement.sizing.kv_cache import KvLayout
    from placement.sizing.launch import Launch
    from placement.sizing.read import Model
    from placement.sizing.sizing import StageSizing
    from placement.sizing.stages import PipelineStage
    from placement.sizing.startup_log import StartupLog

NO_CONTEXT = 8192  # tokens of a sequence where neither the config nor the user tells


@dataclass(slots=True)
class Parts:
    """Parts in GiB while they are found, and which of them a log has measured."""

    context: float
    weights: float
    activation: float
    non_torch: float
    graphs: float
    margin: float
    measured: list[str] = field(default_factory=list)

    def replace(self, log: StartupLog, names: Container[str]) -> None:
        """Take the parts of those names that a log has measured."""
        for name in PARTS:
            value = getattr(log, f"{name}_gib")
            if name in names and value is not None:
                setattr(self, name, max(value, 0.0))
                self.measured.append(name)

    @property
    def beside_kv(self) -> float:
        """What the engine takes off its budget before the KV cache, graphs aside."""
        return self.weights + self.activation + self.non_torch


@dataclass(frozen=True, slots=True)
class Case:
    """One stage of a copy, and all that the last step needs of it."""

    model: Model
    accelerator: str
    vendor: str
    usable: float
    launch: Launch
    facts: EngineFacts
    load: Load
    stage: PipelineStage
    parts: Parts
    layout: KvLayout
    log: StartupLog | None = None
    holds: frozenset[str] = frozenset()  # what of the log holds for this launch

    @property
    def beside_pool(self) -> float:
        """What the engine takes off its budget before the KV cache, GiB."""
        return self.parts.beside_kv + (self.parts.graphs if self.facts.graphs_in_budget else 0.0)

    def share_for(self, pool: float) -> float:
        """The part of a GPU's memory at which the engine makes a pool of so many GiB, rounded up."""
        return math.ceil(1000 * (self.beside_pool + pool) / self.usable) / 1000

    @property
    def unsplit_kv_heads(self) -> int | None:
        """Key-value heads that the engine can neither split over the GPUs nor repeat on them; None where it can all."""
        degree = self.load.tensor_parallel
        heads = {cache.kv_heads for cache in self.model.architecture.caches if cache.kv_heads}
        return next((n for n in sorted(heads) if n % degree and degree % n), None)


def misfit(case: Case, need: float, pool: float, total: float, share: float, *, by_need: bool) -> str:
    """Why a copy does not fit; empty when it does."""
    figures, degree = case.model.architecture, case.load.tensor_parallel
    if figures.heads % degree:  # 0 where the config does not say: then nothing is known against it
        return f"{figures.heads} attention heads can't be split over {degree} GPUs"
    if (heads := case.unsplit_kv_heads) is not None:
        return f"{heads} key-value heads can be neither split over {degree} GPUs nor repeated on them"
    most, length = figures.context, case.launch.context_length
    if most is not None and length is not None and length > most:
        return f"a context of {length} tokens is more than the {most} of the model"
    if not case.stage.layers:
        return f"{figures.layers} layers can't be split over {case.stage.count} stages"
    if pool <= 0:
        return f"{case.parts.beside_kv:.2f} GiB beside the KV cache are more than {case.usable * share:.2f} GiB"
    asked = case.launch.concurrency is not None or case.launch.context_length is not None
    if asked and not by_need and need > pool:
        return f"the KV cache asked for takes {need:.2f} GiB, and {pool:.2f} GiB are left for it"
    if total > case.usable:
        return f"{total:.2f} GiB are needed and {case.usable:.2f} GiB are there"
    return ""


def command_flags(case: Case, share: float, pool: float, tokens: int, *, by_need: bool) -> tuple[str, ...]:
    """What to add to the engine's command line, so that it does what was sized."""
    launch, facts = case.launch, case.facts
    flags = [f"--tensor-parallel-size {case.load.tensor_parallel}"]
    if launch.pipeline_parallel > 1:
        flags.append(f"--pipeline-parallel-size {launch.pipeline_parallel}")
    flags += [f"--max-num-seqs {case.load.sequences}", f"--max-num-batched-tokens {case.load.batched_tokens}"]
    length = launch.context_length or min(case.model.architecture.context or 0, tokens)
    if length:
        flags.append(f"--max-model-len {length}")
    if by_need and facts.kv_flag:
        flags.append(f"{facts.kv_flag} {math.ceil(pool * BYTES_PER_GIB)}")
    else:
        flags.append(f"{facts.utilization_flag} {share:g}")
    if launch.kv_dtype != "auto":
        flags.append(f"--kv-cache-dtype {launch.kv_dtype}")
    if launch.dtype != "auto":
        flags.append(f"--dtype {launch.dtype}")
    return (*flags, "--enforce-eager") if launch.enforce_eager else tuple(flags)


def notes(case: Case, fullest: StageSizing, *, shown_is_fullest: bool) -> tuple[str, ...]:
    """What the estimate does not rest on measurements for, and which stage of a pipeline its parts are of."""
    found: list[str] = []
    if case.stage.count > 1 and case.stage.layers:
        has = "which has the least room" if shown_is_fullest else f"and stage {fullest.stage} has the least room"
        found.append(f"parts are of {case.stage}, {has}; tokens and total are of all stages")
    model = case.model
    is_counted = model.checkpoint is None and not case.launch.has_weights and "weights" not in case.parts.measured
    if is_counted and model.architecture.model_type not in COMPARED:
        family = printable(model.architecture.model_type) if model.architecture.model_type else "unnamed"
        found.append(
            f"weights are counted from the config, and no count for the family {family} was held against files: "
            "name the folder with its files, or give --checkpoint-gib"
        )
    launch, most = case.launch, case.model.architecture.context
    if launch.context_length is None and most is None:
        found.append(
            f"the config names no longest context, so the engine takes its own, and {NO_CONTEXT:,} tokens are counted "
            "here: give --context-length"
        )
    elif launch.concurrency is not None and launch.context_length is None:
        found.append(f"each sequence has the model's longest context, {most:,} tokens: --context-length is not given")
    if not case.facts.measured:
        found.append(
            f"constants of {case.facts.engine} from {case.facts.since} on are read from its source, not measured"
        )
    if case.load.tensor_parallel > 4:
        found.append("non-torch memory and CUDA graphs were measured up to tensor-parallel degree 4")
    if case.vendor != "NVIDIA":
        found.append(f"constants were measured on NVIDIA's accelerators, and {case.accelerator} is {case.vendor}'s")
    if case.log is not None and case.log.is_of_other_name(case.model.name):
        told = f"the startup log is of {printable(case.log.model or '')}, and {printable(case.model.name)} is sized"
        found.append(f"{told}: its measurements are only right if that is the same model")
    return tuple(found)

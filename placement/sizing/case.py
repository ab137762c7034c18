"""One stage of a copy while it is sized: all that decides on its memory, and what follows from that."""

import math
from collections.abc import Container
from dataclasses import dataclass, field

from placement.catalogue import AcceleratorFacts
from placement.sizing.activation import Load, activation_bytes
from placement.sizing.architecture import Architecture, PipelineStage, split
from placement.sizing.engines import EngineFacts, find_engine, is_loaded_in_32_bits
from placement.sizing.kv_cache import KvLayout, lay_out
from placement.sizing.launch import DTYPES, KV_DTYPES, Launch
from placement.sizing.read import Model
from placement.sizing.sizing import StageSizing
from placement.sizing.startup_log import KV, PARTS, StartupLog
from placement.sizing.weights import weights_of
from placement.units import BYTES_PER_GIB

NO_CONTEXT = 8192  # tokens of a sequence where neither the config nor the user tells
_MEASURED_MARGIN = 0.15  # GiB, where weights, activations and other libraries' memory are measured


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
    """One stage of a copy. Memory in GiB, of one of its GPUs."""

    model: Model
    gpu: AcceleratorFacts
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
    def context(self) -> int:
        """Tokens of one sequence at most."""
        return self.launch.context_length or self.model.architecture.context or NO_CONTEXT

    @property
    def need(self) -> float:
        """The KV cache of the sequences that are asked for, or of one."""
        sequences = self.launch.concurrency or 1
        return self.layout.bytes_for(sequences, self.context, self.load.batched_tokens) / BYTES_PER_GIB

    @property
    def default_share(self) -> float:
        """The engine's own part of a GPU, or less, in hundredths, where what it does not count would have no room."""
        outside = self.parts.context + self.parts.margin + (0.0 if self.facts.graphs_in_budget else self.parts.graphs)
        most = math.floor(100 * (self.usable - outside) / self.usable) / 100
        return max(min(self.facts.utilization, most), 0.01)

    @property
    def beside_pool(self) -> float:
        """What the engine takes off its budget before the KV cache."""
        return self.parts.beside_kv + (self.parts.graphs if self.facts.graphs_in_budget else 0.0)

    def pool(self, share: float) -> float:
        """The KV cache that the engine makes of its budget, or has made where that was measured."""
        if self.log is not None and self.log.kv_gib is not None and KV in self.holds:
            return self.log.kv_gib
        total = self.log.total_gib if self.log is not None and self.launch.memory_gib is None else None
        return (total or self.usable) * share - self.beside_pool

    def share_for(self, pool: float) -> float:
        """The part of a GPU's memory at which the engine makes a KV cache of that size, rounded up."""
        return math.ceil(1000 * (self.beside_pool + pool) / self.usable) / 1000

    def tokens_in(self, pool: float) -> int:
        """Tokens that the engine says a KV cache of that size holds."""
        if self.facts.tokens_by_context:
            return self.layout.tokens_at(pool * BYTES_PER_GIB, self.context, self.load.batched_tokens)
        return self.layout.tokens_in(pool * BYTES_PER_GIB)

    def row(self, pool: float, *, by_need: bool) -> StageSizing:
        """All parts with a KV cache of that size, rounded; it is what was asked for, or what the engine makes."""
        parts = self.parts
        is_measured = {"activation", "non_torch", "weights"} <= set(parts.measured)
        margin = _MEASURED_MARGIN if is_measured else parts.margin
        return StageSizing(
            stage=self.stage.number + 1,
            layers=len(self.stage.layers),
            **{f"{name}_gib": _up(getattr(parts, name)) for name in PARTS},
            kv_gib=_up(pool) if by_need else math.floor(round(max(pool, 0.0) * 100, 6)) / 100,
            kv_tokens=self.tokens_in(pool),
            margin_gib=margin,
            total_gib=_up(parts.context + parts.beside_kv + parts.graphs + max(pool, 0.0) + margin),
        )

    @property
    def cut_width(self) -> int | None:
        """An inner width whose part on each GPU is no multiple of the weights' block; None where there is none."""
        figures = self.model.architecture
        if self._cuts(figures.intermediate, self.load.tensor_parallel):
            return figures.intermediate
        return figures.experts.intermediate if figures.experts is not None and self.cuts_experts else None

    @property
    def cuts_experts(self) -> bool:
        """Whether an expert's part on each GPU is no multiple of the weights' block."""
        experts = self.model.architecture.experts
        return experts is not None and self._cuts(experts.intermediate, self.load.expert_split)

    def _cuts(self, width: int, degree: int) -> bool:
        quantisation = self.model.architecture.quantisation
        block = quantisation.block if quantisation is not None else None
        return block is not None and degree > 1 and bool(width % (degree * block))


def cases_of(
    model: Model, gpu: AcceleratorFacts, usable: float, launch: Launch, degree: int
) -> tuple[list[Case], int | None]:
    """The stages of a copy by estimates, and of which of them weights were given."""
    facts, _ = find_engine(launch.engine)
    figures, has_experts = model.architecture, model.architecture.experts is not None
    tokens, sequences = facts.batch(gpu.name, usable)
    is_wide = is_loaded_in_32_bits(launch, figures, gpu)
    load = Load(
        sequences=launch.max_num_seqs or sequences,
        batched_tokens=launch.max_num_batched_tokens or tokens,
        tensor_parallel=degree,
        dtype_bytes=DTYPES[launch.dtype] or (4 if is_wide else figures.dtype_bytes),
        expert_parallel=launch.expert_parallel,
    )
    stages = split(figures.layers, launch.pipeline_parallel)
    weights, given = weights_of(model, load, stages, launch, facts, gpu)
    cases = []
    for stage, gib in zip(stages, weights, strict=True):
        layers = len(stage.layers)
        parts = Parts(
            context=facts.context_gib(degree * stage.count, has_experts=has_experts),
            weights=gib,
            activation=activation_bytes(figures, load, facts, gpu.compute_capability, stage) / BYTES_PER_GIB,
            non_torch=facts.non_torch_gib(degree, layers),
            graphs=0.0 if launch.enforce_eager else facts.graphs_gib(layers, has_experts=has_experts),
            margin=facts.margin,
        )
        layout = _layout(figures, launch, load, stage)
        cases.append(Case(model, gpu, usable, launch, facts, load, stage, parts, layout))
    return cases, given


def _layout(figures: Architecture, launch: Launch, load: Load, stage: PipelineStage) -> KvLayout:
    asked = KV_DTYPES[launch.kv_dtype]
    by_checkpoint = figures.quantisation.kv_bytes if figures.quantisation is not None else None
    kv_bytes = asked or by_checkpoint or load.dtype_bytes
    start, end = (sum(map(len, figures.kept[:layer])) for layer in (stage.layers.start, stage.layers.stop))
    return lay_out(figures.caches, load.tensor_parallel, kv_bytes, load.dtype_bytes, range(start, end))


def _up(value: float) -> float:
    """Rounded up to hundredths, unless a hair above one."""
    return math.ceil(round(max(value, 0.0) * 100, 6)) / 100

"""What `size` answers: a copy's memory on each of its GPUs, part by part."""

import shlex
from dataclasses import dataclass, fields

from placement.units import gib_of_a_copy


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuMemory:
    """Memory of one GPU, GiB; parts rounded up to hundredths, `kv_gib` down.

    `kv_gib` is the pool that the engine makes, `kv_tokens` what it holds. `total_gib` is the sum of all parts and the
    safety margin.
    """

    context_gib: float
    weights_gib: float
    activation_gib: float
    non_torch_gib: float
    graphs_gib: float
    kv_gib: float
    kv_tokens: int
    margin_gib: float
    total_gib: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSizing(GpuMemory):
    """Memory on each GPU of one stage of a pipeline; `stage` counts from 1, `layers` are how many."""

    stage: int
    layers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing(GpuMemory):
    """Memory of one copy on each of its GPUs.

    `reason` says why a copy does not fit; `refused` if that is the engine's doing, on any number of these accelerators,
    and not for want of memory. `flags` are for the engine's command line. `measured` names the parts that
    come from a startup log. `stages` are all stages of a pipeline: then the parts are of one of them (``notes`` says
    which), `kv_tokens` is the least and `total_gib` the most of any.
    """

    model: str
    accelerator: str
    tensor_parallel: int
    pipeline_parallel: int = 1
    usable_gib: float
    fits: bool
    reason: str = ""
    refused: bool = False
    flags: tuple[str, ...] = ()
    stages: tuple[StageSizing, ...] = ()
    measured: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def gpus(self) -> int:
        return self.tensor_parallel * self.pipeline_parallel

    @property
    def command(self) -> str:
        """What starts the engine so, for a shell."""
        return f"vllm serve {shlex.quote(self.model)} {' '.join(self.flags)}"

    def to_row(self) -> dict[str, object]:
        """The row of ``placement size --format json``."""
        row = {name: getattr(self, name) for name in ROW_KEYS}
        return row | {"stages": [{name: getattr(stage, name) for name in STAGE_KEYS} for stage in self.stages]}

    def to_option(self) -> dict[str, object]:
        """A row of `options:` of a problem: a copy owns its GPUs, and needs `total_gib` on each."""
        stages = f"-pp{self.pipeline_parallel}" if self.pipeline_parallel > 1 else ""
        return {
            "name": f"{self.accelerator}-tp{self.tensor_parallel}{stages}".lower(),
            "accelerators": self.gpus,
            "accelerator_memory_gib": gib_of_a_copy(self.total_gib, self.usable_gib),
            "on": [self.accelerator],
        }


MEMORY_KEYS = tuple(field.name for field in fields(GpuMemory))
STAGE_KEYS = ("stage", "layers", *MEMORY_KEYS)
ROW_KEYS = (
    *("accelerator", "tensor_parallel", "pipeline_parallel"),
    *MEMORY_KEYS,
    *("usable_gib", "fits", "reason", "flags", "stages"),
)

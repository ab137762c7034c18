"""How an engine is started: what decides, beside the model and the accelerator, how much memory a copy takes."""

from dataclasses import dataclass

from placement import arguments
from placement.errors import UsageError, nearest, printable, wrong_argument
from placement.sizing.architecture import BYTES_OF_DTYPE

KV_DTYPES = {"auto": None, "fp8": 1, "fp8_e4m3": 1, "fp8_e5m2": 1, "int8": 1, "bfloat16": 2, "float16": 2, "float32": 4}
DTYPES = {"auto": None, **BYTES_OF_DTYPE}
_MOST_COUNT = 2**31
_COUNT = f"a whole number from 1 to {_MOST_COUNT:,}"
_GIB = f"a number of GiB above 0 and at most {2**20:,}"


@dataclass(frozen=True, slots=True)
class Launch:
    """How an engine is started. None: as the engine does by itself.

    `context_length` is of prompt and answer together, tokens (`--max-model-len`); `concurrency` the sequences whose KV
    cache must be there at a time. With `expert_parallel` the GPUs that share a layer share out its experts whole.
    `weights_gib` is on each GPU, as the engine logs it after loading; `checkpoint_gib`
    of all files together.
    """

    engine: str = "vllm"
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    utilization: float | None = None
    context_length: int | None = None
    concurrency: int | None = None
    kv_dtype: str = "auto"
    dtype: str = "auto"
    enforce_eager: bool = False
    pipeline_parallel: int = 1
    expert_parallel: bool = False
    weights_gib: float | None = None
    checkpoint_gib: float | None = None
    memory_gib: float | None = None  # usable memory of the accelerator, in place of the catalogue's

    @property
    def has_weights(self) -> bool:
        """Whether the size of the weights is given, so that no file has to tell it."""
        return self.weights_gib is not None or self.checkpoint_gib is not None


def check(launch: Launch) -> None:
    """Refuse a launch that means nothing."""
    counts = ("max_num_seqs", "max_num_batched_tokens", "context_length", "concurrency", "pipeline_parallel")
    for name in counts:
        value = getattr(launch, name)
        if value is not None:
            arguments.whole(name, value, least=1, most=_MOST_COUNT, rule=_COUNT)
    for name in ("weights_gib", "checkpoint_gib", "memory_gib"):
        value = getattr(launch, name)
        if value is not None and arguments.number(name, value, most=2**20, rule=_GIB) <= 0:
            raise wrong_argument(name, _GIB, value)
    if launch.utilization is not None:
        share = arguments.number("utilization", launch.utilization, most=1.0, rule="a number above 0 and at most 1")
        if share <= 0:
            raise wrong_argument("utilization", "a number above 0 and at most 1", 0)
    for name, known in (("kv_dtype", KV_DTYPES), ("dtype", DTYPES)):
        value = arguments.text(name, getattr(launch, name))
        if value not in known:
            raise UsageError(f'{name}: no type "{printable(value)}"; {nearest(value, known)}', name)

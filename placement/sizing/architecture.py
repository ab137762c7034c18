"""What of a model decides how much memory a copy takes, and how its layers are split into stages of a pipeline."""

import enum
from dataclasses import dataclass

BYTES_OF_DTYPE = {"bfloat16": 2, "float16": 2, "half": 2, "float32": 4, "float": 4}


class LayerKind(enum.Enum):
    """What a layer keeps of a sequence."""

    FULL = "full attention"
    SLIDING = "sliding window"
    CHUNKED = "chunked attention"
    LATENT = "latent attention"
    STATE = "recurrent state"


@dataclass(frozen=True, slots=True)
class Cache:
    """What one layer keeps. Layers with equal caches share a group of the engine's KV cache.

    Of attention, `kv_heads` heads of `key_size` + `value_size` numbers a token (latent attention: one head, its latent
    in `key_size`), for the last `window` tokens where that is not 0. Of a recurrent layer, `state` and `convolution`
    numbers a sequence, whatever its length; all heads together, so a tensor-parallel degree divides them.
    """

    kind: LayerKind
    kv_heads: int = 0
    key_size: int = 0
    value_size: int = 0
    window: int = 0
    state: int = 0
    convolution: int = 0
    state_bytes: int = 2  # of one number of `state`
    token_bytes: int = 0  # where a layer's format fixes the bytes of a token, such as an indexer's

    def bytes_per_token(self, tensor_parallel: int, kv_bytes: int) -> int:
        """Bytes of one token on each GPU. Heads are split, and repeated once there are more GPUs than heads."""
        if self.kind is LayerKind.STATE:
            return 0
        if self.token_bytes:
            return self.token_bytes
        heads = 1 if self.kind is LayerKind.LATENT else max(1, -(-self.kv_heads // tensor_parallel))
        return heads * (self.key_size + self.value_size) * kv_bytes

    def bytes_per_sequence(self, tensor_parallel: int, dtype_bytes: int) -> int:
        """Bytes of a recurrent layer's state on each GPU."""
        return -(-(self.state * self.state_bytes + self.convolution * dtype_bytes) // tensor_parallel)


@dataclass(frozen=True, slots=True)
class Experts:
    """A mixture of experts: how many there are and how many a token goes to, and one expert's inner width.

    `shared` is the inner width of those that every token goes to, together.
    """

    count: int
    per_token: int
    intermediate: int
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Vision:
    """An encoder of pictures: the tokens and the raw numbers of the largest picture."""

    tokens: int
    numbers: int


@dataclass(frozen=True, slots=True)
class Quantisation:
    """How a checkpoint is quantised: the method's name, bits of a weight where it says so, and of the KV cache."""

    method: str
    bits: int | None = None
    kv_bytes: int | None = None
    scheme: str = ""  # of a method that has several
    block: int | None = None  # weights in a row that share a scale, and so have to stand on one GPU

    @property
    def format(self) -> str:
        """The method, with the scheme where it has several: "fp8", "compressed-tensors int8"."""
        return f"{self.method} {self.scheme}".rstrip()


@dataclass(frozen=True, slots=True)
class Architecture:
    """The figures of a model, as its config has them. Sizes count numbers, not bytes, unless the name says bytes."""

    model_type: str
    hidden: int
    intermediate: int  # of a dense layer, 0 when there is none
    vocabulary: int
    layers: int
    heads: int  # of queries, 0 when the config does not say
    kept: tuple[tuple[Cache, ...], ...]  # by each layer, in their order; nothing, one cache, or two
    context: int | None  # most tokens of a sequence, prompt and answer
    dtype_bytes: int  # as an engine loads it
    stored_bytes: int  # as the checkpoint has it
    rotary_bytes: int = 0  # tables of sines and cosines, which the engine counts as weights
    experts: Experts | None = None
    vision: Vision | None = None
    quantisation: Quantisation | None = None

    @property
    def caches(self) -> tuple[Cache, ...]:
        return tuple(cache for layer in self.kept for cache in layer)

    @property
    def is_latent(self) -> bool:
        return any(cache.kind is LayerKind.LATENT for cache in self.caches)

    @property
    def is_sparse(self) -> bool:
        """Whether an indexer chooses the tokens that latent attention looks at."""
        return any(cache.token_bytes for cache in self.caches)

    @property
    def kv_heads(self) -> int:
        """The most heads that a layer keeps keys and values of; 0 when no layer has any."""
        return max((cache.kv_heads for cache in self.caches), default=0)


@dataclass(frozen=True, slots=True)
class PipelineStage:
    """One group of layers: its number, from 0, of how many, and its layers."""

    number: int
    count: int
    layers: range

    @property
    def is_first(self) -> bool:
        """Whether it has the embeddings."""
        return self.number == 0

    @property
    def is_last(self) -> bool:
        """Whether it draws samples."""
        return self.number == self.count - 1

    def __str__(self) -> str:
        """``stage 2 of 4 (layers 9 to 16)``, counted from 1."""
        return f"stage {self.number + 1} of {self.count} (layers {self.layers.start + 1} to {self.layers.stop})"


def split(layers: int, stages: int) -> tuple[PipelineStage, ...]:
    """The stages of a pipeline.

    vLLM splits layers evenly, and gives what is left over to the stages before the last, from the back
    (`get_pp_indices` in `vllm/distributed/utils.py`). The first stage has the embeddings, the last one the output's,
    the sampler, and the embeddings once more where both are one table (`LlamaModel.__init__` in
    `vllm/model_executor/models/llama.py` and its like). An encoder of pictures stands on every stage.

    >>> [len(stage.layers) for stage in split(30, 4)]
    [7, 8, 8, 7]
    """
    sizes = [layers // stages] * stages
    for place in range(layers % stages):
        sizes[stages - 2 - place] += 1
    found, start = [], 0
    for number, size in enumerate(sizes):
        found.append(PipelineStage(number, stages, range(start, start + size)))
        start += size
    return tuple(found)

"""What a vLLM startup log says of memory: measurements that replace estimates.

The lines are those of vLLM 0.7 to 0.33; some of them need `VLLM_LOGGING_LEVEL=DEBUG`. Of several GPUs' lines the most
counts, and of KV caches the least, as the engine itself does it. Of several starts the last one counts.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from placement.documents.read import read_text
from placement.errors import DocumentError, Fault
from placement.sizing.launch import DTYPES, KV_DTYPES, Launch
from placement.units import BYTES_PER_GIB, whole_in

PARTS = ("context", "non_torch", "weights", "activation", "graphs")
KV, KV_TOKENS = "kv", "kv_tokens"  # what a log measures beside the parts
_START = "non-default args: {"  # of the API server, once a start
_MOST_DIGITS = 15  # of a number of tokens
_NUMBER = r"(-?\b\d+(?:\.\d+)?)"  # from its first digit on alone: else time grows with the square of its length


@dataclass(frozen=True, slots=True)
class StartupLog:
    """Measurements of one launch. Memory of one GPU, GiB; None where the log does not say."""

    source: str
    version: str | None = None
    model: str | None = None
    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    utilization: float | None = None
    context_length: int | None = None
    max_num_seqs: int | None = None
    max_num_batched_tokens: int | None = None
    kv_dtype: str | None = None
    dtype: str | None = None
    enforce_eager: bool = False
    expert_parallel: bool = False
    total_gib: float | None = None
    context_gib: float | None = None
    weights_gib: float | None = None
    activation_gib: float | None = None
    non_torch_gib: float | None = None
    graphs_gib: float | None = None
    kv_gib: float | None = None
    kv_is_given: bool = False  # the KV cache, by an option: it follows from nothing else then
    kv_tokens: int | None = None

    def filled(self, launch: Launch) -> Launch:
        """A launch as it is, and as the log's where it does not say."""
        names = ("context_length", "max_num_seqs", "max_num_batched_tokens")
        taken = {name: getattr(self, name) for name in names if getattr(launch, name) is None}
        if launch.kv_dtype == "auto" and self.kv_dtype in KV_DTYPES:
            taken["kv_dtype"] = self.kv_dtype
        if launch.dtype == "auto" and self.dtype in DTYPES:
            taken["dtype"] = self.dtype
        if "=" not in launch.engine and self.version is not None:
            taken["engine"] = f"{launch.engine}={self.version}"
        flags = {name: getattr(launch, name) or getattr(self, name) for name in ("enforce_eager", "expert_parallel")}
        return replace(launch, **taken, **flags)

    def is_of_other_name(self, name: str) -> bool:
        """Whether the log names its model, otherwise than `name`; publisher and case do not count."""
        return self.model is not None and self.model.rpartition("/")[2].lower() != name.rpartition("/")[2].lower()


_PATTERNS = {
    "total_gib": (
        rf"total_memory={_NUMBER}\s*GiB",
        rf"Free memory on device \({_NUMBER}/{_NUMBER} GiB\)",
        rf"total_gpu_memory \({_NUMBER}\s*GiB\)",
    ),
    "context_gib": (rf"worker init memory snapshot:.*?cuda_memory={_NUMBER}\s*GiB",),
    "weights_gib": (
        rf"Model loading took {_NUMBER} GiB",
        rf"{_NUMBER} GiB for weight",
        rf"model weights take {_NUMBER}",
    ),
    "activation_gib": (
        rf"torch peak memory increase: {_NUMBER}\s*GiB",
        rf"{_NUMBER} GiB for peak activation",
        rf"activation peak memory takes {_NUMBER}",
    ),
    "non_torch_gib": (
        rf"non-torch forward increase memory: {_NUMBER}\s*GiB",
        rf"{_NUMBER} GiB for non-torch memory",
        rf"non_torch_memory takes {_NUMBER}",
    ),
    "graphs_gib": (rf"Graph capturing finished in .*?took {_NUMBER} GiB", rf"CUDA graph pool memory: {_NUMBER} GiB"),
}
# From 0.27 on the weights and what other libraries take are one figure.
_CONSUMED = (rf"{_NUMBER} GiB for consumed memory",)
_KV_GIB = (rf"Available KV cache memory: {_NUMBER} GiB", rf"reserved for KV Cache is {_NUMBER}")
# The KV cache that an option asked for.
_GIVEN_BYTES = r"'kv_cache_memory_bytes': (\d{1,15})\b"
_GIVEN_GIB = (rf"reserved {_NUMBER} GiB memory for KV Cache as specified by kv_cache_memory_bytes",)
_KV_TOKENS = r"GPU KV cache size: ([\d,]+) tokens"


def read_startup_log(path: str | Path) -> StartupLog:
    """The measurements in a startup log.

    Raises DocumentError: it can't be read, or has no line about memory, or one whose number is out of all proportion.
    """
    source, text = read_text(path)
    return parse_startup_log(text, source)


def parse_startup_log(text: str, source: str) -> StartupLog:
    """As `read_startup_log`, of a text.

    >>> parse_startup_log("Model loading took 7.51 GiB memory and 10.5 seconds", "log").weights_gib
    7.51
    """
    text = _last_launch(text)
    measured = {name: _most(patterns, text, source) for name, patterns in _PATTERNS.items()}
    consumed, weights = _most(_CONSUMED, text, source), measured["weights_gib"]
    if measured["non_torch_gib"] is None and consumed is not None and weights is not None:
        measured["non_torch_gib"] = round(consumed - weights, 2)
    stated = _whole(_GIVEN_BYTES, text)
    given = stated / BYTES_PER_GIB if stated else min(_found(_GIVEN_GIB, text, source), default=None)
    pools = _found(_KV_GIB, text, source) if given is None else [given]
    tokens = _tokens(text, source)
    if not pools and not tokens and all(value is None for value in measured.values()):
        rule = "has no line of vLLM about memory; is it a log of its start, with VLLM_LOGGING_LEVEL=INFO or DEBUG?"
        raise DocumentError([Fault("$", rule)], source)
    return StartupLog(
        source=source,
        version=_first(r"LLM engine \(v(\d[\w.]*)", text) or _first(r"server version (\d[\w.]*)", text),
        model=_first(r"with config: model='([^']+)'", text),
        tensor_parallel=_whole(r"tensor_parallel_size=(\d{1,4})\b", text),
        pipeline_parallel=_whole(r"pipeline_parallel_size=(\d{1,4})\b", text),
        utilization=_share(text),
        context_length=_whole(r"max_seq_len=(\d{1,9})\b", text),
        max_num_seqs=_whole(r"max_num_seqs(?:': |=| to )(\d{1,9})\b", text),
        max_num_batched_tokens=_whole(r"max_num_batched_tokens(?:': |=| to )(\d{1,9})\b", text),
        kv_dtype=_first(r"kv_cache_dtype=(\w+)", text),
        dtype=_first(r"\bdtype=torch\.(\w+)", text),
        enforce_eager="enforce_eager=True" in text,
        expert_parallel="'enable_expert_parallel': True" in text,
        kv_gib=min(pools, default=None),
        kv_is_given=given is not None,
        kv_tokens=min(tokens, default=None),
        **measured,
    )


def _tokens(text: str, source: str) -> list[int]:
    """What KV caches hold, in tokens."""
    written = [number for number in re.findall(_KV_TOKENS, text) if number.strip(",")]
    found = [whole_in(number.replace(",", ""), _MOST_DIGITS) for number in written]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(written):
        odd = written[found.index(None)]
        raise DocumentError([Fault(_line(odd, text), "has more tokens than any cache holds", odd)], source)
    return numbers


def _line(words: str, text: str) -> str:
    """Where words stand, as a fault says it."""
    before = text[: text.find(words)].count("\n")
    return f"line {before + 1}"


def _last_launch(text: str) -> str:
    """The text with nothing but line ends before the last of several starts, as a container's log has them."""
    start = text.rfind(_START)
    return text if text.count(_START) < 2 else "\n" * text.count("\n", 0, start) + text[start:]


def _most(patterns: tuple[str, ...], text: str, source: str) -> float | None:
    return max(_found(patterns, text, source), default=None)


def _found(patterns: tuple[str, ...], text: str, source: str) -> list[float]:
    """Numbers of the first pattern that is in the text; of a pair, the second."""
    for pattern in patterns:
        found = [hit if isinstance(hit, str) else hit[-1] for hit in re.findall(pattern, text)]
        numbers = [float(number) for number in found]
        odd = next((number for number in numbers if not -4096 < number < 4096), None)
        if odd is not None:
            where = _line(found[numbers.index(odd)], text)
            raise DocumentError([Fault(where, "has memory that no GPU has, in GiB", odd)], source)
        if numbers:
            return numbers
    return []


def _first(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text)
    return found[1] if found else None


def _whole(pattern: str, text: str) -> int | None:
    found = _first(pattern, text)
    return (int(found) or None) if found else None


def _share(text: str) -> float | None:
    found = _first(rf"'gpu_memory_utilization': {_NUMBER}", text) or _first(rf"Requested memory: {_NUMBER}", text)
    return float(found) if found and 0 < float(found) <= 1 else None

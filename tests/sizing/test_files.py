"""Checkpoints and startup logs: what is read, and what damage is told of; nothing damaged gives a traceback."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placement.errors import DocumentError, PlacementError, UsageError
from placement.sizing import Launch, read_startup_log, size
from placement.sizing.config import parse_config
from placement.sizing.read import model_of
from placement.sizing.startup_log import parse_startup_log
from tests.sizing.test_architectures import PLAIN, QWEN_NEXT
from tests.sizing.test_families import FAMILIES

if TYPE_CHECKING:
    from pathlib import Path

GIB = 2**30
LINES = (
    "worker init memory snapshot: torch_peak=0.01GiB, free_memory=77.66GiB, total_memory=79.19GiB, cuda_memory=1.53GiB",
    "Initializing a V1 LLM engine (v0.19.0) with config: model='m/x', tensor_parallel_size=2, pipeline_parallel_size=1",
    "Model loading took 7.51 GiB memory and 10.5 seconds",
    "Total non KV cache memory: 11.47GiB; torch peak memory increase: 1.89GiB; non-torch forward increase memory: "
    "2.07GiB; weights memory: 7.51GiB.",
    "Available KV cache memory: 63.76 GiB",
    "GPU KV cache size: 1,044,688 tokens",
    "Graph capturing finished in 4 secs, took 0.76 GiB",
    "Free memory on device (77.66/79.19 GiB) on startup. Actual usage is 7.51 GiB for weight, 1.89 GiB for peak "
    "activation, 2.07 GiB for non-torch memory, and 0.76 GiB for CUDAGraph memory.",
)
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1.5,
    1e300,
    float("inf"),
    10**40,
    "",
    "x",
    [],
    [1],
    ["full_attention"],
    {},
    {"a": 1},
]
KEYS = (
    *PLAIN, *QWEN_NEXT, "layer_types", "quantization_config", "rope_scaling", "vision_config", "kv_lora_rank",
    "attn_config", "ffn_config", "multi_query", "use_mla", "num_key_value_heads_per_layer", "is_encoder_decoder",
    "moe", "quantization", "vision_encoder", "hidden_dim", "multiple_of", "ffn_dim_multiplier", "yarn", "n_kv_heads",
    "sliding_window", "block_configs", "text_config", "moe_layer_freq", "head_dim", "attention_chunk_size",
)  # fmt: skip


def folder(path: Path, header: dict[str, Any] | bytes, index: dict[str, Any] | None = None) -> Path:
    """A folder with a plain config and one safetensors file of that header."""
    (path / "config.json").write_text(json.dumps(PLAIN))
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    (path / "model.safetensors").write_bytes(struct.pack("<Q", len(raw)) + raw)
    if index is not None:
        (path / "model.safetensors.index.json").write_text(json.dumps(index))
    return path


def tensor(start: int, end: int) -> dict[str, Any]:
    """One entry of a header."""
    return {"dtype": "I32", "shape": [1], "data_offsets": [start, end]}


def test_headers_give_the_bytes(tmp_path: Path) -> None:
    """Layers beyond the model's are not loaded; the rest counts, split over the GPUs."""
    path = folder(
        tmp_path,
        {
            "__metadata__": {"format": "pt"},
            "model.layers.0.mlp.down_proj.weight": tensor(0, 8 * GIB),
            "model.layers.32.eh_proj.weight": tensor(8 * GIB, 9 * GIB),
            "vision_tower.layers.40.weight": tensor(9 * GIB, 10 * GIB),
        },
    )

    assert size(path, "H100", 1, Launch("vllm=0.19")).weights_gib == 9.0
    assert size(path, "H100", 2, Launch("vllm=0.19")).weights_gib == pytest.approx(4.5, abs=0.01)


def shard(path: Path, name: str, tensors: dict[str, Any]) -> None:
    """A safetensors file that is its header alone."""
    raw = json.dumps(tensors).encode()
    (path / name).write_bytes(struct.pack("<Q", len(raw)) + raw)


def test_numbered_files_without_an_index(tmp_path: Path) -> None:
    """All of them count, Mistral's own copy of the same weights does not, and one that is missing is told."""
    path = folder(tmp_path, {})
    (path / "model.safetensors").unlink()
    for k in (1, 2):
        shard(path, f"model-0000{k}-of-00003.safetensors", {f"layers.{k}.w": tensor(0, 2 * GIB)})

    with pytest.raises(DocumentError, match=r"model-00003-of-00003\.safetensors: is missing, one of 00003 files"):
        size(path, "H100")
    shard(path, "model-00003-of-00003.safetensors", {"layers.3.w": tensor(0, 2 * GIB)})
    shard(path, "consolidated.safetensors", {"layers.3.wq": tensor(0, 6 * GIB)})

    assert size(path, "H100", 1, Launch("vllm=0.19")).weights_gib == 6.0


def test_a_checkpoint_of_32_bits_is_loaded_in_16(tmp_path: Path) -> None:
    """By its headers, or where only the index is there by the config; a type that is asked for counts."""
    path = folder(tmp_path, {"a": {"dtype": "F32", "data_offsets": [0, 8 * GIB]}})

    assert size(path, "H100", 1, Launch("vllm=0.19")).weights_gib == 4.0
    assert size(path, "H100", 1, Launch("vllm=0.19", dtype="float32")).weights_gib == 8.0
    (path / "model.safetensors").unlink()
    (path / "config.json").write_text(json.dumps({**PLAIN, "torch_dtype": "float32"}))
    index = {"metadata": {"total_size": 6 * GIB}, "weight_map": {"a": "pytorch_model.bin"}}
    (path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    assert size(path, "H100", 1, Launch("vllm=0.19")).weights_gib == 3.0


@pytest.mark.parametrize(("part", "is_told"), [(0.001, True), (0.85, True), (0.95, False), (1.0, False)])
def test_files_with_less_than_the_config_tells_of(part: float, is_told: bool, tmp_path: Path) -> None:
    """An adapter, or a broken download: a copy would be said to take far less than it does."""
    whole = size("Llama-3.1-8B-Instruct", "H100", 1, Launch("vllm=0.19"))
    counted = model_of(parse_config(json.dumps(PLAIN), "c"), "c", None).parameters
    assert counted is not None
    total = int(2 * counted.total * part)
    path = folder(tmp_path, {"a": {"dtype": "BF16", "shape": [1], "data_offsets": [0, total]}})

    found = size(path, "H100", 1, Launch("vllm=0.19"))

    assert any("is a part of them missing" in note for note in found.notes) == is_told
    assert not any("is a part of them missing" in note for note in whole.notes)


def test_an_index_without_its_files_has_the_total(tmp_path: Path) -> None:
    """The files may be elsewhere."""
    path = folder(tmp_path, {}, {"metadata": {"total_size": 4 * GIB}, "weight_map": {"a": "model-1-of-2.safetensors"}})

    assert size(path / "config.json", "H100", 1, Launch("vllm=0.19")).weights_gib == 4.0


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"", "header's length is wrong"),
        (b"not json", "its header is not JSON"),
        (b"[1, 2]", "its header is no mapping"),
        ({"a.b": {"data_offsets": [4, 2]}}, r"\$\.a\.b\.data_offsets: must be two rising numbers, got \[4, 2\]"),
        ({"a": 7}, "must be two rising numbers"),
        (b'{"a": {"data_offsets": [0, 4], "data_offsets": [0, 8]}}', r'\$\.a: the key "data_offsets" stands twice'),
    ],
)
def test_a_damaged_checkpoint(header: Any, words: str, tmp_path: Path) -> None:
    """Which file, and where in it."""
    with pytest.raises(DocumentError, match=rf"model\.safetensors(: | at ).*{words}"):
        size(folder(tmp_path, header), "H100")


def test_a_tensor_of_no_layer_that_can_be_is_counted(tmp_path: Path) -> None:
    """A number of more digits than Python reads is a name like any other."""
    path = folder(tmp_path, {f"layers.{'9' * 5000}.w": {"dtype": "BF16", "data_offsets": [0, GIB]}})

    assert size(path, "H100").weights_gib == pytest.approx(1, abs=0.01)


def test_weights_that_are_given_override_what_cannot_be_read(tmp_path: Path) -> None:
    """A damaged checkpoint, or one that Git LFS did not fetch, is not looked at then."""
    path = folder(tmp_path, b"not json")
    (path / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")

    with pytest.raises(DocumentError, match="is a pointer of Git LFS"):
        size(path, "H100")
    assert size(path, "H100", 1, Launch("vllm=0.19", weights_gib=8.1)).weights_gib == 8.1
    assert size(path / "config.json", "H100", 2, Launch("vllm=0.19", checkpoint_gib=8.0)).weights_gib < 4.1


@pytest.mark.parametrize(
    ("index", "words"),
    [
        ({}, r"\$\.metadata: is missing"),
        ({"metadata": {}}, r"\$\.metadata\.total_size: is missing"),
        ({"metadata": {"total_size": "9"}}, "must be a whole number"),
        ({"metadata": {"total_size": 9}}, r"\$\.weight_map: must map each tensor"),
        ({"metadata": {"total_size": 9}, "weight_map": {"a": "../../b"}}, "must name files of the same folder"),
    ],
)
def test_a_damaged_index(index: dict[str, Any], words: str, tmp_path: Path) -> None:
    """The key, and what it must be."""
    with pytest.raises(DocumentError, match=words):
        size(folder(tmp_path, {}, index), "H100")


def test_a_log_of_several_gpus(tmp_path: Path) -> None:
    """The most of each part, the least of the KV caches; a total of 79.19 leaves one kind of accelerator."""
    text = "\n".join([*LINES, "Model loading took 7.60 GiB memory", "Available KV cache memory: 63.50 GiB"])

    log = parse_startup_log(text, "log")

    assert (log.weights_gib, log.kv_gib, log.kv_tokens, log.total_gib) == (7.60, 63.50, 1_044_688, 79.19)
    assert (log.version, log.tensor_parallel, log.context_gib) == ("0.19.0", 2, 1.53)


def test_a_log_with_a_number_that_no_cache_has() -> None:
    """More digits than Python reads: the line is named."""
    with pytest.raises(DocumentError, match=r"log at line 2: has more tokens than any cache holds"):
        parse_startup_log(f"Model loading took 7.60 GiB memory\nGPU KV cache size: {'9' * 5000} tokens", "log")


def test_another_document_beside_a_config_is_told(tmp_path: Path) -> None:
    """ModelOpt's file says how weights are stored; one that does not would leave them as they were trained."""
    (tmp_path / "config.json").write_text(json.dumps(PLAIN))
    (tmp_path / "hf_quant_config.json").write_text('{"format": "placement/v1"}')

    with pytest.raises(DocumentError, match=r"hf_quant_config\.json at \$\.quantization: is missing"):
        size(tmp_path, "H100")
    (tmp_path / "hf_quant_config.json").unlink()
    (tmp_path / "hf_quant_config.json").mkdir()
    with pytest.raises(DocumentError, match=r"hf_quant_config\.json: can't be read"):
        size(tmp_path, "H100")


def test_logs_of_other_versions() -> None:
    """As public logs have it: 0.27 tells weights and other libraries' memory as one, 0.7 has all in two lines."""
    new = parse_startup_log(
        "Model loading took 14.28 GiB memory\n"
        "Free memory on device (30.27/31.4 GiB) on startup. Actual usage is 15.03 GiB for consumed memory (weights + "
        "non-torch), 1.59 GiB for peak activation, and 0.09 GiB for CUDAGraph memory.\n"
        "CUDA graph pool memory: 0.09 GiB (actual), 0.13 GiB (estimated)",
        "log",
    )
    old = parse_startup_log(
        "the current vLLM instance can use total_gpu_memory (15.77GiB) x gpu_memory_utilization (0.90) = 14.20GiB\n"
        "model weights take 7.51GiB; non_torch_memory takes 0.39GiB; PyTorch activation peak memory takes 2.53GiB; the "
        "rest of the memory reserved for KV Cache is 3.76GiB.",
        "log",
    )

    assert (new.total_gib, new.weights_gib, new.non_torch_gib) == (31.4, 14.28, 0.75)
    assert (new.activation_gib, new.graphs_gib) == (1.59, 0.09)
    assert (old.total_gib, old.weights_gib, old.activation_gib, old.non_torch_gib) == (15.77, 7.51, 2.53, 0.39)
    assert old.kv_gib == 3.76


def test_a_log_of_another_launch(tmp_path: Path) -> None:
    """Its degree and its accelerator must be those that are asked for, its weights those of a model of another name."""
    path = tmp_path / "vllm.log"
    path.write_text("\n".join(LINES))
    log = read_startup_log(path)

    with pytest.raises(UsageError, match="tensor-parallel degree 2, and 1 is asked for"):
        size("Qwen3-8B", "H100", 1, log=log)
    with pytest.raises(UsageError, match=r"an accelerator with 79\.19 GiB, and 139\.72 GiB are asked for"):
        size("Qwen3-8B", "H200", 2, log=log)
    found = size("Llama-3.1-8B-Instruct", "H100", 2, log=log)
    (note,) = found.notes
    assert note.startswith("the startup log is of m/x, and meta-llama/Llama-3.1-8B-Instruct is sized: its measurements")
    with pytest.raises(
        UsageError, match=r"m/x, whose KV cache of 63\.76 GiB holds 1,044,688 tokens, and Qwen/Qwen3-8B"
    ):
        size("Qwen3-8B", "H100", 2, log=log)  # weights of about the same size
    with pytest.raises(UsageError, match=r"is of version 0\.19\.0, and --engine vllm=0\.24 is asked for"):
        size("Qwen3-8B", "H100", 2, Launch("vllm=0.24"), log=log)
    assert size("Llama-3.1-8B-Instruct", "H100", 2, Launch("vllm=0.19"), log=log).kv_tokens == 1_044_688
    with pytest.raises(
        UsageError, match=r"is of m/x with 7\.51 GiB .* Qwen/Qwen3-32B has .* add --weights-gib 7\.51 if"
    ):
        size("Qwen3-32B", "H100", 2, log=log)
    own = replace(log, model="elsewhere/Qwen3-32B")
    assert size("Qwen3-32B", "H100", 2, Launch(weights_gib=30.6), log=own).weights_gib == 30.6
    assert size("Qwen3-32B", "H100", 2, log=own).weights_gib == 7.51
    assert found.margin_gib == 0.15


@pytest.mark.parametrize(
    ("launch", "estimated"),
    [
        (Launch(weights_gib=12.0), {"weights"}),
        (Launch(checkpoint_gib=20.0), {"weights"}),
        (Launch(dtype="float32"), {"weights", "activation", "graphs"}),
        (Launch(max_num_seqs=8), {"activation", "graphs"}),
        (Launch(max_num_batched_tokens=65536), {"activation"}),
        (Launch(utilization=0.5), set()),
        (Launch(kv_dtype="fp8"), set()),
        (Launch(memory_gib=78.5), set()),
    ],
)
def test_the_cache_follows_from_what_is_asked_for(launch: Launch, estimated: set[str]) -> None:
    """Not the log's then: what its budget leaves beside the parts as they are now."""
    log = parse_startup_log("\n".join([*LINES, "'gpu_memory_utilization': 0.95"]), "log")
    as_logged = size("Llama-3.1-8B-Instruct", "H100", 2, log=log)

    found = size("Llama-3.1-8B-Instruct", "H100", 2, launch, log=log)

    assert set(as_logged.measured) - set(found.measured) == {*estimated, "kv"}
    beside = found.weights_gib + found.activation_gib + found.non_torch_gib
    budget = (launch.memory_gib or 79.19) * (launch.utilization or 0.95)
    assert found.kv_gib == pytest.approx(budget - beside, abs=0.03)
    assert found.kv_tokens != as_logged.kv_tokens


@pytest.mark.parametrize(
    "launch",
    [
        Launch(weights_gib=7.51),
        Launch(dtype="float16"),
        Launch(max_num_seqs=1024, max_num_batched_tokens=8192),
        Launch(utilization=0.95),
        Launch(context_length=4096),
        Launch(enforce_eager=True),
    ],
)
def test_the_cache_is_as_logged_where_nothing_changes_it(launch: Launch) -> None:
    """What is asked for is what ran, or nothing that the cache of version 0.19 follows from."""
    log = parse_startup_log("\n".join([*LINES, "'gpu_memory_utilization': 0.95"]), "log")

    found = size("Llama-3.1-8B-Instruct", "H100", 2, launch, log=log)

    assert (found.kv_gib, found.kv_tokens) == (63.76, 1_044_688)


def test_a_newer_version_takes_the_context_and_the_graphs_into_account() -> None:
    """Since 0.24 tokens are told of sequences of the longest context, and the budget has the graphs in it."""
    text = "\n".join(LINES).replace("(v0.19.0)", "(v0.29.0)").replace("63.76", "63.00")
    log = parse_startup_log(f"{text}\n'gpu_memory_utilization': 0.95, max_seq_len=8192", "log")
    sizes = [
        size("Llama-3.1-8B-Instruct", "H100", 2, launch, log=log)
        for launch in (Launch(), Launch(context_length=100), Launch(enforce_eager=True))
    ]

    assert [found.kv_gib for found in sizes] == [63.0, 63.0, 63.76]
    assert [found.kv_tokens == 1_044_688 for found in sizes] == [True, False, False]


INFO = (LINES[1], LINES[2], LINES[4], LINES[5], "non-default args: {'gpu_memory_utilization': 0.95}")


def test_a_log_without_the_accelerators_memory() -> None:
    """As INFO has it: the KV cache tells which accelerator it can be of."""
    log = parse_startup_log("\n".join(INFO), "log")

    found = size("Llama-3.1-8B-Instruct", "H100", 2, log=log)

    assert (found.kv_tokens, found.measured) == (1_044_688, ("weights", "kv"))
    with pytest.raises(UsageError, match=r"has a KV cache of 63\.76 GiB, and L4 would have 10\.83: give a log of that"):
        size("Llama-3.1-8B-Instruct", "L4", 2, log=log)
    assert size("Llama-3.1-8B-Instruct", "H100", 2, Launch(weights_gib=20.0), log=log).kv_gib < 52


def test_a_log_of_a_cache_that_was_asked_for() -> None:
    """As the flags of `placement size` start an engine: it follows from nothing, and the flag stands."""
    said = "Initial free memory 78.68 GiB, reserved 8.0 GiB memory for KV Cache as specified by kv_cache_memory_bytes"
    tokens = "GPU KV cache size: 131,072 tokens"
    logs = [
        parse_startup_log("\n".join([LINES[1], LINES[2], line, tokens]), "log")
        for line in (said, "non-default args: {'kv_cache_memory_bytes': 8589934592}")
    ]
    assert [(log.kv_gib, log.kv_is_given) for log in logs] == [(8.0, True), (8.0, True)]

    for launch in (Launch(), Launch(max_num_seqs=8), Launch(weights_gib=20.0)):
        found = size("Llama-3.1-8B-Instruct", "L40S", 2, launch, log=logs[1])
        assert (found.kv_gib, found.kv_tokens) == (8.0, 131_072)
    half = size("Llama-3.1-8B-Instruct", "L40S", 2, Launch("vllm=0.19", kv_dtype="fp8"), log=logs[1])
    assert (half.kv_gib, half.kv_tokens) == (8.0, 262_144)
    assert size("Llama-3.1-8B-Instruct", "L40S", 2, Launch(utilization=0.9), log=logs[1]).kv_gib > 20
    assert "--kv-cache-memory-bytes 8589934592" in half.flags


def test_the_last_of_several_starts_counts() -> None:
    """A container's log has them all."""
    last = "\n".join(INFO[::-1]).replace("63.76", "40.00").replace("1,044,688", "655,360").replace("0.95", "0.65")

    log = parse_startup_log("\n".join([*INFO[::-1], last]), "log")

    assert (log.kv_gib, log.kv_tokens, log.utilization) == (40.0, 655_360, 0.65)
    with pytest.raises(DocumentError, match="line 7: has memory that no GPU has"):
        parse_startup_log("\n".join([*INFO[::-1], INFO[4], "Model loading took 99999 GiB"]), "log")


def test_a_log_in_another_type() -> None:
    """Its type is taken, and what it held in that type is compared."""
    half = "\n".join(LINES).replace("1,044,688", "522,336").replace("7.51", "15.02")
    log = parse_startup_log(half.replace("parallel_size=2,", "parallel_size=2, dtype=torch.float32,"), "log")

    found = size("Llama-3.1-8B-Instruct", "H100", 2, log=log)

    assert (found.kv_tokens, found.weights_gib) == (522_336, 15.02)
    assert "--dtype float32" in found.flags
    assert size("Llama-3.1-8B-Instruct", "H100", 2, Launch(dtype="bfloat16"), log=log).weights_gib < 8


def test_a_log_of_another_kind() -> None:
    """No line of it is about memory, or one is out of all proportion."""
    with pytest.raises(DocumentError, match="has no line of vLLM about memory"):
        parse_startup_log("hello\n", "log")
    with pytest.raises(DocumentError, match="line 2: has memory that no GPU has"):
        parse_startup_log("\nModel loading took 99999 GiB memory", "log")


@given(st.lists(st.one_of(st.sampled_from(LINES), st.text(max_size=40)), max_size=12))
def test_any_log_is_read_or_refused(lines: list[str]) -> None:
    """Never a traceback."""
    try:
        log = parse_startup_log("\n".join(lines), "log")
    except DocumentError:
        return
    assert log.source == "log"


@given(st.data())
def test_any_config_is_sized_or_refused(data: st.DataObject) -> None:
    """A config with keys taken out, or something odd in their place."""
    config = dict(data.draw(st.sampled_from([PLAIN, QWEN_NEXT, *(config for config, _ in FAMILIES.values())])))
    for _ in range(data.draw(st.integers(0, 4))):
        key = data.draw(st.sampled_from(KEYS))
        config[key] = data.draw(st.sampled_from(ODD))
    try:
        launch = Launch(pipeline_parallel=data.draw(st.sampled_from([1, 3])))
        model = model_of(parse_config(json.dumps(config), "c"), "c")
        found = size(model, "H100", data.draw(st.sampled_from([1, 2, 8])), launch)
    except PlacementError:
        return
    assert found.total_gib >= found.weights_gib
    assert found.kv_tokens >= 0


def test_an_empty_file_is_called_empty() -> None:
    """As any other document is."""
    with pytest.raises(DocumentError, match=r"c: is empty"):
        parse_config(" \n", "c")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"hidden_size": 64, "hidden_size": 128}', r'c: the key "hidden_size" stands twice in one mapping'),
        ('{"text_config": {"x": 1, "x": 2}}', r'c at \$\.text_config: the key "x" stands twice'),
        (f'{{"vocab_size": {"9" * 5000}}}', r"c at \$\.vocab_size: must be a shorter number: it has 5000 digits"),
        ("[" * 100_000, r"c: is nested too deeply"),
    ],
    ids=["twice", "twice inside", "digits", "deep"],
)
def test_a_config_that_can_be_read_in_two_ways_or_in_none(text: str, words: str) -> None:
    """As of any other document: which value was meant is not known."""
    with pytest.raises(DocumentError, match=words):
        parse_config(text, "c")


def test_infinity_in_a_config_is_let_pass() -> None:
    """Configs of state-space models have it, as a limit on time steps."""
    assert parse_config('{"time_step_limit": [0.0, Infinity], "x": 1e400}', "c").values["x"] == float("inf")


@given(st.binary(max_size=60))
def test_any_text_is_a_config_or_refused(raw: bytes) -> None:
    """Broken JSON, other JSON."""
    try:
        parse_config(raw.decode("utf-8", "replace"), "c")
    except DocumentError:
        return

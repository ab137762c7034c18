"""Experts that stand whole, each on one of the GPUs that share a layer."""

from __future__ import annotations

from dataclasses import replace

from placement.sizing import Launch, read_model, size
from placement.sizing.startup_log import parse_startup_log
from placement.units import BYTES_PER_GIB

WHOLE = Launch("vllm=0.19", expert_parallel=True)
SPLIT = Launch("vllm=0.19")


def test_the_fullest_gpu_has_an_expert_more() -> None:
    """60 experts on 8 GPUs: 8 stand on each of four, 7.5 would be even; on 4 GPUs there are 15 on each."""
    model = read_model("Qwen1.5-MoE-A2.7B")
    experts = model.architecture.experts
    assert experts is not None
    assert model.parameters is not None
    assert sum(row.experts for row in model.parameters.layers) == 24 * 60 * 3 * 2048 * 1408
    more = 24 * 3 * 2048 * 1408 * (8 - 7.5) * 2 / BYTES_PER_GIB

    on_eight = size(model, "H100", 8, WHOLE).weights_gib - size(model, "H100", 8, SPLIT).weights_gib
    on_four = size(model, "H100", 4, WHOLE).weights_gib - size(model, "H100", 4, SPLIT).weights_gib

    assert abs(on_eight - more) < 0.03
    assert abs(on_four) < 0.03


def test_buffers_are_of_whole_experts() -> None:
    """Of 8,192 tokens with 2 experts each: wider where an expert is not split; nothing else of the parts changes."""
    whole, split = (size("Mixtral-8x7B-Instruct-v0.1", "H100", 2, launch) for launch in (WHOLE, SPLIT))
    buffers = 8192 * 2 * (14336 + 2 * 14336 - 7168 - 14336) * 2 / BYTES_PER_GIB

    assert abs(whole.activation_gib - split.activation_gib - buffers) < 0.02
    assert (whole.non_torch_gib, whole.context_gib) == (split.non_torch_gib, split.context_gib)
    assert "--enable-expert-parallel" in whole.flags
    assert not any("expert" in flag for flag in split.flags)
    assert any("expert parallelism is counted" in note for note in whole.notes)


def test_experts_that_can_not_be_split_can_stand_whole() -> None:
    """MiniMax M2's of 1,536 numbers in blocks of 128, on 8 GPUs; the reason says so."""
    split, whole = (size("MiniMax-M2.7", "H200", 8, replace(launch, checkpoint_gib=215.0)) for launch in (SPLIT, WHOLE))

    assert not split.fits
    assert "an inner width of 1536 can't be split over 8 GPUs" in split.reason
    assert split.reason.endswith("; with --expert-parallel no expert is split")
    assert whole.fits, whole.reason


def test_a_model_without_experts_has_none_to_share_out() -> None:
    """The engine refuses it."""
    found = size("phi-2", "H100", 1, WHOLE)

    assert (found.fits, found.reason) == (
        False,
        "the model has no experts, and vLLM refuses --enable-expert-parallel then",
    )


def test_a_log_tells_of_it() -> None:
    """What it measured holds for a copy that is started so; with whole experts asked for, where it had none, not."""
    line = "non-default args: {'model': 'm', %s'gpu_memory_utilization': 0.9}\nModel loading took 43.53 GiB memory"
    with_it = parse_startup_log(line % "'enable_expert_parallel': True, ", "log")
    without = parse_startup_log(line % "", "log")
    model = "Mixtral-8x7B-Instruct-v0.1"

    assert "--enable-expert-parallel" in size(model, "H100", 2, log=with_it).flags
    assert size(model, "H100", 2, log=without).measured == ("weights",)
    assert size(model, "H100", 2, WHOLE, log=without).measured == ()
    assert size(model, "H100", 2, WHOLE, log=with_it).measured == ("weights",)

"""Sizes against what vLLM 0.19 logged of its own memory on H100, where the published launches are at hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from placement.errors import UsageError
from placement.sizing import Sizing, read_model, read_startup_log, size
from tests.sizing.published import FOLDER, Measured, launches

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"no published launches at {FOLDER}")
LAUNCHES = launches() if FOLDER.is_dir() else []
# Of launches with stages the rows have figures of several: which stage the parts are of, by degree.
STAGE_OF_PARTS = {2: 1, 4: 2}


def _sized(measured: Measured) -> Sizing:
    return size(measured.model, "H100", measured.tensor_parallel, measured.launch)


@pytest.mark.parametrize("measured", LAUNCHES, ids=lambda measured: measured.name)
def test_tokens_within_one_per_cent(measured: Measured) -> None:
    """The pool that is left for the KV cache, and the tokens it holds, when weights are known."""
    assert _sized(measured).kv_tokens == pytest.approx(measured.tokens, rel=0.01)


@pytest.mark.parametrize("measured", LAUNCHES, ids=lambda measured: measured.name)
def test_parts_within_their_errors(measured: Measured) -> None:
    """Each part, and their sum; the issue allows 0.7 GiB of the sum, these formulas are far nearer."""
    if measured.pipeline_parallel > 1:
        pytest.skip("stages have a test of their own")
    found = _sized(measured)

    assert found.activation_gib == pytest.approx(measured.activation, abs=0.08)
    assert found.non_torch_gib == pytest.approx(measured.non_torch, abs=0.22)
    assert found.context_gib == pytest.approx(measured.context, abs=0.06)
    beside_kv = found.weights_gib + found.activation_gib + found.non_torch_gib
    assert beside_kv == pytest.approx(measured.beside_kv, abs=0.25)
    if measured.graphs is not None:
        assert found.graphs_gib == pytest.approx(measured.graphs, abs=0.7)


@pytest.mark.parametrize(
    "measured", [row for row in LAUNCHES if row.pipeline_parallel > 1], ids=lambda measured: measured.name
)
def test_each_stage_is_as_logged(measured: Measured) -> None:
    """Parts of the stage that the row's are of; the pool of the first, whose line the engine logs; tokens of the last.

    The row has weights of a stage in the middle, 3.28 GiB, the first's being 4.26 (degree 4).
    """
    found = _sized(measured)
    stages = {stage.stage: stage for stage in found.stages}
    logged = stages[STAGE_OF_PARTS[measured.pipeline_parallel]]

    assert (found.weights_gib, len(stages)) == (measured.weights, measured.pipeline_parallel)
    for row in (found, logged):  # the row of the weights that were given
        assert row.weights_gib == pytest.approx(measured.weights, abs=0.01)
        assert row.weights_gib + row.activation_gib + row.non_torch_gib == pytest.approx(measured.beside_kv, abs=0.25)
    assert stages[1].kv_gib == pytest.approx(measured.kv, abs=0.1)
    assert stages[measured.pipeline_parallel].kv_tokens == found.kv_tokens == min(s.kv_tokens for s in found.stages)
    assert found.kv_tokens == pytest.approx(measured.tokens, rel=0.004)


@pytest.mark.parametrize("measured", [row for row in LAUNCHES if row.is_running], ids=lambda measured: measured.name)
def test_what_ran_fits(measured: Measured) -> None:
    """No copy that runs is said not to fit."""
    found = _sized(measured)

    assert found.fits, found.reason
    assert found.total_gib <= found.usable_gib


@pytest.mark.parametrize("measured", LAUNCHES, ids=lambda measured: measured.name)
def test_a_pool_of_the_logged_size_holds_the_logged_tokens(measured: Measured) -> None:
    """Bytes of a token alone: the pool as logged, in place of the one that follows from the other parts."""
    if measured.pipeline_parallel > 1:
        pytest.skip("the pool that is logged is of another stage than the tokens")
    found = _sized(measured)

    # kv_gib is rounded to hundredths in the log and here: half a hundredth of 3 GiB is 0.2 %.
    assert found.kv_tokens / found.kv_gib == pytest.approx(measured.tokens / measured.kv, rel=0.004)


@pytest.mark.parametrize("measured", LAUNCHES, ids=lambda measured: measured.name)
def test_weights_and_tokens_from_the_shipped_table(measured: Measured) -> None:
    """Weights counted from the config, as a user has them who gives the model's name alone."""
    try:
        model = read_model(measured.model.name)
    except UsageError:
        pytest.skip("the table has no such model")
    if measured.pipeline_parallel > 1 or "qfp8" in measured.name:
        pytest.skip("stages have a test of their own, and weights quantised while they are loaded are not counted")
    found = size(model, "H100", measured.tensor_parallel, replace(measured.launch, weights_gib=None))

    # Tensors of 8 bits that are not looked at one by one are 0.04 GiB off.
    near = 0.045 if model.architecture.quantisation else 0.015
    assert found.weights_gib == pytest.approx(measured.weights, abs=near)
    assert found.kv_tokens == pytest.approx(measured.tokens, rel=0.004)


def test_a_startup_log_is_read() -> None:
    """The log of one of the launches, as published: every part is in it."""
    log = read_startup_log(FOLDER / "vllm_0.19_llama31-8b_tp2_h100_startup.log")

    assert (log.version, log.model) == ("0.19.0", "meta-llama/Llama-3.1-8B-Instruct")
    assert (log.tensor_parallel, log.utilization, log.total_gib) == (2, 0.95, 79.19)
    assert (log.context_gib, log.weights_gib, log.activation_gib) == (1.53, 7.51, 1.89)
    assert (log.non_torch_gib, log.graphs_gib, log.kv_gib, log.kv_tokens) == (2.07, 0.76, 63.76, 1_044_688)


def test_measurements_replace_estimates() -> None:
    """A sizing with that log has its figures, and says which parts they are."""
    log = read_startup_log(FOLDER / "vllm_0.19_llama31-8b_tp2_h100_startup.log")

    found = size("Llama-3.1-8B-Instruct", "H100", 2, log=log)

    assert (found.weights_gib, found.activation_gib, found.non_torch_gib) == (7.51, 1.89, 2.07)
    assert (found.kv_gib, found.kv_tokens) == (63.76, 1_044_688)
    assert set(found.measured) == {"context", "weights", "activation", "non_torch", "graphs", "kv"}

"""Bytes of a model's weights on each GPU."""

from __future__ import annotations

from typing import TYPE_CHECKING

from placement.errors import UsageError

if TYPE_CHECKING:
    from placement.sizing.activation import Load
    from placement.sizing.read import Model

_GIB = 2**30


def weights_bytes(model: Model, load: Load, stages: int, checkpoint_gib: float | None) -> int:
    """Bytes of weights on each GPU of a copy: of the checkpoint's files, else parameters in the model's type.

    What is split over GPUs is divided by the tensor-parallel degree (heads of keys and values by at most their number);
    norms, routers and a latent's projections stand on each. Tables of sines and cosines are added, as the engine counts
    them as weights. `stages` is the pipeline-parallel degree.

    Raises
    ------
    UsageError
        The model is quantised and no files are there, so that nobody knows its size.
    """
    figures, parameters = model.architecture, model.parameters
    if checkpoint_gib is not None:
        total = checkpoint_gib * _GIB
    elif model.checkpoint is not None:
        total = model.checkpoint.total_bytes
    else:
        total = _by_parameters(model, load)
    part = 1 / load.tensor_parallel if parameters is None else parameters.part(load.tensor_parallel, figures.kv_heads)
    if stages > 1:
        # The last stage decides: it holds the output's embeddings beside its layers.
        outer = 0.0 if parameters is None else figures.vocabulary * figures.hidden / parameters.total
        inner = max(1 - 2 * outer, 0.0)
        part *= outer + inner * -(-figures.layers // stages) / figures.layers
    return int(total * part) + figures.rotary_bytes * load.dtype_bytes // figures.dtype_bytes


def _by_parameters(model: Model, load: Load) -> float:
    """Parameters times their bytes, for models that are not quantised alone."""
    way_out = (
        "name the folder that has model.safetensors.index.json or *.safetensors beside config.json, or give "
        "--weights-gib (on each GPU) or --checkpoint-gib (all files together)"
    )
    quantisation = model.architecture.quantisation
    if quantisation is not None:
        bits = f", {quantisation.bits} bits" if quantisation.bits else ""
        how = f"{quantisation.method}{bits}"
        raise UsageError(f"{model.name} is quantised ({how}), so its parameters do not tell its size: {way_out}")
    if model.parameters is None:
        raise UsageError(f"{model.name}: its config has not all that its parameters are counted from: {way_out}")
    return model.parameters.total * load.dtype_bytes

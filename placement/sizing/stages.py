"""Pipeline stages: which layers stand on each, and what else.

vLLM splits layers evenly, and gives what is left over to the stages before the last, from the back
(`get_pp_indices` in `vllm/distributed/utils.py`). The first stage has the embeddings, the last one the output's, the
sampler, and the embeddings once more where both are one table (`LlamaModel.__init__` in
`vllm/model_executor/models/llama.py` and its like). An encoder of pictures stands on every stage.
"""

from __future__ import annotations

from dataclasses import dataclass


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

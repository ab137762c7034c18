"""The KV cache as vLLM lays it out: groups of layers, blocks of tokens, and how many tokens a pool of memory holds.

Layers that keep the same (a full layer and a sliding one do not) are split into groups of equal size; a block is a page
of every layer of one group, and all groups draw blocks from one pool. So a model with 10 full and 52 sliding layers has
one group of 10 and six, the last one padded: a token takes seven blocks' sixteenth, of ten layers each.
Read in vLLM 0.19, `vllm/v1/core/kv_cache_utils.py`: `_get_kv_cache_groups_uniform_page_size`, `get_num_blocks`,
`_report_kv_cache_config`; the blocks of hybrid models in `vllm/model_executor/models/config.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from placement.sizing.architecture import Cache, LayerKind

BLOCK = 16  # tokens of a block, unless recurrent layers ask for more


@dataclass(frozen=True, slots=True)
class Group:
    """Layers that share a block table: what each keeps, and for how many tokens a block of theirs is."""

    cache: Cache
    block: int  # 0: a block is a whole sequence's state


@dataclass(frozen=True, slots=True)
class KvLayout:
    """A model's KV cache on one GPU: `groups`, and the bytes that one block takes in all layers of a group."""

    groups: tuple[Group, ...]
    block_bytes: int

    @property
    def block(self) -> int:
        """Tokens of the smallest block; 0 when no layer keeps anything of a token."""
        return min((group.block for group in self.groups if group.block), default=0)

    def tokens_in(self, pool_bytes: float) -> int:
        """Tokens that a pool holds, as vLLM up to 0.22 reports them: every group keeps every token.

        Where layers slide or are recurrent, more fit than that; later versions report those (`tokens_at`).
        """
        if not self.groups or not self.block_bytes or not self.block:
            return 0
        blocks = int(max(pool_bytes, 0) // self.block_bytes)
        return blocks // len(self.groups) * self.block

    def tokens_at(self, pool_bytes: float, context: int, batched_tokens: int) -> int:
        """Tokens that a pool holds when all sequences are `context` long, as vLLM reports them since 0.24."""
        need = self.blocks_of_one(context, batched_tokens)
        if not need or not self.block_bytes:
            return 0
        return int(int(max(pool_bytes, 0) // self.block_bytes) / need * context)

    def blocks_of_one(self, context: int, batched_tokens: int) -> int:
        """Blocks that the engine wants to be there for one sequence, which it may compute in one batch."""
        return sum(_blocks(group, context, batched_tokens) for group in self.groups)

    def bytes_for(self, sequences: int, context: int, batched_tokens: int) -> int:
        """Bytes for so many sequences of so many tokens each at a time, and one batch of new tokens among them."""
        each = sum(_blocks(group, context, 0) for group in self.groups)
        windows = [group for group in self.groups if group.cache.kind in (LayerKind.SLIDING, LayerKind.CHUNKED)]
        batch = sum(-(-min(batched_tokens, sequences * context) // group.block) for group in windows)
        # Block 0 is never handed out.
        return (sequences * each + batch + 1) * self.block_bytes if self.groups else 0


def _blocks(group: Group, context: int, batched_tokens: int) -> int:
    """Blocks of one group for one sequence of `context` tokens."""
    cache = group.cache
    if cache.kind is LayerKind.STATE:
        return 1
    if cache.kind is LayerKind.SLIDING:
        return -(-min(cache.window - 1 + batched_tokens, context) // group.block) + 1
    if cache.kind is LayerKind.CHUNKED:
        return -(-min(cache.window + batched_tokens, context) // group.block)
    return -(-context // group.block)


def lay_out(
    caches: Sequence[Cache], tensor_parallel: int, kv_bytes: int, dtype_bytes: int, held: range | None = None
) -> KvLayout:
    """The layout of a model's KV cache on each GPU of a tensor-parallel group.

    `held` are the places of the caches that stand on one stage of a pipeline: groups are made of all of them, and a
    block takes as many pages there as the group with the most layers on that stage has. O(layers) time.
    """
    held = range(len(caches)) if held is None else held
    counts = Counter(caches)
    if not counts:
        return KvLayout((), 0)
    states = [cache for cache in counts if cache.kind is LayerKind.STATE]
    attention = {cache: count for cache, count in counts.items() if cache.kind is not LayerKind.STATE}
    block = _block_size(states, attention, tensor_parallel, kv_bytes, dtype_bytes)
    if not states and len({_slots(cache) for cache in attention}) == 1:
        # All layers keep the same tokens, perhaps of different sizes: one group, the sizes summed.
        total = sum(caches[place].bytes_per_token(tensor_parallel, kv_bytes) for place in held)
        return KvLayout((Group(caches[0], BLOCK),), BLOCK * total)
    pages = {cache: block * cache.bytes_per_token(tensor_parallel, kv_bytes) for cache in attention}
    largest = max([*pages.values(), *(cache.bytes_per_sequence(tensor_parallel, dtype_bytes) for cache in states)])
    groups: list[Group] = []
    places = _places(caches)
    size, most = _group_size([len(where) for where in places.values()]), 0
    for cache, where in places.items():
        # A block of more tokens, where a token takes less; of a recurrent layer, one state.
        tokens = 0 if cache.kind is LayerKind.STATE else block * max(largest // max(pages[cache], 1), 1)
        number = -(-len(where) // size)
        groups.extend([Group(cache, tokens)] * number)
        # Layers are dealt out in turn, so that each stage has about as many of each group.
        most = max(most, *(sum(place in held for place in where[first::number]) for first in range(number)))
    return KvLayout(tuple(groups), most * largest)


def _slots(cache: Cache) -> tuple[LayerKind, int]:
    """What decides for how many tokens a layer keeps anything; latent layers keep all, as full ones do."""
    kind = LayerKind.FULL if cache.kind is LayerKind.LATENT else cache.kind
    return kind, cache.window


def _places(caches: Sequence[Cache]) -> dict[Cache, list[int]]:
    """Layers by what they keep; state layers of different make are one kind, since each takes one page."""
    found: dict[Cache, list[int]] = {}
    for place, cache in enumerate(caches):
        key = replace(cache, state=0, convolution=0) if cache.kind is LayerKind.STATE else cache
        found.setdefault(key, []).append(place)
    return found


def _group_size(counts: list[int]) -> int:
    """Layers of a group: of the kind with the fewest, or with the most where both are about as many."""
    fewest, most = min(counts), max(counts)
    return most if most < 1.5 * fewest else fewest


def _block_size(
    states: list[Cache], attention: dict[Cache, int], tensor_parallel: int, kv_bytes: int, dtype_bytes: int
) -> int:
    """Tokens of a block: enough that a page of attention holds a recurrent state, in steps of 16 (latent: 64)."""
    if not states or not attention:
        return BLOCK
    page = max(cache.bytes_per_sequence(tensor_parallel, dtype_bytes) for cache in states)
    token = max(cache.bytes_per_token(tensor_parallel, kv_bytes) for cache in attention)
    step = 64 if any(cache.kind is LayerKind.LATENT for cache in attention) else BLOCK
    return max(BLOCK, step * -(-page // (step * token))) if token else BLOCK

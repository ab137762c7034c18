"""A startup log held against the copy that is asked for: whether it is of such a copy, and what of it still holds.

A measurement holds as long as nothing is asked for otherwise that it follows from. The engine makes its KV cache of
what the other parts leave, so the log's own holds only if they all do.
"""

from collections.abc import Sequence
from dataclasses import replace

from placement.errors import UsageError, printable
from placement.sizing.case import Case
from placement.sizing.launch import Launch
from placement.sizing.startup_log import KV, KV_TOKENS, PARTS, StartupLog

_ALIKE = 0.1  # of weights: what is counted and what an engine logs differ by less
_NEAR = 0.02  # of the memory that a log reports: drivers differ by less
_SAME_POOL = 0.03  # of an accelerator's memory: activations and other libraries' memory are estimated
_SAME_TOKENS = 0.05  # of a token's bytes: those of a log are rounded, most of all in a small pool


def with_log(cases: Sequence[Case], then: Sequence[Case], log: StartupLog, launch: Launch) -> list[Case]:
    """The stages of a copy with what a log has measured of them, as far as it holds for what is asked for.

    `then` are the stages as they ran, by estimates: a log that does not go with those is of something else.
    Raises UsageError: it is of another model or accelerator.
    """
    _check_weights(log, then, launch)
    _check_tokens(log, then)
    for case in then:
        case.parts.replace(log, PARTS)
    _check_pool(log, then)
    holds = _what_holds(log, launch, cases[0], then[0])
    for case in cases:
        case.parts.replace(log, holds)
    return [replace(case, log=log, holds=holds) for case in cases]


def _what_holds(log: StartupLog, launch: Launch, case: Case, then: Case) -> frozenset[str]:
    """The measurements that hold for a launch, as it was asked for: `PARTS`, `KV` and `KV_TOKENS`."""
    asked, ran, facts = case.load, then.load, case.facts
    lost: set[str] = set()
    if launch.checkpoint_gib is not None or launch.weights_gib not in (None, log.weights_gib):
        lost.add("weights")
    if asked.dtype_bytes != ran.dtype_bytes:
        lost |= {"weights", "activation", "graphs"}
    if asked.expert_parallel != ran.expert_parallel:
        lost |= {"weights", "activation"}
    if asked.batched_tokens != ran.batched_tokens:
        lost.add("activation")
    if asked.sequences != ran.sequences:  # graphs are captured for batches of up to so many
        lost |= {"activation", "graphs"}
    if launch.enforce_eager and not log.enforce_eager:
        lost.add("graphs")
    budget = {"weights", "activation"} | ({"graphs"} if facts.graphs_in_budget else set())
    has_other_budget = lost & budget or launch.memory_gib not in (None, log.total_gib)
    if launch.utilization not in (None, log.utilization) or (has_other_budget and not log.kv_is_given):
        lost |= {KV, KV_TOKENS}
    if launch.kv_dtype not in ("auto", log.kv_dtype):
        lost |= {KV_TOKENS} if log.kv_is_given else {KV, KV_TOKENS}
    if facts.tokens_by_context and launch.context_length not in (None, log.context_length):
        lost.add(KV_TOKENS)
    return frozenset({*PARTS, KV, KV_TOKENS} - lost)


def check_launch(log: StartupLog, degree: int, launch: Launch, usable: float) -> None:
    """Refuse a log of another launch: its measurements would be of something else.

    Raises UsageError: it is of another degree, version of the engine or accelerator.
    """
    for name, ran, asked in (
        ("tensor-parallel", log.tensor_parallel, degree),
        ("pipeline-parallel", log.pipeline_parallel, launch.pipeline_parallel),
    ):
        if ran is not None and ran != asked:
            raise UsageError(
                f"{log.source} is of a launch at {name} degree {ran}, and {asked} is asked for: add --{name} {ran}, "
                "or give a log of that degree"
            )
    _, _, version = launch.engine.partition("=")
    if log.version is not None and version and _minor(version) != _minor(log.version):
        raise UsageError(
            f"{log.source} is of version {printable(log.version)}, and --engine {printable(launch.engine)} is asked "
            "for: leave --engine out, or give a log of that version"
        )
    if log.total_gib is not None and abs(usable / log.total_gib - 1) > _NEAR:
        raise UsageError(
            f"{log.source} is of an accelerator with {log.total_gib:.2f} GiB, and {usable:.2f} GiB are asked for: give "
            "a log of that accelerator, or another --accelerator"
        )


def _minor(version: str) -> list[str]:
    """What of a version decides on memory: 0.19 of v0.19.1."""
    return version.strip("= v").split(".")[:2]


def _check_weights(log: StartupLog, then: Sequence[Case], launch: Launch) -> None:
    """Refuse a log of a model with another name and other weights. The name alone may differ: a folder has any."""
    model = then[0].model.name
    if log.weights_gib is None or launch.has_weights or not log.is_of_other_name(model):
        return
    counted = [case.parts.weights for case in then]
    if all(abs(log.weights_gib / gib - 1) > _ALIKE for gib in counted):
        raise UsageError(
            f"{log.source} is of {printable(log.model or '')} with {log.weights_gib:.2f} GiB of weights on each GPU, "
            f"and {printable(model)} has {counted[0]:.2f}: give a log of {printable(model)}, or add "
            f"--weights-gib {log.weights_gib:g} if it is one"
        )


def _check_tokens(log: StartupLog, then: Sequence[Case]) -> None:
    """Refuse a log of a model with another name whose tokens take other memory."""
    model = then[0].model.name
    if log.kv_gib is None or not log.kv_tokens or not log.is_of_other_name(model):
        return
    held = [case.tokens_in(log.kv_gib) for case in then]
    if all(tokens and abs(log.kv_tokens / tokens - 1) > _SAME_TOKENS for tokens in held):
        raise UsageError(
            f"{log.source} is of {printable(log.model or '')}, whose KV cache of {log.kv_gib:.2f} GiB holds "
            f"{log.kv_tokens:,} tokens, and {printable(model)} would have {held[0]:,} in it: give a log of "
            f"{printable(model)}, or give its folder the name that the log has if it is one"
        )


def _check_pool(log: StartupLog, then: Sequence[Case]) -> None:
    """Refuse a log that does not tell the accelerator's memory, and whose KV cache is not what this one would have."""
    if log.total_gib is not None or log.kv_gib is None or log.kv_is_given:
        return
    made = [case.pool(log.utilization or case.facts.utilization) for case in then]
    if all(abs(log.kv_gib - pool) > _SAME_POOL * then[0].usable for pool in made):
        raise UsageError(
            f"{log.source} has a KV cache of {log.kv_gib:.2f} GiB, and {then[0].gpu.name} would have "
            f"{made[0]:.2f}: give a log of that accelerator, or another --accelerator"
        )

"""What one empty machine holds of one component, when a copy may run by several options."""

import math
from itertools import product

from placement.compiled.capacity import most_beside, most_by_one_option
from placement.compiled.fleet import FleetOption, Shape
from placement.units import WHOLE_SHARE

_LARGEST = 50_000  # mixes, and states of the accelerators, looked at for one machine


class MixTooLargeError(Exception):
    """Too many mixes of options to look at them all."""

    def __init__(self) -> None:
        super().__init__("too many ways to mix options on one machine")


def most_served(shape: Shape, options: list[FleetOption], limit: int, worth: list[int]) -> list[int]:
    """For each number of copies that the machine holds, up to `limit`, the most that they are worth together.

    `worth`: (O,) what a copy by each option is worth, for example its throughput.
    Entry n of the answer is for n copies; the last entry is for as many as the machine holds.
    Raises MixTooLargeError: the options can't be told apart quickly. It is never so with one option, or one that is
    best in everything.

    >>> from placement.compiled.fleet import FleetOption, Shape
    >>> half = FleetOption(0, 1, True, 20480, 0, 0, 0, 0, frozenset())
    >>> pair = FleetOption(1, 2, False, 0, 0, 0, 0, 0, frozenset())
    >>> most_served(Shape(3, 40960, 0, 0), [half, pair], 10, [1, 4])
    [0, 4, 5, 6, 4, 5, 6]
    """
    if len(options) == 1:
        return [n * worth[0] for n in range(most_by_one_option(shape, options[0], limit) + 1)]
    keep = [k for k in range(len(options)) if not _is_dominated(k, options, worth)]
    options, worth = [options[k] for k in keep], [worth[k] for k in keep]
    alone = [most_by_one_option(shape, option, limit) for option in options]
    if len(options) == 1:
        return [n * worth[0] for n in range(alone[0] + 1)]
    if math.prod(n + 1 for n in alone) > _LARGEST:
        raise MixTooLargeError
    best: dict[int, int] = {0: 0}
    looked_at = 0
    for value, mix in _mixes(alone, limit, worth):
        if value <= best.get(sum(mix), -1) or not _host_holds(shape, options, mix):
            continue
        fits, states = _accelerators_hold(shape, options, mix)
        looked_at += states
        if looked_at > _LARGEST:
            raise MixTooLargeError
        if fits:
            best[sum(mix)] = value
    return [best[n] for n in range(len(best))]  # without gaps: a content less a copy still fits


def _mixes(alone: list[int], limit: int, worth: list[int]) -> list[tuple[int, tuple[int, ...]]]:
    """Numbers of copies by each option, the most valuable first."""
    mixes = (mix for mix in product(*(range(n + 1) for n in alone)) if sum(mix) <= limit)
    valued = ((sum(n * each for n, each in zip(mix, worth, strict=True)), mix) for mix in mixes)
    return sorted(valued, reverse=True)


def _is_dominated(k: int, options: list[FleetOption], worth: list[int]) -> bool:
    """Whether another option needs no more of anything and is worth no less; of equal ones the first stays."""
    for other, option in enumerate(options):
        if other == k or worth[other] < worth[k] or not _needs_no_more(option, options[k]):
            continue
        equal = worth[other] == worth[k] and _needs_no_more(options[k], option)
        if not equal or other < k:
            return True
    return False


def _needs_no_more(one: FleetOption, other: FleetOption) -> bool:
    if one.vcpus > other.vcpus or one.host_mib > other.host_mib or one.accelerators > other.accelerators:
        return False
    if one.accelerators == 0:
        return True
    if not one.shared:
        return not other.shared  # each of its accelerators is taken whole, whatever it needs
    return not other.shared or (one.memory_mib <= other.memory_mib and one.share <= other.share)


def _host_holds(shape: Shape, options: list[FleetOption], mix: tuple[int, ...]) -> bool:
    vcpus = sum(n * option.vcpus for n, option in zip(mix, options, strict=True))
    host = sum(n * option.host_mib for n, option in zip(mix, options, strict=True))
    return vcpus <= shape.vcpus and host <= shape.host_mib


def _accelerators_hold(shape: Shape, options: list[FleetOption], mix: tuple[int, ...]) -> tuple[bool, int]:
    """Whether the accelerators of an empty machine hold the mix, and how many states that took.

    Counts per accelerator are enough: when each is at most the copies of its option, and they sum to copies x
    accelerators, they can be dealt out (Gale-Ryser). A sum that is exceeded can be thinned, so it is cut off at 0.
    """
    touches = tuple(n * option.accelerators for n, option in zip(mix, options, strict=True))
    patterns = _patterns(shape, options, mix)
    states, looked_at = {touches}, 0
    for _ in range(shape.accelerators):
        if looked_at > _LARGEST or any(not any(state) for state in states):
            break
        looked_at += len(states) * len(patterns)
        states = {
            tuple(max(0, left - n) for left, n in zip(state, pattern, strict=True))
            for state in states
            for pattern in patterns
        }
    return any(not any(state) for state in states), looked_at


def _patterns(shape: Shape, options: list[FleetOption], mix: tuple[int, ...]) -> list[tuple[int, ...]]:
    """What may stand on one accelerator: one copy that owns it, or shared ones within its memory and shares."""
    found = [
        tuple(int(other == o) for other in range(len(options)))
        for o, option in enumerate(options)
        if mix[o] and option.accelerators and not option.shared
    ]
    tops = [
        most_beside(shape, option, mix[o]) if option.shared and option.accelerators else 0
        for o, option in enumerate(options)
    ]
    for counts in product(*(range(top + 1) for top in tops)):
        memory = sum(n * option.memory_mib for n, option in zip(counts, options, strict=True))
        share = sum(n * option.share for n, option in zip(counts, options, strict=True))
        if any(counts) and memory <= shape.memory_mib and share <= WHOLE_SHARE:
            found.append(counts)
    return found

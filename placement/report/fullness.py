"""Why machines are not full: what a further copy would lack on each, by needs alone and not by rules."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from placement.compiled.fleet import Fleet, FleetOption
from placement.report import words
from placement.report.facts import Device, MachineLoad, PlanFacts
from placement.units import MIB_PER_GIB, MILLI, WHOLE_SHARE

_MOST = 200_000  # pairs of a content and an option that are looked at; beyond, it is not said why

EMPTY = "empty, but paid for"
ROOM = "a further copy would fit"
VCPUS = "vCPUs are used up"
HOST = "host memory is used up"
ACCELERATORS = "no accelerator is free for it"
MEMORY = "free accelerator memory is too little"
PIECES = "free accelerator memory lies in pieces"
SHARES = "accelerator shares are used up"
NOTHING = "nothing else may run here"
UNKNOWN = "not looked at: the fleet is too large"
_ORDER = (ROOM, PIECES, MEMORY, SHARES, ACCELERATORS, VCPUS, HOST, NOTHING, EMPTY, UNKNOWN)


class FullnessReason(NamedTuple):
    """Why no more stands on a machine: one of the short texts above, and a sentence with figures."""

    short: str
    text: str


class Finding(NamedTuple):
    """Machines with one reason: how many, their price together (micro-dollars an hour), and the text of one of them."""

    short: str
    machines: int
    price: int
    example: str


def reasons(facts: PlanFacts) -> dict[MachineLoad, FullnessReason]:
    """The reason of each content. O(contents x options), up to a limit."""
    names = {component.index: component.name for component in facts.fleet.components}
    pools = {pool.name: pool.index for pool in facts.fleet.pools}
    on = _options_by_pool(facts.fleet, {pools[load.pool] for load in facts.loads})
    found: dict[MachineLoad, FullnessReason] = {}
    left = _MOST
    for load in facts.loads:
        options = on[pools[load.pool]]
        left -= len(options)
        found[load] = _reason(load, options, names) if left >= 0 else FullnessReason(UNKNOWN, UNKNOWN)
    return found


def findings(facts: PlanFacts, found: dict[MachineLoad, FullnessReason]) -> list[Finding]:
    """The reasons, machines counted, in a fixed order."""
    machines: Counter[str] = Counter()
    price: Counter[str] = Counter()
    example: dict[str, str] = {}
    for load, number in facts.loads.items():
        short, text = found[load]
        machines[short] += number
        price[short] += number * load.price
        example.setdefault(short, text)
    return [Finding(short, machines[short], price[short], example[short]) for short in _ORDER if machines[short]]


def _options_by_pool(fleet: Fleet, wanted: set[int]) -> dict[int, list[tuple[int, FleetOption]]]:
    """By pool, of those wanted, what may run there; of options with equal needs the first."""
    distinct: dict[tuple[frozenset[int], tuple[int, ...]], tuple[int, FleetOption]] = {}
    for component in fleet.components:
        for option in component.options:
            needs = (option.accelerators, option.shared, option.memory_mib, option.share, option.vcpus, option.host_mib)
            distinct.setdefault((option.pools, needs), (component.index, option))
    found: dict[int, dict[tuple[int, ...], tuple[int, FleetOption]]] = defaultdict(dict)
    for (_, kind), row in distinct.items():
        for p in row[1].pools & wanted:
            found[p].setdefault(kind, row)
    return defaultdict(list, {p: list(options.values()) for p, options in found.items()})


def _reason(load: MachineLoad, options: list[tuple[int, FleetOption]], names: dict[int, str]) -> FullnessReason:
    if not load.copies:
        return FullnessReason(EMPTY, "it must be paid for, and nothing has to run on it")
    if not options:
        return FullnessReason(NOTHING, NOTHING)
    if load.devices:  # it is rented for these; that a copy without any fits beside them says little
        options = [row for row in options if row[1].accelerators] or options
    found = {(c, option): lacking(load, option) for c, option in options}
    fits = [c for (c, _), lacks in found.items() if not lacks]
    if fits:
        return FullnessReason(ROOM, f"by its needs a further copy of {words.shown(names[fits[0]])} would fit here")
    # What keeps out the most of what could run here; with that resource alone in the way counting first.
    votes = Counter(lacks[0] for lacks in found.values() if len(lacks) == 1)
    votes = votes or Counter(what for lacks in found.values() for what in lacks)
    short = most_frequent(votes)
    return FullnessReason(
        short, _figures(short, load, [option for (_, option), lacks in found.items() if short in lacks])
    )


def most_frequent(votes: Mapping[str, int]) -> str:
    """Of reasons that were counted the most frequent one; of equals the most telling."""
    return max(_ORDER, key=lambda what: votes.get(what, 0))


def lacking(load: MachineLoad, option: FleetOption) -> list[str]:
    """What a copy would lack, most telling first; empty when it fits by its needs."""
    lacks = []
    if option.accelerators:
        fitting = sum(_takes(device, option) for device in load.devices)
        if fitting < option.accelerators:
            lacks.append(_lack_of_accelerators(load, option))
    if load.vcpus.room - load.vcpus.used < option.vcpus:
        lacks.append(VCPUS)
    if load.host.room - load.host.used < option.host_mib:
        lacks.append(HOST)
    return lacks


def _takes(device: Device, option: FleetOption, *, shares: bool = True) -> bool:
    """Whether one of the accelerators of a copy may be this one; without looking at `shares` when told so."""
    if device.owned or (not option.shared and device.copies):
        return False
    if shares and WHOLE_SHARE - device.share < option.share:
        return False
    return device.memory.room - device.memory.used >= option.memory_mib


def _lack_of_accelerators(load: MachineLoad, option: FleetOption) -> str:
    if not option.shared:
        return ACCELERATORS
    if sum(_takes(device, option, shares=False) for device in load.devices) >= option.accelerators:
        return SHARES
    return PIECES if sum(_free(load)) >= option.accelerators * option.memory_mib else MEMORY


def _free(load: MachineLoad) -> list[int]:
    return [device.memory.room - device.memory.used for device in load.devices if not device.owned]


def _figures(what: str, load: MachineLoad, options: list[FleetOption]) -> str:
    """The reason in figures: what is free, and the least that is needed."""
    if what == VCPUS:
        free, least = load.vcpus.room - load.vcpus.used, min(option.vcpus for option in options)
        return f"{free / MILLI:,.4g} vCPUs are free, the least that a copy still needs is {least / MILLI:,.4g}"
    if what == HOST:
        free, least = load.host.room - load.host.used, min(option.host_mib for option in options)
        return f"{_gib(free)} of host memory are free, the least that a copy still needs is {_gib(least)}"
    if what == ACCELERATORS:
        free = sum(not device.copies for device in load.devices)
        return f"{words.count(free, 'accelerator')} wholly free, at least {min(o.accelerators for o in options)} needed"
    if what == SHARES:
        free = WHOLE_SHARE - min(device.share for device in load.devices if not device.owned)
        least = min(option.share for option in options)
        part, needed = words.percent(free, WHOLE_SHARE), words.percent(least, WHOLE_SHARE)
        return f"{part} of an accelerator's shares are free, the least that a copy needs is {needed}"
    least = min(option.memory_mib for option in options)
    roomiest = max(_free(load), default=0)
    return f"the roomiest accelerator has {_gib(roomiest)} free, the least that a copy needs is {_gib(least)}"


def _gib(mib: int) -> str:
    return f"{mib / MIB_PER_GIB:,.3g} GiB"

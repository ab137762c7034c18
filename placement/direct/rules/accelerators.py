"""Accelerators: memory and share on each of them, and one that is owned holds nothing else."""

from collections import defaultdict
from itertools import pairwise

from placement.compiled.fleet import Shape
from placement.compiled.shared_need import SharedNeed
from placement.direct.program import Var, total_of, weighted
from placement.direct.slots import Slot
from placement.direct.variables import Variables
from placement.units import WHOLE_SHARE


def accelerator_capacity(model: Variables) -> None:
    """Each copy has its accelerators, and each accelerator holds what touches it."""
    for slot in model.slots:
        _on_machine(model, slot)


def _on_machine(model: Variables, slot: Slot) -> None:
    s, shape, program = slot.index, model.fleet.pools[slot.pool].shape, model.program
    shared: dict[SharedNeed, list[Var]] = defaultdict(list)
    alone = []
    for _, _, var, option in model.free(s):
        if option.accelerators and option.shared:
            shared[SharedNeed.of(option)].append(var)
        elif option.accelerators:
            alone.append((var, option.accelerators))
    may_stay = [(place.accelerators, var, option) for place, var, option in model.may_stay(s) if place.accelerators]
    if alone and not shared and not may_stay:  # whole accelerators only: their number is enough
        program.within(alone, shape.accelerators, model.used[s])
        return
    if alone:
        model.owned[s] = [program.variable(0, 1) for _ in range(shape.accelerators)]
        program.equal(total_of(model.owned[s]), weighted(alone))
    touching = {need: _touching(model, need, s, shape, free) for need, free in shared.items()}
    for k in range(shape.accelerators):
        owners = [model.owned[s][k]] if alone else []
        owners += [var for ks, var, option in may_stay if k in ks and not option.shared]
        sharers = [(need, var) for need, parts in touching.items() for var in parts[k]]
        sharers += [(SharedNeed.of(option), var) for ks, var, option in may_stay if k in ks and option.shared]
        _one_accelerator(model, s, shape, owners, sharers)
    if model.form.tight and not may_stay:  # nothing tells them apart
        for left, right in pairwise(model.owned.get(s, ())):
            program.at_least(left, right)


def _touching(model: Variables, need: SharedNeed, s: int, shape: Shape, free: list[Var]) -> list[list[Var]]:
    """For each accelerator, the variables whose sum is the free copies of this need that touch it."""
    if need.accelerators == shape.accelerators:  # every copy touches every accelerator
        return [free] * shape.accelerators
    most = need.most_in(shape.memory_mib, WHOLE_SHARE, sum(var.high for var in free))
    counts = [model.program.variable(0, most) for _ in range(shape.accelerators)]
    model.touching[need, s] = counts
    model.program.equal(total_of(counts), need.accelerators * total_of(free))
    if need.accelerators > 1 and (most > 1 or model.form.tight):  # else the sum says it already
        for count in counts:
            model.program.at_most(count, total_of(free))
    return [[count] for count in counts]


def _one_accelerator(
    model: Variables, s: int, shape: Shape, owners: list[Var], sharers: list[tuple[SharedNeed, Var]]
) -> None:
    """Memory and share of those who share it, or one owner."""
    program, used = model.program, model.used[s]
    program.within([(var, need.memory_mib) for need, var in sharers], shape.memory_mib, used, whole=owners)
    program.within([(var, need.share) for need, var in sharers], WHOLE_SHARE, used, whole=owners)
    if owners:
        program.at_most(total_of(owners), used)
    weightless = [var for need, var in sharers if not need.memory_mib and not need.share]
    if owners and weightless:  # kept off by no other row
        program.switch(weightless, sum(var.high for var in weightless), used - total_of(owners))

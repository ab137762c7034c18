"""What runs by one problem, such as an import of a cluster, as what runs by another that was kept for its rules."""

from placement.documents import Option, Problem
from placement.documents.problem import revised
from placement.errors import DocumentError, Fault, nearest


def joined(kept: Problem, runs: Problem, source: str = "running") -> Problem:
    """The kept problem with the machines and copies that run by the other, in place of its own.

    A machine is of the pool of the same name, else of the one pool of its type and zone; one that is of none is left
    out, with all that it holds, where no component of the kept problem runs. A copy is of the component of the same
    name, by the option that is the most like what it has there.
    Raises DocumentError: the kept problem has no such pool or component, at the row of the other (the `source`) that
    names it.
    """
    pool_of, types = _pools(kept, runs), {row.name: row.instance_type for row in kept.pools}
    ours = {row.name: row.modes for row in kept.components}
    theirs = {row.name: row for row in runs.components}
    used = {row.instance for row in runs.placements if row.component in ours}
    faults, machines, copies = [], {}, []
    for k, row in enumerate(runs.instances):
        if pool_of[row.pool] in types:
            machines[row.id] = row.model_copy(update={"pool": pool_of[row.pool]})
        elif row.id in used:
            faults.append(
                Fault(f"$.instances[{k}].pool", f"is none that was kept; {nearest(row.pool, types)}", row.pool)
            )
    for k, copy in enumerate(runs.placements):
        name = copy.component
        if name in ours and copy.instance in machines:
            has = theirs[name].modes[theirs[name].option_index(copy.option)]
            option = _most_like(kept, ours[name], has, types[machines[copy.instance].pool])
            copies.append(copy.model_copy(update={"option": option}))
        elif copy.instance in machines:
            faults.append(Fault(f"$.placements[{k}].component", f"is none that was kept; {nearest(name, ours)}", name))
    if faults:
        raise DocumentError(faults, source)
    return revised(kept, instances=list(machines.values()), placements=copies)


def _pools(kept: Problem, runs: Problem) -> dict[str, str]:
    """By the name of a pool of what runs, that of the kept problem; its own where there is none."""
    names = {row.name for row in kept.pools}
    found = {}
    for row in runs.pools:
        alike = [p.name for p in kept.pools if (p.instance_type, p.zone) == (row.instance_type, row.zone)]
        found[row.name] = alike[0] if row.name not in names and len(alike) == 1 else row.name
    return found


def _most_like(kept: Problem, modes: tuple[Option, ...], has: Option, instance_type: str) -> int:
    """The option that may run on such a machine, with as many accelerators and the nearest memory."""
    accelerator = kept.instance_types[instance_type].accelerator

    def unlike(o: int) -> tuple[bool, int, float]:
        on, types = modes[o].on, modes[o].instance_types
        elsewhere = (on is not None and accelerator not in on) or (types is not None and instance_type not in types)
        memory = abs(modes[o].accelerator_memory_gib - has.accelerator_memory_gib)
        return elsewhere, abs(modes[o].accelerators - has.accelerators), memory

    return min(range(len(modes)), key=unlike)

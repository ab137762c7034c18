"""Rules of one machine but for its accelerators: copies need it in use, at most so many, and room on the host.

And who may stand there with whom: `dedicated` and `avoid`, groups too (`compiled.fleet` resolves them).
"""

from placement.direct.program import Count, Var, fixed, total_of
from placement.direct.variables import Variables


def copies_on_used_machines(model: Variables) -> None:
    """No copy on a machine that is not in use; of a component no more than `max_per_instance` and a cordon allow."""
    for (c, s), here in model.here.items():
        most = model.most_copies(model.fleet.components[c], model.slots[s])
        model.program.switch(here, most, model.used[s])


def host_capacity(model: Variables) -> None:
    """vCPUs and host memory of a machine hold what its copies need."""
    for slot in model.slots:
        s, shape = slot.index, model.fleet.pools[slot.pool].shape
        needs = [(var, option) for _, _, var, option in model.free(s)]
        needs += [(var, option) for _, var, option in model.may_stay(s)]
        model.program.within([(var, option.vcpus) for var, option in needs], shape.vcpus, model.used[s])
        model.program.within([(var, option.host_mib) for var, option in needs], shape.host_mib, model.used[s])


def dedicated(model: Variables) -> None:
    """On a machine there is one dedicated component, or others."""
    components = model.fleet.components
    for s, here in model.components_on.items():
        alone = [model.present(c, s) for c in here if components[c].dedicated] if len(here) > 1 else []
        others = [c for c in here if not components[c].dedicated]
        if alone:
            company = [*alone, *([_someone(model, others, s)] if others else [])]
            model.program.at_most(total_of(company), _one(model, s))


def avoid(model: Variables) -> None:
    """Of two components that avoid each other, one is on a machine."""
    for s, here in model.components_on.items():
        for c in here:
            for d in sorted(model.fleet.components[c].avoids.intersection(here)):
                if c < d:
                    model.program.at_most(model.present(c, s) + model.present(d, s), _one(model, s))


def _one(model: Variables, s: int) -> Count:
    """1, or where rows are to be tight whether the machine is in use."""
    return model.used[s] if model.form.tight else fixed(1)


def _someone(model: Variables, components: list[int], s: int) -> Var:
    """1 when any of these components is on machine s."""
    indices = [var.index for c in components for var in model.here[c, s]]
    someone = model.program.derive(0, 1, lambda values: int(any(values[v] for v in indices)))
    for c in components:
        most = model.most_copies(model.fleet.components[c], model.slots[s])
        model.program.switch(model.here[c, s], most, someone)
    return someone

"""Why new copies fit on no machine of any pool, with what they need beside what machines have at most.

Each pool has one empty machine here, and nothing stands beside the copy, so one text tells of all pools.
What a copy lacks on each machine that runs, beside whom and by which rule of company, is `replanning.shortfall`.
"""

from collections.abc import Iterator

from placement.compiled.fleet import FleetOption, Shape, allows
from placement.documents import Component, Problem
from placement.errors import printable
from placement.units import MIB_PER_GIB, MILLI, as_given, need, room

_NAMED = 3  # options whose lack is told
_UNITS = {"accelerators": 1, "GiB on each accelerator": MIB_PER_GIB, "vCPUs": MILLI, "GiB of host memory": MIB_PER_GIB}


def lacks_everywhere(problem: Problem, row: Component, options: tuple[FleetOption, ...], shapes: list[Shape]) -> str:
    """What each of these options of a component needs that no empty machine has; empty where nothing is found.

    Parameters
    ----------
    options : compiled, of those of `row`. shapes : of one empty machine of each pool, in the order of the problem.
    """
    told = []
    for option in options[:_NAMED]:
        mode = row.modes[option.index]
        may = [
            p
            for p, pool in enumerate(problem.pools)
            if (row.zones is None or pool.zone in row.zones) and allows(problem, mode, p)
        ]
        if not may:
            lists = {"on": mode.on, "instance_types": mode.instance_types, "zones": row.zones}
            given = " and ".join(key for key, names in lists.items() if names is not None)
            why = "may run on no pool: " + (f"none is allowed by {given}" if given else "the problem has none")
        else:
            why = _short({printable(problem.pools[p].name): shapes[p] for p in may}, option)
        if why:
            told.append(f"an option that {why}" if len(options) > 1 else f"it {why}")
    if len(options) > _NAMED:
        told.append(f"{len(options) - _NAMED} more options fit nowhere either")
    return "; ".join(told)


def _short(shapes: dict[str, Shape], option: FleetOption) -> str:
    """What is missing on all machines; where none is, what is missing on a machine that lacks the fewest resources."""
    rows = {pool: list(_lacks(shape, option)) for pool, shape in shapes.items()}
    everywhere = set.intersection(*({what for what, _, _ in row} for row in rows.values()))
    if everywhere:
        found = [lack for row in rows.values() for lack in row if lack[0] in everywhere]
        most = {what: (needed, max(there for other, _, there in found if other == what)) for what, needed, _ in found}
        where, lacks = "machines on which it may run have at most", [(what, *pair) for what, pair in most.items()]
    else:
        pool, lacks = min(rows.items(), key=lambda row: len(row[1]))
        where = f"a machine of pool {pool}, the nearest, has"
    if not lacks:
        return ""
    pairs = [_as_given(*lack) for lack in lacks]
    needs = " and ".join(f"{needed:.10g} {what}" for (what, _, _), (needed, _) in zip(lacks, pairs, strict=True))
    return f"needs {needs}, where {where} {' and '.join(f'{there:.10g}' for _, there in pairs)}"


def _lacks(shape: Shape, option: FleetOption) -> Iterator[tuple[str, int, int]]:
    """By resource: what one copy needs, and what an empty machine has that is less, in whole units."""
    rows = (
        ("accelerators", option.accelerators, shape.accelerators),
        ("GiB on each accelerator", option.memory_mib if option.accelerators else 0, shape.memory_mib),
        ("vCPUs", option.vcpus, shape.vcpus),
        ("GiB of host memory", option.host_mib, shape.host_mib),
    )
    for what, needed, there in rows:
        if needed > there:
            yield what, needed, max(there, 0)


def _as_given(what: str, needed: int, there: int) -> tuple[float, float]:
    """Both as the problem has them; in whole units where they would read alike: one is rounded up, the other down."""
    unit = _UNITS[what]
    pair = as_given(needed, unit, need), as_given(there, unit, room)
    return pair if pair[0] > pair[1] else (needed / unit, there / unit)

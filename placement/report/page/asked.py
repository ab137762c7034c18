"""What was asked for, where there is no plan to show: what must run, and what may be rented."""

from typing import Any

from placement.bounds.infeasible import need_in_words
from placement.compiled.fleet import Fleet, FleetComponent
from placement.report.map.sketch import colour_class
from placement.report.page import grid
from placement.report.page.grid import Head, PageCell, PageTable
from placement.report.page.view import View
from placement.units import MIB_PER_GIB


def asked(view: View) -> dict[str, Any]:
    return {"grids": [_components(view.fleet), _supply(view)]}


def _components(fleet: Fleet) -> PageTable:
    rows: list[grid.Row] = [
        (
            grid.name(component.name, colour_class(c)),
            grid.number(component.required),
            grid.number(component.optional),
            PageCell("; or ".join(dict.fromkeys(need_in_words(row) or "nothing" for row in component.options))),
            grid.number(_pools(component)),
        )
        for c, component in enumerate(fleet.components)
    ]
    heads = (
        Head("component"),
        *grid.numbers("must run", "optional"),
        Head("one copy needs"),
        *grid.numbers("pools that hold one"),
    )
    return grid.table("What must run", heads, rows, "component")


def _pools(component: FleetComponent) -> int:
    return len(frozenset[int]().union(*(option.pools for option in component.options)))


def _supply(view: View) -> PageTable:
    fleet = view.fleet
    rows: list[grid.Row] = []
    for pool, row in zip(fleet.pools, view.problem.pools, strict=True):
        most = PageCell("no limit", 1e18) if pool.max_instances is None else grid.number(pool.max_instances)
        gib = pool.shape.memory_mib / MIB_PER_GIB
        accelerators = f"{pool.shape.accelerators} with {gib:,.4g} GiB" if pool.shape.accelerators else "none"
        rows.append(
            (
                grid.name(pool.name),
                grid.name(row.instance_type),
                grid.name(row.zone),
                PageCell(accelerators, pool.shape.accelerators),
                most,
                grid.money(pool.price),
            )
        )
    heads = (Head("pool"), Head("instance type"), Head("zone"), *grid.numbers("accelerators", "quota", "$ an hour"))
    return grid.table("What may be rented", heads, rows, "pool")

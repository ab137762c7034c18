"""What is left of a component when a pool or an instance is lost: caps on the copies there that keep enough elsewhere.

With n copies placed a floor a says that no pool, or no instance, holds more than n - a. While a plan is built n is not
known, where copies are optional or serve a demand; then the caps are those of the fewest copies there may be, which ask
for more than the rule does.
"""

from dataclasses import replace

from placement.compiled.fleet import FleetComponent


def survives(component: FleetComponent, placed: int, in_pool: int, on_one: int) -> bool:
    """Whether `placed` copies with at most so many in one pool and on one instance keep both floors."""
    if not placed and not component.required:
        return True
    return placed - in_pool >= component.pool_loss_floor and placed - on_one >= component.instance_loss_floor


def cap_per_pool(component: FleetComponent) -> int | None:
    """Copies that one pool may hold, of the fewest there may be; None without a floor."""
    floor = component.pool_loss_floor
    return _fewest(component, floor) - floor if floor else None


def cap_per_instance(component: FleetComponent) -> int | None:
    """Copies that one instance may hold, by `max_per_instance` and of the fewest there may be; None for no limit."""
    floor, cap = component.instance_loss_floor, component.max_per_instance
    most = _fewest(component, floor) - floor if floor else None
    return most if cap is None else cap if most is None else min(cap, most)


def capped_by_placed(component: FleetComponent, floor: int, placed: int) -> FleetComponent:
    """The component with a cap per instance that leaves `floor` of just `placed` copies when any one is lost."""
    if not floor:
        return component
    most, cap = max(0, placed - floor), component.max_per_instance
    return replace(component, max_per_instance=most if cap is None else min(cap, most))


def most_by_floor(component: FleetComponent, floor: int) -> int | None:
    """Copies that one pool, or one instance, may hold in any plan, for a floor; None where that says nothing.

    Taken at all copies there may be: so it holds in every plan, where `cap_per_pool` and `cap_per_instance` help to
    build one.
    """
    if not floor or not (component.required or component.demand):
        return None
    return max(0, component.copies - floor)


def _fewest(component: FleetComponent, floor: int) -> int:
    """The fewest copies of a plan that has any: what is required, what serves the demand, and one beyond the floor."""
    fastest = max((option.throughput for option in component.options), default=0)
    serving = -(-component.demand // fastest) if component.demand and fastest else 0
    return max(component.required, serving, floor + 1)

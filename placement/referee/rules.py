"""Every rule of the format, one function a family."""

from collections.abc import Iterator

from placement.referee.components import how_many, losses, spread
from placement.referee.fleet import by_instance, limits, most_moves, pinned, quotas, running_machine
from placement.referee.machines import copies_at_their_places, machines
from placement.referee.rows import assignment_rows, instance_rows
from placement.referee.standing import Standing
from placement.referee.verdict import Violation


def broken(stand: Standing) -> Iterator[Violation]:
    """Every broken rule: rows first, then copies, machines, components, pools and what runs now."""
    yield from instance_rows(stand)
    yield from assignment_rows(stand)
    yield from copies_at_their_places(stand)
    yield from machines(stand)
    for component in stand.components.values():
        yield from how_many(stand, component)
        yield from spread(stand, component)
        yield from losses(stand, component)
    yield from quotas(stand)
    yield from limits(stand)
    now = by_instance(stand.problem.placements)
    for instance in stand.running.values():
        yield from running_machine(stand, instance, now.get(instance.id, []))
    yield from pinned(stand)
    yield from most_moves(stand)

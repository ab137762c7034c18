"""Rules of a plan's rows: they refer to what there is."""

from collections.abc import Iterator

from placement.documents import Instance
from placement.documents.plan import PlanInstance
from placement.referee.standing import Standing
from placement.referee.verdict import Violation


def instance_rows(stand: Standing) -> Iterator[Violation]:
    """Every machine of the plan is of a pool there is, stands once, and is what it says: new, or one that runs now."""
    seen: set[str] = set()
    for row in stand.plan.instances:
        if row.id in seen:
            yield Violation("unique-instance", row.id, "is listed twice in the plan's instances")
        seen.add(row.id)
        if row.pool not in stand.pools:
            yield Violation("known-pool", row.id, f'is of pool "{row.pool}", which the problem does not have')
        else:
            yield from _identity(row, stand.running.get(row.id))


def _identity(row: PlanInstance, running: Instance | None) -> Iterator[Violation]:
    if running is None:
        if not row.new:
            yield Violation("known-instance", row.id, "is said to run now, but the problem has no such instance")
        return
    if row.says_new:
        yield Violation("known-instance", row.id, "is said to be new, but the problem has it among its instances")
    if running.pool != row.pool:
        yield Violation("instance-pool", row.id, f"runs in pool {running.pool}, but the plan says {row.pool}")


def assignment_rows(stand: Standing) -> Iterator[Violation]:
    """Every copy is of a component and an option there are, on a machine that the plan lists."""
    if stand.copies == len(stand.plan.assignments):
        return
    for index, row in enumerate(stand.plan.assignments):
        where = f"assignments[{index}]"
        if row.component not in stand.components:
            yield Violation("known-component", where, f'component "{row.component}" is not in the problem')
            continue
        if row.instance not in stand.machines:
            yield Violation("listed-instance", where, f'instance "{row.instance}" is not in the plan\'s instances')
        options = len(stand.modes[row.component])
        if row.option >= options:
            message = f"option {row.option} of {row.component}, which has {options}, numbered from 0"
            yield Violation("known-option", where, message)

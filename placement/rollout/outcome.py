"""What a fleet is once a rolling update of a component is done: what the next plan starts from."""

from placement.documents import Option, Plan, Problem
from placement.documents.problem import revised
from placement.documents.rollout import Rollout
from placement.errors import UsageError, printable


def after_rollout(problem: Problem, rollout: Rollout) -> tuple[Problem, Plan]:
    """The problem with the options that the component has then, and what runs then as a plan of it.

    Where new copies run by options that it had, it keeps all of them. Else it has the new ones, and of the old ones
    those by which pinned copies run.

    Raises UsageError: the rollout updates nothing, or is of another problem.
    """
    if rollout.asked is None or rollout.plan is None:
        raise UsageError(f"running at $.status: is {rollout.status}, and updates nothing", "running")
    name = rollout.component
    old, wide = _options(problem, name), _options(Problem(**rollout.asked), name)
    if not old or wide[: len(old)] != old:
        told = f"is of another problem: {printable(name)} has other options here"
        raise UsageError(f"running at $.asked: {told}; roll out anew", "running")
    rows = rollout.plan.assignments
    new, pinned = wide[len(old) :], {row.option for row in rows if row.component == name and row.option < len(old)}
    kept = [k for k in range(len(old)) if k in pinned or all(_same(option, old) is not None for option in new)]
    options = [old[k] for k in kept]
    number = {k: at for at, k in enumerate(kept)}
    for k, option in enumerate(new, start=len(old)):
        at = _same(option, options)
        number[k] = len(options) if at is None else at
        options += [option] if at is None else []
    moved = tuple(
        row.model_copy(update={"option": number[row.option]}) if row.component == name else row for row in rows
    )
    document = problem.to_document()["components"]
    direct = {key for option in options for key in type(option).model_fields} - {"name"}
    components = [
        {key: value for key, value in row.items() if key not in direct}
        | {"options": [option.model_dump(mode="json", exclude_unset=True) for option in options]}
        if row["name"] == name
        else row
        for row in document
    ]
    return revised(problem, components=components), rollout.plan.model_copy(update={"assignments": moved})


def _options(problem: Problem, name: str) -> list[Option]:
    return [mode for row in problem.components if row.name == name for mode in row.modes]


def _same(option: Option, options: list[Option]) -> int | None:
    """Which of some options says the same by whatever name."""
    told = option.model_dump(exclude={"name"})
    return next((k for k, other in enumerate(options) if other.model_dump(exclude={"name"}) == told), None)

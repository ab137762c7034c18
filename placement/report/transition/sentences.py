"""What a transition comes to, and each of its steps, in words."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from placement.documents.transition import Transition, TransitionStep
from placement.grouping import grouped
from placement.report import words
from placement.units import micro_dollars


def clock(seconds: float) -> str:
    """Seconds from the beginning as minutes and seconds.

    >>> clock(0), clock(75), clock(3700)
    ('0:00', '1:15', '1:01:40')
    """
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"


def by_batch(found: Transition) -> list[list[TransitionStep]]:
    batches = grouped((step.batch, step) for step in found.steps)
    return [batches[number] for number in sorted(batches)]


def headline(found: Transition) -> str:
    """The whole transition in one line."""
    if not found.found:
        return "no safe order exists: proven" if found.status == "infeasible" else "no safe order was found"
    if not found.steps:
        return "nothing to do: what runs is the plan"
    moves = words.count(found.moves or 0, "move")
    batches = words.count(found.batches or 0, "batch", "batches")
    return f"{moves} in {batches}, {words.seconds(found.duration_seconds or 0)}"


def summary(found: Transition, most: int | None = None) -> Iterator[str]:
    """What it takes, what is proven, what is allowed, what to know; of very many components the first `most`."""
    yield headline(found)
    if not found.found:
        if found.reason:
            yield words.shown(found.reason)
    elif found.steps:
        yield _temporary(found)
        yield _proof(found)
        yield from _serving(found, most)
    for note in found.notes:
        yield f"note: {words.shown(note)}"


def _serving(found: Transition, most: int | None) -> Iterator[str]:
    """Which copies stop for good, and which of the others may be missing on the way."""
    ended = stopped_for_good(found)
    if ended:
        yield f"copies that stop for good: {_by_component(ended, most)}"
    changed = {step.component for step in found.steps}
    missing = {name: count for name, count in (found.unavailable or {}).items() if name in changed}
    if missing:
        yield f"copies that may be missing: {_by_component(missing, most)}"
    else:
        others = "other " if ended else ""
        grows = any(more > 0 for more in _more_copies(found).values())
        yield f"all {others}copies {'that run now ' if grows else ''}serve at every moment"


def _more_copies(found: Transition) -> Counter[str]:
    """By component, how many copies more run in the end; below 0 where fewer do."""
    more: Counter[str] = Counter()
    for step in found.steps:
        if step.component is not None:
            more[step.component] += (step.action == "start") - (step.action == "stop")
    return more


def stopped_for_good(found: Transition) -> dict[str, int]:
    return dict(-_more_copies(found))


def _by_component(counts: Mapping[str, int], most: int | None) -> str:
    told = ", ".join(f"{words.shown(name)}: {count}" for name, count in list(counts.items())[:most])
    if most is None or len(counts) <= most:
        return told
    left = list(counts.values())[most:]
    return f"{told} and {words.count(sum(left), 'copy', 'copies')} of {words.count(len(left), 'more component')}"


def _temporary(found: Transition) -> str:
    over = words.count(found.stopovers or 0, "copy stops", "copies stop") + " over on the way"
    if not found.temporary_hours:
        return f"no temporary machine; {over}" if found.stopovers else "no temporary machine"
    machines = len({step.instance for step in found.steps if step.temporary and step.action == "open"})
    money = words.money(micro_dollars(found.temporary_cost or 0))
    hours = f"{found.temporary_hours:.2f} machine-hours, {money}"
    return f"{words.count(machines, 'temporary machine')}, {hours}; {over}"


def _proof(found: Transition) -> str:
    if found.status == "optimal":
        return "no order takes fewer temporary machine-hours, nor as many in fewer batches: proven"
    hours = found.temporary_hours_bound or 0
    least = f"at least {words.count(found.batches_bound or 0, 'batch', 'batches')}"
    if (found.temporary_hours or 0) > hours:
        return f"proven: {least}, and at least {hours:.2f} temporary machine-hours"
    return f"proven: {least} with as few temporary machine-hours"


def sentence(step: TransitionStep, name: Callable[[str], str] = words.shown) -> str:
    """One step as an order; `name` is how a name is written."""
    machine, pool = name(step.instance or ""), name(step.pool or "")
    if step.action == "wait":
        return "wait until all are ready"
    if step.component is None:
        verb = "open machine" if step.action == "open" else "close machine"
        mark = ", for this transition only" if step.temporary and step.action == "open" else ""
        return f"{verb} {machine} of pool {pool}{mark}"
    called = name(step.option_name) if step.option_name else step.option or ""
    option = f", option {called}" if called else ""
    where = f"{name(step.component)} on {machine}{_at(step.accelerators or ())}{option}"
    if step.action == "stop":
        guess = " (taken to be there)" if step.assumed else ""
        return f"drain and stop {where}{guess}"
    tail = (
        ", stops over" if step.stopover else f", in place of the one on {name(step.replaces)}" if step.replaces else ""
    )
    return f"start {where}{tail}"


def _at(accelerators: Sequence[int]) -> str:
    """Accelerators, runs of them put together.

    >>> _at((0, 1, 2, 5)), _at((3,)), _at(())
    (' GPUs 0-2, 5', ' GPU 3', '')
    """
    if not accelerators:
        return ""
    runs: list[list[int]] = []
    for k in sorted(accelerators):
        if runs and k == runs[-1][-1] + 1:
            runs[-1].append(k)
        else:
            runs.append([k])
    told = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f" {'GPU' if len(accelerators) == 1 else 'GPUs'} {told}"

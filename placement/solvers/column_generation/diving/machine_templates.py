"""A template of one machine: its copies on several accelerators, as the pattern LP has them.

Such copies need patterns that agree, so a machine is filled from the top: the copies on all its accelerators that the
LP has most of, then for each half those on half of them that it has most of beside these, and so on down to one
accelerator, whose pattern is then known: what else it has there is *wanted*. Copies that own their accelerators stand
beside the patterns: they are taken where the LP has more of them than of any pattern.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from placement.compiled.machine_state import MachineState
from placement.solvers.column_generation.diving.assignment import DiveAssignment, DiveState
from placement.solvers.column_generation.diving.restricted_master import SOME, Patterns
from placement.solvers.column_generation.parameters import TemplateParameters as _PARAMS

Part = tuple[tuple[int, int], ...]  # (item, times)


@dataclass(slots=True)
class MachineTemplate:
    """A machine that is not open yet, how near it is to what the LP has, and what is left after it.

    `mass` is what is left of each pattern. `wanted` is what else the LP has on each accelerator: times by item.
    """

    machine: MachineState
    state: DiveState
    mass: list[float]
    wanted: dict[int, dict[int, int]] = field(default_factory=dict)
    score: float = 0.0


class MachineTemplates:
    """Makes templates for one assignment."""

    def __init__(self, assignment: DiveAssignment) -> None:
        self._assignment = assignment
        self._relaxation = assignment.relaxation
        self._fleet = assignment.relaxation.fleet

    def of_pool(self, p: int, state: DiveState, patterns: Patterns) -> MachineTemplate:
        """One machine of pool p, with its wide copies."""
        template = MachineTemplate(MachineState(self._fleet, p, None), state.copy(), patterns.mass[:])
        q, on = self._relaxation.class_of[p], tuple(range(len(template.machine.free_memory)))
        owned = any(state.by_mode[w] > SOME for g in range(2, len(on) + 1) for w in self._assignment.owners[p, g])
        for some in [on] if owned or patterns.wide[q] else [(k,) for k in on]:
            self._descend(template, some, patterns, patterns.of_class[q])
        template.score /= max(1, len(template.machine.free_memory))
        return template

    def _descend(self, template: MachineTemplate, on: tuple[int, ...], patterns: Patterns, known: list[int]) -> None:
        """Fill the accelerators `on` from known patterns, all of which agree on what touches more than these."""
        g, mass = len(on), template.mass
        weight: dict[Part, float] = defaultdict(float)
        same = self._parts(template, g, patterns, known)
        for part, alike in same.items():
            for n in alike:
                weight[part] += max(0.0, mass[n])
        whole: dict[int, float] = defaultdict(float)  # what the LP has of an item, in whatever company
        for part, held in weight.items():
            for i, _ in part:
                whole[i] += held
        rank = {
            part: (
                *self._fitness(template, part, g),
                sum(whole[i] >= _PARAMS.half * g for i, _ in part) if g > 1 else weight[part] >= _PARAMS.half,
                weight[part],
            )
            for part in same
        }
        part = max(same, key=rank.__getitem__)
        if self._owned(template, on, weight[part], is_narrow=not part):
            return
        if g == 1:
            if same[part]:
                mass[max(same[part], key=mass.__getitem__)] -= 1
                template.wanted[on[0]] = dict(part)
            return
        for i, times in part:
            for _ in range(times):
                self._assignment.place_item(template.machine, template.state, on, i)
        if part:
            template.score += _PARAMS.wide * g
        half = g // 2
        for some in (on[:half], on[half:]) if g % 2 == 0 else [(k,) for k in on]:
            self._descend(template, some, patterns, same[part])

    def _parts(self, template: MachineTemplate, g: int, patterns: Patterns, known: list[int]) -> dict[Part, list[int]]:
        """The known patterns that the LP has some of, by what touches `g` accelerators; one part is always there."""
        width = patterns.widths[self._relaxation.class_of[template.machine.pool]]
        same: dict[Part, list[int]] = {}
        for n in known:
            if template.mass[n] > SOME or g == 1:
                part = tuple(sorted((i, times) for i, times in patterns.known[n][1].items() if width[i] == g))
                same.setdefault(part, []).append(n)
        return same or {(): []}

    def _fitness(self, template: MachineTemplate, part: Part, g: int) -> tuple[bool, bool]:
        """Whether all of a part may stand beside what stands; whether some of it must stand on about every machine.

        That is so for few copies on one machine (max_per_instance) of which the LP has as many on most machines.
        """
        p, state, urgent = template.machine.pool, template.state, False
        for i, times in part:
            most = 0
            for w in self._assignment.modes[p, i, g]:
                c = self._relaxation.modes[w].component
                out, cap = state.unassigned[c], self._fleet.components[c].max_per_instance
                if not out or not self._assignment.welcomes(template.machine, c):
                    continue
                if cap is not None:
                    out = min(out, cap - template.machine.counts.get(c, 0))
                    urgent = urgent or state.by_mode[w] > _PARAMS.urgent * cap * state.machines[template.machine.pool]
                most += out
            if most < times:
                return False, False
        return True, urgent

    def _owned(self, template: MachineTemplate, on: tuple[int, ...], rival: float, *, is_narrow: bool) -> bool:
        """Give the accelerators `on` to one copy that owns them, if the LP has more of it than of its `rival`."""
        g, state = len(on), template.state
        modes = self._assignment.owners[template.machine.pool, g]
        for w in sorted((w for w in modes if state.by_mode[w] > SOME), key=lambda w: -state.by_mode[w]):
            if state.by_mode[w] * g <= rival and not (is_narrow and state.by_mode[w] >= _PARAMS.half):
                return False
            if self._assignment.place(template.machine, state, w, on):
                template.score += _PARAMS.wide * g if g > 1 else 0.0
                return True
        return False

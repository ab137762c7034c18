"""Parts of a whole solution of the pattern program, each packed by itself, and what of them fits nowhere.

With machines and copies by pool given, what each device class has is a problem of a few machines. A packing of each
is one of the fleet. What does not fit is thinned out to as few copies as still do not, which no plan puts there:
logic-based Benders cuts (Hooker and Ottosson 2003, Math. Program. 96), branch and check (Thorsteinsson 2001, CP 2001).
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from placement.compiled.fleet import Fleet
from placement.compiled.packing import Machine, Packing
from placement.heuristics import partial_packing
from placement.heuristics.parameters import HEURISTICS
from placement.local_search.refill import bring_in
from placement.patterns.enumeration.given_machines import pack_given, thinned
from placement.patterns.enumeration.program import Forbidden, ProgramAnswer, WholeProgram
from placement.patterns.formulation import Relaxation
from placement.patterns.running.whole_program import RunningAnswer
from placement.reductions.given_counts import SomePools
from placement.solvers.column_generation.parameters import WholeSolutionsParameters as _PARAMS
from placement.solving.budget import Budget
from placement.solving.context import Solve
from placement.solving.result import PackingAnswer
from placement.solving.schedule import SCHEDULE

Counts = dict[int, int]
Solution = ProgramAnswer | RunningAnswer

_TIME = SCHEDULE.column_generation.whole_solutions


class SolutionPart(NamedTuple):
    """A device class of a solution, or a pool without one: its machines, by pool, and copies, by component.

    Those `held` are machines with copies that stay where they are.
    """

    pools: tuple[int, ...]
    machines: Counts
    copies: Counts
    held: tuple[Machine, ...] = ()


class PackedParts(NamedTuple):
    """What came of packing a solution: each part is packed, forbidden from now on, or undecided.

    With each of those that are not packed as many of its copies as local search brings in.
    """

    packing: Packing
    forbidden: tuple[tuple[SolutionPart, Packing], ...]
    undecided: tuple[tuple[SolutionPart, Packing], ...]

    @property
    def complete(self) -> bool:
        return not self.forbidden and not self.undecided

    @property
    def machines(self) -> tuple[Machine, ...]:
        """All machines that hold something."""
        partly = (packing for _, packing in (*self.forbidden, *self.undecided))
        return tuple(machine for packing in (self.packing, *partly) for machine in packing.machines)


class SolutionParts:
    """The parts of solutions for one fleet; `forbidden` is all that was found to fit nowhere.

    The fleet has no machines that run and no demands, and its losses of an instance are caps (`capped`).
    """

    def __init__(
        self, solve: Solve, fleet: Fleet, relaxation: Relaxation, *, large: bool = False, search: bool = False
    ) -> None:
        """O(pools). `large` fleets have many parts, and less time for each. With `search` local search comes first."""
        self._solve, self._fleet, self._relaxation = solve, fleet, relaxation
        self._time, self._search = _TIME.pack_large if large else _TIME.pack, search
        alone = [(p,) for p in range(len(fleet.pools)) if p not in relaxation.class_of]
        self._classes = [*(tuple(device_class.pools) for device_class in relaxation.device_classes), *alone]
        self.forbidden: list[Forbidden] = []
        self._room: dict[tuple[tuple[int, ...], int], int] = {}  # by pools and machines: what copies may take

    def restrict(self, program: WholeProgram) -> None:
        """Leave out of a program what is known not to fit, or to be too full."""
        for forbidden in self.forbidden:
            program.forbid(forbidden)
        for (pools, machines), most in self._room.items():
            program.loosen(pools, most, machines)

    def loosen(self, pools: tuple[int, ...], machines: int, most: int) -> None:
        """On no more than so many machines of a part's pools copies take at most so much memory from now on."""
        self._room[pools, machines] = most

    def loosen_undecided(self, answer: Solution, packed: PackedParts) -> None:
        """Parts of a solution that were not decided were too full for that: they may take a little less from now on."""
        for part, _ in packed.undecided:
            self.loosen(part.pools, sum(part.machines.values()), int((1 - _PARAMS.looser) * self.taken(answer, part)))

    def pack_all(self, answer: Solution, budget: Budget, held: Sequence[Machine] = ()) -> PackedParts:
        """Pack a solution part by part, around what is held, and forbid what does not fit."""
        packed: list[Machine] = []
        forbidden: list[tuple[SolutionPart, Packing]] = []
        undecided: list[tuple[SolutionPart, Packing]] = []
        for part in self.of(answer, held):
            most = self.pack_most(part, budget) if self._search else Packing(())
            if sum(len(machine.seats) for machine in most.machines) == sum(part.copies.values()):
                packed += most.machines
                continue
            found = self.pack(part.machines, part.copies, budget, part.held)
            if found.packing is not None:
                packed += found.packing.machines
                continue
            most = most if self._search else self.pack_most(part, budget)
            forbids = found.impossible and not part.held and self.forbid(part, budget)
            (forbidden if forbids else undecided).append((part, most))
        return PackedParts(Packing(tuple(packed)), tuple(forbidden), tuple(undecided))

    def pack_most(self, part: SolutionPart, budget: Budget) -> Packing:
        """As many copies of a part as local search brings in on its machines."""
        solve = self._time.within(self._solve.within(budget))
        fleet = SomePools.of(self._fleet, part.machines, part.copies).fleet
        ejections = 0 if part.held else HEURISTICS.repair.ejections  # which would move what is held
        start = partial_packing(fleet, solve.budget, solve.seed, ejections, part.held)
        return Packing(()) if start is None else bring_in(fleet, start, solve, held=part.held).packing

    def wanted(self, answer: Solution) -> Counter[int]:
        """The copies of a solution, by component."""
        found: Counter[int] = Counter()
        for mode, n in zip(self._relaxation.modes, answer.copies, strict=True):
            found[mode.component] += n
        return found

    def taken(self, answer: Solution, part: SolutionPart) -> int:
        """The memory of accelerators that the copies of a part take in a solution."""
        modes = zip(self._relaxation.modes, answer.copies, strict=True)
        return sum(n * mode.usage[0] for mode, n in modes if mode.pool in part.pools)

    def room(self, answer: Solution, part: SolutionPart, packed: Packing) -> int:
        """The memory that copies of a part may take next time: half-way between what was packed and what was not."""
        taken = self.taken(answer, part)
        options = (self._fleet.components[seat.component].options[seat.option] for _, seat in packed.seats())
        return min(taken - 1, (taken + sum(option.accelerators * option.memory_mib for option in options)) // 2)

    def of(self, answer: Solution, held: Sequence[Machine] = ()) -> Iterator[SolutionPart]:
        """The parts of a solution that have copies, some of which are held."""
        placed: dict[int, Counter[int]] = {}
        for mode, n in zip(self._relaxation.modes, answer.copies, strict=True):
            if n:
                placed.setdefault(mode.pool, Counter())[mode.component] += n
        for pools in self._classes:
            copies = sum((placed[p] for p in pools if p in placed), Counter[int]())
            if copies:
                machines = {p: answer.machines[p] for p in pools if answer.machines[p]}
                yield SolutionPart(pools, machines, dict(copies), tuple(m for m in held if m.pool in pools))

    def pack(
        self, machines: Mapping[int, int], copies: Mapping[int, int], budget: Budget, held: Sequence[Machine] = ()
    ) -> PackingAnswer:
        """What is known of so many copies on so many machines: a packing, or that there is none.

        A program over patterns is asked first, as it proves more in less time, then CP-SAT, which has no limit of size,
        and is not asked where some machines are held.
        """
        from placement.direct.cp_sat import find_plan  # loads an engine

        part = self._time.within(self._solve.within(budget))
        fleet = SomePools.of(self._fleet, machines, copies).fleet
        found = pack_given(fleet, machines, part.budget, held)
        if found.decided or held:
            return found
        return find_plan(part.reduced(fleet), [machines.get(p, 0) for p in range(len(fleet.pools))], None)

    def forbid(self, part: SolutionPart, budget: Budget) -> list[Forbidden]:
        """Forbid as few of a part's copies as still do not fit on its machines: there, and on machines like these.

        Machines on which more options may run are not alike: the copies may fit there. Nothing is forbidden where the
        part's own pools are not alike for the copies, as what fits then depends on which of them has the machines.
        """
        fleet, (pools, machines, copies, _) = self._fleet, part
        shapes = {fleet.pools[p].shape for p in pools}
        options = [option for c in copies for option in fleet.components[c].options]
        if len(shapes) > 1 or any(0 < len(option.pools & set(pools)) < len(pools) for option in options):
            return []
        share = self._time.of(budget)
        fewest = thinned(copies, lambda fewer: self.pack(machines, fewer, share).impossible, share)
        new = [
            Forbidden(others, fewest, sum(machines.values()))
            for others in self._classes
            if {fleet.pools[p].shape for p in others} == shapes
            and all(
                option.pools.isdisjoint(others) or not option.pools.isdisjoint(pools)
                for c in fewest
                for option in fleet.components[c].options
            )
        ]
        self.forbidden += new
        return new

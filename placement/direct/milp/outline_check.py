r"""Branch and check on the outline: what a solution puts on new machines is packed, or the outline learns why not.

The outline counts the copies on all new machines of a pool. Given its solution, each pool is a problem of a few empty
machines, decided exactly (`patterns.enumeration.given_machines`). What does not fit becomes rows that every plan keeps
(logic-based Benders cuts: Hooker and Ottosson 2003, Math. Program. 96; branch and check: Thorsteinsson 2001, CP 2001):

1. Where not even parts of patterns hold it, the inequality of its prices (`patterns.counts.weights`), for any number
   of machines: :math:`\sum w_{co} x_{cop} \le W d_p n_p`.
2. Else, of copies thinned out to as few as still fit on no k machines: one of them fewer, or more than k machines.

Pools that are alike learn the same. When all pools are packed the solution is a plan, and costs what the outline says.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import NamedTuple

from placement.compiled.packing import Machine, Packing
from placement.direct.model import DirectModel
from placement.direct.program import Linear, Values, Var, total_of, weighted
from placement.direct.translate import decode
from placement.patterns.counts.weights import PoolFit, Weights
from placement.patterns.enumeration.given_machines import pack_given, thinned
from placement.patterns.formulation import Relaxation
from placement.patterns.modes import Mode
from placement.reductions.given_counts import SomePools
from placement.reductions.greenfield import with_new_machines_alone
from placement.solving.budget import Budget
from placement.solving.result import PackingAnswer
from placement.solving.schedule import SCHEDULE

Counts = dict[int, int]

_TIME = SCHEDULE.direct.outline


class NewMachines(NamedTuple):
    """What a solution has of new machines in one pool: how many, and copies on them, by component and option."""

    pool: int
    machines: int
    copies: dict[tuple[int, int], int]

    @property
    def by_component(self) -> Counts:
        found: Counter[int] = Counter()
        for (c, _), n in self.copies.items():
            found[c] += n
        return dict(found)


class OutlineCheck:
    """Packs the new machines of an outline's solutions, and adds rows to its model; `rows` counts what was learnt."""

    def __init__(self, model: DirectModel, relaxation: Relaxation | None) -> None:
        """`relaxation` is of the same fleet; without it only the second kind of row is known. O(modes)."""
        self._model, self._relaxation = model, relaxation
        self._fleet = with_new_machines_alone(model.fleet)
        modes = () if relaxation is None else relaxation.modes
        self._modes: dict[tuple[int, int, int], Mode] = {(w.component, w.option, w.pool): w for w in modes}
        self._on_new: dict[int, dict[tuple[int, int], Var]] = defaultdict(dict)
        for (c, o, p), var in model.on_new.items():
            self._on_new[p][c, o] = var
        self._known: set[object] = set()
        self.rows = 0

    def plan(self, values: Values, budget: Budget) -> Packing | None:
        """The plan that a solution stands for; None where something does not fit, or that is not known in time."""
        machines: list[Machine] = []
        fits = True
        for new in self._new(values):
            found = self._packed(new, budget)
            machines += found or ()
            fits = fits and found is not None
        if not fits:
            return None
        try:
            return Packing((*decode(self._model, values).machines, *machines))
        except ValueError:  # the engine's tolerance was too large
            return None

    def _new(self, values: Values) -> Iterator[NewMachines]:
        """The pools that have copies on new machines."""
        for p, columns in self._on_new.items():
            copies = {key: values[var.index] for key, var in columns.items() if values[var.index]}
            if copies:
                yield NewMachines(p, self._model.new[p].value(values), copies)

    def _packed(self, new: NewMachines, budget: Budget) -> tuple[Machine, ...] | None:
        """The machines of one pool with their copies; None where these do not fit, which is learnt, or not in time."""
        weights = self._broken(new)
        if weights is not None:
            self._learn_weights(weights)
            return None
        copies, share = new.by_component, _TIME.check.of(budget)
        found = self._pack(new, copies, share)
        if found.impossible:
            self._learn_misfit(new, thinned(copies, lambda fewer: self._pack(new, fewer, share).impossible, share))
        return None if found.packing is None else found.packing.machines

    def _pack(self, new: NewMachines, copies: Counts, budget: Budget) -> PackingAnswer:
        """So many copies on the new machines of a pool: a packing, or that there is none."""
        machines = {new.pool: new.machines}
        return pack_given(SomePools.of(self._fleet, machines, copies).fleet, machines, budget)

    # -- the inequality of prices

    def _broken(self, new: NewMachines) -> Weights | None:
        """One that the copies break, if patterns say so even in parts."""
        relaxation, p = self._relaxation, new.pool
        modes = [(self._modes.get((c, o, p)), n) for (c, o), n in new.copies.items()]
        if relaxation is None or p not in relaxation.class_of or any(mode is None or mode.parts for mode, _ in modes):
            return None
        touches: Counter[int] = Counter()
        accelerators = relaxation.devices(p) * new.machines
        for mode, n in modes:
            assert mode is not None
            accelerators -= n * mode.owns
            if mode.item is not None:
                touches[mode.item] += n * mode.touches
        device_class = relaxation.device_classes[relaxation.class_of[p]]
        return PoolFit(relaxation, device_class, p).lacking(touches, accelerators)

    def _learn_weights(self, weights: Weights) -> None:
        """Their row for each pool whose accelerators hold the same."""
        assert self._relaxation is not None
        classes = self._relaxation.device_classes
        contents = classes[self._relaxation.class_of[weights.pool]].contents
        for device_class in classes:
            if device_class.contents == contents:
                most = device_class.knapsack.value(weights.items)
                for pool in device_class.pools:
                    self._add_weights(Weights(pool, weights.items, most))

    def _add_weights(self, weights: Weights) -> None:
        """One row. What has whole machines, or is not known to patterns, weighs nothing."""
        p = weights.pool
        if weights in self._known or p not in self._on_new:
            return
        self._known.add(weights)
        assert self._relaxation is not None
        there = [(var, self._modes.get((c, o, p))) for (c, o), var in self._on_new[p].items()]
        weighed = [(var, weights.of(mode)) for var, mode in there if mode is not None and not mode.parts]
        most = self._relaxation.devices(p) * weights.most
        self._model.program.at_most(weighted((var, n) for var, n in weighed if n), most * self._model.new[p])
        self.rows += 1

    # -- the row of what fits on no such machines

    def _learn_misfit(self, new: NewMachines, copies: Mapping[int, int]) -> None:
        """One of the copies fewer, or one machine more, there and in each pool that holds no more."""
        pools, options = self._fleet.pools, [o for c in copies for o in self._fleet.components[c].options]
        for p in self._on_new:
            if pools[p].shape == pools[new.pool].shape and all(
                new.pool in option.pools for option in options if p in option.pools
            ):
                self._add_misfit(p, new.machines, copies)

    def _add_misfit(self, p: int, machines: int, copies: Mapping[int, int]) -> None:
        key = p, machines, tuple(sorted(copies.items()))
        here = {c: [var for (d, _), var in self._on_new[p].items() if d == c] for c in copies}
        most = {c: sum(var.high for var in some) for c, some in here.items()}
        if key in self._known or any(most[c] < n for c, n in copies.items()):
            return
        self._known.add(key)
        program, either = self._model.program, []
        for c, n in copies.items():
            fewer = program.derive(0, 1, partial(_has_fewer, total_of(here[c]), n))
            program.at_most(total_of(here[c]) + (most[c] - n + 1) * fewer, most[c])
            either.append(fewer)
        count = self._model.new[p]
        if count.columns:
            more = program.derive(0, 1, lambda values: int(count.value(values) > machines))
            program.at_least(count, (machines + 1) * more)
            either.append(more)
        program.at_least(total_of(either), 1)
        self.rows += 1


def _has_fewer(total: Linear, n: int, values: Values) -> int:
    """1 where a sum is less than n."""
    return int(total.value(values) < n)

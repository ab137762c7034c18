"""The tree of a certificate: cases of the pattern bound, each with the reason for its bound, as one flat list."""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

from placement.certificates.names import CertificateNames, Document
from placement.certificates.reasons import AnyPrices, Reason
from placement.patterns.history import EngineVerdict, NodeCase
from placement.solving.budget import Budget


class Nodes:
    """A tree that grows from its root; `proven` is what it proves without any engine, `believed` with their word.

    Both are ticks, infinite where no plan is left.
    """

    def __init__(self, names: CertificateNames, tick_move: int) -> None:
        """Empty. `tick_move` ticks are a micro-dollar."""
        self.names, self._tick_move = names, tick_move
        self.nodes: list[Document] = []
        self.prices: list[Document] = []
        self._number: dict[int, int] = {}  # of prices, by id
        self._kept: list[AnyPrices] = []
        self.weak: list[tuple[NodeCase, Reason]] = []  # leaves whose prices are not enough
        self.proven: float | int = math.inf
        self.believed: float | int = math.inf

    def add_tree(
        self,
        root: NodeCase,
        is_enough: Callable[[NodeCase], bool],
        reason_of: Callable[[NodeCase], Reason],
        enough: float,
        budget: Budget | None = None,
    ) -> bool:
        """All cases below a root; one that `is_enough` by itself is a leaf, however it was split.

        Says whether the budget was enough for all.
        """
        todo: list[tuple[NodeCase | None, int]] = [(root, self._new())]
        while todo:
            case, number = todo.pop()
            if budget is not None and budget.over():
                return False
            if case is None:
                self.nodes[number] = {"leaf": "empty"}
            elif case.splits and not is_enough(case):
                todo += self._split(case, number)
            else:
                reason = reason_of(case)
                self.nodes[number] = self._leaf(reason, case.verdict, enough)
                if reason.ticks < enough:
                    self.weak.append((case, reason))
        return True

    def add_leaf(self, leaf: Document, ticks: float, *, engine: bool = False) -> None:
        """One leaf more, written elsewhere."""
        self.nodes.append(leaf)
        self.proven = min(self.proven, 0 if engine else ticks)
        self.believed = min(self.believed, ticks)

    def add_reason(self, reason: Reason, enough: float, verdict: EngineVerdict | None = None) -> None:
        """One leaf more: what prices prove, and where that is not `enough` an engine's word beside it."""
        self.nodes.append(self._leaf(reason, verdict, enough))

    def take_off(self, ticks: int) -> None:
        """Of what is proven this is no bound: so much less is."""
        self.proven, self.believed = (max(0, most - ticks) for most in (self.proven, self.believed))

    def use(self, reason: Reason) -> Document:
        """Prices by number, each with its factor, and prices of rules."""
        rules = self.names.rules(reason.rules)
        return {"use": [[self.number_of(prices), f.numerator, f.denominator] for prices, f in reason.use]} | rules

    def _new(self) -> int:
        self.nodes.append({})
        return len(self.nodes) - 1

    def _split(self, case: NodeCase, number: int) -> Iterator[tuple[NodeCase | None, int]]:
        """The splits of a case one after the other, and the parts that they leave."""
        for k, ((subject, at_most), above) in enumerate(zip(case.splits, case.above, strict=True)):
            below_number, above_number = self._new(), self._new()
            split = {"split": self.names.split(subject), "at_most": at_most}
            self.nodes[number] = {**split, "below": below_number, "above": above_number}
            yield above, above_number
            if k + 1 == len(case.splits):
                yield case.below, below_number
            number = below_number

    def _leaf(self, reason: Reason, verdict: EngineVerdict | None, enough: float) -> Document:
        self.proven = min(self.proven, reason.ticks)
        wanted = verdict is not None and verdict.ticks > reason.ticks and reason.ticks < enough
        program = verdict.program() if verdict is not None and wanted else None
        if verdict is not None and program is not None:
            self.believed = min(self.believed, verdict.ticks)
            ticks = Fraction(verdict.ticks, self._tick_move)
            return {
                "leaf": "engine",
                "engine": verdict.engine,
                "says": "infeasible",
                "at_least": [ticks.numerator, ticks.denominator],
                "about": verdict.about,
                **self.use(reason),
                "program": program,
            }
        self.believed = min(self.believed, reason.ticks)
        if reason.running is not None:
            prices, rewards = self.number_of(reason.running), self.names.rewards(reason.running)
            return {"leaf": "running", "prices": prices, "rewards": rewards}
        leaf: Document = {"leaf": "prices", **self.use(reason)}
        return {**leaf, "infeasible": True} if reason.excludes else leaf

    def number_of(self, prices: AnyPrices) -> int:
        if id(prices) not in self._number:
            self._number[id(prices)] = len(self.prices)
            self._kept.append(prices)
            self.prices.append(self.names.prices(prices))
        return self._number[id(prices)]


def shift(nodes: list[Document], by: int) -> None:
    """Number the prices of some nodes anew, as they stand behind so many others."""
    for node in nodes:
        if "prices" in node:
            node["prices"] += by
        for part in node.get("use", ()):
            part[0] += by

"""What the pattern bound calls by index, in the words of the problem document."""

from collections.abc import Iterable, Mapping
from typing import Any

from placement.certificates.cliques import CliquePrices
from placement.certificates.reasons import AnyPrices, RulePrices
from placement.patterns.certificate import FINE, UNIT, Groups, Prices
from placement.patterns.formulation import DeviceClass, PatternItem, Relaxation
from placement.patterns.history import Subject

Document = dict[str, Any]

PRICE_UNIT = UNIT  # prices of a certificate are in 1 / PRICE_UNIT micro-dollars
RESOURCES = ("accelerator_memory", "accelerator_share", "vcpus", "memory")  # in the order of a need


class CertificateNames:
    """The names of one relaxation: of its pools, components, groups of pools and sums of copies."""

    def __init__(self, relaxation: Relaxation, groups: Groups) -> None:
        self._relaxation = relaxation
        self._groups = groups
        self._pool = [pool.name for pool in relaxation.fleet.pools]
        self._component = [component.name for component in relaxation.fleet.components]

    def split(self, subject: Subject) -> Document:
        """What a node is split by."""
        if subject.copies:
            return {"copies": self.copies(subject.number)}
        pools = len(self._pool)
        chosen = (subject.number,) if subject.number < pools else self._groups[subject.number - pools]
        return {"machines": self.pools(chosen)}

    def pools(self, pools: Iterable[int]) -> list[str]:
        return [self._pool[p] for p in pools]

    def copies(self, s: int) -> Document:
        """A sum of the relaxation: copies of one component by one option on some pools."""
        modes = [self._relaxation.modes[w] for w in self._relaxation.aggregates[s]]
        first = modes[0]
        return {
            "component": self._component[first.component],
            "option": first.option,
            "pools": self.pools(mode.pool for mode in modes),
        }

    def prices(self, prices: AnyPrices) -> Document:
        """Prices that are not 0, as a certificate has them."""
        if isinstance(prices, CliquePrices):
            return {"clique": [[self._component[c], price] for c, price in prices.values]}
        found: Document = {
            "machines": [[self.pools(self._groups[g]), price] for g, price in enumerate(prices.group) if price],
            "accelerators": [
                self._accelerators(
                    device_class, prices.coverage[device_class.index], prices.capacity[device_class.index]
                )
                for device_class in self._relaxation.device_classes
                if prices.coverage
            ],
            "volumes": [
                [self._pool[p], RESOURCES[r], price] for (p, r), price in sorted(prices.volume.items()) if price
            ],
            "per_instance": self._by_pool(prices.on_one),
            "elsewhere": self._by_pool(prices.elsewhere),
            "copies": [[self.copies(s), price] for s, price in sorted(prices.aggregates.items()) if price],
        }
        given = self._relaxation.given
        if given is not None and prices.level:
            levels = zip(self._relaxation.fleet.levels, prices.level, strict=True)
            found["optional"] = {str(priority): price for priority, price in levels if price}
        return {key: value for key, value in found.items() if value}

    def _by_pool(self, prices: Mapping[tuple[int, int], int]) -> list[list[Any]]:
        return [[self._component[c], self._pool[p], price] for (c, p), price in sorted(prices.items()) if price]

    def rewards(self, prices: Prices) -> list[list[Any]]:
        """What a copy that is kept is worth beside its prices, by component."""
        return [[self._component[c], reward * FINE] for c, reward in enumerate(prices.rewards) if reward]

    def _accelerators(self, device_class: DeviceClass, coverage: list[int], own: int) -> Document:
        grid = zip(device_class.grid.dimensions, device_class.grid.units, strict=True)
        priced = list(zip(device_class.items, coverage, strict=True))
        # Without a price of its own a component would have that of all others with the same need.
        shared = {item.need for item, price in priced if price and item.component is None}
        return {
            "pools": self.pools(device_class.pools),
            "own": own * FINE,
            "copies": [
                [list(item.need), *self._of(item), price * FINE]
                for item, price in priced
                if price or item.need in shared
            ],
            "grid": [[r, unit.numerator, unit.denominator] for r, unit in grid],
        }

    def _of(self, item: PatternItem) -> list[str]:
        """The component of an item of its own."""
        return [] if item.component is None else [self._component[item.component]]

    def rules(self, rules: RulePrices) -> Document:
        """Prices of limits and of commitments of dollars that are not 0, under their key; none: nothing."""
        fleet = self._relaxation.fleet
        limits = zip(fleet.limits, rules.limits, strict=False)
        found = [[limit.name, limit.what, price.numerator, price.denominator] for limit, price in limits if price]
        for commitment, part in zip(fleet.commitments, rules.parts, strict=False):
            if commitment.money is not None and part:
                found.append([commitment.name, part.numerator, part.denominator])
        return {"rules": {"prices": found}} if found else {}

    def within(self, given: tuple[int, ...]) -> Mapping[str, int]:
        """Limits on optional copies left out, by priority."""
        return {str(priority): n for priority, n in zip(self._relaxation.fleet.levels, given, strict=True)}
